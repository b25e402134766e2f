package sim

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator"
)

var seeds = flag.Int("seeds", 60, "worlds to run")

// world is one agent with one source, the stream, and two followers: an index
// that is durable at once, and a trail that lags behind.
type world struct {
	t      *testing.T
	dir    string
	dice   *site
	stream *stream
	source *lines
	key    agent.Key
	index  *sink
	trail  *sink

	machine int // of the agent: grows when its folder is "copied"
	lost    int // spools lost
	clock   *jumping
	sync    time.Duration // of the spool
}

// jumping is the agent's clock: now and then somebody sets it.
type jumping struct {
	mu   sync.Mutex
	dice *site
	off  time.Duration
}

func (j *jumping) now() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dice.intN(50) == 0 {
		j.off = time.Duration(j.dice.intN(7200)-3600) * time.Second
	}
	return time.Now().Add(j.off)
}

func newWorld(t *testing.T, seed uint64) *world {
	dir := t.TempDir()
	key, err := agent.LoadKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: dir, key: key, dice: newSite(seed, siteWorld, 0), clock: &jumping{dice: newSite(seed, siteClock, 0)}, stream: newStream(seed),
		index: &sink{site: newSite(seed, siteIndex, 10)}, trail: &sink{site: newSite(seed, siteTrail, 10), buffer: true}}
	w.sync = time.Duration(seed%3) * 100 * time.Millisecond
	w.source = &lines{n: 50 + w.dice.intN(200), site: newSite(seed, siteSource, 0)}
	return w
}

func (w *world) lane() *agent.Lane {
	return &agent.Lane{Account: "prod", Agent: "gw-1", Name: "edge", Key: w.key, Machine: fmt.Sprint(w.machine), Source: w.source, Mapper: lineMapper{}, Quiet: true,
		Stream: w.stream, Dir: filepath.Join(w.dir, "spool"), Now: w.clock.now, SyncEvery: w.sync, Log: slog.New(slog.DiscardHandler)}
}

// live runs the agent and the followers for a while, then kills all at once.
func (w *world) live(agents *aggregator.Agents, quarantine *aggregator.Quarantine, life time.Duration) (ended bool) {
	ctx, kill := context.WithTimeout(w.t.Context(), life)
	defer kill()
	var all sync.WaitGroup
	opener := &aggregator.Opener{Agents: agents}
	for _, f := range []*aggregator.Follower{
		{Name: "index", Kind: "index", Sink: w.index},
		{Name: "trail all", Kind: "trail", Sink: w.trail},
	} {
		f.Stream, f.Opener, f.Log = w.stream, opener, slog.New(slog.DiscardHandler)
		all.Go(func() { f.Run(ctx) })
	}
	done := make(chan bool, 1)
	all.Go(func() {
		lane := w.lane()
		for ctx.Err() == nil {
			if lane.Run(ctx) == nil {
				done <- true
				return
			}
			wait(ctx, 100*time.Millisecond)
		}
	})
	select {
	case <-done:
		wait(ctx, life) // the followers catch up as long as this life lasts
		ended = true
	case <-ctx.Done():
	}
	kill()
	all.Wait()
	w.index.crash()
	w.trail.crash()
	return ended
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// between does to what is durable what happens between two lives.
func (w *world) between() {
	switch w.dice.intN(10) {
	case 0: // the agent's disk was lost; its key was kept elsewhere
		w.lost++
		if err := os.RemoveAll(filepath.Join(w.dir, "spool")); err != nil {
			w.t.Fatal(err)
		}
	case 1: // the folder was moved to another machine
		w.machine++
	case 2, 3:
		w.purge()
	}
}

// purge is what aggregator.Purger does, on the fake.
func (w *world) purge() {
	at, trail := w.index.Position(), w.trail.Position()
	floor := min(at.Seq, trail.Seq)
	snapshot := uint64(0)
	for _, l := range at.Lanes {
		snapshot = max(snapshot, l.Snapshot)
	}
	w.stream.purge("events.prod.gw-1.edge", min(floor+1, snapshot))
}

// run lives until everything written has reached both sinks, and checks them.
func (w *world) run() {
	agents, err := aggregator.OpenAgents(filepath.Join(w.dir, "agents.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	for range 200 {
		ended := w.live(agents, nil, time.Duration(100+w.dice.intN(5000))*time.Millisecond)
		if ended && len(w.index.events) >= w.source.n && len(w.trail.events) >= w.source.n {
			break
		}
		w.between()
	}
	w.check("index", w.index)
	w.check("trail", w.trail)
}

func (w *world) check(name string, s *sink) {
	w.t.Helper()
	lines, ids := map[string]int{}, map[string]bool{}
	for i := range s.events {
		e := &s.events[i]
		lines[e.Name]++
		ids[e.ID] = true
	}
	if len(s.events) != w.source.n || len(lines) != w.source.n || len(ids) != w.source.n {
		w.t.Errorf("%s: %d lines became %d events of %d lines with %d ids (%d spools lost, %d machines)",
			name, w.source.n, len(s.events), len(lines), len(ids), w.lost, w.machine+1)
	}
	for i := range w.source.n {
		if lines[fmt.Sprint("line ", i)] != 1 {
			w.t.Errorf("%s: line %d is there %d times", name, i, lines[fmt.Sprint("line ", i)])
			return
		}
	}
	for i := 1; i < len(s.events); i++ {
		if s.events[i].Origin.Offset != s.events[i-1].Origin.Offset+1 {
			w.t.Errorf("%s: line %d stands after line %d", name, s.events[i].Origin.Offset, s.events[i-1].Origin.Offset)
			return
		}
	}
}

// TestWorlds is the deciding one: every line, in every sink, once, in order.
func TestWorlds(t *testing.T) {
	for seed := range *seeds {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newWorld(t, uint64(seed)).run() })
		})
		if t.Failed() {
			t.Fatalf("run it again with -run TestWorlds/seed%d$", seed)
		}
	}
}
