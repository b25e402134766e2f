package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// Payment says how batches come that the trail owed: from the index, after the
// stream has gone on.
type Payment struct {
	Since  time.Time         // when the trail began to owe them
	Filter string            // of the trail, then
	Lost   map[uint64]uint64 // seq of a batch to the number of its events that the index no longer had
}

// Pay is Write for batches that the trail owed. They are sealed with the filter
// of then, in seals of their own which say that they were paid. Their events
// come without those that are lost.
func (a *Archive) Pay(ctx context.Context, how Payment, batches []event.Batch) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.ready(ctx)
	if err == nil {
		err = a.takeAll(ctx, batches, &how)
	}
	return a.note(err)
}

// Seal seals what is staged, though it is not due yet.
func (a *Archive) Seal(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.ready(ctx)
	if err == nil {
		err = a.cutStaged(ctx)
	}
	return a.note(err)
}

// cutStaged seals what is staged, if anything is.
func (a *Archive) cutStaged(ctx context.Context) error {
	if a.rebuild != nil || a.staging.batches == 0 {
		return nil
	}
	return a.cut(ctx, a.cfg.Now())
}

// turn makes ready for batches that come in this way. What came in another way
// is sealed before, so that a seal tells one thing of all that it scanned. A
// rebuild has the ways of its seal.
func (a *Archive) turn(ctx context.Context, how *Payment, stopped *Stopped) error {
	if a.rebuild != nil || a.staging.comes(how, stopped) {
		return nil
	}
	if err := a.cutStaged(ctx); err != nil {
		return err
	}
	staging := a.collector()
	staging.stopped = stopped
	if how != nil && stopped == nil {
		staging.paid = &Paid{Since: how.Since.UTC()}
		if how.Filter != staging.text {
			filter, err := a.parse(how.Filter)
			if err != nil {
				return fmt.Errorf("the filter of what the trail owes cannot be read: %w", err)
			}
			staging.filter, staging.text = filter, how.Filter
		}
	}
	a.staging = staging
	return nil
}

// comes tells whether what is gathered came in this way, too.
func (c *collector) comes(how *Payment, stopped *Stopped) bool {
	if stopped != nil || c.stopped != nil { // wherever it comes from
		return stopped != nil && c.stopped != nil && c.stopped.Since.Equal(stopped.Since)
	}
	if how == nil || c.paid == nil {
		return how == nil && c.paid == nil
	}
	return c.text == how.Filter && c.paid.Since.Equal(how.Since)
}

// stopped tells how a seal calls it when the batch at seq came while the trail was
// stopped; nil: it was not.
func (a *Archive) stopped(seq uint64) *Stopped {
	if a.cfg.Stopped == nil {
		return nil
	}
	since, stopped := a.cfg.Stopped(seq)
	if !stopped {
		return nil
	}
	return &Stopped{Since: since.UTC().Truncate(time.Millisecond)}
}

// lost is how many events the batch at seq had besides those it comes with.
func (p *Payment) lost(seq uint64) uint64 {
	if p == nil {
		return 0
	}
	return p.Lost[seq]
}
