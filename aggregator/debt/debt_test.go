package debt

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/event"
)

// site is an index, the stream that it has taken, and a debt.
type site struct {
	t      *testing.T
	index  *local.Index
	now    time.Time
	stream []event.Batch
	cfg    Config
	told   []string
}

const retention = 90 * 24 * time.Hour

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, now: indextest.Start.Add(time.Hour)}
	s.openIndex(filepath.Join(t.TempDir(), "index"))
	s.cfg = Config{Trail: "all", Filter: "eventRW: Write", Dir: filepath.Join(t.TempDir(), "owing"), Index: s.index, Now: func() time.Time { return s.now }, Log: slog.New(slog.DiscardHandler),
		Report: func(_ context.Context, name string, parameters map[string]any) {
			s.told = append(s.told, fmt.Sprint(name, " ", parameters["lost"]))
		}}
	return s
}

func (s *site) openIndex(dir string) {
	s.t.Helper()
	x, err := local.Open(local.Config{Dir: dir, SegmentEvents: 150, Retention: retention, Now: func() time.Time { return s.now }})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := x.Close(); err != nil {
			s.t.Error(err)
		}
	})
	s.index, s.cfg.Index = x, x
}

func (s *site) open() *Debt {
	s.t.Helper()
	d, err := Open(s.cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// grow adds batches of three lanes to the stream and has the index take them.
// Seqs have holes, some batches have no events, and some events are odd: of long
// ago, without a time, or in the stream already.
func (s *site) grow(seed uint64, n, events int) {
	s.t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	all := indextest.Events(seed, n*events)
	last := map[event.Lane]event.Batch{}
	seq := uint64(0)
	for _, b := range s.stream {
		last[b.Lane], seq = b, b.Seq
	}
	var grown []event.Batch
	for i := range n {
		seq += 1 + uint64(r.IntN(2))
		l := event.Lane{Account: "prod", Agent: fmt.Sprint("gw-", r.IntN(3)), Source: "edge", Key: "UKEY", Epoch: 1<<63 + 5}
		b := event.Batch{Lane: l, Number: last[l].Number + 1, Prev: last[l].Hash, Seq: seq, Snapshot: r.IntN(5) == 0}
		for k := range r.IntN(events + 1) {
			e := all[i*events+k]
			e.ID = fmt.Sprintf("%08x-4e5f-4071-8293-%012x", seed, i*events+k)
			e.Time = event.At(s.now.Add(-time.Duration(r.IntN(72))*time.Hour), 3)
			switch r.IntN(200) {
			case 0:
				e.Time = event.At(s.now.Add(-2*retention), 3)
			case 1:
				e.Time = event.Time{}
			case 2:
				if len(b.Events) > 0 {
					e = b.Events[0]
				}
			}
			e.Origin.Agent, e.Origin.Source, e.Origin.Epoch, e.Origin.Batch, e.Origin.Index = l.Agent, l.Source, l.Epoch, b.Number, uint64(k)
			b.Events = append(b.Events, e)
		}
		b.Hash = sha256.Sum256(fmt.Append(nil, b.Lane, b.Number, b.Prev))
		last[l] = b
		grown = append(grown, b)
	}
	if err := s.index.Write(s.t.Context(), grown); err != nil {
		s.t.Fatal(err)
	}
	s.stream = append(s.stream, grown...)
}

// record records the stream behind what is recorded, up to this seq.
func (s *site) record(d *Debt, after, to uint64) error {
	r := d.Begin(max(d.To(), after))
	for _, b := range s.stream {
		if b.Seq > max(d.To(), after) && b.Seq <= to {
			if err := r.Add(s.t.Context(), []event.Batch{b}); err != nil {
				r.Abandon()
				return err
			}
		}
	}
	return r.Commit(s.t.Context(), to)
}

// paid is all that is owed after this seq.
func (s *site) paid(d *Debt, after uint64) (all []event.Batch, lost uint64) {
	s.t.Helper()
	for after < d.To() {
		p, err := d.Next(s.t.Context(), after)
		if err != nil {
			s.t.Fatal(err)
		}
		if p.To <= after {
			s.t.Fatalf("a part ends at seq %d, after %d", p.To, after)
		}
		for _, n := range p.Lost {
			lost += n
		}
		all = append(all, p.Batches...)
		after = p.To
	}
	return all, lost
}

// within is the stream after a seq and up to another one.
func (s *site) within(after, to uint64) (all []event.Batch) {
	for _, b := range s.stream {
		if b.Seq > after && b.Seq <= to {
			all = append(all, b)
		}
	}
	return all
}

func (s *site) same(want, got []event.Batch) {
	s.t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b event.Event) bool { return a == b })); diff != "" {
		s.t.Errorf("batches (-want +got):\n%.3000s", diff)
	}
}

// What is paid is what the stream had, batch by batch and event by event, in one life and after a restart.
func TestPaidIsWhatTheStreamHad(t *testing.T) {
	s := newSite(t)
	s.cfg.part = 7
	d := s.open()
	end := uint64(0)
	for i := range uint64(4) {
		s.grow(10+i, 40, 12)
		next := s.stream[len(s.stream)-1].Seq
		if err := s.record(d, 7, next); err != nil {
			t.Fatal(err)
		}
		end = next
	}
	for range 2 {
		if d.To() != end {
			t.Errorf("owed up to seq %d, want %d", d.To(), end)
		}
		for _, after := range []uint64{7, 8, 50, 51, end - 1} {
			got, lost := s.paid(d, after)
			s.same(s.within(after, end), got)
			if lost != 0 {
				t.Errorf("%d events are lost", lost)
			}
		}
		st := d.Status()
		if want := s.within(7, end); !st.Owing || st.After != 7 || st.To != end || st.Batches != uint64(len(want)) || !st.Since.Equal(s.now.Truncate(time.Millisecond)) {
			t.Errorf("status %+v, want %d batches", st, len(want))
		}
		d = s.open()
	}
	kept := 0
	for _, x := range d.sections {
		sec, err := d.read(x.path, x.after, x.to)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range sec.batches {
			if e.kept != nil {
				kept++
			}
		}
	}
	if kept == 0 || kept > len(s.stream)/2 {
		t.Errorf("%d of %d batches are kept in the record", kept, len(s.stream))
	}
}

// A resend and a fork come again as they were: who pays looks at them as a follower does.
func TestResendsAndForksComeAgain(t *testing.T) {
	s := newSite(t)
	s.grow(1, 40, 5)
	again, fork := s.stream[3], s.stream[5]
	seq := s.stream[len(s.stream)-1].Seq
	again.Seq, fork.Seq = seq+1, seq+2
	fork.Hash = sha256.Sum256([]byte("fork"))
	fork.Events = append([]event.Event{{ID: "f", Name: "Forged", Time: event.At(s.now, 0), Origin: event.Origin{Agent: fork.Lane.Agent, Source: "edge", Epoch: fork.Lane.Epoch, Batch: fork.Number}}}, fork.Events...)
	s.stream = append(s.stream, again, fork)
	d := s.open()
	if err := s.record(d, 0, seq+2); err != nil {
		t.Fatal(err)
	}
	// The index passes over both, so that its position is before them.
	late := event.Batch{Lane: event.Lane{Account: "prod", Agent: "late", Source: "edge", Key: "U", Epoch: 1}, Number: 1, Seq: seq + 3}
	if _, err := d.Next(t.Context(), seq-1); err == nil || !strings.Contains(err.Error(), "waits for the index") {
		t.Errorf("the index is not there yet: %v", err)
	}
	if err := s.index.Write(t.Context(), []event.Batch{late}); err != nil {
		t.Fatal(err)
	}
	got, _ := s.paid(d, 0)
	s.same(s.stream, got)
}

// What is owed does not expire, and does so when it is paid.
func TestOwedDoesNotExpire(t *testing.T) {
	s := newSite(t)
	s.grow(1, 40, 12)
	end := s.stream[len(s.stream)-1].Seq
	d := s.open()
	if err := s.record(d, 0, end); err != nil {
		t.Fatal(err)
	}
	events := s.index.Stats().Events
	s.now = s.now.Add(2 * retention)
	expire := func() int {
		t.Helper()
		n, err := s.index.Expire(t.Context(), s.now.Add(-retention))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	s.cfg.Index.Keep("trail all", time.Time{}) // as a restart does
	d = s.open()
	if n := expire(); n != 0 {
		t.Errorf("%d of %d events expired while they were owed", n, events)
	}
	got, lost := s.paid(d, 0)
	s.same(s.stream, got)
	if err := d.Settle(t.Context(), end); err != nil || lost != 0 {
		t.Errorf("%d lost, %v", lost, err)
	}
	if n := expire(); n != events {
		t.Errorf("%d of %d events expired after they were paid", n, events)
	}
}

// Nothing may expire between the question whether the index has it and the record.
func TestRecordingHoldsBackExpiry(t *testing.T) {
	s := newSite(t)
	s.grow(1, 30, 20)
	d := s.open()
	r := d.Begin(0)
	if err := r.Add(t.Context(), s.stream); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(2 * retention)
	if n, err := s.index.Expire(t.Context(), s.now); n != 0 || err != nil {
		t.Errorf("%d events expired while they were recorded, %v", n, err)
	}
	r.Abandon()
	if n, err := s.index.Expire(t.Context(), s.now); n == 0 || err != nil {
		t.Errorf("nothing expired after the record was given up, %v", err)
	}
}

func TestLostEventsAreCounted(t *testing.T) {
	s := newSite(t)
	s.grow(1, 40, 12)
	end := s.stream[len(s.stream)-1].Seq
	d := s.open()
	if err := s.record(d, 0, end); err != nil {
		t.Fatal(err)
	}
	s.cfg.Index.Keep("trail all", time.Time{}) // somebody removes the older half
	gone, err := s.index.Expire(t.Context(), s.now.Add(-24*time.Hour))
	if err != nil || gone == 0 {
		t.Fatalf("%d events gone, %v", gone, err)
	}
	got, lost := s.paid(d, 0)
	want, have := 0, 0
	for i := range got {
		have += len(got[i].Events)
		want += len(s.stream[i].Events)
		if got[i].Number != s.stream[i].Number || got[i].Hash != s.stream[i].Hash || got[i].Seq != s.stream[i].Seq {
			t.Errorf("batch %d is another one", i)
		}
	}
	if lost == 0 || int(lost) != want-have || len(got) != len(s.stream) {
		t.Errorf("%d of %d events are paid, %d lost", have, want, lost)
	}
	if err := d.Settle(t.Context(), end); err != nil {
		t.Fatal(err)
	}
	if want := []string{"TrailOwing <nil>", fmt.Sprint("TrailPaid ", lost)}; cmp.Diff(want, s.told) != "" {
		t.Errorf("told %q, want %q", s.told, want)
	}
}

// The index is made anew: nothing is taken for lost before it has read the stream as far.
func TestNewIndexIsWaitedFor(t *testing.T) {
	s := newSite(t)
	s.grow(1, 20, 5)
	d := s.open()
	if err := s.record(d, 0, s.stream[19].Seq); err != nil {
		t.Fatal(err)
	}
	s.openIndex(filepath.Join(t.TempDir(), "index"))
	d = s.open()
	if _, err := d.Next(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "waits for the index") {
		t.Errorf("an empty index pays: %v", err)
	}
	if err := s.index.Write(t.Context(), s.stream); err != nil {
		t.Fatal(err)
	}
	got, lost := s.paid(d, 0)
	s.same(s.stream, got)
	if lost != 0 {
		t.Errorf("%d events are lost", lost)
	}
}

func TestSettleForgetsWhatIsPaid(t *testing.T) {
	s := newSite(t)
	s.grow(1, 90, 3)
	d := s.open()
	at := []uint64{0, s.stream[29].Seq, s.stream[59].Seq, s.stream[89].Seq}
	for i := range 3 {
		if err := s.record(d, 0, at[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		seq   uint64
		files int
	}{{0, 3}, {at[1] - 1, 3}, {at[1], 2}, {at[1], 2}, {at[3] - 1, 1}, {at[3], 0}, {at[3], 0}} {
		if err := d.Settle(t.Context(), c.seq); err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(s.cfg.Dir)
		if err != nil || len(files) != c.files {
			t.Errorf("%d files after seq %d is paid, want %d, %v", len(files), c.seq, c.files, err)
		}
		if owing := d.Status().Owing; owing != (c.files > 0) {
			t.Errorf("owing %t with %d files", owing, c.files)
		}
	}
	if d.To() != 0 {
		t.Errorf("owed up to seq %d after all is paid", d.To())
	}
	if diff := cmp.Diff([]string{"TrailOwing <nil>", "TrailPaid 0"}, s.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestRecordThatCannotBe(t *testing.T) {
	s := newSite(t)
	s.grow(1, 10, 2)
	d := s.open()
	r := d.Begin(5)
	if err := r.Commit(t.Context(), 5); err == nil {
		t.Error("an empty part was recorded")
	}
	r = d.Begin(0)
	if err := r.Add(t.Context(), s.stream); err != nil {
		t.Fatal(err)
	}
	if err := r.Commit(t.Context(), s.stream[9].Seq-1); err == nil {
		t.Error("a part that ends before its batches was recorded")
	}
	if d.Status().Owing {
		t.Error("something is owed")
	}
}

// Events that say another place of themselves than they have are kept in the record.
func TestEventsOutOfOrderAreKept(t *testing.T) {
	s := newSite(t)
	s.grow(1, 6, 10)
	for i := range s.stream {
		slices.Reverse(s.stream[i].Events)
	}
	d := s.open()
	if err := s.record(d, 0, s.stream[5].Seq); err != nil {
		t.Fatal(err)
	}
	got, lost := s.paid(d, 0)
	s.same(s.stream, got)
	if lost != 0 {
		t.Errorf("%d events are lost", lost)
	}
}
