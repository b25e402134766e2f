package archive_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

func TestArchiveHoldsEachEventOnce(t *testing.T) {
	s := newSite(t)
	s.cfg.SetSpills(1000)
	stream := makeStream(300, 7)
	a := s.open()
	s.follow(a, stream)
	s.whole(stream, all)
	if diff := cmp.Diff(position(stream), a.Position(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("position (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(position(stream), s.open().Position(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("position after a restart (-want +got):\n%s", diff)
	}
	r := s.verify()
	if r.Trail != "all" || r.Seals < 5 || len(r.Lanes) != 3 || r.Scanned != 2100 || len(r.Filters) != 1 {
		t.Errorf("report: %+v", r)
	}
	for key := range s.objects() {
		if !strings.HasPrefix(key, "AuditLog/prod/") && !strings.HasPrefix(key, "AuditLog/1234567890/") || !strings.HasSuffix(key, ".ndjson.gz") {
			t.Errorf("object %s is not in the layout", key)
		}
	}
	st := a.Status()
	if st.Total.Events != 2100 || st.Total.Objects != uint64(len(s.objects())) || st.LastError != "" || st.LastDelivery.IsZero() || st.PendingEvents != 0 || st.LastSeal != r.LastSeal {
		t.Errorf("status: %+v", st)
	}
}

func TestStagedEventsAreSealedWhenTheyAreOldOrMany(t *testing.T) {
	s := newSite(t)
	s.cfg.RollBytes = 20_000
	a := s.open()
	stream := makeStream(40, 5)
	write := func(b event.Batch) {
		t.Helper()
		if err := a.Write(t.Context(), []event.Batch{b}); err != nil {
			t.Fatal(err)
		}
	}
	flush := func() uint64 {
		t.Helper()
		if err := a.Flush(t.Context(), s.clock.now()); err != nil {
			t.Fatal(err)
		}
		return a.Status().LastSeal
	}
	write(stream[0])
	s.clock.pass(59 * time.Second)
	if n := flush(); n != 0 {
		t.Errorf("%d seals before the roll age", n)
	}
	if st := a.Status(); st.PendingEvents != 5 || st.PendingBytes < 500 {
		t.Errorf("pending: %+v", st)
	}
	s.clock.pass(time.Second)
	if n := flush(); n != 1 {
		t.Errorf("last seal is %d at the roll age, want 1", n)
	}
	for i, b := range stream[1:] {
		write(b)
		if a.Status().LastSeal == 2 {
			if got := s.seal(2); got.Matched < 20_000/500 || i > 30 {
				t.Errorf("seal by size has %d events after %d batches", got.Matched, i)
			}
			return
		}
	}
	t.Error("nothing was sealed by size")
}

func TestMatchesNothingForTenThousandBatches(t *testing.T) {
	s := newSite(t)
	s.cfg.Filter, s.cfg.FilterText = rw("Never"), "Never"
	a := s.open()
	stream := makeStream(10_500, 1)
	var longest time.Duration
	last, lastSeal := s.clock.now(), uint64(0)
	for _, b := range stream {
		s.clock.pass(1200 * time.Millisecond) // three and a half hours in all
		if err := a.Write(t.Context(), []event.Batch{b}); err != nil {
			t.Fatal(err)
		}
		if err := a.Flush(t.Context(), s.clock.now()); err != nil {
			t.Fatal(err)
		}
		if n := a.Status().LastSeal; n != lastSeal {
			longest = max(longest, s.clock.now().Sub(last))
			last, lastSeal = s.clock.now(), n
		}
	}
	if longest > time.Hour+2*time.Second || lastSeal != 3 {
		t.Errorf("%d seals in three and a half hours, the longest wait was %s", lastSeal, longest)
	}
	if behind := 10_500 - a.Position().Seq; behind > 3001 {
		t.Errorf("the position is %d batches behind: a restart would scan them again", behind)
	}
	if got := s.open().Position(); got.Seq != a.Position().Seq {
		t.Errorf("position after a restart is seq %d, before it was %d", got.Seq, a.Position().Seq)
	}
	s.whole(nil, all)
	if n := len(s.objects()); n != 0 {
		t.Errorf("%d objects for no events", n)
	}
}

func TestManyBatchesWithoutMatchAreSealedBeforeTheHour(t *testing.T) {
	s := newSite(t)
	s.cfg.Filter, s.cfg.FilterText = rw("Never"), "Never"
	a := s.open()
	s.clock.pass(time.Minute)
	if err := a.Write(t.Context(), makeStream(10_500, 0)); err != nil {
		t.Fatal(err)
	}
	if got := a.Position().Seq; got != 10_000 {
		t.Errorf("position is seq %d, want 10000", got)
	}
}

func TestSealEachHourThoughNothingComes(t *testing.T) {
	s := newSite(t)
	a := s.open()
	for range 5 * 60 {
		s.clock.pass(time.Minute)
		if err := a.Flush(t.Context(), s.clock.now()); err != nil {
			t.Fatal(err)
		}
	}
	if n := a.Status().LastSeal; n != 5 {
		t.Errorf("%d seals in five hours", n)
	}
	s.whole(nil, all)
}

func TestClockSetBackDoesNotHoldUpSeals(t *testing.T) {
	s := newSite(t)
	a := s.open()
	if err := a.Write(t.Context(), makeStream(1, 1)); err != nil {
		t.Fatal(err)
	}
	s.clock.pass(-1000 * time.Hour)
	if err := a.Flush(t.Context(), s.clock.now()); err != nil {
		t.Fatal(err)
	}
	if n := a.Status().LastSeal; n != 1 {
		t.Errorf("last seal is %d, want 1", n)
	}
}

func TestRestartAfterMoreSealsThanOneFullPosition(t *testing.T) {
	s := newSite(t)
	s.cfg.RollBytes = 1
	stream := makeStream(600, 1)
	s.follow(s.open(), stream[:513])
	for _, n := range []int{513, 514, 515, 516, 600} {
		a := s.open()
		if diff := cmp.Diff(position(stream[:a.Position().Seq]), a.Position(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("position after %d batches (-want +got):\n%s", n, diff)
		}
		s.follow(a, stream[:n])
	}
	if s.seal(256).Full == nil || s.seal(512).Full == nil {
		t.Error("no full position in seals 256 and 512")
	}
	s.whole(stream, all)
}

func TestBatchesTakenBeforeArePassedOver(t *testing.T) {
	s := newSite(t)
	stream := makeStream(1000, 1) // more than the position keeps hashes of
	s.follow(s.open(), stream)
	a := s.open()
	if err := a.Write(t.Context(), stream); err != nil {
		t.Fatal(err)
	}
	if st := a.Status(); st.PendingEvents != 0 || a.Position().Seq != 1000 {
		t.Errorf("position is seq %d, status %+v", a.Position().Seq, st)
	}
}

func TestStatusAfterARestart(t *testing.T) {
	s := newSite(t)
	s.follow(s.open(), makeStream(100, 1))
	delivered := s.clock.now()
	a := s.open()
	s.clock.pass(3 * time.Hour)
	if err := a.Flush(t.Context(), s.clock.now()); err != nil {
		t.Fatal(err)
	}
	want := a.Status()
	if want.Total.Events != 100 || want.LastDelivery.IsZero() || want.LastDelivery.After(delivered) || !want.LastSealTime.Equal(s.clock.now()) {
		t.Errorf("status: %+v", want)
	}
	want.Throughput = archive.Throughput{Since: s.clock.now()} // counted anew
	if diff := cmp.Diff(want, s.open().Status()); diff != "" {
		t.Errorf("status after a restart (-want +got):\n%s", diff)
	}
}

func TestGapIsDeclared(t *testing.T) {
	s := newSite(t)
	stream := makeStream(60, 2)
	cut := append(append([]event.Batch{}, stream[2:20]...), stream[32:]...)
	s.follow(s.open(), cut)
	s.whole(cut, all)
	gaps := map[string][]archive.Range{}
	for _, l := range s.verify().Lanes {
		gaps[l.Agent] = l.Gaps
	}
	want := map[string][]archive.Range{"gw-0": {{From: 7, To: 10}}, "gw-1": {{From: 1, To: 1}, {From: 8, To: 11}}, "gw-2": {{From: 1, To: 1}, {From: 8, To: 11}}}
	if diff := cmp.Diff(want, gaps); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(position(cut), s.open().Position(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("position after a restart (-want +got):\n%s", diff)
	}
}

func TestOneTrailForOneBucket(t *testing.T) {
	s := newSite(t)
	s.open()
	cfg := s.cfg
	cfg.Trail, cfg.Staging = "security", t.TempDir()
	_, err := archive.Open(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "holds the archive of trail all") {
		t.Errorf("a second trail in the bucket: %v", err)
	}
}

func TestForeignFolderIsRefused(t *testing.T) {
	s := newSite(t)
	if err := os.WriteFile(filepath.Join(s.bucket, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := archive.Open(t.Context(), s.cfg)
	if err == nil || !strings.Contains(err.Error(), "thesis.txt") {
		t.Errorf("open in a folder with other things: %v", err)
	}
}

// forgetful is a bucket that writes over objects.
type forgetful struct{ archive.Bucket }

func (b forgetful) Create(ctx context.Context, key string, r io.Reader, m archive.Meta) error {
	if err := b.Bucket.Create(ctx, key, r, m); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func TestBucketThatWritesOverIsRefused(t *testing.T) {
	s := newSite(t)
	s.cfg.Bucket = forgetful{s.cfg.Bucket}
	_, err := archive.Open(t.Context(), s.cfg)
	if err == nil || !strings.Contains(err.Error(), "writes over") {
		t.Errorf("open: %v", err)
	}
}

func TestSecondAggregatorStopsTheFirst(t *testing.T) {
	s := newSite(t)
	stream := makeStream(200, 3)
	a := s.open()
	if err := s.once(a, stream[:100]); err != nil {
		t.Fatal(err)
	}
	other := *s
	other.cfg.Staging = t.TempDir()
	b := other.open()
	other.follow(b, stream[:150])
	err := s.once(a, stream)
	if err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("the first one goes on: %v", err)
	}
	if st := a.Status(); !strings.Contains(st.LastError, "another process") || st.LastErrorTime.IsZero() {
		t.Errorf("status: %+v", st)
	}
	s.follow(a, stream) // it reads the bucket, and goes on from there
	s.whole(stream, all)
}

func TestAgentsAreSealedWhenTheyChange(t *testing.T) {
	s := newSite(t)
	agents := []archive.Agent{{Account: "prod", Agent: "gw-0", Key: "UKEY0", Epochs: []uint64{1}}}
	s.cfg.Agents = func() []archive.Agent { return agents }
	s.cfg.RollBytes = 1
	a := s.open()
	stream := makeStream(4, 1)
	for _, b := range stream {
		if b.Seq == 3 {
			agents[0].Epochs = append(agents[0].Epochs, 2)
		}
		if err := a.Write(t.Context(), []event.Batch{b}); err != nil {
			t.Fatal(err)
		}
	}
	var got []int
	for n := range uint64(5) {
		got = append(got, len(s.seal(n).Agents))
	}
	if diff := cmp.Diff([]int{1, 0, 0, 1, 0}, got); diff != "" {
		t.Errorf("agents in the seals (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(agents, s.verify().Agents); diff != "" {
		t.Errorf("agents (-want +got):\n%s", diff)
	}
}
