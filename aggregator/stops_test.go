package aggregator

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// at is a stream that ends at this seq.
func at(seq uint64) func(context.Context) (uint64, error) {
	return func(context.Context) (uint64, error) { return seq, nil }
}

// A stop and a start are places in the stream, and a restart knows them.
func TestStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stops.json")
	now := time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC)
	s, err := OpenStops(path, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	do := func(change func(context.Context, string, func(context.Context) (uint64, error)) (bool, error), seq uint64, want bool) {
		t.Helper()
		if changed, err := change(t.Context(), "all", at(seq)); err != nil || changed != want {
			t.Fatalf("changed: %t, %v", changed, err)
		}
		now = now.Add(time.Hour)
	}
	do(s.Start, 3, false)
	do(s.Stop, 10, true)
	do(s.Stop, 12, false)
	do(s.Start, 20, true)
	do(s.Stop, 25, true)
	do(s.Start, 25, true) // nothing came meanwhile
	do(s.Stop, 30, true)
	stopped := func(s *Stops) (all []uint64) {
		for seq := range uint64(35) {
			if _, is := s.At("all", seq); is {
				all = append(all, seq)
			}
		}
		return all
	}
	want := []uint64{11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 31, 32, 33, 34}
	if got := stopped(s); !cmp.Equal(got, want) {
		t.Errorf("stopped at %v, want %v", got, want)
	}
	again, err := OpenStops(path, s.now)
	if err != nil {
		t.Fatal(err)
	}
	if got := stopped(again); !cmp.Equal(got, want) {
		t.Errorf("after a restart stopped at %v, want %v", got, want)
	}
	if _, is := again.At("other", 15); is {
		t.Error("another trail is stopped")
	}
	if x, is := again.Stopped("all"); !is || x.After != 30 {
		t.Errorf("stop is %+v, %t", x, is)
	}
	if _, err := again.Start(t.Context(), "all", at(29)); err == nil {
		t.Error("a stream that ends before the stop starts the trail")
	}
	if _, err := again.Start(t.Context(), "all", func(context.Context) (uint64, error) { return 0, errors.New("gone") }); err == nil {
		t.Error("without a stream the trail starts")
	}
	if _, is := again.Stopped("all"); !is {
		t.Error("after two errors the trail runs")
	}
}

func TestDamagedStops(t *testing.T) {
	for _, text := range []string{`{}`, `{"version":2}`, `{"version":1,"trails":{"a":[{"after":5,"to":4,"since":"2026-11-21T07:00:00Z","until":"2026-11-21T07:00:00Z"}]}}`,
		`{"version":1,"trails":{"a":[{"after":5,"since":"2026-11-21T07:00:00Z"},{"after":9,"since":"2026-11-21T07:00:00Z"}]}}`, `{"version":1,"trails":{"a":[{"after":5}]}}`, `{"version":1,"more":1}`} {
		path := filepath.Join(t.TempDir(), "stops.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenStops(path, time.Now); err == nil {
			t.Errorf("%s is read", text)
		}
	}
}
