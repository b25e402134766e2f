// Package indextest is the suite that every engine of index.Index passes: its
// answers are those of a brute-force look at every event with query.Match.
package indextest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
// first time, and what was written to it before after that.
func Run(t *testing.T, open func(t testing.TB, dir string) index.Index) {
	for name, test := range map[string]func(*testing.T, *bench){
		"AnswersAreThoseOfBruteForce": answers,
		"EventsAreStoredOnce":         once,
		"PositionIsKept":              position,
		"CursorsOfOthersAreRefused":   cursors,
		"DaysExpire":                  days,
		"EmptyIndex":                  empty,
	} {
		t.Run(name, func(t *testing.T) {
			seed := uint64(len(name))
			b := &bench{dir: t.TempDir(), open: open, world: world{Rand: rand.New(rand.NewPCG(seed, 2)), start: Start}}
			b.reopen(t)
			defer func() {
				if err := b.index.Close(); err != nil {
					t.Error(err)
				}
			}()
			test(t, b)
		})
	}
}

// bench is an index, and what it should hold.
type bench struct {
	dir   string
	open  func(t testing.TB, dir string) index.Index
	index index.Index
	world world
	brute brute
	lanes Lanes
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
	b.brute.write(batches)
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
		for range 35 {
			b.compare(t)
		}
	}
}

// query draws a query; sometimes all of it is open.
func (b *bench) query() index.Query {
	q := index.Query{Ascending: b.world.IntN(2) == 0}
	if b.world.IntN(10) > 0 {
		q.Filter = b.world.expr(2)
	}
	if b.world.IntN(2) == 0 {
		q.From = b.world.time().Std()
	}
	if b.world.IntN(2) == 0 {
		q.To = b.world.time().Std()
	}
	return q
}

// label is the query as a person would write it.
func label(q index.Query) string {
	filter := "all"
	if q.Filter != nil {
		filter = fmt.Sprintf("%#v", q.Filter)
	}
	return fmt.Sprintf("%s from %v to %v ascending %v", filter, q.From, q.To, q.Ascending)
}

func (b *bench) compare(t *testing.T) {
	t.Helper()
	q := b.query()
	want := b.brute.matching(q)
	b.pages(t, q, want)
	ctx := context.Background()
	step := []time.Duration{time.Hour, time.Minute, 24 * time.Hour, 7 * time.Hour, 1234567891}[b.world.IntN(5)]
	buckets, err := b.index.Histogram(ctx, q, step)
	if err != nil {
		t.Fatalf("histogram of %s: %v", label(q), err)
	}
	if diff := cmp.Diff(b.brute.histogram(q, step), buckets, sameEmpty[index.Bucket]()); diff != "" {
		t.Fatalf("histogram of %s by %v (-want +got)\n%s", label(q), step, diff)
	}
	name := b.world.of("eventName", "userIdentity.userName", "requestParameters."+b.world.of("InstanceId", "Tag.Key", "Count", long[:300]), "isGlobal", "errorMessage", "origin.epoch", "sourceIpAddress", "requestId", "userAgent", "eventId")
	n := 1 + b.world.IntN(6)
	values, err := b.index.Values(ctx, q, name, n)
	if err != nil {
		t.Fatalf("values of %s: %v", label(q), err)
	}
	if diff := cmp.Diff(b.brute.values(q, name, n), values, sameEmpty[index.Value]()); diff != "" {
		t.Fatalf("%d values of %s of %s (-want +got)\n%s", n, name, label(q), diff)
	}
	n = []int{1, 7, 10_000}[b.world.IntN(3)]
	fields, err := b.index.Fields(ctx, q, n)
	if err != nil {
		t.Fatalf("fields of %s: %v", label(q), err)
	}
	if diff := cmp.Diff(b.brute.fields(q, n), fields, sameEmpty[index.Field]()); diff != "" {
		t.Fatalf("%d fields of %s (-want +got)\n%s", n, label(q), diff)
	}
}

func sameEmpty[T any]() cmp.Option {
	return cmp.Transformer("sameEmpty", func(s []T) []T {
		if len(s) == 0 {
			return nil
		}
		return s
	})
}

// pages reads all pages of a query and compares them with what they should be.
func (b *bench) pages(t *testing.T, q index.Query, want []event.Event) {
	t.Helper()
	q.Limit = 1 + b.world.IntN(20) + len(want)/4
	q.NoTotal = b.world.IntN(2) == 0
	total := len(want)
	if q.NoTotal {
		total = -1
	}
	var got []string
	for {
		page, err := b.index.Search(context.Background(), q)
		if err != nil {
			t.Fatalf("search %s: %v", label(q), err)
		}
		if page.Total != total || page.Incomplete != nil {
			t.Fatalf("search %s: total %d, incomplete %q; want %d, complete", label(q), page.Total, page.Incomplete, total)
		}
		if len(page.Events) > q.Limit || page.Next != "" && len(page.Events) < q.Limit {
			t.Fatalf("search %s: a page of %d events, limit %d, next %q", label(q), len(page.Events), q.Limit, page.Next)
		}
		for _, e := range page.Events {
			got = append(got, string(e))
		}
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	expect := make([]string, len(want))
	for i := range want {
		expect[i] = string(want[i].AppendJSON(nil))
	}
	if diff := cmp.Diff(expect, got, sameEmpty[string]()); diff != "" {
		t.Fatalf("search %s, limit %d (-want +got)\n%s", label(q), q.Limit, diff)
	}
	if len(want) > 0 {
		e := want[b.world.IntN(len(want))]
		doc, err := b.index.Get(context.Background(), e.ID)
		if err != nil || !strings.Contains(string(doc), string(event.AppendString(nil, e.ID))) {
			t.Fatalf("get %q: %s, %v", e.ID, doc, err)
		}
	}
	q.Limit, q.After, q.NoTotal = 0, "", false
	if page, err := b.index.Search(context.Background(), q); err != nil || page.Total != len(want) || len(page.Events) > 0 || page.Next != "" {
		t.Fatalf("search %s with limit 0: %+v, %v; want total %d alone", label(q), page, err, len(want))
	}
}

func once(t *testing.T, b *bench) {
	events := b.random(60)
	b.write(t, b.lanes.Batch("a", events...))
	b.write(t, b.lanes.Batch("a", events[:30]...), b.lanes.Batch("b", append(slices.Clone(events[20:]), events[20:]...)...))
	b.pages(t, index.Query{}, b.brute.matching(index.Query{}))
	if len(b.brute.events) != 60 {
		t.Fatalf("the suite is wrong: %d", len(b.brute.events))
	}
	b.reopen(t)
	b.write(t, b.lanes.Batch("a", events...))
	// The same id at another time is another event; Get gives the newest.
	twin := events[7]
	twin.Time = event.At(Start.Add(71*time.Hour), 3)
	twin.Name = "Twin"
	b.write(t, b.lanes.Batch("a", twin))
	q := index.Query{}
	b.pages(t, q, b.brute.matching(q))
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
		if diff := cmp.Diff(b.brute.position, b.index.Position()); diff != "" {
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
		b.brute.events = slices.DeleteFunc(b.brute.events, func(e event.Event) bool {
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
		b.pages(t, index.Query{}, b.brute.matching(index.Query{}))
	}
	p := b.index.Position()
	b.reopen(t)
	b.pages(t, index.Query{}, b.brute.matching(index.Query{}))
	if diff := cmp.Diff(p, b.index.Position()); diff != "" {
		t.Fatalf("position moved by a reopen (-before +after)\n%s", diff)
	}
	st := b.index.Stats()
	all := b.brute.matching(index.Query{Ascending: true})
	if st.Events != len(all) || !st.Oldest.Equal(all[0].Time.Std()) || !st.Newest.Equal(all[len(all)-1].Time.Std()) || st.Bytes <= 0 {
		t.Fatalf("stats %+v do not tell of %d events from %v to %v", st, len(all), all[0].Time, all[len(all)-1].Time)
	}
}

func empty(t *testing.T, b *bench) {
	b.pages(t, index.Query{}, nil)
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
	b.pages(t, index.Query{}, nil)
}
