package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// fed is a source that gives one record when it is told to.
type fed struct {
	lines     chan string
	committed atomic.Int64
	at        int64
}

func (f *fed) Open(context.Context, plugins.Cursor) error { return nil }
func (f *fed) Close() error                               { return nil }

func (f *fed) Committed(context.Context, plugins.Cursor) error {
	f.committed.Add(1)
	return nil
}

func (f *fed) Read(ctx context.Context) (plugins.Batch, error) {
	select {
	case <-ctx.Done():
		return plugins.Batch{}, ctx.Err()
	case line := <-f.lines:
		f.at++
		return plugins.Batch{Records: []plugins.Record{{Data: []byte(line), Pos: plugins.Position{File: "log", FileID: "1", Offset: f.at}}},
			Next: plugins.Cursor{{Key: "at", Value: []byte(fmt.Sprint(f.at))}}}, nil
	}
}

// raw maps a record to an event that carries it.
type raw struct{ named }

func (raw) Map(r *plugins.Record, e *event.Event) error {
	e.Name, e.Raw = "Read", string(r.Data)
	return nil
}

// watched is a connection that counts what is under way, and can lose the
// answer to a publish, or hold it back.
type watched struct {
	*bus.Conn
	underway, most, tries, twice atomic.Int64
	answer                       atomic.Pointer[func() error]
}

func (w *watched) Publish(ctx context.Context, subject, id string, message []byte) (uint64, bool, error) {
	w.tries.Add(1)
	w.most.Store(max(w.most.Load(), w.underway.Add(1)))
	defer w.underway.Add(-1)
	seq, duplicate, err := w.Conn.Publish(ctx, subject, id, message)
	if duplicate {
		w.twice.Add(1)
	}
	if answer := w.answer.Load(); answer != nil && err == nil {
		err = (*answer)()
	}
	return seq, duplicate, err
}

// way is a lane that publishes over the network, with its own rights only, to a
// real server, and what comes out of the stream at the other end.
type way struct {
	t      *testing.T
	server *embedded.Server
	core   *bus.Conn
	stream *watched
	source *fed
	lane   *Lane

	mu    sync.Mutex
	lines []string
	last  uint64
	bad   []string
}

const waySubject = "events.prod.gw-1.edge"

func newWay(t *testing.T, streamBytes int64) *way {
	t.Helper()
	dir := t.TempDir()
	key, err := LoadKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	me := bus.Agent{Account: "prod", Name: "gw-1", Key: key.Public}
	w := &way{t: t, source: &fed{lines: make(chan string)}}
	if w.server, err = embedded.Start(embedded.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", MaxBytes: 64 << 20, Agents: []bus.Agent{me}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.server.Close)
	if w.core, err = bus.Connect(bus.Config{Name: "aggregator", Server: w.server}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.core.Close)
	if err := w.core.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: streamBytes}); err != nil {
		t.Fatal(err)
	}
	conn, err := bus.Connect(bus.Config{Name: "gw-1", Servers: []string{"nats://" + w.server.Addr()}, Login: &bus.Login{Public: key.Public, Sign: key.Sign}, Inbox: me.Inbox()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	w.stream = &watched{Conn: conn}
	w.lane = &Lane{Account: "prod", Agent: "gw-1", Name: "edge", Key: key, Machine: "m1", Quiet: true, Source: w.source, Mapper: raw{}, Stream: w.stream,
		Dir: dir, Linger: time.Millisecond, Log: slog.New(slog.DiscardHandler)}
	w.background(func(ctx context.Context) {
		(&Agent{Lanes: []*Lane{w.lane}, Log: slog.New(slog.DiscardHandler)}).Run(ctx)
	})
	w.background(w.follow)
	return w
}

func (w *way) background(fn func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { fn(ctx) })
	w.t.Cleanup(func() { cancel(); done.Wait() })
}

// follow opens what is in the stream: each batch must be the next of its lane.
func (w *way) follow(ctx context.Context) {
	f := w.core.Follow(0)
	for ctx.Err() == nil {
		messages, err := f.Next(ctx)
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
			continue
		}
		w.mu.Lock()
		for _, m := range messages {
			b, err := wire.Open(m.Data)
			if err != nil || b.Number != w.last+1 {
				w.bad = append(w.bad, fmt.Sprintf("seq %d is batch %d after %d: %v", m.Seq, b.Number, w.last, err))
			}
			w.last = b.Number
			for _, e := range b.Events {
				w.lines = append(w.lines, e.Raw)
			}
		}
		w.mu.Unlock()
	}
}

// feed gives lines one by one; each is durable in the spool before the next, and so a batch of its own.
func (w *way) feed(lines ...string) {
	w.t.Helper()
	for _, line := range lines {
		before := w.source.committed.Load()
		select {
		case w.source.lines <- line:
		case <-time.After(realtest.Patience):
			w.t.Fatalf("the lane reads nothing: %+v", w.lane.Status())
		}
		realtest.Until(w.t, realtest.Patience, "the spool to have a line", func() bool { return w.source.committed.Load() > before })
	}
}

func numbered(from, n int) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprint("line ", from+i))
	}
	return lines
}

// arrived waits for the lines 0 to n, and checks their order and that there was never more than one batch under way.
func (w *way) arrived(want []string) {
	w.t.Helper()
	realtest.Until(w.t, realtest.Patience, fmt.Sprint(len(want), " lines in the stream"), func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.lines) >= len(want)
	})
	realtest.Until(w.t, realtest.Patience, "the spool to be empty", func() bool { s := w.lane.Status(); return s.PendingBatches == 0 })
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.Join(w.lines, "\n") != strings.Join(want, "\n") {
		w.t.Errorf("%d lines in the stream, want %d, in their order", len(w.lines), len(want))
	}
	if len(w.bad) > 0 {
		w.t.Errorf("not in order: %q", w.bad)
	}
	if most := w.stream.most.Load(); most != 1 {
		w.t.Errorf("%d batches under way at once", most)
	}
	if s := w.lane.Status(); s.Failing {
		w.t.Errorf("still failing: %+v", s)
	}
}

// While NATS is away all goes into the spool; afterwards all comes, in order.
func TestServerAway(t *testing.T) {
	t.Parallel()
	w := newWay(t, 32<<20)
	lines := numbered(0, 60)
	w.feed(lines[:10]...)
	w.arrived(lines[:10])
	w.server.Close()
	w.feed(lines[10:]...)
	realtest.Until(t, realtest.Patience, "some tries in vain", func() bool {
		s := w.lane.Status()
		return s.Failing && strings.Contains(s.LastError, bus.ErrConnected.Error()) && w.stream.tries.Load() > 13
	})
	if s := w.lane.Status(); s.PendingBatches != 50 || s.Published != 10 {
		t.Errorf("while NATS is away: %+v", s)
	}
	if err := w.server.Restart(); err != nil {
		t.Fatal(err)
	}
	w.arrived(lines)
}

// NATS comes and goes all the time.
func TestServerFlaps(t *testing.T) {
	t.Parallel()
	w := newWay(t, 32<<20)
	lines := numbered(0, 40)
	for i := range 4 {
		w.feed(lines[10*i : 10*i+5]...)
		if err := w.server.Restart(); err != nil {
			t.Fatal(err)
		}
		w.feed(lines[10*i+5 : 10*i+10]...)
	}
	w.arrived(lines)
}

// An answer that is late holds back the next batch; one that is lost brings the same batch again, which the stream knows.
func TestAnswersLateAndLost(t *testing.T) {
	t.Parallel()
	w := newWay(t, 32<<20)
	lines := numbered(0, 20)
	held, lost := make(chan struct{}), errors.New("the answer was lost")
	late := func() error { <-held; return lost }
	w.stream.answer.Store(&late)
	w.feed(lines[:10]...)
	if state, err := w.core.State(t.Context()); err != nil || state.Messages > 1 {
		t.Errorf("the stream holds %+v, %v while the first answer is not there", state, err)
	}
	if s := w.lane.Status(); s.PendingBatches != 10 || s.Published != 0 {
		t.Errorf("before the first answer: %+v", s)
	}
	n := 0
	everySecond := func() error {
		if n++; n%2 == 1 {
			return lost
		}
		return nil
	}
	w.stream.answer.Store(&everySecond)
	close(held)
	w.feed(lines[10:]...)
	w.arrived(lines)
	if twice := w.stream.twice.Load(); twice < 10 {
		t.Errorf("%d batches came again, want one for each lost answer", twice)
	}
}

// A full stream takes nothing and loses nothing.
func TestStreamFull(t *testing.T) {
	t.Parallel()
	w := newWay(t, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	var lines []string
	for range 15 {
		line := make([]byte, 150<<10) // does not compress
		for i := range line {
			line[i] = byte(' ' + random.IntN(90))
		}
		lines = append(lines, string(line))
	}
	w.feed(lines...)
	realtest.Until(t, realtest.Patience, "the stream to be full", func() bool { return strings.Contains(w.lane.Status().LastError, bus.ErrFull.Error()) })
	// The followers have what is there: it is purged, again and again.
	w.background(func(ctx context.Context) {
		for ctx.Err() == nil {
			w.mu.Lock()
			taken := uint64(len(w.lines))
			w.mu.Unlock()
			if err := w.core.Purge(ctx, waySubject, taken+1); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	w.arrived(lines)
}
