// Package stdin takes records as lines from the standard input of the process: what a
// pipe brings, as in `gateway | actiontrail agent`.
//
// Nothing is read any further than a window ahead of what is durable. What was read from a pipe is
// gone from it: what was not durable is lost when this process dies. Until then it
// is kept here, and a lane that begins anew has it again.
package stdin

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/push"
)

// DefaultMaxLine is the longest record.
const DefaultMaxLine = 1 << 20

// Config says what is read.
type Config struct {
	In      io.Reader // what ends it, ends the source
	MaxLine int64     // bytes of a record, longer ones are cut; 0: DefaultMaxLine
}

// Source is a plugins.Source of lines. It returns io.EOF when they have ended.
type Source struct {
	draw  func() (string, error)
	input *input

	mu   sync.Mutex
	open *run // nil: closed
}

// run is what an open source has.
type run struct {
	queue  *push.Queue
	cancel context.CancelFunc
	ended  chan struct{}
}

// New makes a source; nothing is read before Open.
func New(c Config) (*Source, error) {
	if c.In == nil {
		return nil, errors.New("there is nothing to read from")
	}
	if c.MaxLine < 0 {
		return nil, errors.New("max_line is negative")
	}
	if c.MaxLine == 0 {
		c.MaxLine = DefaultMaxLine
	}
	return &Source{input: newInput(push.NewLines(c.In, c.MaxLine))}, nil
}

// Open goes on with what is not durable at this cursor.
func (s *Source) Open(_ context.Context, at plugins.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		return errors.New("it is open already")
	}
	queue, err := push.Open(push.Config{Name: "stdin", Draw: s.draw}, at)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.open = &run{queue, cancel, make(chan struct{})}
	go func(r *run) {
		defer close(r.ended)
		if err := s.input.bring(ctx, r.queue); err != nil {
			r.queue.Fail(err) // after Close nobody reads any more
		}
	}(s.open)
	return nil
}

// Read returns what came.
func (s *Source) Read(ctx context.Context) (plugins.Batch, error) {
	if r := s.opened(); r != nil {
		return r.queue.Read(ctx)
	}
	return plugins.Batch{}, push.ErrClosed
}

// Committed forgets what is durable now.
func (s *Source) Committed(_ context.Context, at plugins.Cursor) error {
	r := s.opened()
	if r == nil {
		return push.ErrClosed
	}
	return r.queue.Committed(at)
}

// Pushed says that what was read cannot be had again.
func (s *Source) Pushed() {}

// Close reads no further.
func (s *Source) Close() error {
	s.mu.Lock()
	r := s.open
	s.open = nil
	s.mu.Unlock()
	if r != nil {
		r.cancel()
		r.queue.Close()
		<-r.ended
	}
	return nil
}

func (s *Source) opened() *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Status is how the source fares.
func (s *Source) Status() push.Status {
	if r := s.opened(); r != nil {
		return r.queue.Status()
	}
	return push.Status{}
}
