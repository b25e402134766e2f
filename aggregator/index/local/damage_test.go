package local

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// segmented is a folder whose events are all in segments.
func segmented(t testing.TB, s stream) string {
	t.Helper()
	dir := t.TempDir()
	x := mustOpen(t, Config{Dir: dir})
	if err := s.follow(x, len(s)); err != nil {
		t.Fatal(err)
	}
	if err := x.cut(); err != nil {
		t.Fatal(err)
	}
	if err := x.waitBuilt(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(x.segments) != 3 {
		t.Fatalf("%d segments, want one for each of three days", len(x.segments))
	}
	mustClose(t, x)
	return dir
}

// without are the documents of the events of all days but this one.
func (s stream) without(day int64) []string {
	var left stream
	for _, b := range s {
		b.Events = slices.DeleteFunc(slices.Clone(b.Events), func(e event.Event) bool { return dayOf(e.Time.Nanos) == day })
		left = append(left, b)
	}
	return left.docs(1 << 60)
}

// questions use every section of a segment.
func questions(t testing.TB, x *Index, known event.Event) {
	t.Helper()
	ctx := context.Background()
	field := func(name string) event.Field {
		f, _, _ := event.Lookup(name)
		return f
	}
	for _, filter := range []query.Expr{
		query.Term{Field: field("serviceName"), Value: "Iam"},
		query.Text{Value: "denied", Tokens: []string{"denied"}},
		query.Exists{Field: field("requestParameters")},
		query.Exists{Field: field("errorCode")},
		query.NumberRange{Field: field("origin.batch"), Op: query.Less, Bound: 10},
		query.TimeRange{Field: field("origin.observedTime"), Op: query.Less, Bound: known.Time.Nanos},
		query.TextWildcard{Parts: []string{"Al", ""}, Lower: []string{"al", ""}},
		query.Wildcard{Field: field("requestParameters"), Parts: []string{"", "o", ""}},
	} {
		if _, err := x.Search(ctx, index.Query{Filter: filter, Limit: 10}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := x.Get(ctx, known.ID); err != nil && !strings.Contains(err.Error(), "no event") {
		t.Fatal(err)
	}
	for _, f := range fields {
		if f.Kind == event.Flattened {
			continue
		}
		if _, _, err := x.Values(ctx, index.Query{}, f.Name, 3); err != nil {
			t.Fatal(err)
		}
	}
}

// A flipped bit anywhere in a segment is harmless, or the segment is set aside
// and named, and the others are served. Never is an answer wrong.
func TestFlippedBitInSegment(t *testing.T) {
	t.Parallel()
	s := newStream(30)
	dir := segmented(t, s)
	files, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	path := files[1]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	foot, err := decodeFooter(whole)
	if err != nil {
		t.Fatal(err)
	}
	var places []int
	for at := 0; at < len(whole); at += max(1, len(whole)/50) {
		places = append(places, at)
	}
	for _, x := range foot.sections()[:8] {
		places = append(places, int(x.Offset), int(x.Offset+x.Length/2), int(x.Offset+x.Length-1))
	}
	lost := s.without(foot.Day)
	aside := 0
	for _, at := range places {
		to := t.TempDir()
		copyDir(t, dir, to)
		b := slices.Clone(whole)
		b[at] ^= 1 << (at % 8)
		if err := os.WriteFile(filepath.Join(to, filepath.Base(path)), b, 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := Open(Config{Dir: to, Now: testNow})
		if err != nil {
			if at >= 4 && at < 8 && strings.Contains(err.Error(), "version") {
				continue
			}
			t.Fatalf("flip at %d: %v", at, err)
		}
		questions(t, x, s[5].Events[0])
		got := contents(t, x)
		want := s.docs(1 << 60)
		if st := x.Stats(); len(st.Damaged) > 0 {
			aside++
			want = lost
			if !strings.Contains(st.Damaged[0], filepath.Base(path)) {
				t.Fatalf("flip at %d: %q does not name %s", at, st.Damaged, path)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("flip at %d (-want +got)\n%s", at, diff)
		}
		mustClose(t, x)
		x = mustOpen(t, Config{Dir: to})
		if diff := cmp.Diff(want, contents(t, x)); diff != "" {
			t.Fatalf("flip at %d, opened again (-want +got)\n%s", at, diff)
		}
		mustClose(t, x)
	}
	if aside < len(places)*6/10 { // the rest are lists and keys that no question needs
		t.Fatalf("only %d of %d flips were found", aside, len(places))
	}
}

// A segment that is cut short while it is open does not end the process.
func TestSegmentCutWhileOpen(t *testing.T) {
	s := newStream(30)
	dir := segmented(t, s)
	x := mustOpen(t, Config{Dir: dir})
	defer mustClose(t, x)
	cut := x.segments[0]
	if err := os.Truncate(cut.path, 10); err != nil {
		t.Fatal(err)
	}
	questions(t, x, s[5].Events[0])
	if diff := cmp.Diff(s.without(cut.foot.Day), contents(t, x)); diff != "" {
		t.Fatalf("events (-want +got)\n%s", diff)
	}
	if st := x.Stats(); len(st.Damaged) != 1 {
		t.Fatalf("damaged: %q", st.Damaged)
	}
}

// A segment that is cut short, empty, another one or missing is named; the rest is served.
func TestReplacedSegments(t *testing.T) {
	s := newStream(30)
	dir := segmented(t, s)
	files, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	path := files[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	foot, err := decodeFooter(whole)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty": {}, "short": whole[:100], "without an end": whole[:len(whole)-1], "longer": append(slices.Clone(whole), 0), "another": other, "missing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			to := t.TempDir()
			copyDir(t, dir, to)
			p := filepath.Join(to, filepath.Base(path))
			if content == nil {
				err = os.Remove(p)
			} else {
				err = os.WriteFile(p, content, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				x := mustOpen(t, Config{Dir: to})
				if diff := cmp.Diff(s.without(foot.Day), contents(t, x)); diff != "" {
					t.Fatalf("events (-want +got)\n%s", diff)
				}
				if st := x.Stats(); len(st.Damaged) != 1 || !strings.Contains(st.Damaged[0], filepath.Base(path)) {
					t.Fatalf("damaged: %q", st.Damaged)
				}
				mustClose(t, x)
			}
		})
	}
}

// What another release wrote, or a manifest that cannot be read, is an error, and nothing is changed.
func TestOpenRefuses(t *testing.T) {
	s := newStream(30)
	dir := segmented(t, s)
	files, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	manifest := filepath.Join(dir, manifestName)
	for _, c := range []struct {
		name, file, want string
		change           func(b []byte) []byte
	}{
		{"segment of another version", files[0], "version 4", func(b []byte) []byte { b[4] = 4; return b }},
		{"wal of another version", filepath.Join(dir, walName(2)), "version 3", func(b []byte) []byte {
			b[4] = 3
			sum := checksum(b[:walHead-4])
			return append(b[:walHead-4], byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
		}},
		{"manifest of another version", manifest, "version 3", func(b []byte) []byte {
			return []byte(strings.Replace(string(b), manifestMagic+" 2", manifestMagic+" 3", 1))
		}},
		{"flipped manifest", manifest, "checksum", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }},
		{"empty manifest", manifest, "begin", func([]byte) []byte { return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := t.TempDir()
			copyDir(t, dir, to)
			path := filepath.Join(to, filepath.Base(c.file))
			b, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, c.change(slices.Clone(b)), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Open(Config{Dir: to, Now: testNow}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			x := mustOpen(t, Config{Dir: to})
			if diff := cmp.Diff(s.docs(1<<60), contents(t, x)); diff != "" {
				t.Fatalf("with the file back (-want +got)\n%s", diff)
			}
			mustClose(t, x)
		})
	}
	if err := os.Remove(manifest); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: dir, Now: testNow}); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Fatalf("without a manifest: %v", err)
	}
}
