// Package webhook delivers events by POST, many at a time, to a receiver of the
// operator's own: as lines or as a JSON array, signed as notifications are
// (docs/format/webhook.md).
package webhook

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink/post"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/internal/signed"
	"github.com/actiontrail/actiontrail/plugins"
)

// Forms of a body.
const (
	Lines = "ndjson"
	Array = "array"
)

// TrailHeader names the trail that is delivered.
const TrailHeader = "Actiontrail-Trail"

// Defaults.
const (
	MostEvents = 1000    // of a request
	MostBytes  = 1 << 20 // of a request before compression
)

// leastSecret is how long a secret is, as for notifications.
const leastSecret = 16

// Config says who is told, and how.
type Config struct {
	Receiver   post.Receiver `json:"receiver"`
	Trail      string        `json:"trail,omitempty"`       // told by TrailHeader; "": it is not
	SecretFile string        `json:"secret_file,omitempty"` // "": what is sent is not signed
	Body       string        `json:"body,omitempty"`        // Lines, also when it is "", or Array
	Format     string        `json:"format,omitempty"`      // of an event; "": canonical JSON
	MostEvents int           `json:"max_events,omitempty"`  // of a request; 0: MostEvents
	MostBytes  int           `json:"max_bytes,omitempty"`   // of a request; 0: MostBytes
}

// Sink is a webhook.
type Sink struct {
	config Config
	format render.Format
	sender post.Sender
	now    func() time.Time
}

var _ plugins.Sink = (*Sink)(nil)

// New checks the configuration and opens nothing.
func New(c Config) (*Sink, error) {
	format, known := render.Find(cmp.Or(c.Format, render.Canonical))
	if !known {
		return nil, fmt.Errorf("webhook: there is no format %q", c.Format)
	}
	c.Body, c.MostEvents, c.MostBytes = cmp.Or(c.Body, Lines), cmp.Or(c.MostEvents, MostEvents), cmp.Or(c.MostBytes, MostBytes)
	switch {
	case c.Body != Lines && c.Body != Array:
		return nil, fmt.Errorf("webhook: body is %q or %q, not %q", Lines, Array, c.Body)
	case c.Body == Array && !format.JSON:
		return nil, fmt.Errorf("webhook: events in the format %q are no JSON: they can be sent as lines, body = %q", c.Format, Lines)
	case c.MostEvents < 1 || c.MostBytes < 1:
		return nil, errors.New("webhook: a request holds an event at least")
	}
	client, err := post.NewClient(c.Receiver, "Bearer")
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	s := &Sink{config: c, format: format, now: time.Now}
	s.sender = post.Sender{Client: client, MostEvents: c.MostEvents, MostBytes: c.MostBytes, Request: s.request}
	return s, nil
}

// Write implements plugins.Sink: events are delivered at least once.
func (s *Sink) Write(ctx context.Context, events []event.Event) error {
	if err := s.sender.Write(ctx, post.Parts(events, s.format.Append)); err != nil {
		if refused := (*plugins.BatchError)(nil); errors.As(err, &refused) {
			return err
		}
		return fmt.Errorf("webhook: %w", err)
	}
	return nil
}

// Close gives the connection back.
func (s *Sink) Close() error {
	s.sender.Client.Close()
	return nil
}

// request is what tells of these events. The same events have the same id each time.
func (s *Sink) request(parts []post.Part) (string, http.Header, []byte, error) {
	body, kind := s.body(parts)
	id := ID(parts)
	header := http.Header{"Content-Type": {kind}, "Idempotency-Key": {id}}
	header.Set(signed.IDHeader, id)
	if s.config.Trail != "" {
		header.Set(TrailHeader, s.config.Trail)
	}
	if s.config.SecretFile != "" {
		secret, err := access.Secret("secret_file", s.config.SecretFile)
		if err != nil {
			return "", nil, nil, err
		}
		if len(secret) < leastSecret {
			return "", nil, nil, fmt.Errorf("secret_file %s: the secret has %d bytes, %d are the least; openssl rand -hex 32 makes one", s.config.SecretFile, len(secret), leastSecret)
		}
		header.Set(signed.Header, signed.Sign([]byte(secret), s.now(), body))
	}
	return s.config.Receiver.URL, header, body, nil
}

func (s *Sink) body(parts []post.Part) (body []byte, kind string) {
	size := 2
	for i := range parts {
		size += len(parts[i].Text) + 1
	}
	body = make([]byte, 0, size)
	if s.config.Body == Array {
		body = append(body, '[')
		for i := range parts {
			if i > 0 {
				body = append(body, ',')
			}
			body = append(body, parts[i].Text...)
		}
		return append(body, ']'), "application/json"
	}
	for i := range parts {
		body = append(append(body, parts[i].Text...), '\n')
	}
	if s.format.JSON {
		return body, "application/x-ndjson"
	}
	return body, "text/plain; charset=utf-8"
}

// ID is that of a request with these events: 32 hex digits of the SHA-256 of their ids, each ended by a line feed.
func ID(parts []post.Part) string {
	h := sha256.New()
	for i := range parts {
		h.Write([]byte(parts[i].Event.ID + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
