package main

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/notify"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/bus"
)

// leastSecret is how many bytes the secret of a receiver has at least.
const leastSecret = 16

// teller tells one receiver of a delivery's objects.
type teller struct {
	*notify.Teller
	to    config.Notify
	close func()
}

// tellers are those who tell of the objects of a delivery. How far each is stands
// in a file of the data folder that is named by delivery and address.
func (a *aggregation) tellers(d *delivery) []teller {
	var all []teller
	for _, to := range d.trail.Notify {
		receiver, end := a.receiver(d, to)
		if receiver == nil {
			continue
		}
		sum := sha256.Sum256([]byte(to.Key()))
		all = append(all, teller{to: to, close: end, Teller: &notify.Teller{Trail: d.trail.Name, Delivery: d.Name, Target: d.Target(), Receiver: receiver,
			File: filepath.Join(a.dir, "notify", fmt.Sprintf("%s-%x.json", d.key(), sum[:8])), Now: time.Now, Log: a.log}})
	}
	return all
}

// receiver is who is told; nil when it is not told of deliveries of this kind. end
// gives back what it holds.
func (a *aggregation) receiver(d *delivery, to config.Notify) (r notify.Receiver, end func()) {
	post := notify.Post{URL: to.URL, Secret: func() ([]byte, error) { return readSecret(to.SecretFile) }, Client: notify.NewClient(), Now: time.Now}
	key := func() (*rsa.PrivateKey, error) { return readRSA(to.KeyFile) }
	end = func() {}
	switch to.Kind {
	case config.NotifyWebhook:
		return &notify.Webhook{Post: post}, end
	case config.NotifyNATS:
		n := &natsReceiver{server: to.Server, credentials: to.Credentials, own: a.conn}
		return &notify.Subject{Subject: to.Subject, Publish: n.publish}, n.end
	}
	var store notify.Store
	switch {
	case d.S3 != nil:
		store = notify.Store{Bucket: d.S3.Bucket, Prefix: d.S3.Prefix, Region: d.S3.Region}
	case d.OSS != nil:
		store = notify.Store{Bucket: d.OSS.Bucket, Prefix: d.OSS.Prefix, Region: d.OSS.Region}
	default:
		return nil, end // such receivers get what they are told of from a store
	}
	if to.Kind == config.NotifySNS {
		return &notify.SNS{Post: post, Store: store, TopicARN: to.TopicARN, CertificateURL: to.CertificateURL, Key: key}, end
	}
	return &notify.MNS{Post: post, Store: store, Owner: to.Owner, Topic: to.Topic, CertificateURL: to.CertificateURL, Key: key}, end
}

// natsReceiver publishes on the NATS that batches go through, or on another one,
// to which it connects when there is something to tell.
type natsReceiver struct {
	server, credentials string
	own                 *bus.Conn

	mu   sync.Mutex
	conn *bus.Conn // nil: none yet
}

func (n *natsReceiver) publish(ctx context.Context, subject, id string, body []byte) error {
	if n.server == "" {
		return n.own.Tell(ctx, subject, id, body)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn == nil {
		var err error
		if n.conn, err = bus.Connect(bus.Config{Name: "actiontrail notifications", Servers: []string{n.server}, Credentials: n.credentials}); err != nil {
			return err
		}
	}
	return n.conn.Tell(ctx, subject, id, body)
}

func (n *natsReceiver) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn != nil {
		n.conn.Close()
		n.conn = nil
	}
}

// readSecret reads the secret of a receiver, anew each time, so that it can be
// changed while the server runs.
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

// leastRSA is how many bits a key has at least.
const leastRSA = 2048

// readRSA reads the key that notifications are signed with, anew each time.
func readRSA(path string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the key for notifications: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("the key for notifications in %s is no PEM: make one with openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return nil, fmt.Errorf("the key for notifications in %s is not read: want RSA in PKCS #8 or #1", path)
		}
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() < leastRSA {
		return nil, fmt.Errorf("the key for notifications in %s is not of RSA with %d bits at least", path, leastRSA)
	}
	return key, nil
}

// notified is how those fare who are told of the delivery's objects.
func (d *delivery) notified() []api.NotifyStatus {
	var all []api.NotifyStatus
	for _, t := range d.tellers {
		s := t.Status()
		all = append(all, api.NotifyStatus{Kind: t.to.Kind, Target: t.to.Host(), Sent: s.Sent, Refused: s.Refused, LastSent: s.LastSent.UTC(), LastError: s.LastError})
	}
	return all
}

// RenotifyTrail has receivers be told again of what they refused.
func (c trailCalls) RenotifyTrail(ctx context.Context, name string) error {
	if err := c.mayChange(); err != nil {
		return err
	}
	if _, err := c.trail(name); err != nil {
		return err
	}
	if err := c.system.Report(ctx, trailEvent("TrailRenotified", name, nil), true); err != nil {
		return err
	}
	for _, d := range c.trails.all() {
		if d.trail.Name == name {
			for _, t := range d.tellers {
				t.Retry()
			}
		}
	}
	return nil
}

// sameReceivers tells whether two trails tell the same.
func sameReceivers(a, b *config.Trail) bool { return slices.Equal(a.Notify, b.Notify) }
