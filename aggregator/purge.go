package aggregator

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
)

// PurgeEvery is how often the stream is rid of what all followers have.
const PurgeEvery = 10 * time.Second

// Purger removes from the stream what every follower has durably, but leaves of
// each subject the batches from its last snapshot on: an agent that has lost its
// spool goes on from there.
type Purger struct {
	Conn      *bus.Conn
	Followers []*Follower
	Position  func() event.Position // of the index: it knows the snapshots of every lane
	Retain    uint64                // batches kept for replay, beyond what is needed
	Log       *slog.Logger

	purged map[string]uint64 // subject to the seq purged up to
}

// Run purges until ctx ends.
func (p *Purger) Run(ctx context.Context) {
	tick := time.NewTicker(PurgeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := p.Purge(ctx); err != nil && ctx.Err() == nil {
				p.Log.Warn("purge of the stream failed, trying again later", "error", err)
			}
		}
	}
}

// Purge purges once.
func (p *Purger) Purge(ctx context.Context) error {
	at := p.Position()
	floor := at.Seq
	for _, f := range p.Followers {
		floor = min(floor, f.Durable())
	}
	if floor <= p.Retain {
		return nil
	}
	floor -= p.Retain
	snapshots := map[string]uint64{}
	for lane, last := range at.Lanes {
		subject, err := bus.Subject(lane.Account, lane.Agent, lane.Source)
		if err != nil {
			return err
		}
		snapshots[subject] = max(snapshots[subject], last.Snapshot)
	}
	if p.purged == nil {
		p.purged = map[string]uint64{}
	}
	for subject, snapshot := range maps.All(snapshots) {
		before := min(floor+1, snapshot)
		if before <= 1 || before <= p.purged[subject] {
			continue
		}
		if err := p.Conn.Purge(ctx, subject, before); err != nil {
			return fmt.Errorf("up to %d: %w", before, err)
		}
		p.purged[subject] = before
	}
	return nil
}
