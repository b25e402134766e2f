package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/debt"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/query"
)

// trail is a declared trail and what carries it. A trail whose archive cannot be
// opened waits for it and holds back nothing but the purge of the stream, and
// not even that once it owes.
type trail struct {
	config.Trail
	open     func(context.Context) (*archive.Archive, error)
	follower *aggregator.Follower

	mu      sync.Mutex
	archive *archive.Archive // nil: not open yet
	err     error            // why
}

func (t *trail) opened() *archive.Archive {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.archive
}

// tryOpen opens the archive, unless it is open.
func (t *trail) tryOpen(ctx context.Context) error {
	if t.opened() != nil {
		return nil
	}
	a, err := t.open(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err = err; err == nil {
		t.archive = a
	}
	return err
}

// run follows the stream into the archive until ctx ends.
func (t *trail) run(ctx context.Context, log *slog.Logger) {
	failed := func(err error) { log.Warn("trail waits for its archive", "trail", t.Name, "error", err) }
	if backoff.Retry(ctx, failed, func() error { return t.tryOpen(ctx) }) != nil {
		return
	}
	t.follower.Sink = t.opened()
	t.follower.Run(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := t.opened().Checkpoint(ctx); err != nil {
		log.Warn("no checkpoint was stored at the stop: it comes with the next start", "trail", t.Name, "error", err)
	}
}

// openTrails opens the archives of all trails. One that belongs to another trail
// is a mistake of the configuration; one that cannot be reached now is tried again later.
func (a *aggregation) openTrails(ctx context.Context) error {
	for _, declared := range a.cfg.Trails {
		t := &trail{Trail: declared, open: func(ctx context.Context) (*archive.Archive, error) { return a.openArchive(ctx, &declared) }}
		if err := t.tryOpen(ctx); errors.Is(err, archive.ErrForeign) {
			return process.UsageError("%s: %w", declared.Place, err)
		} else if err != nil {
			a.log.Warn("trail waits for its archive", "trail", t.Name, "error", err)
		}
		a.trails = append(a.trails, t)
	}
	return nil
}

func (a *aggregation) openArchive(ctx context.Context, t *config.Trail) (*archive.Archive, error) {
	bucket, err := openBucket(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("archive of trail %s: %w", t.Name, err)
	}
	objects := t.File.Objects
	if t.S3 != nil {
		objects = t.S3.Objects
	}
	log, err := a.archiveLog(t)
	if err != nil {
		return nil, fmt.Errorf("archive of trail %s: %w", t.Name, err)
	}
	digests, err := a.archiveDigests(t)
	if err != nil {
		return nil, fmt.Errorf("archive of trail %s: %w", t.Name, err)
	}
	opened, err := archive.Open(ctx, archive.Config{
		Trail: t.Name, Bucket: bucket, Staging: filepath.Join(a.dir, "staging", t.Name),
		Filter: t.Filter, FilterText: t.Where, Parse: query.Parse,
		Layout: layoutOf(objects.Layout), Codec: archive.Codec(objects.Format), Recipients: objects.Recipients, Keep: keep(t.S3),
		RollAge: objects.RollAge, RollBytes: objects.RollBytes,
		Log: log, Digests: digests, Agents: a.sealedAgents, Now: time.Now,
	})
	if err == nil {
		a.log.Info("archive is signed", "trail", t.Name, "key", opened.Status().SigningKey)
	}
	return opened, err
}

// openDebt opens what a trail owes. It is beside the staging folder, not in it:
// what is staged may be lost, this may not.
func (a *aggregation) openDebt(t *trail) (*debt.Debt, error) {
	return debt.Open(debt.Config{Trail: t.Name, Filter: t.Where, Dir: filepath.Join(a.dir, "owing", t.Name), Index: a.index, Now: time.Now, Log: a.log,
		Report: func(ctx context.Context, name string, parameters map[string]any) {
			// The purge of the stream must not wait for long: the audit's own batches need room in it.
			ctx, cancel := context.WithTimeout(ctx, reportTimeout)
			defer cancel()
			if err := a.system.Report(ctx, trailEvent(name, t.Name, parameters), true); err != nil && ctx.Err() == nil {
				a.log.Warn("the audit does not take that a trail owes or has paid", "trail", t.Name, "event", name, "error", err)
			}
		}})
}

// reportTimeout is how long a report of what a trail owes may take to become durable.
const reportTimeout = 5 * time.Second

// sealedAgents are the agents that the index has taken batches of, with their
// epochs: an archive carries their keys, so that it can be verified by itself.
func (a *aggregation) sealedAgents() []archive.Agent {
	type name struct{ account, agent, key string }
	at := map[name]int{}
	var all []archive.Agent
	lanes := a.index.Position().Lanes
	sorted := make([]event.Lane, 0, len(lanes))
	for l := range lanes {
		sorted = append(sorted, l)
	}
	slices.SortFunc(sorted, event.Lane.Compare)
	for _, l := range sorted {
		n := name{l.Account, l.Agent, l.Key}
		i, known := at[n]
		if !known {
			i = len(all)
			at[n] = i
			all = append(all, archive.Agent{Account: l.Account, Agent: l.Agent, Key: l.Key})
		}
		if !slices.Contains(all[i].Epochs, l.Epoch) {
			all[i].Epochs = append(all[i].Epochs, l.Epoch)
		}
	}
	for i := range all {
		slices.Sort(all[i].Epochs)
	}
	return all
}
