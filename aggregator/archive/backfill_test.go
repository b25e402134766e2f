package archive_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/query"
)

// indexOf is a source that has all events of a stream, in the order of an index.
func indexOf(stream []event.Batch) archive.Source {
	type placed struct {
		lane  event.Lane
		event event.Event
	}
	var all []placed
	for _, b := range stream {
		for _, e := range b.Events {
			all = append(all, placed{b.Lane, e})
		}
	}
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.event.Time.Nanos, b.event.Time.Nanos), cmp.Compare(a.event.ID, b.event.ID))
	})
	return func(_ context.Context, b *archive.Backfill, filter query.Expr, give func(event.Lane, *event.Event) error) error {
		for i := range all {
			p := &all[i]
			if at := p.event.Time.Std(); at.Before(b.From) || !at.Before(b.To) || filter != nil && !filter.Match(&p.event) || !has(b.Lanes, p.lane, p.event.Origin.Batch) {
				continue
			}
			if err := give(p.lane, &p.event); err != nil {
				return err
			}
		}
		return nil
	}
}

func has(lanes []archive.LaneRanges, lane event.Lane, batch uint64) bool {
	return slices.ContainsFunc(lanes, func(l archive.LaneRanges) bool {
		return l.Lane == lane && slices.ContainsFunc(l.Batches, func(r archive.Range) bool { return batch >= r.From && batch <= r.To })
	})
}

// backfill brings what the archive lacks of the stream, as whoever carries it does:
// from where the seals of the same request end.
func (s *site) backfill(a *archive.Archive, stream []event.Batch, id string, from, to time.Time) error {
	c, err := archive.Cover(s.t.Context(), s.cfg.Bucket)
	if err != nil {
		return err
	}
	upto := map[event.Lane]uint64{}
	for _, b := range stream {
		if b.Seq <= a.Position().Seq {
			upto[b.Lane] = b.Number
		}
	}
	for _, b := range c.Backfills {
		if b.ID == id {
			from = b.To
		}
	}
	for from.Before(to) {
		s.clock.pass(time.Second)
		if from, _, err = a.Backfill(s.t.Context(), archive.Backfill{ID: id, From: from, To: to, Lanes: c.Missing(upto)}); err != nil {
			return err
		}
	}
	return nil
}

// until is after every event of a test.
var until = start.Add(100 * 24 * time.Hour)

// A trail that began late, and was stopped for a while, gets what it lacks: all
// of it, once, in seals that say so; what comes from the stream meanwhile stays.
func TestBackfill(t *testing.T) {
	s := newSite(t)
	s.cfg.RollBytes = 4000
	stream := makeStream(60, 3)
	s.cfg.Source = indexOf(stream)
	s.cfg.Stopped = func(seq uint64) (time.Time, bool) { return start, seq > 30 && seq <= 40 }
	a := s.open()
	if err := a.Write(t.Context(), stream[20:50]); err != nil {
		t.Fatal(err)
	}
	if err := a.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Write(t.Context(), stream[50:52]); err != nil { // staged while the backfill runs
		t.Fatal(err)
	}
	pending := a.Status().PendingEvents
	if err := s.backfill(a, stream, "first", start, until); err != nil {
		t.Fatal(err)
	}
	if got := a.Status().PendingEvents; got != pending || pending == 0 {
		t.Errorf("%d events are staged, before there were %d", got, pending)
	}
	if err := s.give(a, stream, 0, 0, owed); err != nil {
		t.Fatal(err)
	}
	s.whole(stream, all)
	r := s.verify()
	if len(r.Backfills) != 1 || r.Backfills[0].Events != 90 || r.Backfills[0].ID != "first" || !r.Backfills[0].To.Equal(until) {
		t.Errorf("backfills: %+v", r.Backfills)
	}
	for n := range r.Seals {
		seal := s.seal(n)
		if (seal.Backfill != nil) != (seal.Version == 5) {
			t.Errorf("seal %d has version %d, backfill %+v", n, seal.Version, seal.Backfill)
		}
	}
	// What a second request asks for is there already.
	if err := s.backfill(a, stream, "second", start, until); err != nil {
		t.Fatal(err)
	}
	s.whole(stream, all)
	c, err := archive.Cover(t.Context(), s.cfg.Bucket)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Filled(lane(1), 1, start) || c.Filled(lane(1), 1, until) || c.Filled(lane(1), 9, start) { // batch 9 of the lane came by the stream
		t.Error("what a backfill has brought is not known")
	}
}

// A source that cannot be read changes nothing, and the trail goes on.
func TestBackfillWithoutSource(t *testing.T) {
	s := newSite(t)
	stream := makeStream(20, 3)
	s.cfg.Source = func(context.Context, *archive.Backfill, query.Expr, func(event.Lane, *event.Event) error) error {
		return errors.New("the index is away")
	}
	a := s.open()
	if err := a.Write(t.Context(), stream[:10]); err != nil {
		t.Fatal(err)
	}
	if to, _, err := a.Backfill(t.Context(), archive.Backfill{ID: "x", From: start, To: until, Lanes: []archive.LaneRanges{}}); !errors.Is(err, archive.ErrSource) || !to.Equal(start) {
		t.Errorf("backfilled to %s, %v", to, err)
	}
	if err := s.give(a, stream, 0, 0, owed); err != nil { // goes on behind the position, with what was staged
		t.Fatal(err)
	}
	s.whole(stream, all)
}

// A kill at each step of a backfill, also without the staging folder: it is ended
// by the next process, and nothing is there twice.
func TestCrashInBackfill(t *testing.T) {
	stream := makeStream(12, 3)
	for _, lost := range []bool{false, true} {
		for step := 1; ; step++ {
			s := newSite(t)
			s.cfg.RollBytes = 2500
			s.cfg.Source = indexOf(stream)
			f := &faults{crash: true, plan: func(n int) (bool, bool) { return n == step && step%2 == 0, n == step && step%2 == 1 }}
			s.plant(f)
			run := func() error {
				a, err := archive.Open(t.Context(), s.cfg)
				if err != nil {
					return err
				}
				for _, b := range stream[6:] {
					if b.Seq > a.Position().Seq {
						if err := a.Write(t.Context(), []event.Batch{b}); err != nil {
							return err
						}
					}
				}
				if err := a.Seal(t.Context()); err != nil {
					return err
				}
				return s.backfill(a, stream, "new", start, until)
			}
			err := run()
			if err == nil && f.step < step {
				t.Logf("%d steps", step-1)
				break
			}
			if lost {
				if err := os.RemoveAll(s.cfg.Staging); err != nil {
					t.Fatal(err)
				}
			}
			s.plant(&faults{plan: none})
			if err := run(); err != nil {
				t.Fatalf("after a fault at step %d: %v", step, err)
			}
			s.whole(stream, all)
			if t.Failed() {
				t.Fatalf("with a fault at step %d", step)
			}
		}
	}
}

// together is a bucket in which the first reads wait for one another.
type together struct {
	archive.Bucket
	most int

	mu  sync.Mutex
	n   int
	all chan struct{}
}

func (b *together) Read(ctx context.Context, key string) (io.ReadCloser, error) {
	b.mu.Lock()
	if b.n++; b.n == b.most {
		close(b.all)
	}
	b.mu.Unlock()
	select {
	case <-b.all:
		return b.Bucket.Read(ctx, key)
	case <-time.After(realtest.Patience):
		return nil, errors.New("the others do not come")
	}
}

// Seals are read some at a time, and what they say is in their order.
func TestCoverReadsSealsTogether(t *testing.T) {
	s := newSite(t)
	s.cfg.RollBytes = 1
	stream := makeStream(40, 1)
	s.follow(s.open(), stream)
	c, err := archive.Cover(t.Context(), &together{Bucket: s.cfg.Bucket, most: 16, all: make(chan struct{})})
	if err != nil {
		t.Fatal(err)
	}
	want := map[event.Lane][]archive.Range{lane(0): {{From: 1, To: 13}}, lane(1): {{From: 1, To: 14}}, lane(2): {{From: 1, To: 13}}}
	if diff := gocmp.Diff(want, c.Scanned); diff != "" || !c.Begun.Equal(start) {
		t.Errorf("begun at %s; scanned (-want +got):\n%s", c.Begun, diff)
	}
	if err := os.Remove(s.path(archive.SealKey(20))); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Cover(t.Context(), s.cfg.Bucket); err == nil {
		t.Error("a seal is missing, and nobody says so")
	}
}
