package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
)

// trailSet are the trails that run. They change while the process does, all at
// once or not at all.
type trailSet struct {
	changing sync.Mutex // held by who changes them

	mu         sync.Mutex
	declared   []config.Trail
	deliveries []*delivery     // of all trails, in their order; never changed in place
	ctx        context.Context // of what runs; nil: nothing does yet
}

// all are the deliveries of all trails now.
func (s *trailSet) all() []*delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliveries
}

// trails are those that run now. They are not to be changed.
func (s *trailSet) trails() []config.Trail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.declared
}

func (s *trailSet) followers() []*aggregator.Follower {
	var all []*aggregator.Follower
	for _, d := range s.all() {
		all = append(all, d.follower)
	}
	return all
}

// runTrails carries all trails, those that come later too, until ctx ends.
func (a *aggregation) runTrails(ctx context.Context) {
	s := &a.trails
	s.changing.Lock()
	s.mu.Lock()
	s.ctx = ctx
	s.mu.Unlock()
	for _, d := range s.all() {
		d.begin(ctx, a.log)
	}
	s.changing.Unlock()
	<-ctx.Done()
	s.changing.Lock()
	defer s.changing.Unlock()
	for _, d := range s.all() {
		d.end()
	}
}

// openTrails opens the archives of the trails that the process begins with. One
// that belongs to another trail is a mistake of the configuration; one that cannot
// be reached now is tried again later.
func (a *aggregation) openTrails(ctx context.Context) error {
	a.trails.declared = a.cfg.Trails
	for _, d := range a.deliveriesOf(a.cfg.Trails) {
		open := a.tryOpen
		if len(a.cfg.NATS.Remote.Servers) > 0 { // another server may have it
			open = a.tryLook
		}
		if err := open(ctx, d); errors.Is(err, archive.ErrForeign) || errors.Is(err, archive.ErrKey) {
			return process.UsageError("%s: %w", d.Place, err)
		}
		a.trails.deliveries = append(a.trails.deliveries, d)
	}
	return nil
}

func (a *aggregation) tryOpen(ctx context.Context, d *delivery) error {
	err := d.tryOpen(ctx)
	if err != nil && !errors.Is(err, archive.ErrForeign) {
		a.log.Warn("trail waits for its destination", "trail", d.key(), "error", err)
	}
	return err
}

// tryLook looks whether the archive could be opened, and changes nothing.
func (a *aggregation) tryLook(ctx context.Context, d *delivery) error {
	if d.To != nil {
		return nil
	}
	bucket, err := openBucket(ctx, &d.Delivery)
	if err != nil {
		return err
	}
	if err := archive.CheckOwner(ctx, bucket, d.trail.Name); err != nil {
		return err
	}
	log, err := a.archiveLog(d)
	if err != nil {
		return err
	}
	return archive.CheckKeys(ctx, bucket, log)
}

func (a *aggregation) deliveriesOf(trails []config.Trail) []*delivery {
	var all []*delivery
	for i := range trails {
		for k := range trails[i].Deliver {
			d := &delivery{Delivery: trails[i].Deliver[k], trail: &trails[i]}
			d.archives = &aggregator.ArchiveReader{Dir: filepath.Join(a.dir, "backfill", d.key()), Open: openOther, Filter: d.Filter, Store: a.backfills, Name: d.key()}
			if d.open = func(ctx context.Context) (carrier, error) { return a.openArchive(ctx, d) }; d.To != nil {
				d.open = func(ctx context.Context) (carrier, error) { return a.openDispatch(ctx, d) }
			}
			all = append(all, d)
		}
	}
	return all
}

// same tells whether two deliveries do the same, so that none need be touched.
func (d *delivery) same(o *delivery) bool {
	return d.Hash == o.Hash && d.Where == o.Where && sameReceivers(d.trail, o.trail) && sameWitnesses(d.trail, o.trail)
}

// applyTimeout is how long a bucket may take to say whose it is, and a trail to seal what it has, when trails change.
const applyTimeout = 10 * time.Second

// apply has these trails run, and no others. After an error all is as before; keep,
// unless nil, is called once nothing else can fail. What
// stays the same is not touched. What changes first seals what it has scanned, so
// that each seal has one filter; if its bucket is dead, what was not sealed is
// scanned with the new one, unless it is one of several that share events (turn).
// What goes away holds nothing back any longer.
func (a *aggregation) apply(ctx context.Context, trails []config.Trail, keep func() error) error {
	s := &a.trails
	s.changing.Lock()
	defer s.changing.Unlock()
	before := map[string]*delivery{}
	for _, d := range s.all() {
		before[d.key()] = d
	}
	all := a.deliveriesOf(trails)
	for _, d := range all {
		if err := a.prepare(ctx, d, before[d.key()]); err != nil {
			return err
		}
	}
	if keep != nil {
		if err := keep(); err != nil {
			return err
		}
	}
	var change turn
	for i, d := range all {
		old := before[d.key()]
		delete(before, d.key())
		switch {
		case old == nil:
			continue
		case old.same(d):
			all[i] = old
			continue
		}
		change.changed = append(change.changed, [2]*delivery{old, d})
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		change.gone = append(change.gone, before[key])
	}
	a.turn(ctx, change)
	s.mu.Lock()
	s.declared, s.deliveries = trails, all
	run := s.ctx
	s.mu.Unlock()
	for _, d := range all {
		if d.stop == nil && run != nil && run.Err() == nil {
			d.begin(run, a.log)
		}
	}
	return nil
}

// prepare does all that can fail before anything is changed. A bucket that cannot
// be reached is no mistake: the trail waits for it.
func (a *aggregation) prepare(ctx context.Context, d, old *delivery) error {
	switch {
	case d.To != nil && old == nil:
		if _, err := newSink(d.trail.Name, &d.Delivery, a.log); err != nil {
			return fmt.Errorf("%s: deliver %q: %w", d.Place, d.Kind, err)
		}
		return a.equip(d)
	case old != nil && (d.To != nil || old.Target() == d.Target()):
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	bucket, err := openBucket(asking, &d.Delivery)
	if err == nil {
		if err := archive.CheckOwner(asking, bucket, d.trail.Name); errors.Is(err, archive.ErrForeign) {
			return fmt.Errorf("%s: %w", d.Place, err)
		}
	}
	if old != nil {
		return nil
	}
	return a.equip(d)
}

// retire ends a delivery that changes or goes away, and seals what it has scanned.
func (a *aggregation) retire(ctx context.Context, d *delivery) {
	d.end()
	opened := d.carrier()
	if opened == nil || d.To != nil { // what was delivered is noted at its end
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyTimeout)
	defer cancel()
	if err := opened.Seal(ctx); err != nil {
		a.log.Warn("trail has changed, and could not seal what it had scanned", "trail", d.key(), "error", err)
	}
}
