// Package otlp delivers events as log records of OpenTelemetry, by OTLP over HTTP in
// its JSON encoding.
package otlp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/sink/post"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
	"github.com/actiontrail/actiontrail/plugins"
)

// Path is where logs go, behind the address of the receiver.
const Path = "/v1/logs"

// Forms of a record's body.
const (
	Text = "text" // the event as one string
	Map  = "map"  // its members, as a map
)

// Of one request.
const (
	MostEvents = 1000
	MostBytes  = 1 << 20 // of records
)

// DefaultService is the service.name of the resource.
const DefaultService = "actiontrail"

// Config says who is sent records, and what they are like.
type Config struct {
	Receiver  post.Receiver     `json:"receiver"`            // URL without Path
	Resource  map[string]string `json:"resource,omitempty"`  // attributes; service.name is DefaultService unless it is among them
	Body      string            `json:"body,omitempty"`      // Text, also when it is "", or Map
	Format    string            `json:"format,omitempty"`    // of the body; "": canonical JSON
	MostBytes int               `json:"max_bytes,omitempty"` // of a request; 0: MostBytes
}

// Sink is a receiver of log records.
type Sink struct {
	config Config
	format render.Format
	head   []byte // of each request, up to its records
	to     string
	sender post.Sender
}

var _ plugins.Sink = (*Sink)(nil)

// New checks the configuration and opens nothing.
func New(c Config) (*Sink, error) {
	format, known := render.Find(cmp.Or(c.Format, render.Canonical))
	if !known {
		return nil, fmt.Errorf("otlp: there is no format %q", c.Format)
	}
	c.Body, c.MostBytes = cmp.Or(c.Body, Text), cmp.Or(c.MostBytes, MostBytes)
	switch {
	case c.Body != Text && c.Body != Map:
		return nil, fmt.Errorf("otlp: body is %q or %q, not %q", Text, Map, c.Body)
	case c.Body == Map && !format.JSON:
		return nil, fmt.Errorf("otlp: an event in the format %q is no JSON, of which a map could be made: write body = %q", c.Format, Text)
	}
	client, err := post.NewClient(c.Receiver, "Bearer")
	if err != nil {
		return nil, fmt.Errorf("otlp: %w", err)
	}
	s := &Sink{config: c, format: format, head: head(c.Resource), to: client.URL(Path)}
	if strings.HasSuffix(strings.TrimSuffix(c.Receiver.URL, "/"), Path) { // as some write it
		s.to = c.Receiver.URL
	}
	s.sender = post.Sender{Client: client, MostEvents: MostEvents, MostBytes: c.MostBytes, Request: s.request, Judge: s.judge}
	return s, nil
}

// Write implements plugins.Sink: events are delivered at least once.
func (s *Sink) Write(ctx context.Context, events []event.Event) error {
	if err := s.sender.Write(ctx, post.Parts(events, s.append)); err != nil {
		if refused := (*plugins.BatchError)(nil); errors.As(err, &refused) {
			return err
		}
		return fmt.Errorf("otlp: %w", err)
	}
	return nil
}

// Close gives the connection back.
func (s *Sink) Close() error {
	s.sender.Client.Close()
	return nil
}

// request is an ExportLogsServiceRequest.
func (s *Sink) request(parts []post.Part) (string, http.Header, []byte, error) {
	size := len(s.head) + 16
	for i := range parts {
		size += len(parts[i].Text) + 1
	}
	b := append(make([]byte, 0, size), s.head...)
	for i := range parts {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, parts[i].Text...)
	}
	return s.to, http.Header{"Content-Type": {"application/json"}}, append(b, "]}]}]}"...), nil
}
