package main

import (
	"context"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/internal/backoff"
)

// quarantined is what the API shows and does of the quarantine.
type quarantined struct {
	*aggregator.Retrier
	leads func() error
}

// Retry takes an entry in again, where the index is written.
func (q quarantined) Retry(ctx context.Context, entry string) (aggregator.Quarantined, error) {
	if err := q.leads(); err != nil {
		return aggregator.Quarantined{}, err
	}
	return q.Retrier.Retry(ctx, entry)
}

func (a *aggregation) quarantined() quarantined {
	return quarantined{&aggregator.Retrier{Quarantine: a.quarantine, Agents: a.agents, System: a.system, Index: a.index, Settled: a.settled, Keeps: a.indexKeeps, Now: time.Now}, a.mayChange}
}

// settled waits until the index has all that is in the stream now, and what the
// audit has sent there.
func (a *aggregation) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	var end uint64
	return backoff.Retry(ctx, nil, func() error {
		if n := a.lane.Status().PendingBatches; n > 0 {
			return fmt.Errorf("%d batches of the audit wait for NATS", n)
		}
		if end == 0 {
			var err error
			if end, err = a.lastSeq(ctx); err != nil {
				return err
			}
		}
		if at := a.follower.Status().Seq; at < end {
			return fmt.Errorf("the index is at %d of %d", at, end)
		}
		return nil
	})
}

// settleTimeout is how long the index may take to come to the end of the stream.
const settleTimeout = 20 * time.Second

// indexKeeps is the first time of which the index keeps all events.
func (a *aggregation) indexKeeps() time.Time {
	least := a.cfg.Index.Retention
	for _, c := range a.cfg.Index.Classes {
		if c.Retention > 0 && (least == 0 || c.Retention < least) {
			least = c.Retention
		}
	}
	if least == 0 {
		return time.Time{}
	}
	return time.Now().Add(-least)
}
