package debt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// What is recorded is shared before it counts, so that another aggregator can pay it
// from that alone; what was paid is shared no longer.
func TestDebtIsSharedBeforeItCounts(t *testing.T) {
	s := newSite(t)
	shared, away := map[string][]byte{}, errors.New("NATS is away")
	failing := true
	s.cfg.Share = func(_ context.Context, file string, data []byte) error {
		if failing {
			return away
		}
		shared[file] = data
		return nil
	}
	s.cfg.Unshare = func(_ context.Context, file string) error {
		if failing {
			return away
		}
		delete(shared, file)
		return nil
	}
	d := s.open()
	s.grow(1, 40, 8)
	end := s.stream[len(s.stream)-1].Seq
	if err := s.record(d, 0, end); !errors.Is(err, away) || d.To() != 0 {
		t.Fatalf("recorded up to %d without a copy elsewhere: %v", d.To(), err)
	}
	failing = false
	for _, to := range []uint64{end / 2, end} {
		if err := s.record(d, 0, to); err != nil {
			t.Fatal(err)
		}
	}
	if len(shared) != 2 {
		t.Fatalf("%d records are shared", len(shared))
	}

	// The machine is lost. Another one has been open all the time, and takes over.
	other := *s
	other.cfg.Dir = filepath.Join(t.TempDir(), "owing")
	over := other.open()
	for file, data := range shared {
		if err := os.WriteFile(filepath.Join(other.cfg.Dir, file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := over.Reload(); err != nil {
		t.Fatal(err)
	}
	got, lost := other.paid(over, 0)
	if s.same(s.within(0, end), got); lost > 0 {
		t.Errorf("%d events are lost", lost)
	}
	failing = true
	if err := over.Settle(t.Context(), end); !errors.Is(err, away) || over.To() != end {
		t.Errorf("forgotten here, and not elsewhere: %v", err)
	}
	failing = false
	if err := over.Settle(t.Context(), end); err != nil || len(shared) > 0 || over.To() != 0 {
		t.Errorf("paid, it is still shared: %d records, %v", len(shared), err)
	}
}
