package sim

import (
	"context"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// index is a model of one: it keeps events and its position in one durable step.
// It does not look for ids that it has, so that what comes twice is seen.
type index struct {
	w     *world
	write *site

	mu     sync.Mutex
	at     event.Position
	events []event.Event
	copied []savedIndex
}

type savedIndex struct {
	at     event.Position
	events int
}

// processIndex is the index in one life of the aggregator.
type processIndex struct {
	*index
	p *process
}

func (s processIndex) Position() event.Position { return s.position() }

func (s *index) position() event.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.Clone()
}

func (s processIndex) Write(_ context.Context, batches []event.Batch) error {
	return s.write.do(s.p, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i := range batches {
			b := &batches[i]
			if b.Seq <= s.at.Seq {
				continue
			}
			if last := s.at.Lanes[b.Lane].Number; b.Number > last+1 {
				s.w.judge.gap(b.Lane, last+1, b.Number-1, b.Seq)
			}
			s.at.Advance(b)
			s.events = append(s.events, b.Events...)
		}
		return nil
	})
}

func (s processIndex) Flush(context.Context, time.Time) error { return nil }

// save keeps a copy, as a backup does.
func (s *index) save() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.copied = append(s.copied, savedIndex{s.at.Clone(), len(s.events)})
}

// restore brings back the last copy. It tells whether there was one.
func (s *index) restore() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.copied) == 0 {
		return false
	}
	last := s.copied[len(s.copied)-1]
	s.at, s.events = last.at.Clone(), s.events[:last.events:last.events]
	return true
}
