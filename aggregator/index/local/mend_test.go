package local

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// asked are searches that use each kind of section, and of damage.
func asked(t testing.TB) []query.Expr {
	t.Helper()
	var out []query.Expr
	for _, text := range []string{"*", "serviceName: Iam", "denied", "errorCode: * and not eventType: ApiCall", "requestParameters: *o*", "origin.batch < 10",
		"userIdentity.accountId: 1001", "userIdentity.userName: a*", "responseElements: * or additionalEventData: *", "sourceIpAddress: 10.0.0.0/8"} {
		x, err := query.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}

// events are those of docs, decoded once.
func (s stream) events(t testing.TB) map[string]event.Event {
	t.Helper()
	out := map[string]event.Event{}
	for _, b := range s {
		for i := range b.Events {
			out[string(b.Events[i].AppendJSON(nil))] = b.Events[i]
		}
	}
	return out
}

// checkAnswers asks everything: what is told as complete is all there is up to
// the position, and what is not has nothing that is not there. It tells whether all was complete.
func (s stream) checkAnswers(t *testing.T, what string, x *Index, known map[string]event.Event) (complete bool) {
	t.Helper()
	complete = true
	there := s.docs(x.Position().Seq)
	for _, filter := range asked(t) {
		for _, noTotal := range []bool{false, true} {
			q := index.Query{Filter: filter, Limit: index.MaxLimit, Ascending: true, NoTotal: noTotal}
			page, err := x.Search(t.Context(), q)
			if err != nil {
				t.Fatalf("%s: %v: %v", what, filter, err)
			}
			var want []string
			for _, doc := range there {
				if e := known[doc]; filter.Match(&e) {
					want = append(want, doc)
				}
			}
			got := make([]string, len(page.Events))
			for i, doc := range page.Events {
				got[i] = string(doc)
			}
			if len(page.Incomplete) == 0 && !slices.Equal(got, want) {
				t.Fatalf("%s: %v: %d events, want %d, and it is not told that some are missing", what, filter, len(got), len(want))
			}
			complete = complete && len(page.Incomplete) == 0
			for _, doc := range got {
				e, ok := known[doc]
				if !ok || !filter.Match(&e) {
					t.Fatalf("%s: %v finds what does not match", what, filter)
				}
			}
			if !noTotal && page.Total != len(got) {
				t.Fatalf("%s: %v: total %d of %d", what, filter, page.Total, len(got))
			}
		}
	}
	return complete
}

// A bit that flips anywhere in any file makes no answer wrong: what is damaged is
// set aside, named, and told with each answer until it is read again from the
// stream; then all is there once.
func TestFlippedBitAnywhereIsMended(t *testing.T) {
	t.Parallel()
	s := newStream(24)
	known := s.events(t)
	whole := t.TempDir()
	x := mustOpen(t, Config{Dir: whole, SegmentEvents: 60})
	if err := s.follow(x, 2); err != nil {
		t.Fatal(err)
	}
	if err := x.waitBuilt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(x.current.times) == 0 || len(x.segments) < 3 {
		t.Fatal("the test needs segments and a WAL")
	}
	mustClose(t, x)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	entries, err := os.ReadDir(whole)
	if err != nil {
		t.Fatal(err)
	}
	refused, mended := 0, 0
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(whole, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if len(b) == 0 { // the lock
			continue
		}
		for i := range 6 {
			at := random.IntN(len(b))
			if i < 4 { // the ends have what all else hangs on
				at = []int{random.IntN(min(40, len(b))), len(b) - 1 - random.IntN(12), 0, len(b) - 1}[i]
			}
			what := fmt.Sprintf("bit %d of byte %d of %s", i%8, at, e.Name())
			dir := t.TempDir()
			copyDir(t, whole, dir)
			flipped := slices.Clone(b)
			flipped[at] ^= 1 << (i % 8)
			if err := os.WriteFile(filepath.Join(dir, e.Name()), flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			r := mustCheck(t, dir)
			x, err := Open(Config{Dir: dir, SegmentEvents: 60, Now: testNow})
			if err != nil {
				if refused++; e.Name() != manifestName && !strings.Contains(err.Error(), "version") {
					t.Fatalf("%s: %v", what, err)
				}
				continue
			}
			if !s.checkAnswers(t, what, x, known) || len(x.Stats().Damaged) > 0 {
				if mended++; r.OK() {
					t.Fatalf("%s: a check finds nothing, the index does: %q", what, x.Stats().Damaged)
				}
			}
			s.mend(t, what, x, known)
			mustClose(t, x)
		}
	}
	if refused < 3 || mended < 8 {
		t.Fatalf("%d flips refused, %d mended: the test has lost its sense", refused, mended)
	}
}

// mend does what the follower of an index does, and looks whether all is there.
func (s stream) mend(t *testing.T, what string, x *Index, known map[string]event.Event) {
	t.Helper()
	for _, lost := range x.Lost() {
		for i := range s {
			if s[i].Seq >= lost.First && s[i].Seq <= lost.Last {
				if err := x.Refill(t.Context(), s[i:i+1]); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := x.Refilled(lost, "read again", true); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.follow(x, 4); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !s.checkAnswers(t, what+", mended", x, known) {
		t.Fatalf("%s: answers are incomplete when all is read again", what)
	}
	if diff := cmp.Diff(s.docs(1<<60), contents(t, x)); diff != "" {
		t.Fatalf("%s, mended (-want +got)\n%s", what, diff)
	}
}

// A manifest that is torn at any byte is refused, and nothing is changed: with the file back all is there.
func TestTornManifest(t *testing.T) {
	s := newStream(12)
	dir := t.TempDir()
	x := mustOpen(t, Config{Dir: dir, SegmentEvents: 20})
	if err := s.follow(x, 2); err != nil {
		t.Fatal(err)
	}
	mustClose(t, x)
	path := filepath.Join(dir, manifestName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	for at := 0; at < len(whole); at += 1 + at/40 {
		if err := os.WriteFile(path, whole[:at], 0o600); err != nil {
			t.Fatal(err)
		}
		if x, err := Open(Config{Dir: dir, Now: testNow}); err == nil {
			t.Errorf("a manifest of %d of %d bytes is taken", at, len(whole))
			mustClose(t, x)
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, files(t, dir)); diff != "" {
			t.Fatalf("a refusal has changed files (-before +after)\n%s", diff)
		}
	}
	x = mustOpen(t, Config{Dir: dir})
	if diff := cmp.Diff(s.docs(1<<60), contents(t, x)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	mustClose(t, x)
}

// What the stream has no more stays told as missing, for the days that it concerns.
func TestGoneForGood(t *testing.T) {
	s := newStream(20)
	dir := segmented(t, s)
	found, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil || os.Truncate(found[1], 500) != nil {
		t.Fatal(err)
	}
	x := mustOpen(t, Config{Dir: dir})
	day, _ := dayOfName(filepath.Base(found[1]))
	begin := time.Unix(0, day*dayNanos)
	incomplete := func(from, to time.Time) bool {
		t.Helper()
		page, err := x.Search(t.Context(), index.Query{From: from, To: to, Limit: 5})
		if err != nil {
			t.Fatal(err)
		}
		_, steps, err := x.Histogram(t.Context(), index.Query{From: from, To: to}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		_, values, err := x.Values(t.Context(), index.Query{From: from, To: to}, "eventName", 5)
		if err != nil {
			t.Fatal(err)
		}
		_, fields, err := x.Fields(t.Context(), index.Query{From: from, To: to}, 5)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(steps, page.Incomplete) || !slices.Equal(values, page.Incomplete) || !slices.Equal(fields, page.Incomplete) {
			t.Errorf("missing by a page %q, by a histogram %q, by values %q, by fields %q", page.Incomplete, steps, values, fields)
		}
		return len(page.Incomplete) > 0
	}
	check := func(what string, want bool) {
		t.Helper()
		if incomplete(time.Time{}, time.Time{}) != want || incomplete(begin, begin.Add(time.Hour)) != want {
			t.Errorf("%s: incomplete is not %v", what, want)
		}
		if incomplete(time.Time{}, begin) || incomplete(begin.AddDate(0, 0, 1), time.Time{}) {
			t.Errorf("%s: other days are incomplete", what)
		}
	}
	check("damaged", true)
	if err := x.Refilled(x.Lost()[0], "the stream has none of it", false); err != nil {
		t.Fatal(err)
	}
	check("not in the stream", true)
	mustClose(t, x)
	x = mustOpen(t, Config{Dir: dir})
	check("opened again", true)
	mustClose(t, x)
	if err := os.Remove(found[1] + damagedSuffix); err != nil {
		t.Fatal(err)
	}
	x = mustOpen(t, Config{Dir: dir})
	check("forgotten", false)
	mustClose(t, x)
}
