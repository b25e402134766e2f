package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/debt"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/query"
)

// delivery is one delivery of a trail and what carries it: a follower, a staging
// folder and a debt of its own, so that a dead bucket holds back no other one. One
// whose archive cannot be opened waits for it and holds back nothing but the purge
// of the stream, and not even that once it owes.
type delivery struct {
	config.Delivery
	trail    *config.Trail
	open     func(context.Context) (carrier, error)
	follower *aggregator.Follower
	archives *aggregator.ArchiveReader // for its backfills

	tellers   []teller
	witnesses []*kept

	leaving bool               // it goes away
	stop    context.CancelFunc // nil: it does not run yet
	done    chan struct{}      // closed when it has ended

	mu      sync.Mutex
	carries carrier // nil: not open yet
	err     error   // why
	fence   bool    // another aggregator may not know yet that it leads no longer
}

// begin carries the delivery until ctx ends, or end is called.
func (d *delivery) begin(ctx context.Context, log *slog.Logger) {
	ctx, d.stop = context.WithCancel(ctx)
	d.done = make(chan struct{})
	go func() {
		defer close(d.done)
		d.run(ctx, log)
	}()
}

// end stops it and waits until it has.
func (d *delivery) end() {
	if d.stop != nil {
		d.stop()
		<-d.done
	}
}

// key names the delivery in the data folder and in logs. That of a folder, which
// for long was all that a trail could have, is called as the trail is. No name has a dot.
func (d *delivery) key() string {
	if d.Name == "file" {
		return d.trail.Name
	}
	return d.trail.Name + "." + d.Name
}

// run follows the stream until ctx ends.
func (d *delivery) run(ctx context.Context, log *slog.Logger) {
	failed := func(err error) { log.Warn("trail waits for its destination", "trail", d.key(), "error", err) }
	if backoff.Retry(ctx, failed, func() error {
		if err := d.tryOpen(ctx); err != nil {
			return err
		}
		return d.fenceOff(ctx)
	}) != nil {
		return
	}
	d.follower.Sink = d.carrier()
	var telling sync.WaitGroup
	for _, t := range d.tellers {
		t.Archive = d.opened()
		telling.Go(func() {
			defer t.close()
			t.Run(ctx)
		})
	}
	for _, w := range d.witnesses {
		w.Archive = d.opened()
		telling.Go(func() { w.Run(ctx) })
	}
	d.follower.Run(ctx)
	telling.Wait()
	if err := d.archives.Close(); err != nil {
		log.Warn("what a backfill had sorted could not be removed", "trail", d.key(), "error", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if to := d.dispatched(); to != nil {
		if err := to.Close(ctx); err != nil {
			log.Warn("what was delivered last could not be noted at the stop: it comes again", "trail", d.key(), "error", err)
		}
		return
	}
	if err := d.opened().Checkpoint(ctx); err != nil {
		log.Warn("no checkpoint was stored at the stop: it comes with the next start", "trail", d.key(), "error", err)
	}
}

func (a *aggregation) openArchive(ctx context.Context, d *delivery) (carrier, error) {
	bucket, err := openBucket(ctx, &d.Delivery)
	if err != nil {
		return nil, fmt.Errorf("archive of trail %s: %w", d.key(), err)
	}
	log, err := a.archiveLog(d)
	if err != nil {
		return nil, fmt.Errorf("archive of trail %s: %w", d.key(), err)
	}
	digests, err := a.archiveDigests(&d.Delivery)
	if err != nil {
		return nil, fmt.Errorf("archive of trail %s: %w", d.key(), err)
	}
	objects := d.Objects()
	opened, err := archive.Open(ctx, archive.Config{
		Trail: d.trail.Name, Bucket: bucket, Staging: filepath.Join(a.dir, "staging", d.key()),
		Filter: d.Filter, FilterText: d.Where, Parse: query.Parse,
		Layout: layoutOf(objects.Layout), Codec: archive.Codec(objects.Format), Recipients: objects.Recipients, Keep: keep(&d.Delivery),
		RollAge: objects.RollAge, RollBytes: objects.RollBytes,
		Stopped: func(seq uint64) (time.Time, bool) { return a.stops.At(d.trail.Name, seq) },
		Source:  d.archives.Source(aggregator.IndexSource(a.index)),
		Log:     log, Digests: digests, Agents: a.sealedAgents, Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	a.log.Info("archive is signed", "trail", d.key(), "key", opened.Status().SigningKey)
	return opened, nil
}

// equip gives a delivery its follower.
func (a *aggregation) equip(d *delivery) error {
	if d.follower != nil {
		return nil
	}
	if err := a.askBackfill(d); err != nil && !errors.Is(err, errNotLeading) { // the leader asks for it
		return err
	}
	owed, err := a.openDebt(d)
	if err != nil {
		return err
	}
	a.follows(d, owed)
	return nil
}

// askBackfill asks for what a new archive begins with.
func (a *aggregation) askBackfill(d *delivery) error {
	if d.Delivery.Backfill == 0 {
		return nil
	}
	return a.backfills.Add(d.key(), aggregator.BackfillRequest{ID: newArchive, Back: d.Delivery.Backfill, Made: time.Now().UTC()})
}

func (a *aggregation) follows(d *delivery, owed *debt.Debt) {
	d.follower = &aggregator.Follower{Name: "trail " + d.key(), Kind: "trail", Stream: aggregator.BusStream{Conn: a.conn}, Opener: a.opener, Debt: owed, Log: a.log}
	if d.To != nil {
		return
	}
	d.tellers, d.witnesses = a.tellers(d), a.witnesses(d)
	d.follower.Backfill = &aggregator.Backfill{Name: d.key(), Index: a.index, First: a.firstSeq, Last: a.lastSeq, Archives: d.archives, Store: a.backfills, Now: time.Now, Log: a.log,
		Keep: func(from time.Time) { a.index.Keep("backfill "+d.key(), from) }}
}

// newArchive is the id of the backfill that a new archive begins with.
const newArchive = "new"

// openDebt opens what a delivery owes. It is beside the staging folder, not in it:
// what is staged may be lost, this may not.
func (a *aggregation) openDebt(d *delivery) (*debt.Debt, error) {
	shared := func(file string) string { return "owing/" + d.key() + "/" + file }
	return debt.Open(debt.Config{Trail: d.key(), Filter: d.Where, Dir: filepath.Join(a.dir, "owing", d.key()), Index: a.index, Now: time.Now, Log: a.log,
		Share:   func(ctx context.Context, file string, data []byte) error { return a.shareFile(ctx, shared(file), data) },
		Unshare: func(ctx context.Context, file string) error { return a.shareFile(ctx, shared(file), nil) },
		Report: func(ctx context.Context, name string, parameters map[string]any) {
			parameters["delivery"] = d.Name
			// The purge of the stream must not wait for long: the audit's own batches need room in it.
			ctx, cancel := context.WithTimeout(ctx, reportTimeout)
			defer cancel()
			if err := a.system.Report(ctx, trailEvent(name, d.trail.Name, parameters), true); err != nil && ctx.Err() == nil {
				a.log.Warn("the audit does not take that a trail owes or has paid", "trail", d.key(), "event", name, "error", err)
			}
		}})
}

// reportTimeout is how long a report of what a trail owes may take to become durable.
const reportTimeout = 5 * time.Second
