package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	cmpdiff "github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
)

// testClasses divide the events of indextest.
var testClasses = index.Classes{
	{Name: "signins", EventTypes: []string{event.TypeConsoleSignin}, Accounts: []string{"1001"}, Retention: 5 * 24 * time.Hour},
	{Name: "calls", EventTypes: []string{event.TypeAPICall}, Retention: 2 * 24 * time.Hour},
}

// kept are the events of a stream that retention has at a moment, by brute force.
func (s stream) kept(classes index.Classes, otherwise time.Duration, now time.Time) []string {
	var out stream
	for _, b := range s {
		b.Events = slices.DeleteFunc(slices.Clone(b.Events), func(e event.Event) bool {
			keep := classes.Retention(classes.Of(&e), otherwise)
			return keep > 0 && dayOf(e.Time.Nanos) < dayOf(now.Add(-keep).UnixNano())
		})
		out = append(out, b)
	}
	return out.docs(1 << 60)
}

// Each class is kept for its own time, to the day, in segments of its own; what
// goes is told before it does, each day of a class once, and not removed when that fails.
func TestClassesExpireByThemselves(t *testing.T) {
	t.Parallel()
	s := newStream(40)
	now := indextest.Start
	dir := t.TempDir()
	refuse := errors.New("not now")
	told := map[expired]index.Expired{}
	lost := 0 // events that were told to go
	expiring := func(_ context.Context, e index.Expired) error {
		if refuse != nil {
			return refuse
		}
		k := expired{e.Class, dayOf(e.From.UnixNano())}
		if _, twice := told[k]; twice {
			t.Errorf("%+v is told twice", e)
		}
		if files, err := filepath.Glob(filepath.Join(dir, e.From.Format("20060102")+"-*"+segmentSuffix)); err != nil || len(files) == 0 || e.To.Sub(e.From) != 24*time.Hour || e.Bytes <= 0 {
			t.Errorf("%+v is told when there are the files %v, %v", e, files, err)
		}
		told[k] = e
		lost += e.Events
		return nil
	}
	d, saves := realDisk(), 0
	save := d.writeFile
	d.writeFile = func(path string, data []byte) error {
		if saves++; len(told) > 0 && saves%3 == 0 { // what was told is tried again, and not told again
			return errors.New("the disk is full")
		}
		return save(path, data)
	}
	cfg := Config{Dir: dir, SegmentEvents: 30, Retention: 3 * 24 * time.Hour, Classes: testClasses, Expiring: expiring, Now: func() time.Time { return now }, disk: d}
	x := mustOpen(t, cfg)
	if err := s.follow(x, 2); err != nil {
		t.Fatal(err)
	}
	if len(x.current.times) == 0 {
		t.Fatal("the test needs a WAL")
	}
	mustClose(t, x) // what is in the WAL is read again
	x = mustOpen(t, cfg)
	all := len(contents(t, x))
	for day := range 11 {
		now = indextest.Start.Add(time.Duration(day)*24*time.Hour + time.Hour)
		if day == 4 { // of WAL and manifest
			mustClose(t, x)
			x = mustOpen(t, cfg)
		}
		want := s.kept(testClasses, cfg.Retention, now)
		for _, failing := range []bool{true, false} {
			before := contents(t, x)
			refuse = nil
			if failing {
				refuse = errors.New("not now")
			}
			for range 4 { // the first one may cut the memory, and each may fail once
				err := x.Flush(t.Context(), now)
				if failing != errors.Is(err, refuse) && len(before) != len(want) && err != nil {
					t.Fatalf("day %d, telling fails %v: %v", day, failing, err)
				}
				if err := x.waitBuilt(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if failing {
				if got := contents(t, x); len(got) != len(before) {
					t.Fatalf("day %d: %d events went that could not be told of", day, len(before)-len(got))
				}
			}
		}
		if diff := cmpdiff.Diff(want, contents(t, x)); diff != "" {
			t.Fatalf("day %d (-want +got)\n%s", day, diff)
		}
		if all-len(want) != lost {
			t.Fatalf("day %d: %d events went, %d were told", day, all-len(want), lost)
		}
		checkClasses(t, x)
	}
	if n := len(contents(t, x)); n > 0 || len(told) < 7 {
		t.Fatalf("%d events are left, %d removals were told", n, len(told))
	}
	mustClose(t, x)
}

// heldSegments are the segments as they are now. A merge may take them out of the
// index, but not away before the test has ended.
func heldSegments(t *testing.T, x *Index) []*segment {
	t.Helper()
	x.mu.RLock()
	defer x.mu.RUnlock()
	held := slices.Clone(x.segments)
	for _, s := range held {
		s.acquire()
		t.Cleanup(s.release)
	}
	return held
}

// checkClasses reads the segments: each has events of one class alone, and its name.
func checkClasses(t *testing.T, x *Index) {
	t.Helper()
	for _, s := range heldSegments(t, x) {
		docs := s.readDocs()
		for n := range uint32(s.foot.Events) {
			doc, err := docs.read(n)
			if err != nil {
				t.Fatal(err)
			}
			e, err := decodeEvent(doc)
			if err != nil {
				t.Fatal(err)
			}
			if class := testClasses.Name(testClasses.Of(&e)); class != s.class {
				t.Fatalf("%s of class %q has an event of class %q", filepath.Base(s.path), s.class, class)
			}
		}
	}
}

// Events that are too old for their class are not taken in.
func TestOldEventsOfAClassAreLeftOut(t *testing.T) {
	s := newStream(30)
	for day := range 7 {
		now := indextest.Start.Add(time.Duration(day)*24*time.Hour + time.Hour)
		cfg := Config{Dir: t.TempDir(), SegmentEvents: 1000, Retention: 3 * 24 * time.Hour, Classes: testClasses, Now: func() time.Time { return now }}
		x := mustOpen(t, cfg)
		if err := s.follow(x, 5); err != nil {
			t.Fatal(err)
		}
		want := s.kept(testClasses, cfg.Retention, now)
		if diff := cmpdiff.Diff(want, contents(t, x)); diff != "" {
			t.Fatalf("day %d (-want +got)\n%s", day, diff)
		}
		mustClose(t, x)
	}
}

// What was cut before a class was declared stays as it is; a class that is not
// declared any more is kept as the default one.
func TestClassesComeAndGo(t *testing.T) {
	s := newStream(30)
	now := indextest.Start.Add(71 * time.Hour)
	clock := func() time.Time { return now }
	dir := t.TempDir()
	classesOf := func(x *Index) []string {
		var out []string
		for _, s := range heldSegments(t, x) {
			out = append(out, s.class)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	x := mustOpen(t, Config{Dir: dir, SegmentEvents: 20, Now: clock})
	if err := s[:15].follow(x, 2); err != nil {
		t.Fatal(err)
	}
	if err := cmp.Or(x.cut(), x.waitBuilt(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := classesOf(x); !slices.Equal(got, []string{""}) {
		t.Fatalf("without classes there are segments of %q", got)
	}
	mustClose(t, x)
	x = mustOpen(t, Config{Dir: dir, SegmentEvents: 20, Classes: testClasses, Now: clock})
	if err := s.follow(x, 2); err != nil {
		t.Fatal(err)
	}
	if err := cmp.Or(x.cut(), x.waitBuilt(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := classesOf(x); !slices.Equal(got, []string{"", "calls", "signins"}) {
		t.Fatalf("segments of %q", got)
	}
	mustClose(t, x)
	now = now.Add(10 * 24 * time.Hour)
	x = mustOpen(t, Config{Dir: dir, Retention: 20 * 24 * time.Hour, Classes: testClasses[1:], Now: clock})
	if err := x.Flush(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if got := classesOf(x); !slices.Equal(got, []string{"", "signins"}) {
		t.Fatalf("with one class gone and one expired there are segments of %q", got)
	}
	now = now.Add(20 * 24 * time.Hour)
	if err := x.Flush(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, x); len(got) > 0 {
		t.Fatalf("%d events are left", len(got))
	}
	mustClose(t, x)
}

// What a trail owes stays in every class.
func TestKeptDaysOfAClassStay(t *testing.T) {
	now := indextest.Start
	x := mustOpen(t, Config{Dir: t.TempDir(), SegmentEvents: 7, Retention: 48 * time.Hour, Classes: testClasses, Now: func() time.Time { return now }})
	defer mustClose(t, x)
	s := newStream(20)
	if err := s.follow(x, 2); err != nil {
		t.Fatal(err)
	}
	from := indextest.Start.Add(24 * time.Hour)
	x.Keep("trail", from)
	for _, after := range []int{3, 30, 300} {
		now = indextest.Start.Add(time.Duration(after) * 24 * time.Hour)
		if _, err := x.Expire(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		want := s.kept(nil, now.Sub(from), now)
		if diff := cmpdiff.Diff(want, contents(t, x)); diff != "" {
			t.Fatalf("after %d days (-want +got)\n%s", after, diff)
		}
	}
	x.Keep("trail", time.Time{})
	if _, err := x.Expire(t.Context(), now); err != nil || len(contents(t, x)) > 0 {
		t.Fatalf("%d events are left, %v", len(contents(t, x)), err)
	}
}

// A full disk, on which nothing can be built, does not keep what is too old.
func TestExpiresOnAFullDisk(t *testing.T) {
	s := newStream(30)
	now := indextest.Start.Add(71 * time.Hour)
	d := realDisk()
	full := false
	write := d.write
	d.write = func(f *os.File, b []byte, at int64) (int, error) {
		if full {
			return 0, fmt.Errorf("disk is full")
		}
		return write(f, b, at)
	}
	x := mustOpen(t, Config{Dir: t.TempDir(), SegmentEvents: 60, Retention: 30 * 24 * time.Hour, Now: func() time.Time { return now }, disk: d})
	defer mustClose(t, x)
	if err := s.follow(x, 2); err != nil {
		t.Fatal(err)
	}
	if err := x.waitBuilt(t.Context()); err != nil || len(x.current.times) == 0 || len(x.segments) == 0 {
		t.Fatalf("the test needs segments and a memory: %v", err)
	}
	full = true
	now = now.Add(40 * 24 * time.Hour)
	for range 20 {
		_ = x.Flush(t.Context(), now) // it says that nothing can be built
		if x.waitBuilt(t.Context()) == nil {
			t.Fatal("a full disk takes segments")
		}
		now = now.Add(time.Second)
	}
	if n := x.Stats().Segments; n > 0 {
		t.Fatalf("%d segments that are too old fill the disk", n)
	}
	full = false
}
