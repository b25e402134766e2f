package aggregator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

const (
	// refillEvery is how often an index is asked whether it has lost events.
	refillEvery = time.Minute
	// refillWait is how long the stream may take to give what it has of a lost part.
	refillWait = 10 * time.Second
)

// refill gives an index what it has lost to damaged files, as far as the stream
// still has it. Batches that were refused then are refused now.
func (f *Follower) refill(ctx context.Context) error {
	sink, ok := f.Sink.(index.Refillable)
	if !ok || !passed(f.now(), f.refilled, refillEvery) {
		return nil
	}
	f.refilled = f.now()
	for _, lost := range sink.Lost() {
		from, events, whole, err := f.refillPart(ctx, sink, lost)
		if err != nil {
			return fmt.Errorf("read batches %d to %d again: %w", lost.First, lost.Last, err)
		}
		note := fmt.Sprintf("the stream had batches %d to %d of %d to %d still, and they were stored again", from, lost.Last, lost.First, lost.Last)
		if from > lost.Last {
			note = fmt.Sprintf("the stream has none of the batches %d to %d any more", lost.First, lost.Last)
		}
		if err := sink.Refilled(lost, note, whole); err != nil {
			return err
		}
		f.Log.Warn("index had a damaged file", "follower", f.Name, "result", note, "events", events)
	}
	return nil
}

// refillPart reads one part. from is the first seq that the stream had of it;
// more than Last when it had none. whole: it had all of them.
func (f *Follower) refillPart(ctx context.Context, sink index.Refillable, lost index.SeqRange) (from uint64, events int, whole bool, err error) {
	in := f.Stream.Follow(lost.First - 1)
	from = lost.Last + 1
	missing := lost.Last - lost.First + 1
	for at := lost.First; at <= lost.Last; {
		wait, cancel := context.WithTimeout(ctx, refillWait)
		messages, err := in.Next(wait)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return from, events, false, nil // there is no more
		} else if err != nil {
			return from, events, false, err
		}
		var batches []event.Batch
		for _, m := range messages {
			if at = m.Seq + 1; m.Seq > lost.Last {
				break
			}
			from = min(from, m.Seq)
			missing--
			batch, err := f.Opener.Open(m)
			var why *Refusal
			if err != nil && !errors.As(err, &why) {
				return from, events, false, err
			}
			if why == nil {
				batches = append(batches, batch)
				events += len(batch.Events)
			}
		}
		if len(batches) > 0 {
			if err := sink.Refill(ctx, batches); err != nil {
				return from, events, false, err
			}
		}
	}
	return from, events, missing == 0, nil
}
