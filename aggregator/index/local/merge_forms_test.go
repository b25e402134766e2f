package local

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
)

// mergedOf makes a segment of each of the parts, merges them, and fails when
// the check finds something, or the answers are others than before.
func mergedOf(t *testing.T, parts ...[]event.Event) *Index {
	t.Helper()
	dir := t.TempDir()
	cfg := Config{Dir: dir, SegmentEvents: 1 << 20}
	x := mustOpen(t, cfg)
	var lanes indextest.Lanes
	var s stream
	for _, events := range parts {
		s = append(s, lanes.Batch("a", events...))
		if err := x.Write(t.Context(), s[len(s)-1:]); err != nil {
			t.Fatal(err)
		}
		if err := x.cut(); err != nil {
			t.Fatal(err)
		}
		if err := x.waitBuilt(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before := answers(t, x)
	if n := x.Stats().Segments; n != len(parts) {
		t.Fatalf("%d segments of %d parts", n, len(parts))
	}
	mustMerge(t, x)
	if n := x.Stats().Segments; n != 1 {
		t.Fatalf("%d segments", n)
	}
	if diff := cmp.Diff(before, answers(t, x)); diff != "" {
		t.Fatalf("answers (-before +after)\n%s", diff)
	}
	s.checkAnswers(t, "merged", x, s.events(t))
	mustClose(t, x)
	if r := mustCheck(t, dir); !r.OK() {
		t.Fatalf("%+v", r)
	}
	x = mustOpen(t, cfg)
	t.Cleanup(func() { mustClose(t, x) })
	return x
}

func uuidOf(r *rand.Rand) string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), r.Uint32()&0xffff, r.Uint32()&0xfff, r.Uint32()&0xfff, r.Uint64()&0xffffffffffff)
}

// someEvents are n events of one day with ids of all kinds.
func someEvents(r *rand.Rand, n int, at func(i int) time.Time) []event.Event {
	out := make([]event.Event, n)
	for i := range out {
		out[i] = event.Event{ID: uuidOf(r), Time: event.At(at(i), 3), RequestID: uuidOf(r), Service: fmt.Sprint("service", i%5), ErrorMessage: "see " + uuidOf(r),
			RequestParameters: event.Object(fmt.Sprintf(`{"Token":"%016x","n":"%d"}`, r.Uint64(), i%7))}
		if i%10 == 3 {
			out[i].ID = fmt.Sprint("no uuid ", i, " ", r.Uint32())
		}
	}
	return out
}

// Events of one time are in the order of their ids, whatever segments they were in.
func TestMergeOfEqualTimes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	same := func(i int) time.Time { return indextest.Start.Add(time.Duration(i/40) * time.Second) }
	mergedOf(t, someEvents(r, 100, same), someEvents(r, 90, same), someEvents(r, 3, same))
}

// The hashes of a segment that is much smaller than the others are made anew.
func TestMergeOfSmallAndLarge(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	spread := func(i int) time.Time { return indextest.Start.Add(time.Duration(r.IntN(3600_000)) * time.Millisecond) }
	small := someEvents(r, 2, spread)
	x := mergedOf(t, someEvents(r, 900, spread), small, someEvents(r, 150, spread))
	for _, e := range small {
		for _, v := range []string{e.RequestID, strings.TrimPrefix(e.ErrorMessage, "see ")} {
			found, err := x.segments[0].candidates(v)
			if err != nil || len(found) == 0 {
				t.Errorf("%s has no hash: %v", v, err)
			}
		}
	}
}

// Segments whose leaves have more names together than a segment has dictionaries.
func TestMergeOfManyLeaves(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	leaves := func(from int) []event.Event {
		events := someEvents(r, 30, func(i int) time.Time { return indextest.Start.Add(time.Duration(i) * time.Minute) })
		for i := range events {
			var b strings.Builder
			for k := range 30 {
				fmt.Fprintf(&b, `,"leaf%04d":"value %d"`, from+i*30+k, k%3)
			}
			events[i].RequestParameters = event.Object("{" + b.String()[1:] + "}")
		}
		return events
	}
	x := mergedOf(t, leaves(0), leaves(500))
	n := 0
	for _, f := range x.segments[0].foot.Fields {
		if f.Path != "" {
			n++
		}
	}
	if n != maxLeaves || x.segments[0].byName[fieldKey{"requestParameters", "", true}] == nil {
		t.Fatalf("%d leaves have dictionaries", n)
	}
	for leaf, value := range map[int]int{0: 0, 700: 2, 1395: 1} {
		f, path, _ := event.Lookup(fmt.Sprintf("requestParameters.leaf%04d", leaf))
		page, err := x.Search(t.Context(), index.Query{Filter: termOf(f, path, fmt.Sprint("value ", value)), Limit: 10})
		if err != nil || page.Total == 0 {
			t.Errorf("leaf %d: %d events, %v", leaf, page.Total, err)
		}
	}
}

func TestJoinLists(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for range 500 {
		a, b := bits(nil), bits(nil)
		for range r.IntN(20) {
			a.set(r.Uint32N(60))
		}
		shift := r.Uint32N(70)
		for range r.IntN(20) {
			b.set(shift + r.Uint32N(60))
		}
		all := append(a.list(), b.list()...)
		slices.Sort(all)
		all = slices.Compact(all)
		if got := joinLists(a.list(), b.list()); !slices.Equal(got, all) {
			t.Fatalf("%d and %d become %d", a.list(), b.list(), got)
		}
	}
}

// What is spilled to a file comes back as it was added, and leaves no file.
func TestSpill(t *testing.T) {
	for _, n := range []int{0, 10, spillAt + 1, 3*spillAt + 7} {
		dir := t.TempDir()
		s := spill{disk: realDisk(), dir: dir}
		var want []byte
		for i := 0; len(want) < n; i++ {
			b := []byte(strings.Repeat(string(rune('a'+i%26)), min(n-len(want), 1+i*997%100_000)))
			want = append(want, b...)
			if err := s.add(b); err != nil {
				t.Fatal(err)
			}
		}
		var got []byte
		if err := s.each(func(b []byte) error { got = append(got, b...); return nil }); err != nil || string(got) != string(want) || s.size != int64(len(want)) {
			t.Fatalf("%d bytes of %d come back: %v", len(got), n, err)
		}
		if left := files(t, dir); len(left) > 0 {
			t.Errorf("left: %d files", len(left))
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
}
