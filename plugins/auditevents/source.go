// Package auditevents takes the events that other systems put into CloudTrail Lake: it
// answers PutAuditEvents (service cloudtrail-data, version 2021-08-11), which the AWS command line, its
// SDKs and shippers of gateways speak, signed with Signature Version 4.
//
// A call is answered only when its events are durable in the spool of the agent; which of them
// are, and which can never be, the answer says one by one. Clients name each event by an id: the ids seen
// last are part of the cursor (docs/format/push-mark.md), so that what is sent again because an answer
// was lost is there once.
package auditevents

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/push"
)

// DefaultWait is how long a call waits for room and to be taken.
const DefaultWait = 5 * time.Second

// Config says where clients come.
type Config struct {
	Listen      string           // host:port
	Keys        string           // file: in each line an access key and its secret
	Channels    []string         // ARNs that events can be put into; empty: any
	TLS         *access.TLS      // nil: in the clear
	MaxInflight int64            // bytes of events that are not durable yet; 0: push.DefaultMaxInflight
	Wait        time.Duration    // 0: DefaultWait
	Now         func() time.Time // for the age of signatures; nil: time.Now
	Log         *slog.Logger     // nil: nobody is told
}

// Source is a plugins.Source of what clients put.
type Source struct {
	config Config
	draw   func() (string, error)

	mu    sync.Mutex
	inlet *inlet // nil: closed
}

// New checks the configuration; nothing is opened.
func New(c Config) (*Source, error) {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return nil, fmt.Errorf("listen %q: not host:port", c.Listen)
	}
	if c.Keys == "" {
		return nil, errors.New("keys_file is missing: calls are signed with the keys in it")
	}
	if c.TLS != nil && (c.TLS.Cert == "" || c.TLS.Key == "") {
		return nil, errors.New("tls: a server needs a certificate and its key")
	}
	if c.MaxInflight < 0 || c.Wait < 0 {
		return nil, errors.New("a limit is negative")
	}
	if c.Wait == 0 {
		c.Wait = DefaultWait
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Channels = slices.Clone(c.Channels)
	return &Source{config: c}, nil
}

// Open listens. Ids and running number are those of the cursor.
func (s *Source) Open(ctx context.Context, at plugins.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inlet != nil {
		return errors.New("it is open already")
	}
	seen := newSeen()
	queue, err := push.Open(push.Config{Name: "audit-events", MaxInflight: s.config.MaxInflight, Draw: s.draw, Other: seen.read}, at)
	if err != nil {
		return err
	}
	seen.order()
	in := &inlet{config: &s.config, queue: queue, seen: seen, reading: make(chan struct{}, mostReading)}
	if err := in.listen(ctx); err != nil {
		return err
	}
	s.inlet = in
	return nil
}

// Read returns what clients have put.
func (s *Source) Read(ctx context.Context) (plugins.Batch, error) {
	if in := s.opened(); in != nil {
		return in.queue.Read(ctx)
	}
	return plugins.Batch{}, push.ErrClosed
}

// Committed answers the clients of all that is durable now.
func (s *Source) Committed(_ context.Context, at plugins.Cursor) error {
	if in := s.opened(); in != nil {
		return in.queue.Committed(at)
	}
	return push.ErrClosed
}

// Pushed says that clients wait for Committed.
func (s *Source) Pushed() {}

// Close refuses what is not durable, and listens no more.
func (s *Source) Close() error {
	s.mu.Lock()
	in := s.inlet
	s.inlet = nil
	s.mu.Unlock()
	if in == nil {
		return nil
	}
	in.queue.Close()
	return in.stop()
}

func (s *Source) opened() *inlet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inlet
}

// Status is how the source fares.
func (s *Source) Status() push.Status {
	in := s.opened()
	if in == nil {
		return push.Status{}
	}
	st := in.queue.Status()
	st.Addresses = []net.Addr{in.addr}
	return st
}
