package aggregator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
)

const (
	// PurgeEvery is how often the stream is rid of what all followers have.
	PurgeEvery = 10 * time.Second
	// DefaultRetain is how many batches the stream keeps beyond that: should the end
	// of an index be damaged, it is read again from there.
	DefaultRetain = 4096
)

// Purged is the stream as the purger sees it. *bus.Conn is one.
type Purged interface {
	State(ctx context.Context) (bus.StreamState, error)
	Subjects(ctx context.Context) (map[string]uint64, error)
	Purge(ctx context.Context, subject string, before uint64) error
}

// Purger removes from the stream what every follower has durably, or owes, but leaves of
// each subject the batches from its last snapshot on: an agent that has lost its
// spool goes on from there.
type Purger struct {
	Conn      Purged
	Followers []*Follower
	Trails    func() []*Follower    // more of them, which come and go; nil: there are none
	Position  func() event.Position // of the index: it knows the snapshots of every lane
	Retain    uint64                // batches kept for replay beyond what is needed, while the stream has room
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

// Purge purges once. A trail that holds back too much of the stream owes it from
// then on, so that a dead bucket never stops the agents.
func (p *Purger) Purge(ctx context.Context) error {
	return errors.Join(p.owe(ctx), p.purge(ctx))
}

// followers are all that the stream waits for now.
func (p *Purger) followers() []*Follower {
	if p.Trails == nil {
		return p.Followers
	}
	return slices.Concat(p.Followers, p.Trails())
}

func (p *Purger) purge(ctx context.Context) error {
	at := p.Position()
	floor := at.Seq
	for _, f := range p.followers() {
		floor = min(floor, f.Durable())
	}
	retain, err := p.retained(ctx)
	if err != nil {
		return err
	}
	if floor <= retain {
		return nil
	}
	floor -= retain
	snapshots := map[string]uint64{}
	for lane, last := range at.Lanes {
		subject, err := bus.Subject(lane.Account, lane.Agent, lane.Source)
		if err != nil {
			return err
		}
		snapshots[subject] = max(snapshots[subject], last.Snapshot)
	}
	// A subject of which no batch was ever taken has no snapshot to keep: all of it is in quarantine.
	subjects, err := p.Conn.Subjects(ctx)
	if err != nil {
		return fmt.Errorf("subjects of the stream: %w", err)
	}
	for subject := range subjects {
		if _, taken := snapshots[subject]; !taken {
			snapshots[subject] = floor + 1
		}
	}
	if p.purged == nil {
		p.purged = map[string]uint64{}
	}
	for subject, snapshot := range snapshots {
		before := min(floor+1, snapshot)
		if before <= 1 || before <= p.purged[subject] {
			continue
		}
		if err := p.Conn.Purge(ctx, subject, before); err != nil {
			return fmt.Errorf("up to %d: %w", before, err)
		}
		p.purged[subject] = before
	}
	maps.DeleteFunc(p.purged, func(subject string, _ uint64) bool { return subjects[subject] == 0 })
	return nil
}

// retained is how many batches are kept for replay: none once the stream is a
// quarter full, for a full stream takes no batches.
func (p *Purger) retained(ctx context.Context) (uint64, error) {
	if p.Retain == 0 {
		return 0, nil
	}
	state, err := p.Conn.State(ctx)
	if err != nil {
		return 0, fmt.Errorf("state of the stream: %w", err)
	}
	if state.MaxBytes > 0 && state.Bytes > state.MaxBytes/4 {
		return 0, nil
	}
	return p.Retain, nil
}
