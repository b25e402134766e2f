package aggregator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/debt"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
)

const (
	// oweWait is how long the stream may take to give what a trail lacks.
	oweWait = 10 * time.Second
	// recordBytes bounds one record of what is owed, which is made in memory.
	recordBytes = 4 << 20
	// recordReads bounds it too, in reads of the stream: each record gives it room,
	// and on a busy machine the agents wait for that.
	recordReads = 4
)

// owe has each trail that holds back more than half of the stream owe what it
// lacks, down to a quarter. One that holds back a quarter is asked to seal what it
// has taken: it may be well, and wait for matches only.
func (p *Purger) owe(ctx context.Context) error {
	var failed error
	for _, f := range p.followers() {
		if f.Debt == nil {
			continue
		}
		held, most, err := p.holdsBack(ctx, f)
		if err != nil {
			return errors.Join(failed, err)
		}
		if held > most/4 {
			f.pressed.Store(true)
		}
		if held <= most/2 {
			continue
		}
		for held > most/4 && err == nil {
			if err = p.record(ctx, f); err == nil {
				err = p.purge(ctx)
			}
			if err == nil {
				held, most, err = p.holdsBack(ctx, f)
			}
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("record what %s owes: %w", f.Name, err))
		}
	}
	return failed
}

// holdsBack is about how many bytes the stream keeps for this follower, of as
// many as it can hold: those of the batches that the index has and it has not.
func (p *Purger) holdsBack(ctx context.Context, f *Follower) (held, most int64, err error) {
	state, err := p.Conn.State(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("state of the stream: %w", err)
	}
	first := f.Durable()
	if state.FirstSeq > 0 {
		first = max(first, state.FirstSeq-1)
	}
	to := p.Position().Seq
	if state.Messages == 0 || state.MaxBytes <= 0 || to <= first {
		return 0, max(state.MaxBytes, 0), nil
	}
	batches := min(to-first, state.Messages)
	return int64(float64(state.Bytes) * (float64(batches) / float64(state.Messages))), state.MaxBytes, nil
}

// record records the next part of what a trail lacks, as far as the index has it.
func (p *Purger) record(ctx context.Context, f *Follower) error {
	_, err := f.record(ctx, p.Position().Seq)
	return err
}

// Owe records all that the trail lacks up to this seq, which the index has. It is
// paid with the filter of now, whatever the trail's filter is then.
func (f *Follower) Owe(ctx context.Context, to uint64) error {
	for recorded := f.Durable(); recorded < to; {
		var err error
		if recorded, err = f.record(ctx, to); err != nil {
			return fmt.Errorf("record what %s owes: %w", f.Name, err)
		}
	}
	return nil
}

// record records the next part of what the trail lacks, and returns the seq up to which all is recorded.
func (f *Follower) record(ctx context.Context, to uint64) (recorded uint64, err error) {
	f.recording.Lock() // the purger records, and whoever changes the trail
	defer f.recording.Unlock()
	recorded = f.Durable()
	in := f.Stream.Follow(recorded)
	r := f.Debt.Begin(recorded)
	defer r.Abandon()
	for n := 0; n < recordReads && r.Size() < recordBytes && recorded < to; n++ {
		wait, cancel := context.WithTimeout(ctx, oweWait)
		messages, err := in.Next(wait)
		cancel()
		if err != nil {
			return recorded, fmt.Errorf("read the stream after seq %d: %w", recorded, err)
		}
		if recorded, err = f.add(ctx, r, messages, recorded, to); err != nil {
			return recorded, err
		}
	}
	return recorded, r.Commit(ctx, recorded)
}

// add records the batches of messages up to seq to. It returns the seq up to which all is recorded.
func (f *Follower) add(ctx context.Context, r *debt.Recording, messages []bus.Message, recorded, to uint64) (uint64, error) {
	var batches []event.Batch
	for _, m := range messages {
		if m.Seq > to {
			recorded = to // nothing is left before it
			break
		}
		batch, err := f.Opener.Open(m)
		var why *Refusal
		if err != nil && !errors.As(err, &why) {
			return recorded, err
		}
		if why == nil || why.Reason == BadBody {
			batches = append(batches, batch)
		}
		recorded = m.Seq
	}
	return recorded, r.Add(ctx, batches)
}
