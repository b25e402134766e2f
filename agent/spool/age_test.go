package spool

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Oldest is when the batch that Next gives was written.
func TestOldest(t *testing.T) {
	dir, l := t.TempDir(), newLane(t)
	now := time.UnixMilli(1_700_000_000_000)
	s := openAs(t, Config{Dir: dir, Machine: "m1", Now: func() time.Time { return now }})
	if at := s.Oldest(); !at.IsZero() {
		t.Errorf("an empty spool: %v", at)
	}
	began := now
	for range 5 {
		l.fill(s, 10)
		now = now.Add(time.Minute)
	}
	await(t, s, 50)
	for i := range 50 {
		if want := began.Add(time.Duration(i/10) * time.Minute); !s.Oldest().Equal(want) {
			t.Fatalf("batch %d: %v, want %v", i, s.Oldest(), want)
		}
		if err := s.Release(); err != nil {
			t.Fatal(err)
		}
	}
	if at := s.Oldest(); !at.IsZero() {
		t.Errorf("all is released: %v", at)
	}
	if n := len(s.segments[0].times); n != 5 {
		t.Errorf("%d times are kept for 50 batches of 5 minutes", n)
	}
	s.Close()
	path := filepath.Join(dir, segmentName(0))
	if err := os.Chtimes(path, began, began); err != nil {
		t.Fatal(err)
	}
	if s = open(t, dir); !s.Oldest().Equal(began) {
		t.Errorf("opened again: %v, want the time of the file", s.Oldest())
	}
}
