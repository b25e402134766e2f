package debt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDamagedRecord(t *testing.T) {
	s := newSite(t)
	s.grow(1, 60, 3)
	d := s.open()
	for _, i := range []int{29, 59} {
		if err := s.record(d, 0, s.stream[i].Seq); err != nil {
			t.Fatal(err)
		}
	}
	path := d.sections[0].path
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	d = s.open()
	if st := d.Status(); !st.Owing || st.To != s.stream[59].Seq {
		t.Errorf("status %+v", st)
	}
	if _, err := d.Next(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "restore it from a copy, or remove it") || !strings.Contains(err.Error(), path) {
		t.Errorf("a damaged record: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	got, _ := s.paid(s.open(), 0)
	s.same(s.stream[30:], got)
}

var errFault = errors.New("planted fault")

// A record is there as a whole or not at all, and what is owed is never less than
// what the stream was told to forget.
func TestCrashAtEachStep(t *testing.T) {
	s := newSite(t)
	s.grow(1, 40, 4)
	for step := 1; ; step++ {
		s.cfg.Dir = filepath.Join(t.TempDir(), "owing")
		n := 0
		s.cfg.step = func(string) error {
			if n++; n >= step {
				return errFault
			}
			return nil
		}
		d := s.open()
		forgotten, settled := uint64(0), uint64(0) // by the stream, and by the trail
		err := func() error {
			for _, i := range []int{9, 19, 29, 39} {
				if err := s.record(d, 0, s.stream[i].Seq); err != nil {
					return err
				}
				forgotten = d.To()
			}
			for _, i := range []int{9, 39} {
				settled = s.stream[i].Seq
				if err := d.Settle(t.Context(), settled); err != nil {
					return err
				}
			}
			return nil
		}()
		forgotten = max(forgotten, d.To()) // another goroutine may have seen this
		s.cfg.step = nil
		d = s.open()
		if err == nil {
			if d.Status().Owing {
				t.Error("something is owed after all was paid")
			}
			t.Logf("%d steps", step-1)
			return
		}
		if d.To() < forgotten {
			t.Fatalf("step %d: the stream forgot up to seq %d, owed is up to %d", step, forgotten, d.To())
		}
		if settled < forgotten {
			got, _ := s.paid(d, settled)
			s.same(s.within(settled, d.To()), got)
		}
		// It goes on: what was recorded without the first life's knowing may be recorded once more.
		if err := s.record(d, settled, s.stream[39].Seq); err != nil && d.To() < s.stream[39].Seq {
			t.Fatal(err)
		}
		got, _ := s.paid(d, settled)
		s.same(s.within(settled, s.stream[39].Seq), got)
		if err := d.Settle(t.Context(), s.stream[39].Seq); err != nil || d.Status().Owing {
			t.Fatalf("step %d: %+v, %v", step, d.Status(), err)
		}
	}
}
