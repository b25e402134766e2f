package archive_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/gzip"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

var _ aggregator.Sink = (*archive.Archive)(nil)

// start is when the clock of a test begins.
var start = time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC)

// clock is a time that a test moves.
type clock struct{ t time.Time }

func (c *clock) now() time.Time         { return c.t }
func (c *clock) pass(d time.Duration)   { c.t = c.t.Add(d) }
func word(s string) (query.Expr, error) { return rw(s), nil }

// rw is a filter by eventRW.
type rw string

func (f rw) Match(e *event.Event) bool { return e.RW == string(f) }
func (f rw) String() string            { return string(f) }

// lane n of a test.
func lane(n int) event.Lane {
	return event.Lane{Account: "prod", Agent: fmt.Sprint("gw-", n), Source: "edge", Key: fmt.Sprint("UKEY", n), Epoch: uint64(1000 + n)}
}

// makeStream makes batches of three lanes: the events have two accounts, three
// regions and three days, and every third one is a Write.
func makeStream(batches, events int) []event.Batch {
	var out []event.Batch
	last := map[event.Lane]event.Batch{}
	for seq := 1; seq <= batches; seq++ {
		l := lane(seq % 3)
		b := event.Batch{Lane: l, Number: last[l].Number + 1, Prev: last[l].Hash, Seq: uint64(seq), Snapshot: seq%7 == 0}
		for i := range events {
			b.Events = append(b.Events, makeEvent(b.Lane, b.Number, i, seq))
		}
		b.Hash = sha256.Sum256(fmt.Append(nil, b.Lane, b.Number, b.Prev))
		last[l] = b
		out = append(out, b)
	}
	return out
}

func makeEvent(l event.Lane, number uint64, i, seq int) event.Event {
	h := sha256.Sum256(fmt.Append(nil, l, number, i))
	e := event.Event{
		ID: event.FormatUUID([16]byte(h[:16])), Type: event.TypeAPICall, Name: "StopInstance", RW: event.Read, Service: "Ecs",
		Region: []string{"cn-hangzhou", "", "../eu west"}[seq%3], Time: event.At(start.Add(time.Duration(seq%3*12)*time.Hour), 3),
		ErrorMessage: "a <b> & \"c\"\n", Origin: event.Origin{Agent: l.Agent, Source: l.Source, Epoch: l.Epoch, Batch: number, Index: uint64(i)},
	}
	if seq%2 == 0 {
		e.RecipientAccountID = "1234567890"
	}
	if i%3 == 0 {
		e.RW = event.Write
	}
	return e
}

// site is an archive with its folders.
type site struct {
	t      *testing.T
	clock  *clock
	bucket string
	cfg    archive.Config
}

// tempDir is a folder in memory where there is one: these tests sync thousands of times.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "archive-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := tempDir(t)
	s := &site{t: t, clock: &clock{start}, bucket: filepath.Join(dir, "archive")}
	b, err := file.New(s.bucket)
	if err != nil {
		t.Fatal(err)
	}
	s.cfg = archive.Config{Trail: "all", Bucket: b, Staging: filepath.Join(dir, "staging"), Parse: word, Now: s.clock.now}
	return s
}

func (s *site) open() *archive.Archive {
	s.t.Helper()
	a, err := archive.Open(s.t.Context(), s.cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// follow does what a follower does: it reads what comes after the position, one
// batch a second, and starts again from there after an error.
func (s *site) follow(a *archive.Archive, stream []event.Batch) {
	s.t.Helper()
	for range 100 {
		if s.once(a, stream) == nil {
			return
		}
	}
	s.t.Fatal("the archive does not come to the end of the stream")
}

func (s *site) once(a *archive.Archive, stream []event.Batch) error {
	after := a.Position().Seq
	for _, b := range stream {
		if b.Seq <= after {
			continue
		}
		s.clock.pass(time.Second)
		if err := a.Write(s.t.Context(), []event.Batch{b}); err != nil {
			return err
		}
		if err := a.Flush(s.t.Context(), s.clock.now()); err != nil {
			return err
		}
	}
	s.clock.pass(2 * time.Hour)
	return a.Flush(s.t.Context(), s.clock.now())
}

// ids are the ids of the events in the archive, with how often each comes.
func (s *site) ids() map[string]int {
	s.t.Helper()
	out := map[string]int{}
	for key := range s.objects() {
		for _, e := range s.read(key) {
			out[e.ID]++
		}
	}
	return out
}

// objects are the keys and sizes in the bucket, without the seals.
func (s *site) objects() map[string]int64 {
	s.t.Helper()
	b, err := file.Open(s.bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]int64{}
	for o, err := range b.List(s.t.Context(), "", "") {
		if err != nil {
			s.t.Fatal(err)
		}
		if !strings.HasPrefix(o.Key, "seals/") {
			out[o.Key] = o.Bytes
		}
	}
	return out
}

func (s *site) read(key string) (events []event.Event) {
	s.t.Helper()
	f, err := os.Open(filepath.Join(s.bucket, key))
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		e, err := event.ParseJSON(lines.Bytes())
		if err != nil {
			s.t.Fatal(err)
		}
		events = append(events, e)
	}
	if lines.Err() != nil {
		s.t.Fatal(lines.Err())
	}
	return events
}

func (s *site) seal(n uint64) *archive.Seal {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.bucket, archive.SealKey(n)))
	if err != nil {
		s.t.Fatal(err)
	}
	seal, err := archive.DecodeSeal(data)
	if err != nil {
		s.t.Fatal(err)
	}
	return seal
}

func (s *site) verify() archive.Report {
	s.t.Helper()
	b, err := file.Open(s.bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := archive.Verify(s.t.Context(), b, archive.VerifyOptions{Now: func() time.Time { return s.clock.t.Add(time.Hour) }})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// whole checks that the archive holds each event of the stream that matches exactly once, and verifies.
func (s *site) whole(stream []event.Batch, match func(*event.Event) bool) {
	s.t.Helper()
	want := map[string]int{}
	for _, b := range stream {
		for _, e := range b.Events {
			if match(&e) {
				want[e.ID]++
			}
		}
	}
	if diff := cmp.Diff(want, s.ids()); diff != "" {
		s.t.Errorf("events of the archive (-want +got):\n%.2000s", diff)
	}
	r := s.verify()
	if !r.OK() {
		s.t.Errorf("verify: %d problems, first %+v", len(r.Problems), r.Problems[:min(3, len(r.Problems))])
	}
	if int(r.Events) != len(want) || int(r.Objects) != len(s.objects()) || len(r.Pending) > 0 {
		s.t.Errorf("verify reports %d events in %d objects, pending %q, want %d in %d", r.Events, r.Objects, r.Pending, len(want), len(s.objects()))
	}
}

func all(*event.Event) bool { return true }

// position is where the stream ends.
func position(stream []event.Batch) event.Position {
	var p event.Position
	for i := range stream {
		p.Advance(&stream[i])
	}
	return p
}

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
