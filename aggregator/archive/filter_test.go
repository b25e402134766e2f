package archive_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

func writes(e *event.Event) bool { return e.RW == event.Write }

// stopAtFirstObject is a plan that ends the process before the first object of the archive is created, but after its seal.
func (s *site) sealWithoutObjects(stream []event.Batch) {
	s.t.Helper()
	f := &faults{crash: true, plan: none}
	s.plant(f)
	a := s.open()
	if err := a.Write(s.t.Context(), stream); err != nil {
		s.t.Fatal(err)
	}
	f.plan = func(int) (bool, bool) {
		_, err := os.Stat(s.bucket + "/" + archive.SealKey(1))
		return err == nil, false
	}
	s.clock.pass(s.cfg.RollAge + archive.DefaultRollAge)
	if err := a.Flush(s.t.Context(), s.clock.now()); err == nil {
		s.t.Fatal("the planted fault did not strike")
	}
	if n := len(s.objects()); n != 0 {
		s.t.Fatalf("%d objects were delivered", n)
	}
	s.plant(&faults{plan: none})
}

func TestFilterChangedBetweenSealAndUpload(t *testing.T) {
	for _, lost := range []bool{false, true} {
		s := newSite(t)
		stream := makeStream(60, 9)
		s.cfg.Filter, s.cfg.FilterText = rw(event.Write), event.Write
		s.sealWithoutObjects(stream[:30])
		s.cfg.Filter, s.cfg.FilterText = nil, ""
		if lost {
			if err := os.RemoveAll(s.cfg.Staging); err != nil {
				t.Fatal(err)
			}
		}
		a := s.open()
		if got, want := a.Position().Seq, map[bool]uint64{false: 30, true: 0}[lost]; got != want {
			t.Errorf("staging lost %v: position is seq %d, want %d", lost, got, want)
		}
		if a.Status(); lost {
			if err := a.Flush(t.Context(), s.clock.now()); err != nil {
				t.Fatal(err)
			}
			if !a.Status().Rebuilding {
				t.Error("status does not tell that objects are made again")
			}
		}
		s.follow(a, stream)
		s.whole(stream, func(e *event.Event) bool { return e.Origin.Batch > 10 || writes(e) })
		if a.Status().Rebuilding {
			t.Error("still rebuilding")
		}
		want := []archive.FilterSpan{{From: 0, To: 1, Filter: event.Write}, {From: 2, To: s.verify().LastSeal}}
		if diff := cmp.Diff(want, s.verify().Filters); diff != "" {
			t.Errorf("filters (-want +got):\n%s", diff)
		}
	}
}

func TestRebuildNeedsTheBatches(t *testing.T) {
	s := newSite(t)
	stream := makeStream(40, 3)
	s.sealWithoutObjects(stream[:30])
	if err := os.RemoveAll(s.cfg.Staging); err != nil {
		t.Fatal(err)
	}
	a := s.open()
	err := a.Write(t.Context(), stream[30:])
	if err == nil || !strings.Contains(err.Error(), "no longer has all batches") {
		t.Errorf("rebuild without the batches: %v", err)
	}
	// Other events in the same batches are no less wrong.
	other := makeStream(30, 4)
	err = a.Write(t.Context(), other)
	if err == nil || !strings.Contains(err.Error(), "give other events") {
		t.Errorf("rebuild from other events: %v", err)
	}
	s.follow(a, stream)
	s.whole(stream, all)
}

func TestDamagedStagingIsMadeAgain(t *testing.T) {
	s := newSite(t)
	stream := makeStream(30, 3)
	s.sealWithoutObjects(stream)
	entries, err := os.ReadDir(s.cfg.Staging)
	if err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".object") {
			if err := os.WriteFile(s.cfg.Staging+"/"+e.Name(), []byte("damaged"), 0o600); err != nil {
				t.Fatal(err)
			}
			damaged++
		}
	}
	if damaged == 0 {
		t.Fatal("nothing is staged")
	}
	s.follow(s.open(), stream)
	s.whole(stream, all)
}
