package main

import (
	"context"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/dispatch"
)

// carrier is what a delivery's follower fills: an archive, or a dispatch into another sink.
type carrier interface {
	aggregator.Sink
	aggregator.Payer
}

var (
	_ carrier = (*archive.Archive)(nil)
	_ carrier = (*dispatch.Delivery)(nil)
)

// carrier is what carries the delivery; nil: it is not open yet.
func (d *delivery) carrier() carrier {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.carries
}

// opened is the delivery's archive; nil: it is not open yet, or there is none.
func (d *delivery) opened() *archive.Archive {
	a, _ := d.carrier().(*archive.Archive)
	return a
}

// dispatched is what carries the delivery into a sink that is no archive; nil: it
// is not open yet, or is one.
func (d *delivery) dispatched() *dispatch.Delivery {
	a, _ := d.carrier().(*dispatch.Delivery)
	return a
}

// renew has it be opened anew: others may have gone on with it.
func (d *delivery) renew(taken bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.carries, d.err, d.fence = nil, nil, taken
}

// tryOpen opens what carries the delivery, unless it is open.
func (d *delivery) tryOpen(ctx context.Context) error {
	if d.carrier() != nil {
		return nil
	}
	c, err := d.open(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err = err; err == nil {
		d.carries = c
	}
	return err
}

// fenceOff keeps the leader before from adding seals.
func (d *delivery) fenceOff(ctx context.Context) error {
	opened := d.opened()
	d.mu.Lock()
	fence := d.fence && opened != nil
	d.mu.Unlock()
	if !fence {
		return nil
	}
	if err := opened.Fence(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fence = false
	return nil
}
