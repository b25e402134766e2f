package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/notify"
	"github.com/actiontrail/actiontrail/config"
)

// leastSecret is the shortest secret that notifications are signed with, in bytes.
const leastSecret = 16

// webhooks are those who are told of the objects of a delivery. How far each is stands
// in a file that is called after both; one of another address begins anew.
func (a *aggregation) webhooks(d *delivery) []*notify.Webhook {
	var all []*notify.Webhook
	for _, to := range d.trail.Notify {
		sum := sha256.Sum256([]byte(to.URL))
		all = append(all, &notify.Webhook{Trail: d.trail.Name, Delivery: d.Name, Target: d.Target(), URL: to.URL,
			Secret: func() ([]byte, error) { return readSecret(to.SecretFile) },
			File:   filepath.Join(a.dir, "notify", fmt.Sprintf("%s-%x.json", d.key(), sum[:8])), Client: notify.NewClient(), Now: time.Now, Log: a.log})
	}
	return all
}

// readSecret reads what notifications are signed with; none without a file. It is
// read each time, so that it can be changed.
func readSecret(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the secret of a receiver: %w", err)
	}
	if text = bytes.TrimSpace(text); len(text) < leastSecret {
		return nil, fmt.Errorf("the secret in %s has %d bytes: write at least %d", path, len(text), leastSecret)
	}
	return text, nil
}

// notified tells how those who are told of the objects fare.
func (d *delivery) notified() []api.NotifyStatus {
	var all []api.NotifyStatus
	for i, h := range d.hooks {
		s := h.Status()
		all = append(all, api.NotifyStatus{Kind: "webhook", Target: d.trail.Notify[i].Host(), Sent: s.Sent, Refused: s.Refused, LastSent: s.LastSent.UTC(), LastError: s.LastError})
	}
	return all
}

// sameReceivers tells whether two trails tell the same.
func sameReceivers(a, b *config.Trail) bool { return slices.Equal(a.Notify, b.Notify) }
