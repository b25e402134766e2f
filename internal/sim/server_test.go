package sim

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// server runs an aggregator again and again: the index's follower, those of the
// trails, the purger, and the lane of what it tells of itself.
type server struct {
	w      *world
	dir    string
	key    agent.Key
	disk   *disk
	ports  ports
	purge  *site
	follow []*site // index, then trails
	fate   *site
	lives  int
	lane   atomic.Pointer[agent.Lane] // of this life
}

func newServer(w *world) *server {
	g := &server{w: w, dir: filepath.Join(w.dir, "aggregator"), fate: w.site("aggregator", chance{}), ports: newPorts(w, "system"),
		purge: w.site("purge", chance{lost: 100, kept: 100, dieBefore: 10, dieAfter: 10})}
	var err error
	g.key, err = agent.LoadKey(g.dir)
	w.must(err)
	g.disk = newDisk(w, "system", nil)
	for _, name := range []string{"index", "trail 0", "trail 1"} {
		g.follow = append(g.follow, w.site(name+" follow", chance{lost: 15, kept: 15, dieBefore: 3}))
	}
	return g
}

func (g *server) run(ctx context.Context) {
	for g.w.life(ctx, g.fate, "aggregator killed", 3*time.Minute, g.live) {
		g.between()
		g.w.down(ctx, g.fate, 15)
		if g.fate.one(3) && !g.w.forges && !g.w.isCalm() && g.w.stream.loseOne() {
			g.w.counts.fault(g.w, "stream loses a batch", "")
		}
	}
}

// live is one process. It returns when it is dead.
func (g *server) live(ctx context.Context, p *process) {
	log := g.w.log()
	agents, err := aggregator.OpenAgents(filepath.Join(g.dir, "agents.json"))
	g.w.must(err)
	quarantine, err := aggregator.OpenQuarantine(g.quarantine())
	g.w.must(err)
	native, err := mapper.New(mapper.Options{Format: "native"})
	g.w.must(err)
	system := &aggregator.System{Key: g.key.Public}
	lane := &agent.Lane{Account: "prod", Agent: "aggregator", Name: aggregator.SystemSource, Key: g.key, Machine: "server", Source: system, Mapper: native, Quiet: true,
		Stream: g.w.stream.port(p, g.ports), Dir: filepath.Join(g.dir, "spool"), Disk: g.disk.of(p), Log: log}
	g.lane.Store(lane)
	opener := &aggregator.Opener{Agents: agents}
	shelf := func(i int) shelf { return shelf{g.w.stream, p, g.follow[i], g.purge} }
	followers := []*aggregator.Follower{{Name: "index", Kind: "index", Stream: shelf(0), Opener: opener, Sink: processIndex{g.w.index, p},
		Quarantine: quarantine, System: system, Log: log}}
	var all sync.WaitGroup
	life := g.lives
	for i, t := range g.w.trails {
		f := &aggregator.Follower{Name: "trail " + t.name, Kind: "trail", Stream: shelf(1 + i), Opener: opener, Log: log}
		followers = append(followers, f)
		all.Go(func() { t.run(ctx, p, f, life) })
	}
	g.lives++
	all.Go(func() { followers[0].Run(ctx) })
	all.Go(func() { (&agent.Agent{Lanes: []*agent.Lane{lane}, Log: log}).Run(ctx) })
	all.Go(func() {
		(&aggregator.Purger{Conn: shelf(0), Followers: followers, Position: g.w.index.position, Retain: g.w.retain, Log: log}).Run(ctx)
	})
	all.Wait()
}

func (g *server) quarantine() string { return filepath.Join(g.dir, "quarantine") }

// run opens the archive, however long it takes, and follows.
func (t *trail) run(ctx context.Context, p *process, f *aggregator.Follower, life int) {
	for ctx.Err() == nil {
		a, err := t.open(ctx, p, life)
		if err == nil {
			f.Sink = a
			f.Run(ctx)
			return
		}
		t.w.note("trail "+t.name, err)
		wait(ctx, time.Second) //nolint:errcheck // the loop looks
	}
}

// between does to the disk what happens between two lives.
func (g *server) between() {
	if g.w.isCalm() {
		return
	}
	w := g.w
	switch n := g.fate.intN(15); {
	case n < 5: // killed, no more
	case n < 7:
		w.counts.fault(w, "aggregator's power lost", "")
		g.disk.powerLoss()
		for _, t := range w.trails {
			g.tear(t.staging())
		}
	case n < 9:
		w.counts.fault(w, "staging lost", "")
		for _, t := range w.trails {
			w.must(os.RemoveAll(t.staging()))
		}
	case n < 11:
		w.counts.fault(w, "staging torn", "")
		for _, t := range w.trails {
			g.tear(t.staging())
		}
	case n < 12:
		t := w.trails[g.fate.intN(len(w.trails))]
		w.counts.fault(w, "bucket down", "")
		t.down = time.Now().Add(g.fate.randomTime(6 * time.Hour))
	case n < 13:
		w.stream.outage(g.fate.randomTime(3 * time.Hour))
	case n < 14:
		w.index.save()
	default:
		if w.restores && w.index.restore() {
			w.restored = true
			w.stream.mu.Lock()
			w.judge.restored(w.index.position().Seq, w.stream.messages)
			w.stream.mu.Unlock()
			w.counts.fault(w, "index restored from an old copy", "")
		}
	}
	if g.fate.one(6) {
		if _, _, err := w.stream.store("events.prod."+nobody+".edge", fmt.Sprint("garbage ", g.lives), []byte("garbage "+time.Now().String())); err == nil {
			w.counts.fault(w, "garbage in the stream", "")
			w.garbage++
		}
	}
	if m := w.agents[g.fate.intN(len(w.agents))]; w.forges && g.fate.one(10) {
		m.forge(m.logs[0])
	}
}

// nobody is an agent that does not exist.
const nobody = "nobody"

// tear cuts files of a folder at any byte, or changes one.
func (g *server) tear(dir string) {
	g.w.must(filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && (e.IsDir() || strings.HasPrefix(e.Name(), "lock")) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || len(data) == 0 {
			return err
		}
		if g.fate.one(2) {
			data = data[:g.fate.intN(len(data))]
		} else {
			data[g.fate.intN(len(data))] ^= 1
		}
		return os.WriteFile(path, data, 0o640)
	}))
}
