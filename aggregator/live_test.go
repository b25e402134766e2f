package aggregator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// liveBatch has n events, one a second from this one on; their ids are SEQ.0, SEQ.1 …
func liveBatch(seq uint64, n int) event.Batch {
	b := event.Batch{Seq: seq}
	for i := range n {
		b.Events = append(b.Events, event.Event{ID: fmt.Sprintf("%d.%d", seq, i), Time: event.At(time.Unix(int64(seq)*100+int64(i), 0), 0)})
	}
	return b
}

// see takes what there is from a place on, without waiting; m tells what was missed.
func see(t *testing.T, l *Live, at Place) (ids []string, next Place, m []Missed) {
	t.Helper()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		events, to, missed, err := l.Next(done, at)
		if missed != nil {
			m = append(m, *missed)
		}
		for _, e := range events {
			ids = append(ids, e.Event.ID)
		}
		if at = to; err != nil {
			return ids, at, m
		}
	}
}

func TestLiveGoesOnFromAnyPlace(t *testing.T) {
	l := NewLive()
	l.Begin(9)
	l.Publish([]event.Batch{liveBatch(10, 3), liveBatch(12, 300)}, 15)
	l.Publish([]event.Batch{liveBatch(16, 2)}, 16)
	l.Publish(nil, 20) // nothing but refused ones
	all, end, missed := see(t, l, Place{Seq: 10})
	if len(all) != 305 || missed != nil || end != (Place{Seq: 21}) || end != l.Now() {
		t.Fatalf("%d events, missed %+v, ends at %s", len(all), missed, end)
	}
	// From each place that a watcher was given, what comes is what it has not seen.
	at, seen := Place{Seq: 10}, 0
	for seen < len(all) {
		events, _, _, err := l.Next(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			seen++
			rest, _, missed := see(t, l, e.After)
			if len(rest) != len(all)-seen || missed != nil || len(rest) > 0 && rest[0] != all[seen] {
				t.Fatalf("after %s (%s) come %d events, want %d; missed %+v", e.Event.ID, e.After, len(rest), len(all)-seen, missed)
			}
			at = e.After
			if p, err := ParsePlace(at.String()); p != at || err != nil {
				t.Fatalf("%s is read as %s, %v", at, p, err)
			}
		}
	}
	// A batch that is published again, as after an error of the sink, is not seen again.
	l.Publish([]event.Batch{liveBatch(16, 2)}, 16)
	if again, _, _ := see(t, l, end); again != nil {
		t.Errorf("seen again: %v", again)
	}
}

// TestLiveTellsWhatIsMissed: how many, and between which times, to the event.
func TestLiveTellsWhatIsMissed(t *testing.T) {
	l := NewLive()
	l.Begin(0)
	const size = 4000
	for seq := uint64(1); seq <= 6; seq++ {
		l.Publish([]event.Batch{liveBatch(seq, size)}, seq)
	}
	// Room is for four batches.
	for _, c := range []struct {
		at     Place
		events int
		from   int64
	}{{Place{1, 0}, 2 * size, 100}, {Place{1, 3999}, size + 1, 100}, {Place{2, 0}, size, 200}, {Place{2, 10}, size - 10, 200}} {
		ids, _, missed := see(t, l, c.at)
		if len(missed) != 1 || len(ids) != 4*size || ids[0] != "3.0" {
			t.Errorf("from %s: %d events, missed %+v", c.at, len(ids), missed)
			continue
		}
		same(t, "missed from "+c.at.String(), Missed{Events: c.events, From: time.Unix(c.from, 0).UTC(), To: time.Unix(200+size-1, 0).UTC(), Before: Place{Seq: 3}}, missed[0])
	}
	// All of batch 2 was seen: nothing is missed.
	if ids, _, missed := see(t, l, Place{2, size}); len(ids) != 4*size || missed != nil {
		t.Errorf("%d events, missed %+v", len(ids), missed)
	}
}

// TestLiveAfterRestart: what became searchable unseen is told, and so is a place that nobody gave out.
func TestLiveAfterRestart(t *testing.T) {
	l := NewLive()
	l.Begin(41)
	l.Publish([]event.Batch{liveBatch(42, 1)}, 42)
	for at, want := range map[Place][]Missed{
		{Seq: 42}:           nil,
		{Seq: 41}:           {{Events: -1, Before: Place{Seq: 42}}},
		{Seq: 7, Skip: 1}:   {{Events: -1, Before: Place{Seq: 42}}},
		{Seq: 43}:           nil,
		{Seq: 900, Skip: 2}: {{Events: -1, Before: Place{Seq: 43}}},
	} {
		_, _, missed := see(t, l, at)
		same(t, "missed from "+at.String(), want, missed)
	}
	at := l.Now()
	l.Begin(42) // the follower starts again, and nothing is new
	if _, _, missed := see(t, l, at); missed != nil {
		t.Errorf("missed %+v", missed)
	}
	l.Begin(43) // a write that failed was durable: of the batch right after the last
	_, _, missed := see(t, l, at)
	same(t, "after a write that failed", []Missed{{Events: -1, Before: Place{Seq: 44}}}, missed)
	l.Begin(50)
	l.Publish([]event.Batch{liveBatch(51, 1)}, 51)
	ids, _, missed := see(t, l, at)
	same(t, "after more of them", []Missed{{Events: -1, Before: Place{Seq: 51}}}, missed)
	same(t, "events", []string{"51.0"}, ids)
}

// TestLiveMarksAreBounded: a server that runs for long forgets what it once had.
func TestLiveMarksAreBounded(t *testing.T) {
	l := NewLive()
	l.Begin(0)
	last := uint64(liveMarks + liveEvents + 10)
	for seq := uint64(1); seq <= last; seq++ {
		l.Publish([]event.Batch{liveBatch(seq, 1)}, seq)
	}
	if len(l.gone) != liveMarks || len(l.held) != liveEvents {
		t.Errorf("%d marks, %d batches", len(l.gone), len(l.held))
	}
	_, _, missed := see(t, l, Place{Seq: 10})
	same(t, "before the oldest mark", -1, missed[0].Events)
	_, _, missed = see(t, l, Place{Seq: 11})
	same(t, "from the oldest mark", liveMarks, missed[0].Events)
}

// TestLiveIsBoundedInBytes, whatever the events hold; one batch is always there.
func TestLiveIsBoundedInBytes(t *testing.T) {
	l := NewLive()
	l.Begin(0)
	for seq := uint64(1); seq <= 20; seq++ {
		b := liveBatch(seq, 1)
		b.Events[0].Raw = strings.Repeat("x", liveBytes/8)
		l.Publish([]event.Batch{b}, seq)
	}
	if len(l.held) != 7 || l.events != 7 {
		t.Errorf("%d batches, %d events are held", len(l.held), l.events)
	}
	b := liveBatch(21, 1)
	b.Events[0].Raw = strings.Repeat("x", 2*liveBytes)
	l.Publish([]event.Batch{b}, 21)
	if ids, _, _ := see(t, l, Place{Seq: 21}); len(ids) != 1 || len(l.held) != 1 {
		t.Errorf("%v, %d batches are held", ids, len(l.held))
	}
}

// TestLiveWakes whoever waits, and only for what is new.
func TestLiveWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLive()
		type result struct {
			ids []string
			err error
		}
		got := make(chan result)
		watch := func(at Place) {
			events, _, _, err := l.Next(t.Context(), at)
			var r result
			for _, e := range events {
				r.ids = append(r.ids, e.Event.ID)
			}
			r.err = err
			got <- r
		}
		go watch(l.Now()) // before the follower has begun
		synctest.Wait()
		l.Begin(4)
		synctest.Wait()
		select {
		case r := <-got:
			t.Fatalf("woken for %v, %v", r.ids, r.err)
		default:
		}
		l.Publish([]event.Batch{liveBatch(5, 1)}, 5)
		same(t, "events", []string{"5.0"}, (<-got).ids)
		go watch(Place{Seq: 6})
		synctest.Wait()
		l.Close()
		if r := <-got; !errors.Is(r.err, ErrLiveClosed) {
			t.Errorf("after the end: %v, %v", r.ids, r.err)
		}
	})
}

// TestFollowerTellsLive what is durable in the index, and nothing before.
func TestFollowerTellsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(t)
		f.Live = NewLive()
		w := newLane(t, "gw-1", 1, 7)
		b1, b2, b3 := w.batch("a", "b"), w.batch("c"), w.batch("d")
		f.stream.put(w.subject(), b1, b1, b2)
		stop := f.start(t)
		defer stop()
		synctest.Wait()
		at := f.Live.Now()
		f.stream.put(w.subject(), b3)
		synctest.Wait()
		ids, _, missed := see(t, f.Live, at)
		same(t, "events after the third", []string{"d"}, ids)
		ids, _, missed2 := see(t, f.Live, Place{Seq: 1})
		same(t, "events", []string{"a", "b", "c", "d"}, ids)
		if missed != nil || missed2 != nil {
			t.Errorf("missed %v, %v", missed, missed2)
		}
	})
}

func TestParsePlace(t *testing.T) {
	for _, s := range []string{"", "1", "-", "1-", "-1", "01-1", "1-01", "+1-1", "1-1 ", "1-99999999999", "99999999999999999999-1", "1-1-1", "a-b"} {
		if p, err := ParsePlace(s); err == nil {
			t.Errorf("%q is taken for %s", s, p)
		}
	}
}
