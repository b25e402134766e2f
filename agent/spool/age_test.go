package spool

import (
	"testing"
	"time"
)

// The oldest batch is the first one that is not acknowledged.
func TestOldest(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	l := newLane(t)
	cfg := Config{Dir: t.TempDir(), Machine: "m", Now: func() time.Time { return now }}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Oldest().IsZero() {
		t.Errorf("an empty spool: %s", s.Oldest())
	}
	begun := now
	for range 3 {
		if err := s.Append(l.seal(s)); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
	}
	for i := range 3 {
		if want := begun.Add(time.Duration(i) * time.Minute); !s.Oldest().Equal(want) {
			t.Errorf("after %d of 3: %s, want %s", i, s.Oldest(), want)
		}
		if err := s.Release(); err != nil {
			t.Fatal(err)
		}
	}
	if !s.Oldest().IsZero() {
		t.Errorf("all is acknowledged: %s", s.Oldest())
	}
	if err := s.Append(l.seal(s)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(cfg); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Oldest().IsZero() {
		t.Error("after a restart the age is not known")
	}
}
