// Package kafka reads records from topics of Kafka, as a member of a consumer group.
//
// The cursor holds the offset of each partition, and is what the source goes on at. The group is told an
// offset only when all before it is durable in the spool of the agent: for those who look at its lag,
// and for other members.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/internal/brokers"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/fetch"
)

// DefaultMaxLine is the longest record.
const DefaultMaxLine = 1 << 20

const (
	// readBytes is about how much one batch has.
	readBytes = 256 << 10
	// tellEvery is how often the group is told offsets.
	tellEvery = time.Second
	// settleWithin is how long other members wait until what was read of a partition is durable here.
	settleWithin = 20 * time.Second
	// leaveWithin is how long a stop waits for brokers.
	leaveWithin = 5 * time.Second
)

// Config says what is read.
type Config struct {
	brokers.Access
	Topics  []string
	Group   string
	Start   string       // "beginning" or "end": of a partition that neither cursor nor group knows
	Shared  bool         // other agents are members of the group, too
	MaxLine int64        // bytes of a record, longer ones are cut; 0: DefaultMaxLine
	Log     *slog.Logger // nil: nobody is told
}

// Source is a plugins.Source of topics.
type Source struct {
	config Config

	mu   sync.Mutex
	open *member // nil: closed
}

// New checks the configuration; nobody is called.
func New(c Config) (*Source, error) {
	switch {
	case len(c.Topics) == 0:
		return nil, errors.New("topics are needed")
	case c.Group == "":
		return nil, errors.New("group is needed: it is where Kafka keeps how far this source is")
	case c.Start != "" && c.Start != "beginning" && c.Start != "end":
		return nil, fmt.Errorf("start %q: write beginning or end", c.Start)
	case c.MaxLine < 0:
		return nil, errors.New("max_line is negative")
	}
	if err := c.Access.Check(); err != nil {
		return nil, err
	}
	if c.MaxLine == 0 {
		c.MaxLine = DefaultMaxLine
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{config: c}, nil
}

// Open joins the group. Brokers that are away are waited for by Read.
func (s *Source) Open(_ context.Context, at plugins.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		return errors.New("it is open already")
	}
	offsets, err := readCursor(at)
	if err != nil {
		return err
	}
	m, err := join(&s.config, offsets)
	if err != nil {
		return err
	}
	s.open = m
	return nil
}

// Read returns the next records.
func (s *Source) Read(ctx context.Context) (plugins.Batch, error) {
	if m := s.opened(); m != nil {
		return m.loop.Read(ctx)
	}
	return plugins.Batch{}, fetch.ErrClosed
}

// Committed has the group told what is durable now, soon.
func (s *Source) Committed(_ context.Context, at plugins.Cursor) error {
	m := s.opened()
	if m == nil {
		return fetch.ErrClosed
	}
	offsets, err := readCursor(at)
	if err != nil {
		return err
	}
	m.committed(offsets)
	return nil
}

// Close leaves the group.
func (s *Source) Close() error {
	s.mu.Lock()
	m := s.open
	s.open = nil
	s.mu.Unlock()
	if m != nil {
		m.leave()
	}
	return nil
}

func (s *Source) opened() *member {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}
