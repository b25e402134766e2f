package aggregator

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

// same fails the test when what came is not what was wanted.
func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// What was taken before comes again after an agent's restart. It is passed over,
// and the stream may forget it.
func TestResendIsSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(t)
		w := newLane(t, "gw-1", 1, 7)
		b1, b2, b3 := w.batch("a", "b"), w.batch("c"), w.batch("d")
		f.stream.put(w.subject(), b1, b2, b1, b2, b3, b3)
		stop := f.start(t)
		defer stop()
		synctest.Wait()
		same(t, "events", []string{"a", "b", "c", "d"}, f.sink.ids())
		same(t, "reports", []string{"AgentEnrolled gw-1"}, f.audit.told())
		same(t, "quarantine", []string{}, f.reasons(t))
		same(t, "status", FollowerStatus{Name: "index", Kind: "index", Seq: 6, Taken: 6, StoredAt: storedAt(6), Batches: 3, Events: 4, Resends: 3}, f.Status())
	})
}

// Of two batches of one number the first counts, and so does what hangs on it.
func TestForkGoesToQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(t)
		w := newLane(t, "gw-1", 1, 7)
		b1 := w.batch("a")
		other := w // a copy of the machine: the same key, the same epoch
		b2, fork2 := w.batch("b"), other.batch("x")
		b3, fork3 := w.batch("c"), other.batch("y")
		f.stream.put(w.subject(), b1, b2, fork2, fork3, b3)
		stop := f.start(t)
		defer stop()
		synctest.Wait()
		same(t, "events", []string{"a", "b", "c"}, f.sink.ids())
		same(t, "quarantine", []string{"3 fork", "4 fork"}, f.reasons(t))
		same(t, "reports", []string{"AgentEnrolled gw-1", "AgentConflict gw-1 reason fork", "AgentConflict gw-1 reason fork"}, f.audit.told())
		same(t, "position", 3, f.sink.Position().Lanes[w.lane].Number)
		s := f.Status()
		if s.Quarantined != 2 || s.Resends != 0 || s.Seq != 5 {
			t.Errorf("%+v", s)
		}
		kept, err := os.ReadFile(f.dir + "/00000000000000000003.batch")
		if err != nil || string(kept) != string(fork2) {
			t.Errorf("quarantine has other bytes: %v", err)
		}
	})
}

// A gap is reported once, also when its batch is read again, and the lane goes
// on. What belongs into the gap and comes late is not taken for a resend.
func TestGapIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(t)
		w := newLane(t, "gw-1", 1, 7)
		b1, b2, _, b4, b5 := w.batch("a"), w.batch("b"), w.batch("c"), w.batch("d"), w.batch("e")
		f.stream.put(w.subject(), b1, b4)
		f.sink.lazy, f.sink.upTo = true, 1 // the gap is read, and not durable
		stop := f.start(t)
		synctest.Wait()
		want := []string{"AgentEnrolled gw-1", "BatchGap gw-1 from 2 to 3"}
		same(t, "reports", want, f.audit.told())
		stop()
		f.sink.crash()
		f.sink.lazy = false
		f.audit.system = &System{Key: "UA"} // the process is another; the cursor is durable
		f.System = f.audit.system
		stop = f.start(t)
		defer stop()
		synctest.Wait()
		same(t, "reports after a crash", want, f.audit.told())
		f.stream.put(w.subject(), b5, b2)
		synctest.Wait()
		same(t, "events", []string{"a", "d", "e"}, f.sink.ids())
		same(t, "quarantine", []string{"4 fork"}, f.reasons(t))
		if s := f.Sources(); len(s) != 1 || s[0].Gaps != 2 || s[0].LastBatch != 5 {
			t.Errorf("%+v; want the gap counted each time it was met, and batch 5", s)
		}
	})
}

// What nobody signed for this lane is refused, and the lane stays where it is:
// the true batch of the number is still welcome. A body that cannot be read was
// signed, so the lane moves on past it.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		reason Reason
		bad    func(t *testing.T, w *laneWriter) (subject string, data []byte)
		source string // in whose count it is
		told   string
	}{
		{NotABatch, func(_ *testing.T, w *laneWriter) (string, []byte) {
			return w.subject(), []byte("ATB1 and then nothing")
		}, "gw-1", "gw-1"},
		{BadSignature, func(_ *testing.T, w *laneWriter) (string, []byte) {
			other := *w
			return w.subject(), forged(other.batch("x"))
		}, "gw-1", "gw-1"},
		{UnknownKey, func(t *testing.T, w *laneWriter) (string, []byte) {
			other := newLane(t, "gw-1", 2, 7)
			return w.subject(), other.batch("x")
		}, "gw-1", "gw-1"},
		{WrongSubject, func(_ *testing.T, w *laneWriter) (string, []byte) {
			other := *w
			return "events.prod.gw-9.edge", other.batch("x")
		}, "gw-9", "gw-9"},
		{BadBody, func(_ *testing.T, w *laneWriter) (string, []byte) { return w.subject(), w.broken() }, "gw-1", "gw-1"},
	} {
		t.Run(string(c.reason), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFollower(t)
				w := newLane(t, "gw-1", 1, 7)
				f.stream.put(w.subject(), w.batch("a"))
				subject, data := c.bad(t, &w)
				f.stream.put(subject, data)
				f.stream.put(w.subject(), w.batch("b"))
				stop := f.start(t)
				defer stop()
				synctest.Wait()
				same(t, "events", []string{"a", "b"}, f.sink.ids())
				same(t, "quarantine", []string{"2 " + string(c.reason)}, f.reasons(t))
				same(t, "reports", []string{"AgentEnrolled gw-1", "BatchRefused " + c.told + " reason " + string(c.reason)}, f.audit.told())
				if s := f.Status(); s.Gaps != 0 || s.Quarantined != 1 || s.Seq != 3 {
					t.Errorf("%+v", s)
				}
				for _, s := range f.Sources() {
					if want := map[bool]uint64{true: 1}[s.Agent == c.source]; s.Quarantined != want {
						t.Errorf("%s has %d batches in quarantine, want %d", s.Agent, s.Quarantined, want)
					}
				}
			})
		})
	}
}

// A trail's follower meets the same batches, keeps none of them and tells nobody.
func TestTrailPassesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(t)
		f.Kind, f.Quarantine, f.System = "trail", nil, nil
		w := newLane(t, "gw-1", 1, 7)
		f.stream.put(w.subject(), w.batch("a"), []byte("?"), w.broken())
		other := w
		f.stream.put(w.subject(), w.batch("b"), other.batch("x"))
		stop := f.start(t)
		defer stop()
		synctest.Wait()
		same(t, "events", []string{"a", "b"}, f.sink.ids())
		same(t, "position", 3, f.sink.Position().Lanes[w.lane].Number)
		if s := f.Status(); s.Quarantined != 3 || s.Seq != 5 {
			t.Errorf("%+v", s)
		}
	})
}

// Until a batch is in quarantine nothing moves past it.
func TestQuarantineHoldsTheFollower(t *testing.T) {
	for name, bad := range map[string]func(w *laneWriter) []byte{
		"not a batch": func(*laneWriter) []byte { return []byte("?") },
		"a body":      func(w *laneWriter) []byte { return w.broken() },
		"a fork": func(w *laneWriter) []byte {
			return (&laneWriter{t: w.t, key: w.key, lane: w.lane}).batch("x")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFollower(t)
				w := newLane(t, "gw-1", 1, 7)
				f.stream.put(w.subject(), w.batch("a"), bad(&w), w.batch("b"))
				if err := os.Remove(f.dir); err != nil {
					t.Fatal(err)
				}
				stop := f.start(t)
				defer stop()
				synctest.Wait()
				time.Sleep(time.Minute)
				if s := f.Status(); s.Seq != 1 || !s.Failing || s.LastError == "" {
					t.Errorf("without a quarantine: %+v", s)
				}
				f.sink.set(func(s *memSink) {
					if len(s.batches) != 1 {
						t.Errorf("the sink has %d batches, want 1", len(s.batches))
					}
				})
				same(t, "reports", []string{"AgentEnrolled gw-1"}, f.audit.told())
				if err := os.Mkdir(f.dir, 0o750); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				same(t, "events", []string{"a", "b"}, f.sink.ids())
				if s := f.Status(); s.Seq != 3 || s.Failing || len(f.reasons(t)) != 1 || len(f.audit.told()) != 2 {
					t.Errorf("with one: %+v, %v, %v", s, f.reasons(t), f.audit.told())
				}
			})
		})
	}
}

// After an error the follower starts again from what the sink holds, whether
// the sink took the batches or not, and nothing is lost or doubled.
func TestSinkErrors(t *testing.T) {
	for name, fail := range map[string]func(*memSink){
		"before anything is taken": func(s *memSink) { s.before = func() error { return errDisk } },
		"after all is taken":       func(s *memSink) { s.after = func() error { return errDisk } },
		"at the flush":             func(s *memSink) { s.flush = func() error { return errDisk } },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFollower(t)
				w := newLane(t, "gw-1", 1, 7)
				f.sink.lazy = true
				f.stream.put(w.subject(), w.batch("a"), w.batch("b"))
				stop := f.start(t)
				defer stop()
				synctest.Wait()
				f.sink.set(func(s *memSink) { s.upTo = 1 })
				time.Sleep(2 * flushEvery)
				synctest.Wait()
				f.sink.set(fail)
				f.stream.put(w.subject(), w.batch("c"))
				synctest.Wait()
				if s := f.Status(); !s.Failing || s.LastErrorAt.IsZero() || s.Seq != 1 || name != "at the flush" && s.LastError != "write: the disk is full" {
					t.Errorf("after the error: %+v", s)
				}
				f.sink.set(func(s *memSink) { s.lazy = false })
				time.Sleep(time.Minute)
				f.stream.put(w.subject(), w.batch("d"))
				synctest.Wait()
				same(t, "events", []string{"a", "b", "c", "d"}, f.sink.ids())
				if s := f.Status(); s.Failing || s.Seq != 4 || s.Resends+s.Gaps+s.Quarantined != 0 {
					t.Errorf("in the end: %+v", s)
				}
				same(t, "reports", []string{"AgentEnrolled gw-1"}, f.audit.told())
				same(t, "followed from", []uint64{0, 1}, f.stream.follows)
			})
		})
	}
}

// What fails each time at the same place is tried less and less often, however
// much was read and taken again on the way there.
func TestSameErrorIsTriedLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(t)
		w := newLane(t, "gw-1", 1, 7)
		f.sink.lazy = true
		var again func() error
		again = func() error {
			f.sink.flush = again
			return errDisk
		}
		f.sink.flush = again
		f.stream.put(w.subject(), w.batch("a"))
		stop := f.start(t)
		defer stop()
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		if n := len(f.stream.follows); n < 20 || n > 80 {
			t.Errorf("in twenty minutes it was tried %d times, want about 60", n)
		}
		f.sink.set(func(s *memSink) { s.lazy, s.flush = false, nil })
		time.Sleep(time.Minute)
		synctest.Wait()
		same(t, "events", []string{"a"}, f.sink.ids())
	})
}

// A stream that fails is followed again, from what is durable.
func TestStreamErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(t)
		w := newLane(t, "gw-1", 1, 7)
		f.stream.put(w.subject(), w.batch("a"), w.batch("b"))
		stop := f.start(t)
		defer stop()
		synctest.Wait()
		f.stream.fail(errDisk, false)
		synctest.Wait()
		if s := f.Status(); !s.Failing || s.Seq != 2 {
			t.Errorf("%+v", s)
		}
		f.stream.put(w.subject(), w.batch("c"))
		time.Sleep(time.Second)
		synctest.Wait()
		same(t, "events", []string{"a", "b", "c"}, f.sink.ids())
		same(t, "followed from", []uint64{0, 2}, f.stream.follows)
	})
}

// What was read before an error and is not durable must not be purged while the
// stream, which failed, does not give it again.
func TestErrorForgetsWhatWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(t)
		w := newLane(t, "gw-1", 1, 7)
		f.sink.lazy, f.sink.upTo = true, 1
		f.stream.put(w.subject(), w.batch("a"), w.batch("b"), w.batch("c"))
		stop := f.start(t)
		defer stop()
		synctest.Wait()
		f.stream.fail(errDisk, true)
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := f.Status(); s.Seq != 1 || s.Taken != 1 || !s.OldestAt.IsZero() || s.Failing {
			t.Errorf("with nothing read again: %+v", s)
		}
		f.stream.fail(nil, false)
		synctest.Wait()
		if s := f.Status(); s.Seq != 1 || s.Taken != 3 || !s.OldestAt.Equal(storedAt(2)) {
			t.Errorf("with all read again: %+v", s)
		}
		same(t, "events", []string{"a", "b", "c"}, f.sink.ids())
	})
}

// The sink is asked for what is due at least once a second, and status tells what waits.
func TestStatusOfALazySink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(t)
		w := newLane(t, "gw-1", 1, 7)
		f.sink.lazy = true
		stop := f.start(t)
		defer stop()
		synctest.Wait()
		if s := f.Status(); !s.OldestAt.IsZero() || s.Seq != 0 || s.Taken != 0 {
			t.Errorf("nothing was read: %+v", s)
		}
		f.stream.put(w.subject(), w.batch("a"), w.batch("b"), w.batch("c"))
		synctest.Wait()
		for _, c := range []struct {
			upTo   uint64
			oldest time.Time
		}{{0, storedAt(1)}, {1, storedAt(2)}, {2, storedAt(3)}, {3, time.Time{}}} {
			f.sink.set(func(s *memSink) { s.upTo = c.upTo })
			time.Sleep(flushEvery)
			synctest.Wait()
			want := FollowerStatus{Name: "index", Kind: "index", Seq: c.upTo, Taken: 3, StoredAt: storedAt(3), OldestAt: c.oldest, Batches: 3, Events: 3}
			same(t, fmt.Sprintf("with %d durable", c.upTo), want, f.Status())
			same(t, "what may be purged", c.upTo, f.Durable())
		}
		f.sink.set(func(s *memSink) { s.flushes = 0 })
		time.Sleep(10 * time.Second)
		synctest.Wait()
		f.sink.set(func(s *memSink) {
			if s.flushes < 10 {
				t.Errorf("%d flushes in ten seconds", s.flushes)
			}
		})
	})
}

// What waits is bounded: beyond it runs are joined, and the oldest stays right.
func TestWaitingIsBounded(t *testing.T) {
	f := newFollower(t)
	for seq := uint64(1); seq <= 3*maxSpans; seq++ {
		f.waits(span{seq, storedAt(seq)})
	}
	if len(f.waiting) > maxSpans {
		t.Errorf("%d spans", len(f.waiting))
	}
	same(t, "oldest of all", storedAt(1), f.oldest(0))
	same(t, "oldest after ten", storedAt(11), f.oldest(10))
	same(t, "oldest before the end", storedAt(maxSpans), f.oldest(3*maxSpans-1))
	same(t, "oldest of none", time.Time{}, f.oldest(3*maxSpans))
}

// Sources tells of each source the newest epoch, over a restart too.
func TestSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(t)
		one, two := newLane(t, "gw-1", 1, 7), newLane(t, "gw-2", 2, 3)
		f.stream.put(two.subject(), two.seal([]event.Event{{ID: "u", Name: event.NameUnparsed}, {ID: "v"}}), two.batch("w"))
		f.stream.put(one.subject(), one.batch("a"))
		next := newLane(t, "gw-1", 1, 5) // the spool was lost: another number was drawn
		next.hash = one.hash
		f.stream.put(one.subject(), next.batch("b"), next.batch("c", "d"))
		stop := f.start(t)
		synctest.Wait()
		want := []SourceStatus{
			{Account: "prod", Agent: "gw-1", Source: "edge", Epoch: 5, LastBatch: 2, LastSeq: 5, StoredAt: storedAt(5), Events: 4},
			{Account: "prod", Agent: "gw-2", Source: "edge", Epoch: 3, LastBatch: 2, LastSeq: 2, StoredAt: storedAt(2), Events: 3, Unparsed: 1},
		}
		same(t, "sources", want, f.Sources())
		same(t, "reports", []string{"AgentEnrolled gw-2", "AgentEnrolled gw-1"}, f.audit.told())
		stop()
		again := newFollower(t)
		again.Sink = f.sink
		for i := range want {
			want[i].LastSeq, want[i].StoredAt, want[i].Events, want[i].Unparsed = 0, time.Time{}, 0, 0
		}
		for range 10 { // whatever the order of the map
			same(t, "sources after a restart", want, again.Sources())
		}
		if !slices.Equal(f.sink.ids(), []string{"u", "v", "w", "a", "b", "c", "d"}) {
			t.Error(f.sink.ids())
		}
	})
}
