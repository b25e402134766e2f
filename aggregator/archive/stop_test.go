package archive_test

import (
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

// stop has the trail be stopped in two parts of the stream.
func (s *site) stop() {
	s.cfg.Stopped = func(seq uint64) (time.Time, bool) {
		switch {
		case seq > 10 && seq <= 25:
			return start, true
		case seq > 40 && seq <= 45:
			return start.Add(time.Hour), true
		}
		return time.Time{}, false
	}
}

// A trail that is stopped moves on and seals what it passes over: nothing of it
// is delivered, the chain of the lanes has no gap, and verify shows each stop.
func TestStopIsSealed(t *testing.T) {
	s := newSite(t)
	s.cfg.RollBytes = 4000
	s.stop()
	stream := makeStream(60, 3)
	a := s.open()
	if err := s.give(a, stream, 20, 42, owed); err != nil { // both stops meet what is owed
		t.Fatal(err)
	}
	inStop := func(e *event.Event) bool {
		return before(stream, e, 25) && !before(stream, e, 10) || before(stream, e, 45) && !before(stream, e, 40)
	}
	s.whole(stream, func(e *event.Event) bool {
		return !inStop(e) && (before(stream, e, 20) || !before(stream, e, 42) || writes(e))
	})
	r := s.verify()
	if len(r.Stopped) != 2 || r.Stopped[0].Seq != (archive.SeqRange{After: 10, To: 25}) || r.Stopped[0].Events != 45 || !r.Stopped[0].Since.Equal(start) ||
		r.Stopped[1].Seq != (archive.SeqRange{After: 40, To: 45}) || r.Stopped[1].Events != 15 {
		t.Errorf("stopped: %+v", r.Stopped)
	}
	for _, l := range r.Lanes {
		if len(l.Gaps) > 0 || l.Batches != 20 {
			t.Errorf("lane %s: %d batches, gaps %v", l.Lane, l.Batches, l.Gaps)
		}
	}
	for n := range r.Seals {
		if seal := s.seal(n); (seal.Stopped != nil) != (seal.Version == 4) || seal.Stopped != nil && (len(seal.Objects) > 0 || seal.Paid != nil) {
			t.Errorf("seal %d has version %d, stopped %+v, paid %+v and %d objects", n, seal.Version, seal.Stopped, seal.Paid, len(seal.Objects))
		}
	}
}

// Every step of a stop may fail or be the last one before a kill: what is
// delivered and what is passed over stays the same.
func TestCrashAroundAStop(t *testing.T) {
	stream := makeStream(9, 3)
	for step := 1; ; step++ {
		s := newSite(t)
		s.cfg.RollBytes = 2500
		s.cfg.Stopped = func(seq uint64) (time.Time, bool) { return start, seq > 3 && seq <= 6 }
		f := &faults{crash: true, plan: func(n int) (bool, bool) { return n == step && step%2 == 0, n == step && step%2 == 1 }}
		s.plant(f)
		a, err := archive.Open(t.Context(), s.cfg)
		if err == nil {
			err = s.give(a, stream, 2, 5, archive.Payment{Since: start})
		}
		if err == nil && f.step < step {
			t.Logf("%d steps", step-1)
			return
		}
		s.plant(&faults{plan: none})
		if err := s.give(s.open(), stream, 2, 5, archive.Payment{Since: start}); err != nil {
			t.Fatal(err)
		}
		s.whole(stream, func(e *event.Event) bool { return before(stream, e, 3) || !before(stream, e, 6) })
		if r := s.verify(); len(r.Stopped) != 1 || r.Stopped[0].Events != 9 {
			t.Errorf("stopped: %+v", r.Stopped)
		}
		if t.Failed() {
			t.Fatalf("with a fault at step %d", step)
		}
	}
}
