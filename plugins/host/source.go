package host

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/actiontrail/actiontrail/plugins"
	pb "github.com/actiontrail/actiontrail/proto/actiontrail/plugin/v1"
)

// Source is a source in a process of its own. From Open to Close there is a process;
// one that dies is started again, after a while if it dies again and again, and reads
// on after the last batch that Read returned. An error of the source itself comes out
// of Read, as from one that is built in.
type Source struct {
	program Program

	mu     sync.Mutex
	status Status
	run    *reading // nil: not open
}

var _ plugins.Source = (*Source)(nil)

// Status tells how the process of a source fares.
type Status struct {
	Running bool
	PID     int    // of the process that runs, or ran last
	Starts  uint64 // of the process, since the source was made
	Err     error  // why it does not run, or ended last; nil: it never did
}

// NewSource makes a source that is not open yet.
func NewSource(p Program) *Source { return &Source{program: p} }

// Status is how it fares now.
func (s *Source) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *Source) note(change func(*Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.status)
}

// Check starts the plugin and asks it whether its configuration is right. What is
// wrong comes as a *plugins.ConfigError; a program that is not the one that was meant, as a
// *ChecksumError.
func (s *Source) Check(ctx context.Context) error {
	p, err := s.program.start(ctx)
	if err != nil {
		return err
	}
	defer p.end()
	a, err := answer(ctx, p, "whether its configuration is right", call(pb.NewSourceClient(p.conn).Check), &pb.CheckRequest{Config: s.program.config()})
	if err != nil {
		return err
	}
	return configError(a.Problems)
}

// Open starts the process and opens the source in it.
func (s *Source) Open(ctx context.Context, at plugins.Cursor) error {
	r := &reading{source: s, batches: make(chan plugins.Batch), ended: make(chan struct{}), over: make(chan struct{}), committed: make(chan struct{}, 1), marks: map[string][]byte{}}
	r.move(at)
	p, err := r.open(ctx)
	if err != nil {
		return err
	}
	var running context.Context
	running, r.stop = context.WithCancel(context.Background())
	s.mu.Lock()
	s.run = r
	s.mu.Unlock()
	go r.keep(running, p)
	return nil
}

var errNotOpen = errors.New("the source is not open")

func (s *Source) reading() *reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run
}

// Read implements plugins.Source. It also waits while the process is started anew.
func (s *Source) Read(ctx context.Context) (plugins.Batch, error) {
	r := s.reading()
	if r == nil {
		return plugins.Batch{}, errNotOpen
	}
	if err := ctx.Err(); err != nil {
		return plugins.Batch{}, err
	}
	select {
	case b := <-r.batches:
		return b, nil
	case <-ctx.Done():
		return plugins.Batch{}, ctx.Err()
	case <-r.ended:
		return plugins.Batch{}, r.err
	}
}

// Committed implements plugins.Source. It does not wait: the plugin is told beside,
// or after its next start, of the last cursor at least.
func (s *Source) Committed(_ context.Context, at plugins.Cursor) error {
	r := s.reading()
	if r == nil {
		return errNotOpen
	}
	r.mu.Lock()
	r.durable = marksOf(at)
	r.untold = true
	r.mu.Unlock()
	select {
	case r.committed <- struct{}{}:
	default: // it will look anyway
	}
	return nil
}

// Close ends the source and its process, patiently.
func (s *Source) Close() error {
	s.mu.Lock()
	r := s.run
	s.run = nil
	s.mu.Unlock()
	if r == nil {
		return nil
	}
	r.stop()
	<-r.over
	return r.closed
}

// died notes why there is no process.
func (s *Source) died(err error) {
	s.note(func(t *Status) { t.Running, t.Err = false, fmt.Errorf("plugin: %w", err) })
}

// call leaves out the options that the client of a service takes.
func call[Q, A, O any](method func(context.Context, Q, ...O) (A, error)) func(context.Context, Q) (A, error) {
	return func(ctx context.Context, q Q) (A, error) { return method(ctx, q) }
}
