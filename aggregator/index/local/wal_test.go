package local

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// A WAL that is cut anywhere, as by a torn write, gives a prefix of the stream.
func TestTornWAL(t *testing.T) {
	t.Parallel()
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
		for _, d := range []int64{-20, -1, 0, 1, 8, 9, 12, 15, 16, 17} {
			if at := end + d; at >= walHead && at <= int64(len(whole)) {
				cuts = append(cuts, at)
			}
		}
	}
	for i, at := range cuts {
		if testing.Short() && i%4 != 0 {
			continue
		}
		for _, zeros := range []int{0, 50}[:1+at%2] { // a file system may have made it longer than what it wrote
			to := t.TempDir()
			copyDir(t, dir, to)
			b := append(slices.Clone(whole[:at]), make([]byte, zeros)...)
			if err := os.WriteFile(filepath.Join(to, walName(1)), b, 0o600); err != nil {
				t.Fatal(err)
			}
			same := int64(0) // as far as it is what was written
			for same < int64(min(len(b), len(whole))) && b[same] == whole[same] {
				same++
			}
			n := 0
			for n+1 < len(ends) && ends[n+1] <= same {
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
	t.Parallel()
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
	step := max(1, len(whole)/40)
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

// Damage that is known stays so while the WAL that has it cannot become segments:
// the position does not move back and forth.
func TestKnownDamageStays(t *testing.T) {
	s := newStream(12)
	dir := t.TempDir()
	x := mustOpen(t, Config{Dir: dir})
	if err := s[:4].follow(x, 1); err != nil {
		t.Fatal(err)
	}
	if err := x.cut(); err != nil {
		t.Fatal(err)
	}
	if err := x.waitBuilt(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.follow(x, 1); err != nil {
		t.Fatal(err)
	}
	mustClose(t, x)
	path := filepath.Join(dir, walName(2))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	full := noSegments()
	for round := range 4 {
		x := mustOpen(t, Config{Dir: dir, disk: full})
		p := x.Position()
		if diff := cmp.Diff(s.position(p.Seq), p); diff != "" || p.Seq == 0 {
			t.Fatalf("round %d: position (-want +got)\n%s", round, diff)
		}
		if st := x.Stats(); len(st.Damaged) != 1 {
			t.Fatalf("round %d: damaged %q", round, st.Damaged)
		}
		if round > 0 {
			if err := s[:min(len(s), int(p.Seq)+2)].follow(x, 1); err != nil {
				t.Fatal(err)
			}
		}
		mustClose(t, x)
	}
	s.finish(t, dir)
}

// noSegments is a disk that has no room for segments.
func noSegments() disk {
	d := realDisk()
	d.write = func(f *os.File, b []byte, at int64) (int, error) {
		if strings.HasSuffix(f.Name(), durable.TemporarySuffix) {
			return 0, syscall.ENOSPC
		}
		return f.WriteAt(b, at)
	}
	return d
}

// What an older WAL lacks at its end was acknowledged: it is damage, and the
// position goes back before it although a newer WAL is whole. What stands behind
// the end that counts was not, and is not looked at.
func TestEndOfAnOlderWAL(t *testing.T) {
	s := newStream(12)
	for _, change := range []string{"cut", "more", "removed"} {
		t.Run(change, func(t *testing.T) {
			dir := t.TempDir()
			x := mustOpen(t, Config{Dir: dir, disk: noSegments()})
			if err := s[:6].follow(x, 1); err != nil {
				t.Fatal(err)
			}
			if err := x.cut(); err != nil {
				t.Fatal(err)
			}
			if err := s.follow(x, 1); err != nil {
				t.Fatal(err)
			}
			mustClose(t, x)
			path := filepath.Join(dir, walName(1))
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			seq, damaged := uint64(5), 1
			switch change {
			case "cut":
				err = os.WriteFile(path, b[:len(b)-3], 0o600)
			case "more": // a whole record that was never acknowledged, as a failed sync leaves it
				w := body{batches: []*event.Batch{&s[8]}, docs: blockWriter(t)}
				for i := range s[8].Events {
					w.add(&s[8].Events[i])
				}
				if b, err = w.appendTo(b, marker(b[24:])); err == nil {
					err = os.WriteFile(path, b, 0o600)
				}
				seq, damaged = 12, 0
			case "removed":
				err = os.Remove(path)
				seq = 0
			}
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				x = mustOpen(t, Config{Dir: dir, disk: noSegments()})
				if diff := cmp.Diff(s.position(seq), x.Position()); diff != "" {
					t.Fatalf("position (-want +got)\n%s", diff)
				}
				if st := x.Stats(); len(st.Damaged) != damaged {
					t.Fatalf("damaged %q", st.Damaged)
				}
				mustClose(t, x)
			}
			s.finish(t, dir)
		})
	}
}

// finish follows to the end with a disk that has room, and compares.
func (s stream) finish(t *testing.T, dir string) {
	t.Helper()
	for range 2 {
		x := mustOpen(t, Config{Dir: dir})
		if err := s.follow(x, 2); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.docs(1<<60), contents(t, x)); diff != "" {
			t.Fatalf("events (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff(s.position(1<<60), x.Position()); diff != "" {
			t.Fatalf("position (-want +got)\n%s", diff)
		}
		mustClose(t, x)
	}
}
