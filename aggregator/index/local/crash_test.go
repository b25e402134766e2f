package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
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
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue // a temporary file of the build that goes on meanwhile
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// checkCopy opens what a crash would have left: all that was acknowledged is
// there, nothing is there twice, and following from there gives all.
func (s stream) checkCopy(t *testing.T, dir string, acknowledged uint64) {
	t.Helper()
	x := mustOpen(t, Config{Dir: dir, SegmentEvents: 30})
	defer mustClose(t, x)
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
	s := newStream(24)
	dir, base := t.TempDir(), t.TempDir()
	type snapshot struct {
		dir          string
		acknowledged uint64
	}
	var snapshots []snapshot
	var acknowledged uint64
	take := func() {
		to := filepath.Join(base, fmt.Sprint(len(snapshots)))
		if err := os.Mkdir(to, 0o700); err != nil {
			t.Fatal(err)
		}
		copyDir(t, dir, to)
		snapshots = append(snapshots, snapshot{to, acknowledged})
	}
	real := realDisk()
	d := disk{
		write: func(f *os.File, b []byte, at int64) (int, error) {
			take()
			if _, err := f.WriteAt(b[:len(b)/2], at); err != nil {
				return 0, err
			}
			take()
			n, err := real.write(f, b, at)
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
			err := real.writeFile(path, data)
			take()
			return err
		},
	}
	x := mustOpen(t, Config{Dir: dir, SegmentEvents: 30, disk: d})
	for i := range s {
		if err := x.Write(context.Background(), s[i:i+1]); err != nil {
			t.Fatal(err)
		}
		if err := x.waitBuilt(context.Background()); err != nil { // the hooks are not for two goroutines at once
			t.Fatal(err)
		}
		acknowledged = s[i].Seq
		take()
	}
	mustClose(t, x)
	if len(snapshots) < 150 {
		t.Fatalf("only %d moments", len(snapshots))
	}
	for i, snap := range snapshots {
		if i%3 == 0 || snap.acknowledged > 20 { // a third of them finds what all would
			s.checkCopy(t, snap.dir, snap.acknowledged)
		}
	}
}

// A WAL that is cut anywhere, as by a torn write, gives a prefix of the stream.
func TestTornWAL(t *testing.T) {
	s := newStream(12)
	dir := t.TempDir()
	x := mustOpen(t, Config{Dir: dir})
	ends := []int64{walHead}
	for i := range s {
		if err := x.Write(context.Background(), s[i:i+1]); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, x.wal.end)
	}
	mustClose(t, x)
	path := filepath.Join(dir, walName(1))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cuts []int64
	for _, end := range ends {
		for _, d := range []int64{-20, -1, 0, 1, 4, 7, 8, 9, 11, 12, 13, 15, 16, 17, 40} {
			if at := end + d; at >= walHead && at <= int64(len(whole)) {
				cuts = append(cuts, at)
			}
		}
	}
	for _, at := range cuts {
		for _, zeros := range []int{0, 50} { // a file system may have made it longer than what it wrote
			to := t.TempDir()
			copyDir(t, dir, to)
			b := append(slices.Clone(whole[:at]), make([]byte, zeros)...)
			if err := os.WriteFile(filepath.Join(to, walName(1)), b, 0o600); err != nil {
				t.Fatal(err)
			}
			n := 0
			for n+1 < len(ends) && ends[n+1] <= at {
				n++
			}
			seq := uint64(0)
			if n > 0 {
				seq = s[n-1].Seq
			}
			x := mustOpen(t, Config{Dir: to})
			if p := x.Position(); p.Seq != seq {
				t.Fatalf("cut at %d: position %d, want %d", at, p.Seq, seq)
			}
			mustClose(t, x)
			s.checkCopy(t, to, seq)
		}
	}
}

// A flipped bit in a WAL is found and named, the position stays before it, what
// stands behind it is kept, and following on gives every event once.
func TestFlippedBitInWAL(t *testing.T) {
	s := newStream(12)
	dir := t.TempDir()
	x := mustOpen(t, Config{Dir: dir})
	ends := []int64{walHead}
	for i := range s {
		if err := x.Write(context.Background(), s[i:i+1]); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, x.wal.end)
	}
	mustClose(t, x)
	whole, err := os.ReadFile(filepath.Join(dir, walName(1)))
	if err != nil {
		t.Fatal(err)
	}
	step := max(1, len(whole)/150)
	for at := 0; at < len(whole); at += step {
		to := t.TempDir()
		copyDir(t, dir, to)
		b := slices.Clone(whole)
		b[at] ^= 1 << (at % 8)
		if err := os.WriteFile(filepath.Join(to, walName(1)), b, 0o600); err != nil {
			t.Fatal(err)
		}
		n := 0 // whole records before the flip
		for n+1 < len(ends) && ends[n+1] <= int64(at) {
			n++
		}
		seq := uint64(0)
		if n > 0 {
			seq = s[n-1].Seq
		}
		last := n == len(s)-1 // then it is like a torn tail
		for range 2 {         // the second time, damage is known
			x := mustOpen(t, Config{Dir: to, SegmentEvents: 40})
			if p := x.Position(); p.Seq != seq {
				t.Fatalf("flip at %d: position %d, want %d", at, p.Seq, seq)
			}
			if st := x.Stats(); !last && len(st.Damaged) != 1 {
				t.Fatalf("flip at %d: damaged %q, want one entry", at, st.Damaged)
			}
			want := s.docs(1 << 60)
			if got := contents(t, x); at >= walHead && len(got)+len(s[n].Events) != len(want) {
				t.Fatalf("flip at %d: %d events are left, want all but the %d of the damaged record", at, len(got), len(s[n].Events))
			}
			mustClose(t, x)
		}
		for range 2 {
			x := mustOpen(t, Config{Dir: to, SegmentEvents: 40})
			if err := s.follow(x, 2); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.docs(1<<60), contents(t, x)); diff != "" {
				t.Fatalf("flip at %d, after following on (-want +got)\n%s", at, diff)
			}
			if diff := cmp.Diff(s.position(1<<60), x.Position()); diff != "" {
				t.Fatalf("flip at %d: position (-want +got)\n%s", at, diff)
			}
			mustClose(t, x)
		}
	}
}
