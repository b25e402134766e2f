package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// numbered is a source of n lines that are there at once. Its cursor is the number of the next one.
type numbered struct{ n, at int }

func (l *numbered) Open(_ context.Context, at plugins.Cursor) (err error) {
	l.at = 0
	if v := at.Value("line"); v != nil {
		l.at, err = strconv.Atoi(string(v))
	}
	return err
}

func (l *numbered) Read(context.Context) (plugins.Batch, error) {
	if l.at == l.n {
		return plugins.Batch{}, io.EOF
	}
	var b plugins.Batch
	for range min(1+l.at%5, l.n-l.at) {
		b.Records = append(b.Records, plugins.Record{Data: fmt.Appendf(nil, "line %d", l.at), Pos: plugins.Position{File: "log", FileID: "1", Offset: int64(l.at)}})
		l.at++
	}
	b.Next = plugins.Cursor{{Key: "line", Value: []byte(strconv.Itoa(l.at))}}
	return b, nil
}

func (l *numbered) Committed(context.Context, plugins.Cursor) error { return nil }
func (l *numbered) Close() error                                    { return nil }

// held is an index in memory.
type held struct {
	mu     sync.Mutex
	at     event.Position
	events []event.Event
}

func (h *held) Position() event.Position {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at.Clone()
}

func (h *held) Write(_ context.Context, batches []event.Batch) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range batches {
		h.at.Advance(&batches[i])
		h.events = append(h.events, batches[i].Events...)
	}
	return nil
}

func (h *held) Flush(context.Context, time.Time) error { return nil }

// house is an aggregator on a real NATS server, with its own lane, and an index
// that is kept in memory without faults.
type house struct {
	t          *testing.T
	dir        string
	conn       *bus.Conn
	index      *held
	follower   *aggregator.Follower
	quarantine *aggregator.Quarantine
	system     *aggregator.System
}

func newHouse(t *testing.T) *house {
	dir := t.TempDir()
	server, err := embedded.Start(embedded.Config{Dir: filepath.Join(dir, "nats"), MaxBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	conn, err := bus.Connect(bus.Config{Name: "test", Server: server})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if err := conn.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: 64 << 20}); err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, dir: dir, conn: conn, index: &held{}}
	h.startAggregator()
	return h
}

func (h *house) startAggregator() {
	h.t.Helper()
	agents, err := aggregator.OpenAgents(filepath.Join(h.dir, "agents.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	if h.quarantine, err = aggregator.OpenQuarantine(filepath.Join(h.dir, "quarantine")); err != nil {
		h.t.Fatal(err)
	}
	key, err := agent.LoadKey(filepath.Join(h.dir, "aggregator"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.system = &aggregator.System{Key: key.Public}
	native, err := mapper.New(mapper.Options{Format: "native"})
	if err != nil {
		h.t.Fatal(err)
	}
	lane := &agent.Lane{Account: "prod", Agent: "aggregator", Name: aggregator.SystemSource, Key: key, Source: h.system, Mapper: native, Quiet: true,
		Stream: h.conn, Dir: filepath.Join(h.dir, "aggregator-spool"), Log: slog.New(slog.DiscardHandler)}
	h.follower = &aggregator.Follower{Name: "index", Kind: "index", Stream: aggregator.BusStream{Conn: h.conn}, Opener: &aggregator.Opener{Agents: agents},
		Sink: h.index, Quarantine: h.quarantine, System: h.system, Log: slog.New(slog.DiscardHandler)}
	h.start(func(ctx context.Context) {
		(&agent.Agent{Lanes: []*agent.Lane{lane}, Log: slog.New(slog.DiscardHandler)}).Run(ctx)
	})
	h.start(h.follower.Run)
}

// start runs fn until the test ends, or the function that it returns is called.
func (h *house) start(fn func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { fn(ctx) })
	stop = func() { cancel(); done.Wait() }
	h.t.Cleanup(stop)
	return stop
}

// read runs an agent in a folder over lines up to n until the stream has them.
func (h *house) read(dir, machine string, n int) {
	h.t.Helper()
	if err := h.laneOf(dir, machine, n).Run(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) laneOf(dir, machine string, n int) *agent.Lane {
	h.t.Helper()
	key, err := agent.LoadKey(dir)
	if err != nil {
		h.t.Fatal(err)
	}
	return &agent.Lane{Account: "prod", Agent: "gw-1", Name: "edge", Key: key, Machine: machine, Source: &numbered{n: n},
		Mapper: lineMapper{}, Quiet: true, Stream: h.conn, Dir: filepath.Join(dir, "spool"),
		Linger: time.Millisecond, Log: slog.New(slog.DiscardHandler)}
}

// until waits for a condition.
func (h *house) until(what string, ok func() bool) {
	h.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(realtest.Patience)
	for !ok() {
		select {
		case <-deadline:
			h.t.Fatalf("waited in vain for %s; follower %+v", what, h.follower.Status())
		case <-tick.C:
		}
	}
}

// lines tells how often each line is in the index, and which system events there are.
func (h *house) lines() (lines map[string]int, system []string) {
	h.index.mu.Lock()
	defer h.index.mu.Unlock()
	lines = map[string]int{}
	for _, e := range h.index.events {
		if e.Origin.Source == aggregator.SystemSource {
			system = append(system, e.Name)
		} else {
			lines[e.Name]++
		}
	}
	return lines, system
}

// exactly waits until each of n lines is in the index, and fails unless each is there once.
func (h *house) exactly(n int) {
	h.t.Helper()
	h.until(fmt.Sprint(n, " lines"), func() bool { lines, _ := h.lines(); return len(lines) >= n })
	lines, _ := h.lines()
	for i := range n {
		if got := lines[fmt.Sprint("line ", i)]; got != 1 {
			h.t.Errorf("line %d is in the index %d times", i, got)
		}
	}
}

func (h *house) lanesOf(name string) (n int) {
	for l := range h.index.Position().Lanes {
		if l.Agent == name {
			n++
		}
	}
	return n
}

// The agent loses its spool after its batches were published: it finds in the
// stream how far it had come, and goes on there under a new epoch.
func TestSpoolLostAfterPublish(t *testing.T) {
	h, dir := newHouse(t), t.TempDir()
	h.read(dir, "m1", 100)
	if err := os.RemoveAll(filepath.Join(dir, "spool")); err != nil {
		t.Fatal(err)
	}
	h.read(dir, "m1", 150)
	h.exactly(150)
	if got := h.lanesOf("gw-1"); got != 2 {
		t.Errorf("%d lanes, want two epochs", got)
	}
	if s := h.follower.Status(); s.Gaps > 0 || s.Quarantined > 0 {
		t.Errorf("%d gaps, %d quarantined", s.Gaps, s.Quarantined)
	}
}

// The spool loses only its last record, which the stream has: numbers taken are not used again.
func TestSpoolRolledBack(t *testing.T) {
	h, dir := newHouse(t), t.TempDir()
	h.read(dir, "m1", 50)
	old := t.TempDir()
	if err := os.CopyFS(old, os.DirFS(filepath.Join(dir, "spool"))); err != nil {
		t.Fatal(err)
	}
	h.read(dir, "m1", 100)
	if err := os.RemoveAll(filepath.Join(dir, "spool")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "spool"), os.DirFS(old)); err != nil { // a snapshot of the disk was restored
		t.Fatal(err)
	}
	h.read(dir, "m1", 150)
	h.exactly(150)
	if s := h.follower.Status(); s.Gaps > 0 || s.Quarantined > 0 {
		t.Errorf("%d gaps, %d quarantined", s.Gaps, s.Quarantined)
	}
}

// A data folder is copied to another machine: the copy begins an epoch of its own, and is no conflict.
func TestFolderMovedToAnotherMachine(t *testing.T) {
	h, dir := newHouse(t), t.TempDir()
	h.read(dir, "m1", 60)
	h.read(dir, "m2", 90)
	h.exactly(90)
	if got := h.lanesOf("gw-1"); got != 2 {
		t.Errorf("%d lanes, want two epochs", got)
	}
}

// A data folder is copied on one machine, and both copies run on different logs:
// the second one's batches under taken numbers are kept in quarantine and
// reported; from its next start it has an epoch of its own.
func TestCopiedDataFolder(t *testing.T) {
	h, dir := newHouse(t), t.TempDir()
	h.read(dir, "m1", 40)
	h.exactly(40)
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	// Both are at work at once: each has taken the state of the stream before the other published.
	lane := h.laneOf(copied, "m1", 150) // many more batches, so that what follows is a gap and no fork
	lane.Stream = &waiting{Conn: h.conn, before: func() { h.read(dir, "m1", 60) }}
	if err := lane.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.until("a conflict", func() bool { _, system := h.lines(); return slices.Contains(system, "AgentConflict") })
	h.exactly(60)
	kept, err := h.quarantine.List()
	if err != nil || len(kept) == 0 {
		t.Fatalf("quarantine: %v, %v", kept, err)
	}
	for _, q := range kept {
		if q.Reason != aggregator.Forked || !strings.Contains(q.Detail, "edge") {
			t.Errorf("quarantined: %+v", q)
		}
	}
	h.read(copied, "m1", 160)
	h.until("lines after the conflict", func() bool { lines, _ := h.lines(); return lines["line 159"] == 1 })
}

// An agent loses the unsent end of its spool, reads those lines again, and sends
// them in other batches under the same numbers; then an old copy of the folder is
// brought back, whose unsent batches the stream would refuse. Their lines are read again.
func TestOldForkBroughtBack(t *testing.T) {
	h, dir := newHouse(t), t.TempDir()
	h.read(dir, "m1", 40)
	before := t.TempDir()
	if err := os.CopyFS(before, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	lane := h.laneOf(dir, "m1", 90)
	lane.Stream = mute{h.conn}
	stop := h.start(func(ctx context.Context) { _ = lane.Run(ctx) })
	h.until("unsent batches", func() bool { s := lane.Status(); return s.Events >= 50 && s.Failing })
	stop()
	old := t.TempDir()
	if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	h.read(before, "m1", 42)
	h.exactly(42)
	h.read(old, "m1", 100)
	h.exactly(100)
	h.read(old, "m1", 110) // the fork is over: no epoch more, nothing again
	h.exactly(110)
	if got := h.lanesOf("gw-1"); got != 2 {
		t.Errorf("%d lanes, want one from before the fork and one from after it", got)
	}
	if s := h.follower.Status(); s.Gaps > 0 || s.Quarantined > 0 {
		t.Errorf("%d gaps, %d quarantined", s.Gaps, s.Quarantined)
	}
}

// mute publishes nothing.
type mute struct{ *bus.Conn }

func (mute) Publish(context.Context, string, string, []byte) (uint64, bool, error) {
	return 0, false, errors.New("muted")
}

// waiting publishes only after something else has happened.
type waiting struct {
	*bus.Conn
	once   sync.Once
	before func()
}

func (l *waiting) Publish(ctx context.Context, subject, id string, message []byte) (uint64, bool, error) {
	l.once.Do(l.before)
	return l.Conn.Publish(ctx, subject, id+"/copy", message)
}

// Everything is purged that the followers have; then the agent's disk is lost.
// The purge has left the last snapshot, so the agent still knows where it was.
func TestPurgeThenAgentReset(t *testing.T) {
	h, dir := newHouse(t), t.TempDir()
	h.read(dir, "m1", 100)
	h.exactly(100)
	h.until("the follower's mark", func() bool {
		s, err := h.conn.State(t.Context())
		return err == nil && h.follower.Durable() == s.LastSeq
	})
	purger := &aggregator.Purger{Conn: h.conn, Followers: []*aggregator.Follower{h.follower}, Position: h.index.Position, Log: slog.New(slog.DiscardHandler)}
	if err := purger.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if held, err := h.conn.Subjects(t.Context()); err != nil || held["events.prod.gw-1.edge"] != 1 {
		t.Fatalf("after the purge the stream holds %v, %v; want one batch of each subject", held, err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "spool")); err != nil {
		t.Fatal(err)
	}
	h.read(dir, "m1", 130)
	h.exactly(130)
}

// A batch under another agent's name, and one of an unknown key, are kept and reported, and change nothing.
func TestForgedBatches(t *testing.T) {
	h, dir := newHouse(t), t.TempDir()
	h.read(dir, "m1", 30)
	h.exactly(30)
	last, err := h.conn.Last(t.Context(), "events.prod.gw-1.edge")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.conn.Publish(t.Context(), "events.prod.gw-2.edge", "forged 1", last.Data); err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(last.Data)
	flipped[len(flipped)-1] ^= 1
	if _, _, err := h.conn.Publish(t.Context(), "events.prod.gw-1.edge", "forged 2", flipped); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.conn.Publish(t.Context(), "events.prod.gw-1.edge", "forged 3", []byte("not a batch")); err != nil {
		t.Fatal(err)
	}
	h.until("three refusals", func() bool {
		_, system := h.lines()
		n := 0
		for _, name := range system {
			if name == "BatchRefused" {
				n++
			}
		}
		return n == 3
	})
	kept, err := h.quarantine.List()
	if err != nil || len(kept) != 3 {
		t.Fatalf("quarantine: %v, %v", kept, err)
	}
	for i, want := range []aggregator.Reason{aggregator.WrongSubject, aggregator.BadSignature, aggregator.NotABatch} {
		if kept[i].Reason != want {
			t.Errorf("refusal %d: %s, want %s", i, kept[i].Reason, want)
		}
	}
	// The last message of the subject is not a batch now. The agent goes on from its spool all the same.
	h.read(dir, "m1", 50)
	h.exactly(50)
}
