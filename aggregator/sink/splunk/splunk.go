// Package splunk delivers events to Splunk's HTTP Event Collector, and waits until
// indexers have them when the collector acknowledges.
package splunk

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink"
	"github.com/actiontrail/actiontrail/aggregator/sink/post"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
	"github.com/actiontrail/actiontrail/plugins"
)

// Where a collector takes events, and tells which ones are indexed.
const (
	Path    = "/services/collector/event"
	AckPath = "/services/collector/ack"
)

// Of one request.
const (
	MostEvents = 1000
	MostBytes  = 1 << 20 // as Splunk Cloud has it
)

// DefaultSourcetype is what Splunk takes events for.
const DefaultSourcetype = "actiontrail:event"

const (
	// askEvery is how often a collector is asked for acknowledgements.
	askEvery = time.Second
	// ackPatience is how long they may take: what has none by then comes again, as Splunk proposes.
	ackPatience = 5 * time.Minute
)

// Config says which collector, and as what events come.
type Config struct {
	Receiver    post.Receiver     `json:"receiver"`              // URL without Path; TokenFile holds the token of the collector
	Index       string            `json:"index,omitempty"`       // "": that of the token
	Sourcetype  string            `json:"sourcetype,omitempty"`  // "": DefaultSourcetype
	Source      string            `json:"source,omitempty"`      // "": that of the token
	Host        string            `json:"host,omitempty"`        // "": eventSource of the event
	Fields      map[string]string `json:"fields,omitempty"`      // indexed ones, fixed
	Acknowledge bool              `json:"acknowledge,omitempty"` // the token has indexer acknowledgement
	Format      string            `json:"format,omitempty"`      // of an event; "": canonical JSON
	MostBytes   int               `json:"max_bytes,omitempty"`   // of a request; 0: MostBytes
}

// Sink is a collector.
type Sink struct {
	config  Config
	format  render.Format
	sender  post.Sender
	channel string
	every   time.Duration // askEvery
	longest time.Duration // ackPatience

	waits map[int64]bool // acknowledgements that are to come for what was written
}

var (
	_ plugins.Sink = (*Sink)(nil)
	_ sink.Settler = (*Sink)(nil)
)

// New checks the configuration and opens nothing.
func New(c Config) (*Sink, error) {
	format, known := render.Find(cmp.Or(c.Format, render.Canonical))
	if !known {
		return nil, fmt.Errorf("splunk: there is no format %q", c.Format)
	}
	if c.Receiver.TokenFile == "" {
		return nil, errors.New("splunk: a collector wants a token: write token_file")
	}
	c.Sourcetype, c.MostBytes = cmp.Or(c.Sourcetype, DefaultSourcetype), cmp.Or(c.MostBytes, MostBytes)
	client, err := post.NewClient(c.Receiver, "Splunk")
	if err != nil {
		return nil, fmt.Errorf("splunk: %w", err)
	}
	s := &Sink{config: c, format: format, channel: newChannel(), every: askEvery, longest: ackPatience, waits: map[int64]bool{}}
	s.sender = post.Sender{Client: client, MostEvents: MostEvents, MostBytes: c.MostBytes, Request: s.request, Judge: s.judge, Taken: s.taken}
	return s, nil
}

// newChannel is a channel of its own for each start: acknowledgements are numbered within one.
func newChannel() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return event.FormatUUID(id)
}

// Write implements plugins.Sink: events are delivered at least once, when they are settled.
func (s *Sink) Write(ctx context.Context, events []event.Event) error {
	if err := s.sender.Write(ctx, post.Parts(events, s.append)); err != nil {
		if refused := (*plugins.BatchError)(nil); errors.As(err, &refused) {
			return err
		}
		clear(s.waits) // all of it comes again
		return fmt.Errorf("splunk: %w", err)
	}
	return nil
}

// Settle implements sink.Settler: it returns when indexers have all that was written.
func (s *Sink) Settle(ctx context.Context) error {
	if len(s.waits) == 0 {
		return nil
	}
	err := s.acknowledged(ctx)
	if err != nil {
		clear(s.waits)
		s.channel = newChannel() // what is still to come in the old one is of no use
		return fmt.Errorf("splunk: %w", err)
	}
	return nil
}

func (s *Sink) acknowledged(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.longest)
	defer cancel()
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		err := s.ask(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			return err
		case err == nil && len(s.waits) == 0:
			return nil
		}
		select {
		case <-ctx.Done(): // in the midst of asking, too
			return fmt.Errorf("%s has not acknowledged %d requests: %w; are the indexers behind it up?", s.sender.Client.Host(), len(s.waits), context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// ask takes those off that are acknowledged.
func (s *Sink) ask(ctx context.Context) error {
	header := http.Header{"Content-Type": {"application/json"}}
	header.Set(channelHeader, s.channel)
	body := []byte(`{"acks":[`)
	for i, id := range slices.Sorted(maps.Keys(s.waits)) {
		if i > 0 {
			body = append(body, ',')
		}
		body = strconv.AppendInt(body, id, 10)
	}
	a, err := s.sender.Client.Post(ctx, s.sender.Client.URL(AckPath)+"?channel="+url.QueryEscape(s.channel), header, append(body, "]}"...))
	if err != nil {
		return err
	}
	if a.Code != http.StatusOK {
		return s.sender.Client.Failed(a)
	}
	acks, err := readAcks(a.Body)
	if err != nil {
		return fmt.Errorf("%s: acknowledgements: %w", s.sender.Client.Host(), err)
	}
	for id, done := range acks {
		if done {
			delete(s.waits, id)
		}
	}
	return nil
}

// Close gives the connection back.
func (s *Sink) Close() error {
	s.sender.Client.Close()
	return nil
}
