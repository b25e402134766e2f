package spool

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// On a disk without a byte left the spool takes nothing more, but it can be
// opened, what it holds is published, and releasing that makes room again: no
// reserve has to be kept for that.
func TestFullDisk(t *testing.T) {
	dir, l := filepath.Join(realtest.SmallDisk(t, "32m"), "spool"), newLane(t)
	l.size = 1 << 20
	s := open(t, dir)
	want := l.fill(s, 20)
	realtest.Fill(t, filepath.Dir(dir))
	m := l.seal(s)
	for s.Append(m, false) == nil { // what is left of a page
		want = append(want, m)
		m = l.seal(s)
	}
	for range 3 {
		if err := s.Append(m, false); !errors.Is(err, ErrNoSpace) {
			t.Fatalf("append on a full disk: %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if n, _ := s.Pending(); int(n) != len(want) || len(s.Damage()) > 0 {
		t.Fatalf("%d batches wait, want %d; damage %v", n, len(want), s.Damage())
	}
	if got := rest(t, s); !same(got, want) {
		t.Errorf("%d batches come back, want %d, the same bytes", len(got), len(want))
	}
	if err := s.Append(m, false); err != nil {
		t.Fatalf("after segments were released: %v", err)
	}
	await(t, s, uint64(len(want))+1)
}
