package archive_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

// exactly checks that the archive has each event of the stream once, in whatever form, and verifies.
func (s *site) exactly(stream []event.Batch) archive.Report {
	s.t.Helper()
	want := map[string]int{}
	for _, b := range stream {
		for _, e := range b.Events {
			want[e.ID]++
		}
	}
	got, problems := s.events(nil)
	if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 {
		s.t.Errorf("events of the archive (-want +got): %v\n%.2000s", problems, diff)
	}
	r := s.verify()
	if !r.OK() {
		s.t.Errorf("verify: %d problems, first %+v", len(r.Problems), r.Problems[:min(3, len(r.Problems))])
	}
	return r
}

// The server is killed at each step; the next release has another codec, which
// compresses in another way, too, and is killed in its turn, and the old release is brought back.
// What was sealed and not stored is stored as the seal says, or amended: once.
func TestCodecUpgradeBetweenSealAndUpload(t *testing.T) {
	stream := makeStream(8, 3)
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("staging lost %v", lost), func(t *testing.T) {
			t.Parallel()
			amended, uploads := 0, 0
			for step := 1; ; step++ {
				s := newSite(t)
				s.cfg.RollBytes = 4000
				die := func(at int) *faults {
					f := &faults{crash: true, plan: func(n int) (bool, bool) { return n == at && at%2 == 0, n == at && at%2 == 1 }}
					s.plant(f)
					return f
				}
				run := func() error {
					a, err := archive.Open(t.Context(), s.cfg)
					if err == nil {
						err = s.once(a, stream)
					}
					return err
				}
				lose := func() {
					if lost {
						if err := os.RemoveAll(s.cfg.Staging); err != nil {
							t.Fatal(err)
						}
					}
				}
				f := die(step)
				if err := run(); err == nil && f.step < step {
					t.Logf("%d steps, %d amendments, %d times an upload was left to others", step-1, amended, uploads)
					if (amended > 0) != lost || uploads == 0 {
						t.Error("the upgrade never came between a seal and its upload")
					}
					return
				}
				left := s.pending()
				lose()
				s.cfg.Codec = archive.NDJSONZstd // the next release
				s.cfg.SetLevel(1)
				die(1 + step%23)
				if err := run(); err != nil {
					lose()
					s.cfg.Codec = archive.NDJSONGzip // the old one again
					s.cfg.SetLevel(0)
					s.plant(&faults{plan: none})
					if err := run(); err != nil {
						t.Fatal(err)
					}
				}
				s.plant(&faults{plan: none})
				r := s.exactly(stream)
				uploads += left
				for n := range r.Seals {
					x := s.seal(n)
					if x.Amends != nil {
						amended++
						for _, o := range x.Objects {
							if o.Codec != s.seal(*x.Amends).Objects[0].Codec {
								t.Errorf("seal %d amends with codec %s", n, o.Codec)
							}
						}
					}
				}
				if t.Failed() {
					t.Fatalf("with a kill at step %d", step)
				}
			}
		})
	}
}

// pending is how many objects are sealed and not in the bucket.
func (s *site) pending() (n int) {
	s.t.Helper()
	objects := s.objects()
	for k := uint64(0); ; k++ {
		if _, err := os.Stat(s.path(archive.SealKey(k))); errors.Is(err, os.ErrNotExist) {
			return n
		}
		for _, o := range s.seal(k).Objects {
			if _, there := objects[o.Key]; !there {
				n++
			}
		}
	}
}

// Late events meet a backfill: the index has them by their time, which lies within
// that of the backfill, and the stream brings them to the trail before, while and after it runs.
// Whatever order, and wherever it is killed, each is in the archive once.
func TestLateEventsAndABackfillMeet(t *testing.T) {
	stream := makeStream(16, 3) // all of one time: those that come last are as late as can be
	for when := range 4 {
		t.Run(fmt.Sprintf("case %d", when), func(t *testing.T) {
			t.Parallel()
			for step := 1 + when; ; step += 4 { // each step is one of some case
				s := newSite(t)
				s.cfg.RollBytes = 2500
				s.cfg.Source = indexOf(stream) // has those that the trail has not read yet, too
				f := &faults{crash: true, plan: func(n int) (bool, bool) { return n == step && step%8 < 4, n == step && step%8 >= 4 }}
				s.plant(f)
				err := s.meet(stream, when)
				if err == nil && f.step < step {
					return
				}
				if step%3 == 0 {
					if err := os.RemoveAll(s.cfg.Staging); err != nil {
						t.Fatal(err)
					}
				}
				s.plant(&faults{plan: none})
				if err := s.meet(stream, when); err != nil {
					t.Fatalf("after a kill at step %d: %v", step, err)
				}
				if s.whole(stream, all); t.Failed() {
					t.Fatalf("with a kill at step %d", step)
				}
			}
		})
	}
}

// meet follows the stream from batch 7 on, and brings what was before by a backfill:
// late batches come sealed before it, staged when it begins, between its parts, or behind it.
func (s *site) meet(stream []event.Batch, when int) error {
	a, err := archive.Open(s.t.Context(), s.cfg)
	if err != nil {
		return err
	}
	write := func(batches []event.Batch, seal bool) error {
		for _, b := range batches {
			if b.Seq <= max(a.Position().Seq, 6) {
				continue
			}
			if err := a.Write(s.t.Context(), []event.Batch{b}); err != nil {
				return err
			}
		}
		if !seal {
			return nil
		}
		return a.Seal(s.t.Context())
	}
	late := stream[10:]
	steps := []func() error{
		func() error { return write(stream[:10], true) },
		func() error { return s.backfill(a, stream, "first", start, start.Add(6*time.Hour)) },
		func() error { return s.backfill(a, stream, "second", start, until) }, // once more over the same time
	}
	at, seal := when+1, when != 1
	if when == 3 {
		at, seal = len(steps), true
	} else if when <= 1 {
		at = 1
	}
	steps = append(steps[:at:at], append([]func() error{func() error { return write(late, seal) }}, steps[at:]...)...)
	for _, do := range append(steps, func() error { return write(stream, true) }) {
		if err := do(); err != nil {
			return err
		}
	}
	s.clock.pass(2 * time.Hour)
	return a.Flush(s.t.Context(), s.clock.now())
}
