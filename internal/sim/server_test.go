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
// trails, the purger, the lane of what it tells of itself, and what people ask of it.
type server struct {
	w      *world
	dir    string
	key    agent.Key
	disk   *disk
	ports  ports
	purge  *site
	follow *site // of the index
	asks   *site // calls for what people want done
	fate   *site
	lives  int
	// What people do to trails is drawn from operator.
	operator    *site
	off         atomic.Int64 // how far its clock is off, in ns
	backfilling atomic.Bool
	lane        atomic.Pointer[agent.Lane] // of this life
}

func newServer(w *world) *server {
	g := &server{w: w, dir: filepath.Join(w.dir, "aggregator"), fate: w.site("aggregator", chance{}), ports: newPorts(w, "system"),
		purge: w.site("purge", chance{lost: 100, kept: 100, dieBefore: 10, dieAfter: 10})}
	var err error
	g.key, err = agent.LoadKey(g.dir)
	w.must(err)
	g.disk = newDisk(w, "system", nil)
	g.follow = w.site("index follow", chance{lost: 15, kept: 15, dieBefore: 3})
	g.asks = w.site("operator's calls", chance{lost: 100, kept: 50, dieBefore: 50, dieAfter: 50})
	g.operator = w.site("operator", chance{})
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
	stops, err := aggregator.OpenStops(filepath.Join(g.dir, "stops.json"), g.now)
	g.w.must(err)
	backfills, err := aggregator.OpenBackfills(filepath.Join(g.dir, "backfills.json"))
	g.w.must(err)
	l := &life{g: g, ctx: ctx, p: p, opener: opener, stops: stops, backfills: backfills}
	shelf := shelf{g.w.stream, p, g.follow, g.purge}
	follower := &aggregator.Follower{Name: "index", Kind: "index", Stream: shelf, Opener: opener, Sink: g.w.index.of(p), Quarantine: quarantine, System: system, Log: log}
	for _, d := range g.w.deliveries() {
		if d.isThere() {
			l.all = append(l.all, l.equip(d))
		}
	}
	var all sync.WaitGroup
	g.lives++
	all.Go(func() { follower.Run(ctx) })
	all.Go(func() { (&agent.Agent{Lanes: []*agent.Lane{lane}, Log: log}).Run(ctx) })
	all.Go(func() {
		(&aggregator.Purger{Conn: shelf, Followers: []*aggregator.Follower{follower}, Trails: l.followers, Position: g.w.index.position, Retain: g.w.retain, Log: log}).Run(ctx)
	})
	for _, c := range l.all {
		l.begin(c)
	}
	for _, d := range g.w.sends {
		sent := l.send(d, nil)
		l.mu.Lock()
		l.sends = append(l.sends, sent)
		l.mu.Unlock()
	}
	l.operate()
	all.Wait()
}

// now is what the aggregator's clock shows.
func (g *server) now() time.Time { return time.Now().Add(time.Duration(g.off.Load())) }

func (g *server) quarantine() string { return filepath.Join(g.dir, "quarantine") }

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
		g.eachStaging(g.tear)
	case n < 9:
		w.counts.fault(w, "staging lost", "")
		g.eachStaging(func(dir string) { w.must(os.RemoveAll(dir)) })
	case n < 11:
		w.counts.fault(w, "staging torn", "")
		g.eachStaging(g.tear)
	case n < 12:
		all := w.deliveries()
		all[g.fate.intN(len(all))].dies(g.fate.randomTime(6 * time.Hour))
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

// eachStaging does something to the staging folders of what is declared. One that is
// not has everything in its bucket, and nobody looks there.
func (g *server) eachStaging(do func(dir string)) {
	for _, d := range g.w.deliveries() {
		if d.isThere() {
			do(d.staging())
		}
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
