package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
)

// began is the time at which every world begins.
var began = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// operate does what people do to trails in the midst of faults, until the life ends.
// When the faults end, everything that was taken away comes back.
func (l *life) operate() {
	g, s := l.g, l.g.operator
	for l.ctx.Err() == nil {
		if g.w.isCalm() {
			l.bringBack()
			g.backfilling.Store(l.backfillsWait())
			wait(l.ctx, time.Second) //nolint:errcheck // the loop looks
			continue
		}
		g.w.rest(l.ctx, s.randomTime(2*time.Minute)+time.Duration(s.intN(1000))*time.Microsecond)
		if l.ctx.Err() == nil && !g.w.isCalm() {
			l.act()
		}
	}
	for _, c := range l.all {
		c.stop()
		<-c.done
	}
	for _, s := range l.sends {
		s.stop()
		<-s.done
	}
}

func (l *life) act() {
	g, s := l.g, l.g.operator
	t := g.w.trails[s.intN(len(g.w.trails))]
	what := s.intN(12)
	for _, other := range g.w.trails {
		if other.owes() && s.one(2) { // what happens to it then is the hardest
			t, what = other, s.intN(5)
		}
	}
	d := t.deliveries[s.intN(len(t.deliveries))]
	if !g.w.stream.roomy() && s.one(5) { // so that it owes
		d.dies(s.randomTime(20 * time.Minute))
	}
	if s.one(10) {
		g.w.counts.fault(g.w, "destination down", "")
		g.w.sends[0].down.Store(time.Now().Add(s.randomTime(20 * time.Minute)).UnixNano())
	}
	if s.one(6) {
		l.resend(0)
	}
	switch what {
	case 0, 1, 2:
		l.turn(t)
	case 3, 4: // another filter
		g.w.counts.fault(g.w, "filter changed", "")
		t.declare(t.filters[s.intN(len(t.filters))])
		for _, d := range t.deliveries {
			l.reload(d)
		}
	case 5: // another form
		g.w.counts.fault(g.w, "form of the objects changed", "")
		d.change(s)
		l.reload(d)
	case 6, 7:
		// A delivery that begins behind a forged batch cannot tell it from the true one.
		if len(t.deliveries) > 1 && !g.w.forges {
			d = t.deliveries[1]
			if d.isThere() {
				l.takeAway(d)
			} else {
				l.put(d)
			}
		}
	case 8, 9, 10:
		l.ask(d)
	default:
		g.w.counts.fault(g.w, "aggregator's clock set", "")
		g.off.Store(int64(time.Duration(s.intN(7200)-3600) * time.Second))
	}
}

// turn stops a trail that runs, and starts one that is stopped.
func (l *life) turn(t *trail) {
	stopped := t.stopped()
	change := l.stops.Stop
	if stopped {
		change = l.stops.Start
	}
	seq := uint64(0)
	did, err := change(l.ctx, t.name, func(ctx context.Context) (uint64, error) {
		err := l.g.asks.do(l.p, func() error {
			s, err := shelf{stream: l.g.w.stream}.State(ctx)
			seq = s.LastSeq
			return err
		})
		return seq, err
	})
	switch {
	case did && err == nil:
		l.g.w.counts.fault(l.g.w, "trail turned", "")
		t.turned(seq, !stopped)
	case err == nil:
		l.g.w.fail("stopped", "trail %s is stopped: %v, and the aggregator says otherwise", t.name, stopped)
	}
}

// reload has a delivery go on as it is declared now.
func (l *life) reload(d *delivery) {
	old := l.of(d)
	if old == nil {
		return
	}
	l.end(old)
	if old.owed != nil {
		old.owed.SetFilter(d.trail.where())
	}
	l.swap(old, l.with(d, old.owed))
}

// swap puts another in the place of one that has ended; nil: none.
func (l *life) swap(old, next *carried) {
	l.mu.Lock()
	var all []*carried
	for _, c := range l.all {
		if c != old {
			all = append(all, c)
		}
	}
	if next != nil {
		all = append(all, next)
	}
	l.all = all
	l.mu.Unlock()
	if next != nil {
		l.begin(next)
	}
}

// takeAway removes a delivery that has all in its bucket: nobody keeps for it what it lacks.
func (l *life) takeAway(d *delivery) {
	old := l.of(d)
	if old == nil {
		return
	}
	if !l.end(old) {
		l.swap(old, l.with(d, old.owed)) // not now, then
		return
	}
	l.g.w.counts.fault(l.g.w, "delivery removed", "")
	d.put(false)
	if old.owed != nil {
		old.owed.Release()
	}
	l.swap(old, nil)
}

// put adds a delivery, which may have been there before.
func (l *life) put(d *delivery) {
	l.g.w.counts.fault(l.g.w, "delivery added", "")
	if l.g.operator.one(2) {
		l.wants(d, aggregator.BackfillRequest{ID: "new", Back: l.g.operator.randomTime(100 * time.Hour)})
	}
	c := l.equip(d)
	d.put(true)
	l.swap(nil, c)
}

// bringBack puts back what was removed. Some want all that is missing besides.
func (l *life) bringBack() {
	for _, d := range l.g.w.deliveries() {
		if l.g.operator.one(3) && !d.last {
			l.wants(d, aggregator.BackfillRequest{ID: "last", From: began.Add(-120 * time.Hour), To: began.Add(120 * time.Hour)})
		}
		d.last = true
		if !d.isThere() {
			c := l.equip(d)
			d.put(true)
			l.swap(nil, c)
		}
	}
}

// ask asks for a backfill.
func (l *life) ask(d *delivery) {
	s := l.g.operator
	from := began.Add(time.Duration(s.intN(40)-36) * time.Hour)
	l.wants(d, aggregator.BackfillRequest{ID: fmt.Sprint("request ", s.intN(1_000_000)), From: from, To: from.Add(time.Duration(1+s.intN(40)) * time.Hour)})
}

func (l *life) wants(d *delivery, r aggregator.BackfillRequest) {
	if l.g.w.restores || l.p.dead() {
		return // what an index has that was brought back, nobody can tell
	}
	for _, known := range d.asked() {
		if known.ID == r.ID {
			return
		}
	}
	r.Made = l.g.now().UTC()
	index := l.g.w.index.position().Seq
	err := l.backfills.Add(d.name, r)
	if errors.Is(err, aggregator.ErrTooManyBackfills) {
		return
	}
	l.g.w.must(err)
	l.g.w.counts.fault(l.g.w, "backfill asked for", "")
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = append(d.requests, request{r, index})
}

// backfillsWait tells whether some backfill is not done.
func (l *life) backfillsWait() bool {
	for _, d := range l.g.w.deliveries() {
		for _, r := range l.backfills.Of(d.name) {
			if !r.Done {
				return true
			}
		}
	}
	return false
}
