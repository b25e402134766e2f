package sim

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/debt"
	"github.com/actiontrail/actiontrail/aggregator/dispatch"
	"github.com/actiontrail/actiontrail/aggregator/sink"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/query"
)

// What a destination can do decides what its sink promises.
const (
	takes     = iota // whatever comes, as often as it comes
	remembers        // it can be asked what it has: each event once
	answers          // only when it is asked to settle
)

// destination is a delivery that is no archive: the real dispatch, into a receiver
// behind a network that is slow, fails, or is down for hours. It is stopped and
// started with the first trail, and has a filter of its own.
type destination struct {
	w      *world
	name   string
	kind   int
	filter string
	write  *site
	follow *site
	down   atomic.Int64  // until when nobody reaches it, in ns
	seq    atomic.Uint64 // its position, as it told last
	busy   atomic.Int64
	owed   atomic.Pointer[debt.Debt]

	mu   sync.Mutex
	held []string // ids, as they came
}

func newDestination(w *world, name string) *destination {
	return &destination{w: w, name: name, kind: w.dice.intN(3), filter: []string{"", "eventRW: Write"}[w.dice.intN(2)],
		write:  w.site(name+" write", chance{lost: 40, kept: 40, dieBefore: 15, dieAfter: 15}),
		follow: w.site(name+" follow", chance{lost: 15, kept: 15, dieBefore: 3})}
}

// holds is how far the stream may be purged for it.
func (d *destination) holds() uint64 {
	seq := d.seq.Load()
	if owed := d.owed.Load(); owed != nil {
		seq = max(seq, owed.To())
	}
	return seq
}

// spoilt tells whether the destination will never take an event.
func spoilt(id string) bool {
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()%37 == 0
}

// take is one answer of the destination: it takes the first part, and perhaps the rest.
func (d *destination) take(ctx context.Context, p *process, ids []string) error {
	if d.write.one(20) {
		if err := wait(ctx, d.write.randomTime(20*time.Second)); err != nil {
			return err
		}
	}
	if time.Now().UnixNano() < d.down.Load() && !d.w.isCalm() {
		return errLost
	}
	part := d.write.intN(len(ids) + 1)
	for _, some := range [][]string{ids[:part], ids[part:]} {
		if len(some) == 0 {
			continue
		}
		if err := d.write.do(p, func() error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.held = append(d.held, some...)
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (d *destination) has() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.held)
}

// outlet is the sink of one life.
type outlet struct {
	*destination
	p *process
}

func (o *outlet) Write(ctx context.Context, events []event.Event) error {
	var ids []string
	refused := map[int]error{}
	for i := range events {
		if spoilt(events[i].ID) {
			refused[i] = errors.New("spoilt")
			continue
		}
		ids = append(ids, events[i].ID)
	}
	if err := o.take(ctx, o.p, ids); err != nil {
		return err
	}
	if len(refused) > 0 {
		return &plugins.BatchError{Refused: refused}
	}
	return nil
}

// resumer is an outlet that asks the destination what it has.
type resumer struct {
	outlet
	known map[string]bool // found at the destination, and to come again
	mark  int
}

func (r *resumer) Resume(_ context.Context, mark []byte) error {
	return r.write.do(r.p, func() error {
		held := r.has()
		from := len(held)
		if mark != nil {
			var err error
			from, err = strconv.Atoi(string(mark))
			r.w.must(err)
		}
		r.known = map[string]bool{}
		for _, id := range held[from:] {
			r.known[id] = true
		}
		r.mark = from
		return nil
	})
}

func (r *resumer) Write(ctx context.Context, events []event.Event) error {
	fresh := make([]event.Event, 0, len(events))
	var at []int
	for i := range events {
		if !r.known[events[i].ID] {
			fresh, at = append(fresh, events[i]), append(at, i)
		}
	}
	// Refused events are not at the destination: they are refused again.
	err := r.outlet.Write(ctx, fresh)
	refused := (*plugins.BatchError)(nil)
	if err == nil || errors.As(err, &refused) {
		for i := range events {
			delete(r.known, events[i].ID)
		}
		if len(r.known) == 0 {
			r.mark = len(r.has())
		}
	}
	if refused != nil {
		there := map[int]error{}
		for i, why := range refused.Refused {
			there[at[i]] = why
		}
		return &plugins.BatchError{Refused: there}
	}
	return err
}

func (r *resumer) Mark() []byte { return []byte(strconv.Itoa(r.mark)) }

// settler is an outlet that is answered when it settles.
type settler struct {
	outlet
	sent []event.Event
}

func (s *settler) Write(_ context.Context, events []event.Event) error {
	refused := map[int]error{}
	for i := range events {
		if spoilt(events[i].ID) {
			refused[i] = errors.New("spoilt")
			continue
		}
		s.sent = append(s.sent, events[i])
	}
	if len(refused) > 0 {
		return &plugins.BatchError{Refused: refused}
	}
	return nil
}

func (s *settler) Settle(ctx context.Context) error {
	sent := s.sent
	s.sent = nil
	return s.outlet.Write(ctx, sent)
}

var (
	_ sink.Resumer = (*resumer)(nil)
	_ sink.Settler = (*settler)(nil)
)

// sending is a destination within one life of the aggregator.
type sending struct {
	*destination
	follower *aggregator.Follower
	owed     *debt.Debt
	stop     context.CancelFunc
	done     chan struct{}
}

// send carries the destination; owed is that of the sending before it, nil: it is opened.
func (l *life) send(d *destination, owed *debt.Debt) *sending {
	w := l.g.w
	if owed == nil && !w.restores {
		var err error
		owed, err = debt.Open(debt.Config{Trail: d.name, Filter: d.filter, Dir: filepath.Join(l.g.dir, "owing", d.name), Index: w.index.of(l.p), Now: l.g.now, Log: w.log()})
		w.must(err)
		d.owed.Store(owed)
	}
	s := &sending{destination: d, owed: owed, done: make(chan struct{})}
	s.follower = &aggregator.Follower{Name: "trail " + d.name, Kind: "trail", Stream: shelf{w.stream, l.p, d.follow, l.g.purge}, Opener: l.opener, Now: l.g.now, Log: w.log(), Debt: owed}
	ctx, stop := context.WithCancel(l.ctx)
	s.stop = stop
	go func() {
		defer close(s.done)
		opened := s.open(l)
		s.follower.Sink = opened
		s.follower.Run(ctx)
		if !l.p.dead() {
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			if err := opened.Close(ending); err != nil {
				w.note("destination "+d.name, err)
			}
		}
	}()
	return s
}

func (s *sending) open(l *life) *dispatched {
	d, to := s.destination, outlet{s.destination, l.p}
	var sink plugins.Sink = &to
	switch d.kind {
	case remembers:
		sink = &resumer{outlet: to}
	case answers:
		sink = &settler{outlet: to}
	}
	c := dispatch.Config{Trail: d.name, Name: "sent", Place: "sim", Sink: sink, File: d.file(l.g), RefusedFile: d.refusedFile(l.g), FilterText: d.filter, Parse: query.Parse, Now: l.g.now,
		Stopped: func(seq uint64) (time.Time, bool) { return l.stops.At(d.w.trails[0].name, seq) }}
	if d.filter != "" {
		var err error
		c.Filter, err = query.Parse(d.filter)
		d.w.must(err)
	}
	opened, err := dispatch.Open(c)
	d.w.must(err)
	return &dispatched{opened, d}
}

func (d *destination) file(g *server) string {
	return filepath.Join(g.dir, "dispatched", d.name+".json")
}

func (d *destination) refusedFile(g *server) string {
	return filepath.Join(g.dir, "refused", d.name+".ndjson")
}

// resend has a destination be carried anew, as a change of its configuration does.
func (l *life) resend(i int) {
	l.mu.Lock()
	old := l.sends[i]
	l.mu.Unlock()
	l.g.w.counts.fault(l.g.w, "destination reloaded", "")
	old.stop()
	<-old.done
	next := l.send(old.destination, old.owed)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sends[i] = next
}

// dispatched tells the judge how far the delivery says that it is.
type dispatched struct {
	*dispatch.Delivery
	d *destination
}

func (x *dispatched) Position() event.Position {
	at := x.Delivery.Position()
	x.d.seq.Store(at.Seq)
	return at
}

func (x *dispatched) Write(ctx context.Context, b []event.Batch) error {
	x.d.busy.Add(1)
	defer x.d.busy.Add(-1)
	err := x.Delivery.Write(ctx, b)
	x.Position()
	return err
}

func (x *dispatched) Flush(ctx context.Context, now time.Time) error {
	x.d.busy.Add(1)
	defer x.d.busy.Add(-1)
	err := x.Delivery.Flush(ctx, now)
	x.Position()
	return err
}

// judgeDestination compares what a destination has with the stream: each event that
// the filter matches, but for those of the time in which the trail was stopped, and
// those that were refused: they are kept.
func (j *judge) judgeDestination(d *destination) {
	var filter query.Expr
	if d.filter != "" {
		var err error
		filter, err = query.Parse(d.filter)
		j.w.must(err)
	}
	held, refused := map[string]int{}, map[string]int{}
	for _, id := range d.has() {
		held[id]++
	}
	text, err := os.ReadFile(d.refusedFile(j.w.server))
	if err != nil && !os.IsNotExist(err) {
		j.w.must(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one struct{ Event struct{ EventID string } }
		j.w.must(json.Unmarshal(lines.Bytes(), &one))
		refused[one.Event.EventID]++
	}
	for _, b := range j.batches {
		if j.lost[b] {
			continue
		}
		stopped := j.w.trails[0].stoppedAt(b.Seq)
		for i := range b.Events {
			e := &b.Events[i]
			in, other, kept := held, refused, false
			if spoilt(e.ID) {
				in, other, kept = refused, held, true
			}
			n, twice := in[e.ID], other[e.ID]
			delete(held, e.ID)
			delete(refused, e.ID)
			wanted := !stopped && (filter == nil || filter.Match(e))
			switch {
			case twice > 0:
				j.w.fail("refused", "destination %s both has and refused %s", d.name, e.Name)
			case wanted && n == 0:
				j.w.fail("nothing lost", "destination %s never got %s of batch %d of %s (spoilt: %v)", d.name, e.Name, b.Number, b.Lane, kept)
			case !wanted && n > 0:
				j.w.fail("filter", "destination %s got %s of batch %d of %s, stopped: %v", d.name, e.Name, b.Number, b.Lane, stopped)
			case n > 1 && (kept || d.kind == remembers):
				j.w.fail("nothing twice", "destination %s got %s of batch %d of %s %d times", d.name, e.Name, b.Number, b.Lane, n)
			}
		}
		j.w.counts.add(&j.w.counts.sent, len(b.Events))
	}
	if len(held)+len(refused) > 0 {
		j.w.fail("nothing twice", "destination %s got %d events that the stream never had", d.name, len(held)+len(refused))
	}
}
