package sim

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	real "github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// index is a model of one: it keeps events and its position in one durable step.
// It does not look for ids that it has, so that what comes twice is seen.
type index struct {
	w      *world
	write  *site
	search *site

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

// of is the index as a process has it.
func (s *index) of(p *process) processIndex { return processIndex{s, p} }

// Keep does nothing: here nothing expires.
func (processIndex) Keep(string, time.Time) {}

// calmly marks the context of a search by the judge, which never fails.
type calmly struct{}

// Search gives what matches, by eventTime and eventId.
func (s processIndex) Search(ctx context.Context, q real.Query) (page real.Page, err error) {
	find := func() error {
		page = s.find(q)
		return nil
	}
	if ctx.Value(calmly{}) != nil {
		return page, find()
	}
	if s.search.one(10) {
		if err := wait(ctx, s.search.randomTime(5*time.Second)); err != nil {
			return page, err
		}
	}
	return page, s.search.do(s.p, find)
}

func (s *index) find(q real.Query) (page real.Page) {
	s.mu.Lock()
	var all []*event.Event
	for i := range s.events {
		e := &s.events[i]
		if at := e.Time.Std(); (q.From.IsZero() || !at.Before(q.From)) && (q.To.IsZero() || at.Before(q.To)) && (q.Filter == nil || q.Filter.Match(e)) {
			all = append(all, e)
		}
	}
	s.mu.Unlock()
	place := func(e *event.Event) string { return fmt.Sprintf("%020d %s", e.Time.Nanos, e.ID) }
	slices.SortFunc(all, func(a, b *event.Event) int {
		return cmp.Or(cmp.Compare(a.Time.Nanos, b.Time.Nanos), cmp.Compare(a.ID, b.ID))
	})
	for i, e := range all {
		if q.After != "" && place(e) <= q.After {
			continue
		}
		page.Events = append(page.Events, e.AppendJSON(nil))
		if len(page.Events) == min(q.Limit, 50) && i < len(all)-1 {
			page.Next = place(e)
			break
		}
	}
	return page
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
