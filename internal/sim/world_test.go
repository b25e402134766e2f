package sim

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator"
)

var (
	seeds  = flag.Int("seeds", 0, "worlds to run; 0: as many as make check has time for")
	first  = flag.Int("first", 0, "seed of the first world")
	enough = flag.Int("enough", 5, "failed worlds after which no more are begun")
	by     = flag.String("by", "", "rules, with commas between: only worlds that fail by one of these are enough; empty: all")
	report = flag.Bool("report", false, "print what was counted")
	trace  = flag.Bool("trace", false, "tell what happens in the worlds")
)

// checkSeeds is how many worlds make check runs, and shortSeeds with -short.
const (
	checkSeeds = 300
	shortSeeds = 10
)

// world is a fleet of agents, the stream, and an aggregator with an index and
// the archives of two trails. It is in chaos for a while; then the faults end, all that is
// under way must arrive, and the judge compares.
type world struct {
	t      *testing.T
	seed   uint64
	dir    string
	began  time.Time
	counts *counts
	sites  []*site
	dice   *site
	sky    *site         // of the weather
	calm   chan struct{} // closed when the faults end
	over   chan struct{} // closed when everything has ended

	logs     map[string]*lines
	agents   []*machine
	stream   *stream
	server   *server
	index    *index
	trails   []*trail
	sends    []*destination
	judge    *judge
	retain   uint64
	restores bool // of the index, from copies
	// forges: batches of an agent's own key, under numbers that are taken. Not in a world
	// where the index is restored or the stream loses batches: nobody can tell a forged
	// batch from the true one when that is gone.
	forges   bool
	restored bool
	garbage  int // put into the stream

	mu       sync.Mutex
	failures []string
	notes    map[string]string
}

func newWorld(t *testing.T, seed uint64, c *counts) *world {
	w := &world{t: t, seed: seed, dir: worldDir(t), began: time.Now(), counts: c, calm: make(chan struct{}), over: make(chan struct{}), logs: map[string]*lines{}, notes: map[string]string{}}
	w.dice = w.site("world", chance{})
	w.sky = w.site("weather", chance{})
	w.judge = newJudge(w)
	w.stream = newStream(w)
	w.index = &index{w: w, write: w.site("index write", chance{lost: 30, kept: 30, dieBefore: 10, dieAfter: 10}), search: w.site("index search", chance{lost: 30, dieBefore: 10})}
	w.retain = uint64(w.dice.intN(2) * w.dice.intN(40))
	w.restores = w.dice.one(5)
	w.forges = !w.restores && w.dice.one(2)
	w.trails = []*trail{newTrail(w, "all", 1, "", "eventRW: Write"), newTrail(w, "writes", 1+w.dice.intN(2), "eventRW: Write", "eventRW: Read")}
	w.sends = []*destination{newDestination(w, "sent")}
	w.server = newServer(w)
	w.agents = []*machine{newMachine(w, "gw-1", 1+w.dice.intN(2)), newMachine(w, "gw-2", 1)}
	return w
}

// worldDir is a folder in memory where there is one: a sync costs nothing there, and is judged by the fakes.
func worldDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "sim-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (w *world) isCalm() bool { return closed(w.calm) }
func (w *world) isOver() bool { return closed(w.over) }

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (w *world) must(err error) {
	if err != nil {
		panic(fmt.Sprintf("seed %d: the world itself has failed: %v", w.seed, err))
	}
}

// fail notes that a rule is broken.
func (w *world) fail(rule, format string, args ...any) {
	w.trace("BROKEN: [%s] "+format, append([]any{rule}, args...)...)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.failures) < 10 {
		w.failures = append(w.failures, fmt.Sprintf("[%s] ", rule)+fmt.Sprintf(format, args...))
	}
}

// trace tells what happens, when somebody looks at a single world.
func (w *world) trace(format string, args ...any) {
	if *trace {
		fmt.Printf("%12s  %s\n", time.Since(w.began).Round(time.Millisecond), fmt.Sprintf(format, args...))
	}
}

// log is what the parts tell, with -trace.
func (w *world) log() *slog.Logger {
	if *trace {
		return slog.New(slog.NewTextHandler(os.Stdout, nil))
	}
	return slog.New(slog.DiscardHandler)
}

func (w *world) note(who string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes[who] = err.Error()
}

// run lives through chaos and calm, and returns what is wrong.
func (w *world) run() []string {
	ctx, stop := context.WithCancel(context.Background())
	var all, machines sync.WaitGroup
	for _, m := range w.agents {
		machines.Go(func() { m.run(ctx) })
	}
	all.Go(func() { w.server.run(ctx) })
	all.Go(func() { w.weather(ctx) })
	w.must(wait(ctx, time.Minute+w.dice.randomTime(20*time.Minute)))
	close(w.calm)
	w.settle(ctx)
	close(w.over)
	stop()
	machines.Wait()
	all.Wait()
	if len(w.failures) == 0 {
		w.compare()
	}
	w.counts.add(&w.counts.worlds, 1)
	return w.failures
}

// weather breaks connections while the faults last.
func (w *world) weather(ctx context.Context) {
	for !w.isCalm() {
		if wait(ctx, w.sky.randomTime(3*time.Minute)) != nil {
			return
		}
		switch w.sky.intN(4) {
		case 0: // it flaps
			for range w.sky.intN(10) {
				w.stream.outage(w.sky.randomTime(2 * time.Second))
				wait(ctx, 4*time.Second) //nolint:errcheck // the loop looks
			}
		case 1:
			w.stream.outage(w.sky.randomTime(time.Minute))
		}
	}
}

// life has a process live until it ends by itself or is killed within a time. It tells
// whether the process was killed, and the world goes on.
func (w *world) life(world context.Context, fate *site, fault string, within time.Duration, live func(context.Context, *process)) bool {
	ctx, cancel := context.WithCancel(world)
	defer cancel()
	p := &process{stop: cancel}
	timer := time.AfterFunc(fate.randomTime(within), func() {
		if !w.isCalm() {
			w.counts.fault(w, fault, "")
			p.kill()
		}
	})
	live(ctx, p)
	timer.Stop()
	if !p.dead() || world.Err() != nil {
		return false
	}
	w.counts.add(&w.counts.crashes, 1)
	return true
}

// down is the time between two processes: seconds, or for one of so many hours.
func (w *world) down(ctx context.Context, fate *site, long int) {
	d := fate.randomTime(10 * time.Second)
	if fate.one(long) && !w.isCalm() {
		d = fate.randomTime(4 * time.Hour)
	}
	w.rest(ctx, d)
}

// rest is a time in which a machine is down; it ends with the faults.
func (w *world) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	if w.isCalm() {
		return
	}
	select {
	case <-ctx.Done():
	case <-w.calm:
	case <-t.C:
	}
}

// settle waits until nothing is under way any more.
func (w *world) settle(ctx context.Context) {
	quiet := 0
	for range 20 * 60 { // a stream that is all but full, and then a trail that rolls slowly
		w.must(wait(ctx, time.Second))
		if w.settled() {
			if quiet++; quiet > 60 { // longer than anybody waits to try again
				return
			}
		} else {
			quiet = 0
		}
	}
	w.fail("it goes on", "twenty minutes after the last fault %s", w.state())
}

func (w *world) settled() bool {
	for _, m := range w.agents {
		if !m.done.Load() {
			return false
		}
	}
	seq := w.judge.lastSeq()
	if w.index.position().Seq < seq {
		return false
	}
	for _, d := range w.deliveries() {
		// A seal for its age alone is stored with its checkpoint: the world does not end between the two.
		if !d.isThere() || d.seq.Load() < seq || d.busy.Load() > 0 {
			return false
		}
	}
	for _, d := range w.sends {
		if d.seq.Load() < seq || d.busy.Load() > 0 {
			return false
		}
	}
	if w.server.backfilling.Load() {
		return false
	}
	// What the aggregator tells of itself waits in a spool, too.
	lane := w.server.lane.Load()
	if lane == nil {
		return false
	}
	own := lane.Status()
	return own.Epoch > 0 && own.PendingBatches == 0
}

// lastSeq is that of the last batch that every sink has to take.
func (j *judge) lastSeq() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.batches) - 1; i >= 0; i-- {
		if !j.lost[j.batches[i]] {
			return j.batches[i].Seq
		}
	}
	return 0
}

func (w *world) state() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the stream is at %d, the index at %d", w.judge.lastSeq(), w.index.position().Seq)
	for _, d := range w.deliveries() {
		fmt.Fprintf(&b, ", trail %s at %d (there: %v)", d.name, d.seq.Load(), d.isThere())
	}
	for _, d := range w.sends {
		fmt.Fprintf(&b, ", destination %s at %d", d.name, d.seq.Load())
	}
	if w.server.backfilling.Load() {
		fmt.Fprint(&b, ", a backfill is under way")
	}
	if lane := w.server.lane.Load(); lane != nil {
		fmt.Fprintf(&b, ", the system's lane (%+v)", lane.Status())
	}
	for _, m := range w.agents {
		fmt.Fprintf(&b, ", %s done: %v", m.name, m.done.Load())
		for _, l := range *cmp.Or(m.lanes.Load(), &[]*agent.Lane{}) {
			fmt.Fprintf(&b, " (%+v)", l.Status())
		}
	}
	fmt.Fprint(&b, " notes ", w.notes)
	return b.String()
}

func (w *world) compare() {
	w.judge.judgeStream()
	w.judge.judgeIndex(w.index)
	for _, d := range w.deliveries() {
		w.judge.judgeArchive(d)
	}
	for _, d := range w.sends {
		w.judge.judgeDestination(d)
	}
	q, err := aggregator.OpenQuarantine(w.server.quarantine())
	w.must(err)
	w.judge.judgeFindings(q)
}

// counts are of all worlds together.
type counts struct {
	mu                                           sync.Mutex
	worlds, lines, events, gaps, crashes, failed int
	told                                         int // worlds that failed by one of the rules asked for
	sent                                         int // events that destinations were judged by
	faults                                       map[string]int
	pairs                                        map[string]int
	seals                                        map[string]int // by what they are about
}

func (c *counts) add(n *int, by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n += by
}

func (c *counts) tooMany() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told >= *enough
}

// seal counts a seal of an archive at the end.
func (c *counts) seal(about string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seals[about]++
}

// sealKinds are the seals of which some must be met, or the worlds try nothing.
var sealKinds = []string{"scanned", "stopped", "paid", "backfill", "amendment"}

// fault counts one, and the pair when it is the second of one.
func (c *counts) fault(w *world, at, first string) {
	if w.isCalm() {
		return
	}
	w.trace("fault: %s %s", at, first)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[at]++
	if first != "" {
		c.pairs[first+" → "+at]++
	}
}

func (c *counts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d worlds, %d failed; %d lines, %d events: lost 0, doubled 0 but for the failed; %d gaps met and told; %d crashes; %d events judged at destinations\n", c.worlds, c.failed, c.lines, c.events, c.gaps, c.crashes, c.sent)
	names := slices.Collect(maps.Keys(c.faults))
	sort.Slice(names, func(i, j int) bool { return c.faults[names[i]] > c.faults[names[j]] })
	total := 0
	for _, n := range names {
		total += c.faults[n]
	}
	fmt.Fprintf(&b, "%d faults:", total)
	for _, n := range names {
		fmt.Fprintf(&b, " %s %d,", n, c.faults[n])
	}
	pairs := 0
	for _, n := range c.pairs {
		pairs += n
	}
	fmt.Fprintf(&b, "\n%d pairs of faults, of %d kinds; seals:", pairs, len(c.pairs))
	for _, kind := range sealKinds {
		fmt.Fprintf(&b, " %s %d,", kind, c.seals[kind])
	}
	return b.String()
}

// TestWorlds is the deciding one: every line, in every sink, once, in order.
func TestWorlds(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // worlds are small and short: collecting them would be a third of the work
	n := *seeds
	switch {
	case n > 0:
	case testing.Short():
		n = shortSeeds
	default:
		n = checkSeeds
	}
	c := &counts{faults: map[string]int{}, pairs: map[string]int{}, seals: map[string]int{}}
	t.Run("all", func(t *testing.T) {
		for seed := *first; seed < *first+n; seed++ {
			t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
				t.Parallel()
				if c.tooMany() {
					t.Skip("enough worlds have failed")
				}
				runSeed(t, uint64(seed), c)
			})
		}
	})
	t.Log(c)
	for _, kind := range sealKinds {
		if c.seals[kind] == 0 && n >= checkSeeds && c.failed == 0 {
			t.Errorf("no world of %d has a seal of the kind %s", n, kind)
		}
	}
	if *report {
		fmt.Println(c)
	}
}

// isBy tells whether a failure is by one of the rules asked for.
func isBy(failure string) bool {
	rule, _, _ := strings.Cut(strings.TrimPrefix(failure, "["), "]")
	return *by == "" || slices.Contains(strings.Split(*by, ","), rule)
}

func runSeed(t *testing.T, seed uint64, c *counts) {
	synctest.Test(t, func(t *testing.T) {
		failures := newWorld(t, seed, c).run()
		for _, f := range failures {
			t.Error(f)
		}
		if len(failures) > 0 {
			c.add(&c.failed, 1)
			if slices.ContainsFunc(failures, isBy) {
				c.add(&c.told, 1)
			}
			t.Errorf("run it alone: go test ./internal/sim -run TestWorlds -seeds=1 -first=%d", seed)
		}
	})
}
