package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

func testNow() time.Time { return indextest.Start.Add(72 * time.Hour) }

// stream is what a follower would read: batches by their seq.
type stream []event.Batch

// newStream has n batches of a few events each, on two lanes.
func newStream(n int) stream {
	var lanes indextest.Lanes
	events := indextest.Events(uint64(n), 8*n)
	var s stream
	for i := range n {
		k := i * 5 % 8
		s = append(s, lanes.Batch(fmt.Sprint("agent", i%2), events[:k]...))
		events = events[k:]
	}
	return s
}

// docs are the events up to a seq, in the order of a search.
func (s stream) docs(seq uint64) []string {
	var all []event.Event
	for _, b := range s {
		if b.Seq <= seq {
			all = append(all, b.Events...)
		}
	}
	slices.SortFunc(all, func(a, b event.Event) int {
		if a.Time.Nanos != b.Time.Nanos {
			return int(max(-1, min(1, a.Time.Nanos-b.Time.Nanos)))
		}
		return strings.Compare(a.ID, b.ID)
	})
	out := []string{}
	for i := range all {
		out = append(out, string(all[i].AppendJSON(nil)))
	}
	return out
}

// follow writes what the index lacks, a few batches at a time, as a follower does.
func (s stream) follow(x *Index, step int) error {
	for {
		p := x.Position()
		i := slices.IndexFunc(s, func(b event.Batch) bool { return b.Seq > p.Seq })
		if i < 0 {
			return nil
		}
		if v := p.Check(&s[i]); v != event.Next {
			return fmt.Errorf("batch with seq %d is %v to the position", s[i].Seq, v)
		}
		if err := x.Write(context.Background(), s[i:min(i+step, len(s))]); err != nil {
			return err
		}
	}
}

// contents are all events that a search gives.
func contents(t testing.TB, x *Index) []string {
	t.Helper()
	page, err := x.Search(context.Background(), index.Query{Limit: index.MaxLimit, Ascending: true})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, e := range page.Events {
		out = append(out, string(e))
	}
	if page.Total != len(out) {
		t.Fatalf("total is %d of %d events", page.Total, len(out))
	}
	return out
}

func (s stream) position(seq uint64) event.Position {
	var p event.Position
	for i := range s {
		if s[i].Seq <= seq {
			p.Advance(&s[i])
		}
	}
	return p
}

func mustOpen(t testing.TB, cfg Config) *Index {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = testNow
	}
	x, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func mustClose(t testing.TB, x *Index) {
	t.Helper()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func copyDir(t testing.TB, from, to string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), durable.TemporarySuffix) { // an open removes them, whatever is in them
			continue
		}
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue // removed by the build that goes on meanwhile
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// holds fails when an index that was opened after a crash lacks what was acknowledged, or
// has anything but the events up to its position, or calls the crash damage. It gives the position.
func (s stream) holds(t *testing.T, x *Index, acknowledged uint64) event.Position {
	t.Helper()
	p := x.Position()
	if p.Seq < acknowledged {
		t.Fatalf("position is %d, %d was acknowledged", p.Seq, acknowledged)
	}
	if diff := cmp.Diff(s.position(p.Seq), p); diff != "" {
		t.Fatalf("position (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(s.docs(p.Seq), contents(t, x)); diff != "" {
		t.Fatalf("events at position %d (-want +got)\n%s", p.Seq, diff)
	}
	if st := x.Stats(); len(st.Damaged) > 0 {
		t.Fatalf("a crash is called damage: %v", st.Damaged)
	}
	return p
}

// checkCopy opens what a crash would have left: all that was acknowledged is
// there, nothing is there twice, and following from there gives all.
func (s stream) checkCopy(t *testing.T, dir string, acknowledged uint64) {
	t.Helper()
	x := mustOpen(t, Config{Dir: dir, SegmentEvents: 30})
	defer mustClose(t, x)
	s.holds(t, x, acknowledged)
	if err := s.follow(x, 3); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.docs(1<<60), contents(t, x)); diff != "" {
		t.Fatalf("events after following on (-want +got)\n%s", diff)
	}
}

// The folder is copied before and after each system call that writes, as a kill
// -9 at that moment would leave it, and half of each write is tried too.
func TestKillAtEveryWrite(t *testing.T) {
	t.Parallel()
	s := newStream(24)
	dir, base := t.TempDir(), t.TempDir()
	type snapshot struct {
		dir          string
		acknowledged uint64
		merging      bool
	}
	var snapshots []snapshot
	var acknowledged uint64
	var settling bool
	var mu sync.Mutex // segments are built and merged beside the writes
	take := func() {
		mu.Lock()
		defer mu.Unlock()
		to := filepath.Join(base, fmt.Sprint(len(snapshots)))
		if err := os.Mkdir(to, 0o700); err != nil {
			t.Fatal(err)
		}
		copyDir(t, dir, to)
		snapshots = append(snapshots, snapshot{to, acknowledged, settling})
	}
	real := realDisk()
	d := disk{
		write: func(f *os.File, b []byte, at int64) (int, error) {
			take()
			mu.Lock()
			_, err := f.WriteAt(b[:len(b)/2], at)
			mu.Unlock()
			if err != nil {
				return 0, err
			}
			take()
			mu.Lock()
			n, err := real.write(f, b, at)
			mu.Unlock()
			take()
			return n, err
		},
		sync: func(f *os.File) error {
			err := real.sync(f)
			take()
			return err
		},
		writeFile: func(path string, data []byte) error {
			take()
			mu.Lock()
			err := real.writeFile(path, data)
			mu.Unlock()
			take()
			return err
		},
		remove: real.remove,
	}
	x := mustOpen(t, Config{Dir: dir, SegmentEvents: 30, disk: d})
	for i := range s {
		if err := x.Write(context.Background(), s[i:i+1]); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		acknowledged = s[i].Seq
		mu.Unlock()
		take()
		if i%6 == 5 {
			mu.Lock()
			settling = true
			mu.Unlock()
			mustSettle(t, x)
			take()
			mu.Lock()
			settling = false
			mu.Unlock()
		}
	}
	for day, n := range days(x) {
		if n > 2 {
			t.Errorf("%s has %d segments: nothing was merged", day, n)
		}
	}
	mustClose(t, x)
	if len(snapshots) < 200 {
		t.Fatalf("only %d moments", len(snapshots))
	}
	for i, snap := range snapshots {
		if i%5 == 0 || snap.merging && i%2 == 0 { // a part of them finds what all would
			s.checkCopy(t, snap.dir, snap.acknowledged)
		}
	}
}
