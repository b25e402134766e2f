package local

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/query"
)

// Each write, sync or replacement of a file fails once, the whole of it or after
// half of it. Write says so, reads go on, and after it the follower gets on.
func TestEveryFailureIsOvercome(t *testing.T) {
	t.Parallel()
	s := newStream(16)
	for _, kind := range []string{"write", "torn write", "sync", "file", "remove"} {
		for fail := int64(1); ; fail++ {
			dir := t.TempDir()
			var calls atomic.Int64
			armed := func(of string) bool { return of == kind && calls.Add(1) == fail }
			real := realDisk()
			d := disk{
				write: func(f *os.File, b []byte, at int64) (int, error) {
					if armed("write") {
						return 0, syscall.ENOSPC
					}
					if armed("torn write") {
						n, _ := f.WriteAt(b[:len(b)/2], at)
						return n, syscall.ENOSPC
					}
					return real.write(f, b, at)
				},
				sync: func(f *os.File) error {
					if armed("sync") {
						return syscall.EIO
					}
					return real.sync(f)
				},
				writeFile: func(path string, data []byte) error {
					if armed("file") {
						return syscall.ENOSPC
					}
					return real.writeFile(path, data)
				},
				remove: func(path string) error {
					if armed("remove") {
						return syscall.EIO
					}
					return real.remove(path)
				},
			}
			x, err := Open(Config{Dir: dir, SegmentEvents: 15, Now: testNow, disk: d})
			if err != nil { // the manifest of a new index
				x = mustOpen(t, Config{Dir: dir, SegmentEvents: 15, disk: d})
			}
			failures := 0
			if err != nil {
				failures++
			}
			now := testNow()
			for {
				now = now.Add(time.Minute)
				err := s.follow(x, 2)
				if e := x.Flush(context.Background(), now); e != nil {
					failures++
				}
				if diff := cmp.Diff(s.docs(x.Position().Seq), contents(t, x)); diff != "" {
					t.Fatalf("%s %d fails: events (-want +got)\n%s", kind, fail, diff)
				}
				if err == nil {
					break
				}
				if failures++; failures > 3 {
					t.Fatalf("%s %d fails, and the index does not get on: %v", kind, fail, err)
				}
			}
			if err := x.waitBuilt(context.Background()); err != nil {
				t.Fatal(err)
			}
			mustClose(t, x)
			s.checkCopy(t, dir, s[len(s)-1].Seq)
			if calls.Load() < fail {
				break
			}
		}
	}
}

// On a full disk writes fail and reads go on, and with room writes work again.
func TestFullDisk(t *testing.T) {
	s := newStream(20)
	var full atomic.Bool
	real := realDisk()
	d := real
	d.write = func(f *os.File, b []byte, at int64) (int, error) {
		if full.Load() {
			return 0, syscall.ENOSPC
		}
		return real.write(f, b, at)
	}
	d.writeFile = func(path string, data []byte) error {
		if full.Load() {
			return syscall.ENOSPC
		}
		return real.writeFile(path, data)
	}
	dir := t.TempDir()
	x := mustOpen(t, Config{Dir: dir, SegmentEvents: 15, disk: d})
	if err := s[:10].follow(x, 1); err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	for range 5 {
		if err := s.follow(x, 1); err == nil {
			t.Fatal("a write to a full disk succeeds")
		}
		if diff := cmp.Diff(s.docs(10), contents(t, x)); diff != "" {
			t.Fatalf("events on a full disk (-want +got)\n%s", diff)
		}
	}
	full.Store(false)
	if err := s.follow(x, 1); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.docs(20), contents(t, x)); diff != "" {
		t.Fatalf("events after it (-want +got)\n%s", diff)
	}
	mustClose(t, x)
	s.checkCopy(t, dir, 20)
	if left, err := filepath.Glob(filepath.Join(dir, "*.tmp")); err != nil || len(left) > 0 {
		t.Fatalf("temporary files are left: %v, %v", left, err)
	}
}

// One folder is one process's.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	x := mustOpen(t, Config{Dir: dir})
	if _, err := Open(Config{Dir: dir}); err == nil {
		t.Fatal("a folder is opened twice")
	}
	mustClose(t, x)
	mustClose(t, mustOpen(t, Config{Dir: dir}))
}

// Retention leaves out what is too old, and the position moves past it; what
// becomes too old is removed by whole days.
func TestRetention(t *testing.T) {
	s := newStream(20)
	x := mustOpen(t, Config{Dir: t.TempDir(), SegmentEvents: 15, Retention: 48 * time.Hour, Now: testNow})
	defer mustClose(t, x)
	if err := s.follow(x, 3); err != nil {
		t.Fatal(err)
	}
	want := 0
	floor := dayOf(testNow().Add(-48 * time.Hour).UnixNano())
	for _, b := range s {
		for _, e := range b.Events {
			if dayOf(e.Time.Nanos) >= floor {
				want++
			}
		}
	}
	if got := len(contents(t, x)); got != want || want == 0 || want == len(s.docs(1<<60)) {
		t.Fatalf("%d events are kept, want %d of %d", got, want, len(s.docs(1<<60)))
	}
	later := testNow().Add(6 * time.Hour * 4 * 2)
	at := later
	// The first one cuts the memory; it goes once it is built, and merges may lie in between.
	realtest.Until(t, realtest.Patience, "what is older than its time is gone", func() bool {
		if err := x.Flush(context.Background(), at); err != nil {
			t.Fatal(err)
		}
		if err := x.waitBuilt(context.Background()); err != nil {
			t.Fatal(err)
		}
		at = at.Add(10 * time.Second)
		oldest := x.Stats().Oldest
		return oldest.IsZero() || !oldest.Before(later.Add(-48*time.Hour).Truncate(24*time.Hour))
	})
}

// An event without a time stands at 1970, and is in no range of times.
func TestEventsWithoutTime(t *testing.T) {
	s := newStream(12)
	s[0].Events, s[1].Events = s[1].Events, slices.Clone(s[1].Events)
	for i := range s[1].Events {
		s[1].Events[i].Time = event.Time{}
		s[1].Events[i].ID += "x"
	}
	x := mustOpen(t, Config{Dir: t.TempDir()})
	defer mustClose(t, x)
	if err := s.follow(x, 5); err != nil {
		t.Fatal(err)
	}
	eventTime, _, _ := event.Lookup("eventTime")
	for _, where := range []string{"memory", "segments"} {
		for _, filter := range []query.Expr{
			query.TimeRange{Field: eventTime, Op: query.Less, Bound: testNow().UnixNano()},
			query.TimeRange{Field: eventTime, Op: query.Equal, Bound: 0},
			query.Not{Expr: query.TimeRange{Field: eventTime, Op: query.Less, Bound: testNow().UnixNano()}},
			query.Exists{Field: eventTime},
			query.All{},
		} {
			want := 0
			for _, b := range s {
				for _, e := range b.Events {
					if filter.Match(&e) {
						want++
					}
				}
			}
			page, err := x.Search(context.Background(), index.Query{Filter: filter})
			if err != nil || page.Total != want {
				t.Errorf("in %s %#v finds %d, %v; want %d", where, filter, page.Total, err, want)
			}
		}
		if err := x.cut(); err != nil {
			t.Fatal(err)
		}
		if err := x.waitBuilt(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}
