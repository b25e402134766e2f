package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// longAfter is when all days of the tests are over.
func longAfter() time.Time { return testNow().AddDate(0, 0, 10) }

// mustSettle has all of the memory become segments, and these merged.
func mustSettle(t testing.TB, x *Index) {
	t.Helper()
	mustBuild(t, x)
	mustMerge(t, x)
}

// mustBuild has all of the memory become segments.
func mustBuild(t testing.TB, x *Index) {
	t.Helper()
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.waitBuilt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(x.current.times) == 0 {
		return
	}
	if err := errors.Join(x.cut(), x.waitBuilt(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// mustMerge merges what there is to merge long after, when nothing came for a while.
func mustMerge(t testing.TB, x *Index) {
	t.Helper()
	now := longAfter()
	if last := x.flushedAt(); last.After(now) {
		now = last
	}
	if err := x.Flush(t.Context(), now.Add(2*mergeQuiet)); err != nil {
		t.Fatal(err)
	}
	waitMerged(x)
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.mergeErr != nil {
		t.Fatal(x.mergeErr)
	}
}

// waitMerged waits until the merge that is under way is over.
func waitMerged(x *Index) {
	x.mu.RLock()
	m := x.merging
	x.mu.RUnlock()
	if m != nil {
		<-m.done
	}
}

// answers are those to all aggregations, by what was asked.
func answers(t testing.TB, x *Index) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, filter := range asked(t) {
		q := index.Query{Filter: filter}
		names, _, err := x.Fields(t.Context(), q, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		out[fmt.Sprint("fields of ", filter)] = names
		if out[fmt.Sprint("hours of ", filter)], _, err = x.Histogram(t.Context(), q, time.Hour); err != nil {
			t.Fatal(err)
		}
		for i, f := range names {
			if i%7 == 0 {
				for _, n := range []int{3, 1000} {
					if out[fmt.Sprint(n, " of ", f.Name, " of ", filter)], _, err = x.Values(t.Context(), q, f.Name, n); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	return out
}

// seqsOf is where the events of each day and class come from.
func seqsOf(x *Index) map[string]index.SeqRange {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := map[string]index.SeqRange{}
	for _, s := range x.segments {
		k := dayText(s.foot.Day) + " " + s.class
		r := out[k]
		r.Add(s.seqs.First)
		r.Add(s.seqs.Last)
		out[k] = r
	}
	return out
}

// days are how many segments there are of each day and class.
func days(x *Index) map[string]int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := map[string]int{}
	for _, s := range x.segments {
		out[dayText(s.foot.Day)+" "+s.class]++
	}
	return out
}

// Merged segments answer as those before did, hold a day of a class each, and pass the check; queries, readers and
// cursors of before go on; where events come from is joined; and what comes late is merged too.
func TestMergeKeepsAllAnswers(t *testing.T) {
	classes := slices.Clone(testClasses)
	for i := range classes {
		classes[i].Retention = 1000 * 24 * time.Hour
	}
	for name, classes := range map[string]index.Classes{"no class": nil, "classes": classes} {
		t.Run(name, func(t *testing.T) {
			s := newStream(80)
			known := s.events(t)
			dir := t.TempDir()
			cfg := Config{Dir: dir, SegmentEvents: 25, Classes: classes}
			x := mustOpen(t, cfg)
			if err := s[:70].follow(x, 4); err != nil {
				t.Fatal(err)
			}
			mustBuild(t, x)
			before, from := answers(t, x), seqsOf(x)
			many := x.Stats().Segments
			page, err := x.Search(t.Context(), index.Query{Limit: 40})
			if err != nil {
				t.Fatal(err)
			}
			parts, _, release, err := x.parts(index.Query{})
			if err != nil {
				t.Fatal(err)
			}
			mustSettle(t, x)
			s[:70].checkAnswers(t, "merged", x, known)
			if diff := cmp.Diff(before, answers(t, x)); diff != "" {
				t.Fatalf("answers (-before +after)\n%s", diff)
			}
			for day, n := range days(x) {
				if n > 2 || n == 2 && classes == nil {
					t.Errorf("%s has %d segments of %d", day, n, many)
				}
			}
			if len(days(x))*2 > many {
				t.Fatalf("%d segments, of %d", len(days(x)), many)
			}
			rest, err := x.Search(t.Context(), index.Query{Limit: index.MaxLimit, After: page.Next})
			if err != nil || len(rest.Events)+len(page.Events) != page.Total {
				t.Fatalf("%d events behind %d of %d: %v", len(rest.Events), len(page.Events), page.Total, err)
			}
			n := 0
			for _, p := range parts { // those that are gone from the index
				set, err := match(t.Context(), p, index.Query{})
				if err != nil {
					t.Fatal(err)
				}
				n += int(set.GetCardinality())
			}
			release()
			if n != page.Total {
				t.Errorf("a reader of before finds %d events, not %d", n, page.Total)
			}
			if diff := cmp.Diff(from, seqsOf(x)); diff != "" {
				t.Errorf("where events come from (-before +after)\n%s", diff)
			}
			if err := s.follow(x, 4); err != nil { // late
				t.Fatal(err)
			}
			mustSettle(t, x)
			s.checkAnswers(t, "merged twice", x, known)
			mustClose(t, x)
			if r := mustCheck(t, dir); !r.OK() {
				t.Fatalf("check: %+v", r)
			}
			x = mustOpen(t, cfg)
			defer mustClose(t, x)
			s.checkAnswers(t, "opened again", x, known)
			files, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
			if err != nil || len(files) != len(x.segments) {
				t.Errorf("%d files of %d segments: %v", len(files), len(x.segments), err)
			}
		})
	}
}

// A value that has a key in one segment and is hidden in another, as only one event
// has it there, is found and counted with all its events when they are merged; so
// is one that was hidden in all of them.
func TestMergeOfHiddenValues(t *testing.T) {
	id := func(i int) string { return fmt.Sprintf("%08x-4e5f-4071-8293-a4b5c6d7e8f9", i) }
	dir := t.TempDir()
	x := mustOpen(t, Config{Dir: dir})
	var lanes indextest.Lanes
	var s stream
	next := 0
	write := func(requests ...int) {
		t.Helper()
		var events []event.Event
		for i, r := range requests {
			next++
			events = append(events, event.Event{ID: id(1000 + next), Time: event.At(indextest.Start.Add(time.Duration(i)*time.Second), 3), RequestID: id(r),
				ErrorMessage: "see " + id(r+1), RequestParameters: event.Object(fmt.Sprintf(`{"Token":"%s","all":["%s","%s"]}`, id(r), id(r+2), id(r)))})
		}
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
	write(1, 1, 2, 3) // 1 has a key, 2 and 3 are hidden
	write(1, 2, 4, 4) // 1 and 2 are hidden
	write(1, 5, 6)
	known := s.events(t)
	before := answers(t, x)
	check := func(what string) {
		t.Helper()
		s.checkAnswers(t, what, x, known)
		if diff := cmp.Diff(before, answers(t, x)); diff != "" {
			t.Fatalf("%s (-before +after)\n%s", what, diff)
		}
		for r, want := range map[int]int{1: 4, 2: 2, 3: 1, 4: 2, 5: 1, 6: 1, 7: 0} {
			for _, field := range []string{"requestId", "requestParameters.Token"} {
				f, path, _ := event.Lookup(field)
				page, err := x.Search(t.Context(), index.Query{Filter: termOf(f, path, id(r)), Limit: 10})
				if err != nil || page.Total != want || len(page.Events) != want {
					t.Errorf("%s: %s %d: %d events, want %d: %v", what, field, r, page.Total, want, err)
				}
			}
		}
	}
	check("before")
	mustMerge(t, x)
	if n := x.Stats().Segments; n != 1 {
		t.Fatalf("%d segments", n)
	}
	check("merged")
	write(3, 1)
	write(7, 7)
	before = answers(t, x)
	mustMerge(t, x)
	if n := x.Stats().Segments; n != 1 {
		t.Fatalf("%d segments", n)
	}
	for r, want := range map[int]int{1: 5, 2: 2, 3: 2, 7: 2} {
		f, path, _ := event.Lookup("requestId")
		page, err := x.Search(t.Context(), index.Query{Filter: termOf(f, path, id(r)), Limit: 10})
		if err != nil || page.Total != want {
			t.Errorf("merged twice: %d: %d events, want %d: %v", r, page.Total, want, err)
		}
	}
	if diff := cmp.Diff(before, answers(t, x)); diff != "" {
		t.Fatalf("merged twice (-before +after)\n%s", diff)
	}
	mustClose(t, x)
	if r := mustCheck(t, dir); !r.OK() {
		t.Fatalf("%+v", r)
	}
}

// A segment that is damaged is set aside when it is to be merged, and the others are merged.
func TestMergeOfDamagedSegment(t *testing.T) {
	s := newStream(80)
	dir := t.TempDir()
	x := mustOpen(t, Config{Dir: dir, SegmentEvents: 25})
	if err := s.follow(x, 4); err != nil {
		t.Fatal(err)
	}
	mustClose(t, x)
	x = mustOpen(t, Config{Dir: dir, SegmentEvents: 25})
	defer mustClose(t, x)
	bad := x.segments[1]
	f, err := os.OpenFile(bad.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	at := bad.foot.Docs.Offset + bad.foot.Docs.Length/2
	if _, err := f.WriteAt([]byte{bad.data[at] ^ 1}, at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	mustSettle(t, x)
	if len(x.Lost()) != 1 || len(x.Stats().Damaged) != 1 {
		t.Fatalf("lost %v, %v", x.Lost(), x.Stats().Damaged)
	}
	s.mend(t, "mended", x, s.events(t))
	mustSettle(t, x)
	if diff := cmp.Diff(s.docs(1<<60), contents(t, x)); diff != "" {
		t.Fatalf("events (-want +got)\n%s", diff)
	}
	for day, n := range days(x) {
		if n > 2 { // what was read again may be too little to join the large one
			t.Errorf("%s has %d segments", day, n)
		}
	}
}

// A day that goes while its segments are merged stays gone.
func TestExpiredWhileMerged(t *testing.T) {
	s := newStream(80)
	x := mustOpen(t, Config{Dir: t.TempDir(), SegmentEvents: 25})
	defer mustClose(t, x)
	if err := s.follow(x, 4); err != nil {
		t.Fatal(err)
	}
	if err := x.waitBuilt(t.Context()); err != nil {
		t.Fatal(err)
	}
	x.mu.RLock()
	segments := x.toMerge(longAfter())
	x.mu.RUnlock()
	for _, s := range segments {
		s.acquire()
	}
	if _, err := x.Expire(t.Context(), longAfter()); err != nil {
		t.Fatal(err)
	}
	if err := x.mergeSegments(context.Background(), segments); err != nil {
		t.Fatal(err)
	}
	for _, s := range segments {
		s.release()
	}
	if n := len(contents(t, x)); n != 0 {
		t.Errorf("%d events are back", n)
	}
	if files, err := filepath.Glob(filepath.Join(x.cfg.Dir, "*"+segmentSuffix)); err != nil || len(files) > 0 {
		t.Errorf("left: %q, %v", files, err)
	}
}

func termOf(f event.Field, path, value string) query.Term {
	return query.Term{Field: f, Path: path, Value: value}
}
