// Package indextest is the suite that every engine of index.Index passes: its
// answers are those of a brute-force look at every event with query.Match.
package indextest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// Start is the first time of the suite's events, which are of three days. An
// engine with a retention must keep them.
var Start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// Run is the suite. open opens the index that the folder stands for, empty the
// first time, and what was written to it before after that. It keeps events for
// ever: the suite has some of every century that an event can have.
func Run(t *testing.T, open func(t testing.TB, dir string) index.Index) {
	Short(t, open)
	t.Run("Conforms", func(t *testing.T) { run(t, open, conforms) })
}

// Short is the part of the suite that needs few events, and all of three days:
// for an engine that is set up in an odd way. An engine with a retention must keep them.
func Short(t *testing.T, open func(t testing.TB, dir string) index.Index) {
	for name, test := range map[string]func(*testing.T, *bench){
		"AnswersAreThoseOfBruteForce": answers,
		"EventsAreStoredOnce":         once,
		"PositionIsKept":              position,
		"CursorsOfOthersAreRefused":   cursors,
		"PagesHoldWhileWritten":       pagesHold,
		"DaysExpire":                  days,
		"EmptyIndex":                  empty,
	} {
		t.Run(name, func(t *testing.T) { run(t, open, test) })
	}
}

func run(t *testing.T, open func(t testing.TB, dir string) index.Index, test func(*testing.T, *bench)) {
	b := &bench{dir: t.TempDir(), open: open, world: newWorld(uint64(len(t.Name())))}
	b.reopen(t)
	defer func() {
		if err := b.index.Close(); err != nil {
			t.Error(err)
		}
	}()
	test(t, b)
}

// bench is an index, and what it should hold.
type bench struct {
	dir      string
	open     func(t testing.TB, dir string) index.Index
	index    index.Index
	world    world
	lanes    Lanes
	events   []event.Event
	known    map[[2]string]bool // of events: their id and time
	position event.Position
}

func (b *bench) reopen(t *testing.T) {
	t.Helper()
	if b.index != nil {
		if err := b.index.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b.index = b.open(t, b.dir)
}

func (b *bench) write(t *testing.T, batches ...event.Batch) {
	t.Helper()
	if err := b.index.Write(context.Background(), batches); err != nil {
		t.Fatal(err)
	}
	b.note(batches)
}

// note notes what was written.
func (b *bench) note(batches []event.Batch) {
	if b.known == nil {
		b.known = map[[2]string]bool{}
	}
	for i := range batches {
		for _, e := range batches[i].Events {
			at := [2]string{e.ID, fmt.Sprint(e.Time.Nanos)}
			if !b.known[at] {
				b.known[at] = true
				b.events = append(b.events, e)
			}
		}
		b.position.Advance(&batches[i])
	}
}

func (b *bench) random(n int) []event.Event {
	events := make([]event.Event, n)
	for i := range events {
		events[i] = b.world.event()
	}
	return events
}

func answers(t *testing.T, b *bench) {
	for round := range 4 {
		for range 3 {
			b.write(t, b.lanes.Batch("a", b.random(40)...), b.lanes.Batch("b"), b.lanes.Batch("b", b.random(30)...))
		}
		if err := b.index.Flush(context.Background(), Start.Add(72*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if round == 2 {
			b.reopen(t)
		}
		ask(t, b.index, newOracle(b.events), uint64(round), 60)
	}
}

// all compares all that the index has.
func (b *bench) all(t *testing.T) *oracle {
	t.Helper()
	o := newOracle(b.events)
	for _, ascending := range []bool{true, false} {
		if err := checkSearch(context.Background(), b.index, o, question{Query: index.Query{Limit: 1 + len(b.events)/4, Ascending: ascending}}); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func once(t *testing.T, b *bench) {
	events := b.random(60)
	b.write(t, b.lanes.Batch("a", events...))
	b.write(t, b.lanes.Batch("a", events[:30]...), b.lanes.Batch("b", append(slices.Clone(events[20:]), events[20:]...)...))
	b.all(t)
	if len(b.events) != 60 {
		t.Fatalf("the suite is wrong: %d", len(b.events))
	}
	b.reopen(t)
	b.write(t, b.lanes.Batch("a", events...))
	// The same id at another time is another event; Get gives the newest.
	twin := events[7]
	twin.Time = event.At(Start.Add(71*time.Hour), 3)
	twin.Name = "Twin"
	b.write(t, b.lanes.Batch("a", twin))
	b.all(t)
	doc, err := b.index.Get(context.Background(), twin.ID)
	if err != nil || string(doc) != string(twin.AppendJSON(nil)) {
		t.Fatalf("get gives %s, %v; want the newest of two with this id", doc, err)
	}
	if st := b.index.Stats(); st.Events != 61 {
		t.Fatalf("stats tell of %d events, want 61", st.Events)
	}
}

func position(t *testing.T, b *bench) {
	check := func() {
		t.Helper()
		if diff := cmp.Diff(b.position, b.index.Position()); diff != "" {
			t.Fatalf("position (-want +got)\n%s", diff)
		}
	}
	for i := range 30 {
		b.write(t, b.lanes.Batch("a", b.random(i%7)...), b.lanes.Batch(fmt.Sprint("lane ", i%4), b.random(3)...), b.lanes.Batch("empty"))
		check()
		if i%10 == 9 {
			b.reopen(t)
			check()
		}
	}
	// The caller's copy is its own.
	p := b.index.Position()
	clear(p.Lanes)
	check()
	// A gap is taken: the follower decides.
	b.lanes.Batch("a")
	b.write(t, b.lanes.Batch("a", b.random(1)...))
	check()
	b.reopen(t)
	check()
}

func cursors(t *testing.T, b *bench) {
	b.write(t, b.lanes.Batch("a", b.random(10)...))
	for _, after := range []string{"x", "!", "AAAA", strings.Repeat("A", 30)} {
		if _, err := b.index.Search(context.Background(), index.Query{Limit: 3, After: after}); !errors.Is(err, index.ErrCursor) {
			t.Errorf("search after %q: %v, want ErrCursor", after, err)
		}
	}
	if _, err := b.index.Search(context.Background(), index.Query{Limit: index.MaxLimit + 1}); err == nil {
		t.Error("a limit above MaxLimit is taken")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.index.Search(ctx, index.Query{Limit: 3, Filter: query.All{}}); err == nil {
		t.Error("a search whose context has ended gives an answer")
	}
}

func days(t *testing.T, b *bench) {
	for range 5 {
		b.write(t, b.lanes.Batch("a", b.random(50)...))
	}
	second := Start.Add(24 * time.Hour)
	for _, before := range []time.Time{second.Add(-time.Nanosecond), second, second.Add(23 * time.Hour)} {
		whole := before.Truncate(24 * time.Hour)
		want := 0
		b.events = slices.DeleteFunc(b.events, func(e event.Event) bool {
			old := e.Time.Std().Before(whole)
			if old {
				want++
			}
			return old
		})
		n, err := b.index.Expire(context.Background(), before)
		if err != nil || n != want {
			t.Fatalf("expire before %v: %d events went, %v; want %d", before, n, err, want)
		}
		b.all(t)
	}
	p := b.index.Position()
	b.reopen(t)
	b.all(t)
	if diff := cmp.Diff(p, b.index.Position()); diff != "" {
		t.Fatalf("position moved by a reopen (-before +after)\n%s", diff)
	}
	st := b.index.Stats()
	all := b.all(t).events
	if st.Events != len(all) || !st.Oldest.Equal(all[0].Time.Std()) || !st.Newest.Equal(all[len(all)-1].Time.Std()) || st.Bytes <= 0 {
		t.Fatalf("stats %+v do not tell of %d events from %v to %v", st, len(all), all[0].Time, all[len(all)-1].Time)
	}
}

func empty(t *testing.T, b *bench) {
	b.all(t)
	if _, err := b.index.Get(context.Background(), "none"); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("get of an empty index: %v, want ErrNotFound", err)
	}
	if p := b.index.Position(); p.Seq != 0 || len(p.Lanes) != 0 {
		t.Errorf("position of an empty index: %+v", p)
	}
	if st := b.index.Stats(); st.Events != 0 || !st.Oldest.IsZero() || !st.Newest.IsZero() || len(st.Damaged) != 0 {
		t.Errorf("stats of an empty index: %+v", st)
	}
	if n, err := b.index.Expire(context.Background(), Start); n != 0 || err != nil {
		t.Errorf("expire of an empty index: %d, %v", n, err)
	}
	b.write(t) // no batches at all
	b.reopen(t)
	b.all(t)
}
