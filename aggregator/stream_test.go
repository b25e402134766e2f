package aggregator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

func keyOf(t *testing.T, seed byte) (nkeys.KeyPair, string) {
	t.Helper()
	key, err := nkeys.FromRawSeed(nkeys.PrefixByteUser, bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return key, public
}

// laneWriter makes the batches of one lane, one after the other, as an agent
// does. A copy of it goes another way: what both make is a fork.
type laneWriter struct {
	t    *testing.T
	key  nkeys.KeyPair
	lane event.Lane
	last uint64
	hash event.Hash
}

func newLane(t *testing.T, agent string, seed byte, epoch uint64) laneWriter {
	t.Helper()
	key, public := keyOf(t, seed)
	return laneWriter{t: t, key: key, lane: event.Lane{Account: "prod", Agent: agent, Source: "edge", Key: public, Epoch: epoch}}
}

func (w *laneWriter) subject() string { return "events.prod." + w.lane.Agent + ".edge" }

// batch is the next batch, with an event of each of these ids.
func (w *laneWriter) batch(ids ...string) []byte {
	w.t.Helper()
	events := make([]event.Event, 0, len(ids))
	for _, id := range ids {
		events = append(events, event.Event{ID: id, Name: "Act"})
	}
	return w.seal(events)
}

func (w *laneWriter) seal(events []event.Event) []byte {
	w.t.Helper()
	c := wire.NewEncoder()
	for i := range events {
		c.Add(&events[i])
	}
	data, hash, err := c.Seal(wire.Header{Lane: w.lane, Number: w.last + 1, Prev: w.hash, Snapshot: true}, w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.last, w.hash = w.last+1, hash
	return data
}

// broken is the next batch, signed as it should be, with a body nobody can read.
func (w *laneWriter) broken() []byte {
	w.t.Helper()
	data := w.batch("lost")
	header, _, err := wire.ReadHeader(data)
	if err != nil {
		w.t.Fatal(err)
	}
	body := []byte("\xff\xff\xff\xff\xff no block of S2")
	end := 8 + int(binary.LittleEndian.Uint32(data[4:8]))
	hash := sha256.Sum256(body)
	signed := bytes.Replace(data[:end], header.Body[:], hash[:], 1)
	sig, err := w.key.Sign(signed)
	if err != nil {
		w.t.Fatal(err)
	}
	w.hash = sha256.Sum256(signed[8:])
	return append(append(signed, sig...), body...)
}

// forged is a copy with another signature, which does not hold.
func forged(data []byte) []byte {
	data = bytes.Clone(data)
	data[8+int(binary.LittleEndian.Uint32(data[4:8]))] ^= 1
	return data
}

// memStream is a stream in memory. Each read gives one batch, so that tests
// decide what is read together by nothing but the order.
type memStream struct {
	mu       sync.Mutex
	messages []bus.Message
	grown    chan struct{} // closed when one more is there
	err      error         // of the next read
	held     bool          // it gives nothing for now
	follows  []uint64      // from where it was followed
}

func newStream() *memStream { return &memStream{grown: make(chan struct{})} }

// storedAt is when the stream took this seq.
func storedAt(seq uint64) time.Time { return time.Unix(1_800_000_000+int64(seq), 0).UTC() }

func (s *memStream) put(subject string, data ...[]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range data {
		seq := uint64(len(s.messages) + 1)
		s.messages = append(s.messages, bus.Message{Subject: subject, Seq: seq, Data: d, Stored: storedAt(seq)})
	}
	close(s.grown)
	s.grown = make(chan struct{})
}

// fail makes the next read fail, and holds back what comes after, or not.
func (s *memStream) fail(err error, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.held = err, held
	close(s.grown)
	s.grown = make(chan struct{})
}

func (s *memStream) Follow(after uint64) Reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follows = append(s.follows, after)
	return &memReader{s, after}
}

type memReader struct {
	s     *memStream
	after uint64
}

func (r *memReader) Next(ctx context.Context) ([]bus.Message, error) {
	for {
		r.s.mu.Lock()
		err, grown, there, held := r.s.err, r.s.grown, r.s.messages[min(r.after, uint64(len(r.s.messages))):], r.s.held
		r.s.err = nil
		r.s.mu.Unlock()
		switch {
		case err != nil:
			return nil, err
		case len(there) > 0 && !held:
			r.after++
			return there[:1], nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-grown:
		}
	}
}

// memSink keeps ids in memory. What it was given is durable at the next Flush,
// unless it is lazy.
type memSink struct {
	t *testing.T

	mu      sync.Mutex
	at      event.Position // of what was taken
	taken   []string
	batches []batchNote // taken, of which the first saved are durable
	durable event.Position
	saved   int
	lazy    bool
	upTo    uint64 // a lazy sink saves what comes no later than this
	flushes int
	before  func() error // of a write: nothing is taken
	after   func() error // of a write: all is taken, and yet an error
	flush   func() error
}

type batchNote struct {
	batch event.Batch
	ids   int // taken with it and those before
}

func (s *memSink) Position() event.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.durable.Clone()
}

func (s *memSink) Write(_ context.Context, batches []event.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := call(&s.before); err != nil {
		return err
	}
	for _, b := range batches {
		switch v := s.at.Check(&b); v {
		case event.Resend:
			continue // taken before an error
		case event.Fork:
			s.t.Errorf("batch %d of %s reaches the sink as a %s", b.Number, b.Lane, v)
		}
		s.at.Advance(&b)
		for i := range b.Events {
			s.taken = append(s.taken, b.Events[i].ID)
		}
		s.batches = append(s.batches, batchNote{b, len(s.taken)})
	}
	return call(&s.after)
}

func (s *memSink) Flush(context.Context, time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushes++
	for s.saved < len(s.batches) && (!s.lazy || s.batches[s.saved].batch.Seq <= s.upTo) {
		s.durable.Advance(&s.batches[s.saved].batch)
		s.saved++
	}
	return call(&s.flush)
}

// call calls the function once.
func call(f *func() error) error {
	fn := *f
	if *f = nil; fn == nil {
		return nil
	}
	return fn()
}

// crash leaves what is durable.
func (s *memSink) crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = s.batches[:s.saved]
	s.at, s.taken = s.durable.Clone(), s.taken[:0:0]
	for _, n := range s.batches {
		for i := range n.batch.Events {
			s.taken = append(s.taken, n.batch.Events[i].ID)
		}
	}
}

// set changes what the sink does from now on.
func (s *memSink) set(change func(*memSink)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *memSink) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.taken...)
}

// audit is the lane of the system source: it commits what is reported.
type audit struct {
	system *System

	mu     sync.Mutex
	events []event.Event
	cursor plugins.Cursor
}

func (a *audit) run(ctx context.Context, t *testing.T) {
	for {
		b, err := a.system.Read(ctx)
		if err != nil {
			return
		}
		a.mu.Lock()
		for _, r := range b.Records {
			e, err := event.ParseJSON(r.Data)
			if err != nil {
				t.Error(err)
			}
			a.events = append(a.events, e)
		}
		a.cursor = a.cursor.Merge(b.Next)
		a.mu.Unlock()
		if err := a.system.Committed(ctx, b.Next); err != nil {
			t.Error(err)
		}
	}
}

// told is what was reported, as "name resource parameter…".
func (a *audit) told() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	told := []string{}
	for _, e := range a.events {
		line := e.Name + " " + e.ResourceName
		for _, key := range []string{"from", "to", "reason"} {
			if v, ok := e.RequestParameters.Get(key); ok {
				line += " " + key + " " + v
			}
		}
		told = append(told, line)
	}
	return told
}

// indexFollower is a follower as the index has it, with all that belongs to it.
type indexFollower struct {
	*Follower
	stream *memStream
	sink   *memSink
	audit  *audit
	dir    string // of the quarantine
}

func newFollower(t *testing.T) *indexFollower {
	t.Helper()
	dir := t.TempDir()
	agents, err := OpenAgents(filepath.Join(dir, "agents.json"))
	if err != nil {
		t.Fatal(err)
	}
	quarantine, err := OpenQuarantine(filepath.Join(dir, "quarantine"))
	if err != nil {
		t.Fatal(err)
	}
	f := &indexFollower{stream: newStream(), sink: &memSink{t: t}, audit: &audit{system: &System{Key: "UA"}}, dir: filepath.Join(dir, "quarantine")}
	f.Follower = &Follower{Name: "index", Kind: "index", Stream: f.stream, Opener: &Opener{Agents: agents}, Sink: f.sink,
		Quarantine: quarantine, System: f.audit.system, Log: slog.New(slog.DiscardHandler)}
	return f
}

// start runs the follower and the lane of its reports until stop is called.
func (f *indexFollower) start(t *testing.T) (stop func()) {
	t.Helper()
	if err := f.audit.system.Open(t.Context(), f.audit.cursor); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	running.Go(func() { f.audit.run(ctx, t) })
	return func() {
		cancel()
		running.Wait()
	}
}

// reasons are why batches are in quarantine, by seq.
func (f *indexFollower) reasons(t *testing.T) []string {
	t.Helper()
	all, err := f.Quarantine.List()
	if err != nil {
		t.Fatal(err)
	}
	why := []string{}
	for _, q := range all {
		why = append(why, fmt.Sprint(q.Seq, " ", q.Reason))
	}
	return why
}

var errDisk = errors.New("the disk is full")
