package main

import (
	"context"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/config"
)

// turn are the deliveries that change, as they were and as they will be, and those that go away.
type turn struct {
	changed [][2]*delivery
	gone    []*delivery
}

// turn ends deliveries and has those that change be followed anew. Where deliveries
// of a trail take parts of its events, events may move from one to another: then all
// of them turn at one place of the stream. What is before it goes where it went,
// however far each of them was, and what comes after where it will go: none is
// lost between two, and none is given to both.
func (a *aggregation) turn(ctx context.Context, t turn) {
	together := map[string][]*delivery{} // by trail
	parts := map[string]bool{}
	for _, c := range t.changed {
		a.retire(ctx, c[0])
		name := c[0].trail.Name
		together[name] = append(together[name], c[0])
		parts[name] = parts[name] || takesPart(c[0].trail) || takesPart(c[1].trail)
	}
	for _, d := range t.gone {
		d.leaving = true
		a.retire(ctx, d)
		name := d.trail.Name
		together[name] = append(together[name], d)
		parts[name] = parts[name] || takesPart(d.trail)
	}
	if _, here := a.leads(); here {
		for name, deliveries := range together {
			if !parts[name] || len(deliveries) < 2 {
				continue
			}
			if err := a.meet(ctx, deliveries); err != nil {
				a.log.Error("deliveries of the trail could not turn at one place of the stream: events that moved between them may be in both, or in neither but in the index; see trail backfill", "trail", name, "error", err)
			}
		}
	}
	for _, c := range t.changed {
		c[0].follower.Debt.SetFilter(c[1].Where)
		a.follows(c[1], c[0].follower.Debt)
	}
	for _, d := range t.gone {
		d.follower.Debt.Release()
	}
}

// takesPart tells whether deliveries of a trail take parts of its events.
func takesPart(t *config.Trail) bool {
	for i := range t.Deliver {
		if t.Deliver[i].Narrow != "" {
			return true
		}
	}
	return false
}

// meet has deliveries that have ended be at one place of the stream: the farthest of
// them, and what the others lack up to there they owe under the filter that they had.
// Those that go away are given it now; the others when they run again.
func (a *aggregation) meet(ctx context.Context, ended []*delivery) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyTimeout)
	defer cancel()
	place := uint64(0)
	for _, d := range ended {
		place = max(place, d.reached())
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for a.index.Position().Seq < place { // what is owed is paid from it
		select {
		case <-ctx.Done():
			return fmt.Errorf("the index is not yet at seq %d: %w", place, ctx.Err())
		case <-tick.C:
		}
	}
	for _, d := range ended {
		if d.reached() >= place {
			continue
		}
		if err := d.follower.Owe(ctx, place); err != nil {
			return err
		}
	}
	for _, d := range ended {
		if !d.leaving {
			continue
		}
		if err := a.payOff(ctx, d); err != nil {
			return fmt.Errorf("%s goes away, and does not get what it lacks up to seq %d: %w", d.key(), place, err)
		}
	}
	return nil
}

// reached is the seq up to which the delivery has everything, or owes it.
func (d *delivery) reached() uint64 {
	seq := d.follower.Durable()
	if c := d.carrier(); c != nil {
		seq = max(seq, c.Position().Seq)
	}
	return seq
}

// payOff gives a delivery that has ended what it owes.
func (a *aggregation) payOff(ctx context.Context, d *delivery) error {
	if !d.follower.Debt.Status().Owing {
		return nil
	}
	if d.To != nil { // its sink is closed
		d.renew(false)
	}
	if err := d.tryOpen(ctx); err != nil {
		return err
	}
	d.follower.Sink = d.carrier()
	if err := d.follower.PayOff(ctx); err != nil {
		return err
	}
	if to := d.dispatched(); to != nil {
		return to.Close(ctx)
	}
	return nil
}
