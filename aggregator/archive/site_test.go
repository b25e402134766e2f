package archive_test

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/parquet"
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

// objects are the keys and sizes in the bucket, without the seals and their log.
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
		if !strings.HasPrefix(o.Key, "seals/") && !strings.HasPrefix(o.Key, "tlog/") {
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
	if strings.HasSuffix(key, ".parquet") {
		return s.readColumns(f)
	}
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

func (s *site) readColumns(f *os.File) (events []event.Event) {
	s.t.Helper()
	info, err := f.Stat()
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := parquet.NewReader(f, info.Size())
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	for {
		line, err := r.Next()
		if errors.Is(err, io.EOF) {
			return events
		}
		if err != nil {
			s.t.Fatal(err)
		}
		e, err := event.ParseJSON(line)
		if err != nil {
			s.t.Fatal(err)
		}
		events = append(events, e)
	}
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

// whole checks that the archive holds each event of the stream that matches exactly once, and verifies: the report is that of verify.
func (s *site) whole(stream []event.Batch, match func(*event.Event) bool) archive.Report {
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
	return r
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
