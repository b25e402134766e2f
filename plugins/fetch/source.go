package fetch

import (
	"context"
	"errors"
	"sync"

	"github.com/actiontrail/actiontrail/plugins"
)

// Source is what is the same of every plugins.Source that keeps nothing but its loop:
// embed it, and have Open call Begin. The zero value is closed.
type Source struct {
	mu   sync.Mutex
	loop *Loop // nil: closed
}

// Begin opens the source; prepare reads the cursor and gives the work to be done.
func (s *Source) Begin(prepare func() (Work, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loop != nil {
		return errors.New("it is open already")
	}
	work, err := prepare()
	if err != nil {
		return err
	}
	s.loop = Start(work)
	return nil
}

// Read returns the next records.
func (s *Source) Read(ctx context.Context) (plugins.Batch, error) {
	s.mu.Lock()
	l := s.loop
	s.mu.Unlock()
	if l == nil {
		return plugins.Batch{}, ErrClosed
	}
	return l.Read(ctx)
}

// Committed does nothing: what was fetched stays where it is, and the cursor is the agent's.
func (s *Source) Committed(context.Context, plugins.Cursor) error { return nil }

// Close fetches no more.
func (s *Source) Close() error {
	s.mu.Lock()
	l := s.loop
	s.loop = nil
	s.mu.Unlock()
	if l != nil {
		l.Close()
	}
	return nil
}
