package archive_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

var _ aggregator.Payer = (*archive.Archive)(nil)

// owed is how a trail that owes since the begin of a test is paid.
var owed = archive.Payment{Since: start, Filter: event.Write}

// give gives the archive the stream after its position: what lies within (after,
// to] as paid, the rest as read from the stream.
func (s *site) give(a *archive.Archive, stream []event.Batch, after, to uint64, how archive.Payment) error {
	from := a.Position().Seq
	for _, b := range stream {
		if b.Seq <= from {
			continue
		}
		s.clock.pass(time.Second)
		var err error
		if b.Seq > after && b.Seq <= to {
			err = a.Pay(s.t.Context(), how, []event.Batch{b})
		} else {
			err = a.Write(s.t.Context(), []event.Batch{b})
		}
		if err == nil {
			err = a.Flush(s.t.Context(), s.clock.now())
		}
		if err != nil {
			return err
		}
	}
	s.clock.pass(2 * time.Hour)
	return a.Flush(s.t.Context(), s.clock.now())
}

// What is paid has seals of its own, with the filter of then, in the one chain.
func TestPaidIsSealedAsPaid(t *testing.T) {
	s := newSite(t)
	s.cfg.RollBytes = 4000
	stream := makeStream(60, 3)
	a := s.open()
	if err := s.give(a, stream, 20, 40, owed); err != nil {
		t.Fatal(err)
	}
	s.whole(stream, func(e *event.Event) bool { return before(stream, e, 20) || !before(stream, e, 40) || writes(e) })
	r := s.verify()
	if len(r.Paid) != 1 || !r.Paid[0].Since.Equal(start) || r.Paid[0].Lost != 0 {
		t.Fatalf("paid: %+v", r.Paid)
	}
	for n := range r.Seals {
		seal := s.seal(n)
		paid := seal.Seq.After >= 20 && seal.Seq.To <= 40 && seal.Seq.To > seal.Seq.After
		if (seal.Paid != nil) != paid || (seal.Version == 2) != paid || paid != (n >= r.Paid[0].From && n <= r.Paid[0].To) {
			t.Errorf("seal %d of seq %+v has version %d, paid %+v", n, seal.Seq, seal.Version, seal.Paid)
		}
		if paid && seal.Filter != event.Write {
			t.Errorf("seal %d has filter %q", n, seal.Filter)
		}
	}
	for _, l := range r.Lanes {
		if len(l.Gaps) > 0 || l.Batches != 20 {
			t.Errorf("lane %s: %d batches, gaps %v", l.Lane, l.Batches, l.Gaps)
		}
	}
}

// before tells whether the event's batch has a seq up to this one.
func before(stream []event.Batch, e *event.Event, seq uint64) bool {
	for _, b := range stream {
		if b.Lane.Agent == e.Origin.Agent && b.Number == e.Origin.Batch {
			return b.Seq <= seq
		}
	}
	return false
}

func TestWhatIsLostIsSealed(t *testing.T) {
	s := newSite(t)
	stream := makeStream(20, 4)
	less := append([]event.Batch{}, stream...)
	how := archive.Payment{Since: start, Lost: map[uint64]uint64{7: 3, 9: 4, 19: 1}}
	less[6].Events, less[8].Events = less[6].Events[:1], nil
	a := s.open()
	for range 2 { // the second time all is known
		if err := s.give(a, less, 5, 15, how); err != nil {
			t.Fatal(err)
		}
	}
	s.whole(less, all)
	r := s.verify()
	if len(r.Paid) != 1 || r.Paid[0].Lost != 7 || r.Scanned != 80 || r.Events != 73 {
		t.Errorf("paid %+v, %d events of %d scanned", r.Paid, r.Events, r.Scanned)
	}
}

func TestSealNeedNotBeDue(t *testing.T) {
	s := newSite(t)
	a := s.open()
	if err := a.Seal(t.Context()); err != nil || a.Status().LastSeal != 0 {
		t.Errorf("nothing is staged, and the last seal is %d, %v", a.Status().LastSeal, err)
	}
	stream := makeStream(4, 2)
	if err := a.Write(t.Context(), stream); err != nil {
		t.Fatal(err)
	}
	if err := a.Seal(t.Context()); err != nil || a.Position().Seq != 4 {
		t.Errorf("position is seq %d, %v", a.Position().Seq, err)
	}
	s.whole(stream, all)
}

func TestCrashAtEachStepOfAPayment(t *testing.T) {
	stream := makeStream(10, 3)
	for name, v := range map[string]struct{ after, lost bool }{"before": {}, "after, staging lost": {true, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for step := 1; ; step++ {
				s := newSite(t)
				s.cfg.RollBytes = 2500
				f := &faults{crash: true, plan: func(n int) (bool, bool) { return n == step && !v.after, n == step && v.after }}
				s.plant(f)
				how := archive.Payment{Since: start}
				a, err := archive.Open(t.Context(), s.cfg)
				if err == nil {
					err = s.give(a, stream, 3, 7, how)
				}
				if err == nil && f.step < step {
					t.Logf("%d steps", step-1)
					return
				}
				if a != nil {
					s.covered(a, stream)
				}
				if v.lost {
					if err := os.RemoveAll(s.cfg.Staging); err != nil {
						t.Fatal(err)
					}
				}
				s.plant(&faults{plan: none})
				if err := s.give(s.open(), stream, 3, 7, how); err != nil {
					t.Fatal(err)
				}
				s.whole(stream, all)
				if r := s.verify(); len(r.Paid) != 1 {
					t.Errorf("paid: %+v", r.Paid)
				}
				if t.Failed() {
					t.Fatalf("with a fault at step %d", step)
				}
			}
		})
	}
}

// TestGoldenPaidSeal keeps the bytes of a seal of version 2.
func TestGoldenPaidSeal(t *testing.T) {
	const path = "testdata/paid.json"
	s := newSite(t)
	stream := makeStream(2, 0)
	a := s.open()
	if err := a.Pay(t.Context(), archive.Payment{Since: start, Lost: map[uint64]uint64{2: 5}}, stream); err != nil {
		t.Fatal(err)
	}
	if err := a.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(s.path(archive.SealKey(1)))
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("seal (-want +got):\n%s", diff)
	}
	if seal, err := archive.DecodeSeal(want); err != nil || seal.Paid == nil || seal.Paid.Lost != 5 {
		t.Errorf("seal %+v, %v", seal, err)
	}
	for name, change := range map[string][2]string{
		"version 1 with a payment":    {`"version":2`, `"version":1`},
		"version 2 without a payment": {`,"paid":{"since":"2026-11-21T07:00:00Z","lost":5}`, ``},
		"more lost than there was":    {`"lost":5`, `"lost":6`},
		"a time elsewhere":            {`"since":"2026-11-21T07:00:00Z"`, `"since":"2026-11-21T08:00:00+01:00"`},
	} {
		members, _, _ := strings.Cut(string(want), `,"crc32c"`)
		forged := strings.Replace(members, change[0], change[1], 1)
		if forged == members {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := archive.DecodeSeal(archive.Checksummed([]byte(forged))); err == nil {
			t.Errorf("%s: the seal was taken", name)
		}
	}
}
