package aggregator

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/debt"
	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/query"
)

var errBucket = errors.New("the bucket cannot be reached")

// mortal is a bucket that can die, and live again; with left it dies by itself
// after so many objects.
type mortal struct {
	archive.Bucket
	dead atomic.Bool
	left atomic.Int64
}

func (b *mortal) alive() error {
	if b.dead.Load() {
		return errBucket
	}
	return nil
}

func (b *mortal) Create(ctx context.Context, key string, r io.Reader, m archive.Meta) error {
	if b.left.Add(-1) == 0 {
		b.dead.Store(true)
	}
	if err := b.alive(); err != nil {
		return err
	}
	return b.Bucket.Create(ctx, key, r, m)
}

func (b *mortal) Read(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := b.alive(); err != nil {
		return nil, err
	}
	return b.Bucket.Read(ctx, key)
}

func (b *mortal) Head(ctx context.Context, key string) (archive.Info, error) {
	if err := b.alive(); err != nil {
		return archive.Info{}, err
	}
	return b.Bucket.Head(ctx, key)
}

func (b *mortal) List(ctx context.Context, prefix, after string) iter.Seq2[archive.Info, error] {
	if err := b.alive(); err != nil {
		return func(yield func(archive.Info, error) bool) { yield(archive.Info{}, err) }
	}
	return b.Bucket.List(ctx, prefix, after)
}

// owingSite is an aggregator with an index and a trail, over a small stream.
type owingSite struct {
	t      *testing.T
	dir    string
	conn   *bus.Conn
	bucket *mortal
	where  string
	lanes  []laneWriter
	ids    []string // that were written
	seqs   []uint64 // of each, where it came into the stream
	last   uint64   // seq
	mu     sync.Mutex
	told   []string      // names of the events that were reported
	roll   time.Duration // age at which the trail seals
	bytes  int64         // and size
	ambush func()        // before each read of the trail; nil: nothing

	index  *local.Index
	debt   *debt.Debt
	first  *Follower // of the index
	trail  *Follower
	purger *Purger
	stop   func()
}

const smallStream = 512 << 10

func newOwingSite(t *testing.T) *owingSite {
	t.Helper()
	s := &owingSite{t: t, dir: t.TempDir(), roll: 50 * time.Millisecond, bytes: 64 << 10}
	server, err := embedded.Start(embedded.Config{Dir: filepath.Join(s.dir, "nats"), MaxBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if s.conn, err = bus.Connect(bus.Config{Name: "test", Server: server}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.conn.Close)
	if err := s.conn.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: smallStream}); err != nil {
		t.Fatal(err)
	}
	folder, err := file.New(filepath.Join(s.dir, "archive"))
	if err != nil {
		t.Fatal(err)
	}
	s.bucket = &mortal{Bucket: folder}
	for i := range 3 {
		s.lanes = append(s.lanes, newLane(t, fmt.Sprint("gw-", i), byte(i+1), 7))
	}
	s.start()
	t.Cleanup(func() { s.kill() })
	return s
}

// start begins a life of the aggregator.
func (s *owingSite) start() {
	s.t.Helper()
	var err error
	if s.index, err = local.Open(local.Config{Dir: filepath.Join(s.dir, "index"), SegmentEvents: 2000}); err != nil {
		s.t.Fatal(err)
	}
	agents, err := OpenAgents(filepath.Join(s.dir, "agents.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	if s.debt, err = debt.Open(debt.Config{Trail: "all", Filter: s.where, Dir: filepath.Join(s.dir, "owing"), Index: s.index, Now: time.Now, Log: log,
		Report: s.report}); err != nil {
		s.t.Fatal(err)
	}
	stream, opener := BusStream{s.conn}, &Opener{Agents: agents}
	s.first = &Follower{Name: "index", Kind: "index", Stream: stream, Opener: opener, Sink: s.index, Log: log}
	s.trail = &Follower{Name: "trail all", Kind: "trail", Stream: stream, Opener: opener, Debt: s.debt, Log: log}
	if s.ambush != nil {
		s.trail.Stream = &ambushed{stream, s.ambush}
	}
	s.purger = &Purger{Conn: s.conn, Followers: []*Follower{s.first, s.trail}, Position: s.index.Position, Retain: DefaultRetain, Log: log}
	ctx, cancel := context.WithCancel(s.t.Context())
	var all sync.WaitGroup
	all.Go(func() { s.first.Run(ctx) })
	all.Go(func() {
		for ctx.Err() == nil {
			a, err := s.openArchive(ctx)
			if err == nil {
				s.trail.Sink = a
				s.trail.Run(ctx)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	s.stop = func() {
		cancel()
		all.Wait()
		if err := s.index.Close(); err != nil {
			s.t.Error(err)
		}
	}
}

func (s *owingSite) report(_ context.Context, name string, _ map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, name)
}

func (s *owingSite) openArchive(ctx context.Context) (*archive.Archive, error) {
	cfg := archive.Config{Trail: "all", Bucket: s.bucket, Staging: filepath.Join(s.dir, "staging"), FilterText: s.where, Parse: query.Parse, RollBytes: s.bytes, RollAge: s.roll, Now: time.Now}
	if s.where != "" {
		var err error
		if cfg.Filter, err = query.Parse(s.where); err != nil {
			return nil, err
		}
	}
	return archive.Open(ctx, cfg)
}

func (s *owingSite) kill() {
	if s.stop != nil {
		s.stop()
	}
	s.stop = nil
}

// write publishes batches as agents do, about as much as an eighth of the stream
// at a time, and purges when the index has them. A stream that is full fails the test.
func (s *owingSite) write(eighths int) {
	s.t.Helper()
	for range eighths {
		for size := 0; size < smallStream/8; {
			w := &s.lanes[len(s.ids)%len(s.lanes)]
			var events []event.Event
			for range 40 {
				id := fmt.Sprintf("%08x-4e5f-4071-8293-%012x", len(s.ids)*7919, len(s.ids))
				e := event.Event{ID: id, Name: "StopInstance", RW: event.Read, Time: event.At(time.Date(2026, 11, 21, 7, 0, len(s.ids)%50_000, 0, time.UTC), 0), UserAgent: fmt.Sprintf("%x", sha256.Sum256([]byte(id)))}
				if len(s.ids)%3 == 0 {
					e.RW = event.Write
				}
				events = append(events, e)
				s.ids = append(s.ids, id)
			}
			data := w.seal(events)
			size += len(data)
			seq, _, err := s.conn.Publish(s.t.Context(), w.subject(), fmt.Sprint(w.lane.Agent, w.last), data)
			if err != nil {
				s.t.Fatalf("after %d events of %d bytes: %v", len(s.ids), size, err)
			}
			s.last = seq
			for range events {
				s.seqs = append(s.seqs, seq)
			}
		}
		realtest.Until(s.t, realtest.Patience, "the index to have all", func() bool { return s.index.Position().Seq == s.last })
		if err := s.purger.Purge(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// paid waits until the trail has everything, then checks the archive.
func (s *owingSite) paid(match func(i int) bool) archive.Report {
	s.t.Helper()
	realtest.Until(s.t, realtest.Patience, "the trail to have all", func() bool { return s.trail.Status().Seq >= s.last && !s.debt.Status().Owing })
	s.kill()
	folder, err := file.Open(filepath.Join(s.dir, "archive"))
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := archive.Verify(s.t.Context(), folder, archive.VerifyOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	if !r.OK() || len(r.Pending) > 0 {
		s.t.Errorf("verify: %+v", r.Problems[:min(3, len(r.Problems))])
	}
	for i, l := range r.Lanes {
		if w := s.lanes[i]; len(l.Gaps) > 0 || l.From != 1 || l.To != w.last || l.Batches != w.last {
			s.t.Errorf("lane %s has batches %d to %d, %d of them, gaps %v; want %d", l.Lane, l.From, l.To, l.Batches, l.Gaps, w.last)
		}
	}
	if int(r.Scanned) != len(s.ids) {
		s.t.Errorf("%d events are scanned, %d were written", r.Scanned, len(s.ids))
	}
	got := s.archived(folder)
	want := 0
	for i, id := range s.ids {
		n := 0
		if match(i) {
			n, want = 1, want+1
		}
		if got[id] != n {
			s.t.Fatalf("event %d is %d times in the archive, want %d", i, got[id], n)
		}
	}
	if len(got) != want || int(r.Events) != want {
		s.t.Errorf("%d ids, %d events, want %d", len(got), r.Events, want)
	}
	return r
}

// archived is how often each id is in the archive.
func (s *owingSite) archived(b archive.Bucket) map[string]int {
	s.t.Helper()
	got := map[string]int{}
	for o, err := range b.List(s.t.Context(), "AuditLog/", "") {
		if err != nil {
			s.t.Fatal(err)
		}
		r, err := b.Read(s.t.Context(), o.Key)
		if err != nil {
			s.t.Fatal(err)
		}
		z, err := gzip.NewReader(r)
		if err != nil {
			s.t.Fatal(err)
		}
		lines := bufio.NewScanner(z)
		for lines.Scan() {
			e, err := event.ParseJSON(lines.Bytes())
			if err != nil {
				s.t.Fatal(err)
			}
			got[e.ID]++
		}
		if err := errors.Join(lines.Err(), r.Close()); err != nil {
			s.t.Fatal(err)
		}
	}
	return got
}

func every(int) bool     { return true }
func isWrite(i int) bool { return i%3 == 0 }

// A bucket is dead while three times as much comes as the stream can hold.
func TestDeadBucketNeverStopsTheAgents(t *testing.T) {
	t.Parallel()
	s := newOwingSite(t)
	s.write(2)
	s.bucket.dead.Store(true)
	s.write(24)
	if st := s.debt.Status(); !st.Owing || st.Batches == 0 || s.trail.Status().Seq >= st.To {
		t.Errorf("the trail owes %+v, its follower is at %+v", st, s.trail.Status())
	}
	s.bucket.dead.Store(false)
	s.write(3)
	r := s.paid(every)
	if len(r.Paid) != 1 || r.Paid[0].Lost != 0 {
		t.Errorf("paid: %+v", r.Paid)
	}
	if got := strings.Join(s.told, " "); got != "TrailOwing TrailPaid" {
		t.Errorf("told %q", got)
	}
}

// The bucket was dead from the begin, the process dies again and again, and the
// filter is another one when the bucket comes to life.
func TestOwingSurvivesRestarts(t *testing.T) {
	t.Parallel()
	s := newOwingSite(t)
	s.kill()
	s.bucket.dead.Store(true)
	s.where = "eventRW: Write"
	for range 4 {
		s.start()
		s.write(5)
		s.kill()
	}
	owed := s.debt.Status()
	s.where = ""
	s.start()
	s.bucket.dead.Store(false)
	s.write(3)
	r := s.paid(func(i int) bool { return isWrite(i) || s.seqs[i] > owed.To })
	if len(r.Paid) == 0 || r.Filters[len(r.Filters)-1].Filter != "" {
		t.Errorf("paid %+v, filters %+v", r.Paid, r.Filters)
	}
}

// The bucket dies again and again while the debt is paid, also within a payment.
func TestBucketDiesWhileTheTrailPays(t *testing.T) {
	t.Parallel()
	s := newOwingSite(t)
	s.bucket.dead.Store(true)
	s.write(12)
	for i := range 8 {
		s.bucket.left.Store(int64(2 + i))
		s.bucket.dead.Store(false)
		realtest.Until(t, realtest.Patience, "the bucket to die", s.bucket.dead.Load)
		if i%3 == 2 {
			s.kill()
			s.start()
		}
		s.write(2)
	}
	s.bucket.left.Store(-1)
	s.bucket.dead.Store(false)
	s.paid(every)
}

// What is paid, but not durable in the archive yet, is still owed: the bucket dies
// when the first of it is to be sealed.
func TestPaidIsOwedUntilItIsDurable(t *testing.T) {
	t.Parallel()
	s := newOwingSite(t)
	s.write(1)
	realtest.Until(t, realtest.Patience, "the trail to have all", func() bool { return s.trail.Status().Seq == s.last })
	s.kill()
	s.roll, s.bytes = time.Hour, 1<<30
	s.bucket.dead.Store(true)
	s.start()
	s.write(12)
	if files, err := filepath.Glob(filepath.Join(s.dir, "owing", "*")); err != nil || len(files) < 2 {
		t.Fatalf("there are %d records, %v", len(files), err)
	}
	s.bucket.left.Store(2) // the first is asked whether it is refused, when the archive is opened
	s.bucket.dead.Store(false)
	realtest.Until(t, realtest.Patience, "the bucket to die", s.bucket.dead.Load)
	s.kill()
	s.roll = 50 * time.Millisecond
	s.start()
	s.bucket.dead.Store(false)
	s.paid(every)
}

// ambushed is a stream in which something happens just before it is read.
type ambushed struct {
	Stream
	before func()
}

func (s *ambushed) Follow(after uint64) Reader { return &ambushedReader{s.Stream.Follow(after), s} }

type ambushedReader struct {
	Reader
	s *ambushed
}

func (r *ambushedReader) Next(ctx context.Context) ([]bus.Message, error) {
	r.s.before()
	return r.Reader.Next(ctx)
}

// The trail lives, but what it is about to read becomes owed, and is purged,
// while it asks for it. What it gets then comes from behind that.
func TestPurgedWhileTheTrailReads(t *testing.T) {
	t.Parallel()
	s := newOwingSite(t)
	s.write(1)
	realtest.Until(t, realtest.Patience, "the trail to have all", func() bool { return s.trail.Status().Seq == s.last })
	s.kill()
	var once sync.Once
	waits, written := make(chan struct{}), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(written) })
	t.Cleanup(goOn)
	s.ambush = func() {
		first := false
		once.Do(func() { first = true })
		if first {
			close(waits)
			<-written
		}
	}
	s.start()
	<-waits
	s.write(24)
	if st := s.debt.Status(); !st.Owing {
		t.Error("the trail owes nothing")
	}
	goOn()
	if r := s.paid(every); len(r.Paid) != 1 {
		t.Errorf("paid: %+v", r.Paid)
	}
}

// A trail that matches nothing is not in debt: it seals what it has scanned when the stream needs the room.
func TestTrailWithoutMatchesDoesNotOwe(t *testing.T) {
	t.Parallel()
	s := newOwingSite(t)
	s.kill()
	s.where = "eventName: Nothing"
	s.start()
	for range 16 {
		s.write(1)
		realtest.Until(t, realtest.Patience, "the trail to read all", func() bool { return s.trail.Status().Taken == s.last })
	}
	if len(s.told) > 0 || s.debt.Status().Owing {
		t.Errorf("told %q, owes %+v", s.told, s.debt.Status())
	}
	s.kill()
}
