package aggregator

import (
	"context"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

// Payer is a sink that can be given what it was owed.
type Payer interface {
	// Pay is Write for batches that the stream has no more.
	Pay(ctx context.Context, how archive.Payment, batches []event.Batch) error
	// Seal makes durable what was taken.
	Seal(ctx context.Context) error
}

// owes tells whether what comes after this seq is to be read from the debt. The
// stream may have it no more. It is asked after each read, too: what was recorded
// in the meantime may be purged, so that the stream went on behind it.
func (f *Follower) owes(read uint64) bool { return f.Debt != nil && read < f.Debt.To() }

// pay gives the sink the next part of what it owes, as if it came from the
// stream. It returns the seq up to which all is read now.
func (f *Follower) pay(ctx context.Context, at *event.Position, read uint64) (uint64, error) {
	sink, ok := f.Sink.(Payer)
	if !ok {
		return read, fmt.Errorf("%s owes batches up to seq %d, and takes none but from the stream", f.Name, f.Debt.To())
	}
	part, err := f.Debt.Next(ctx, read)
	if err != nil {
		return read, err
	}
	var batches []event.Batch
	for i := range part.Batches {
		b := &part.Batches[i]
		switch at.Check(b) {
		case event.Resend:
			f.note(func(s *FollowerStatus) { s.Resends++ })
			continue
		case event.Fork:
			f.note(func(s *FollowerStatus) { s.Quarantined++ })
			continue
		case event.Gap:
			f.note(func(s *FollowerStatus) { s.Gaps++ })
		}
		at.Advance(b)
		batches = append(batches, *b)
	}
	if len(batches) > 0 {
		if err := sink.Pay(ctx, archive.Payment{Since: part.Since, Filter: part.Filter, Lost: part.Lost}, batches); err != nil {
			return read, fmt.Errorf("pay what is owed: %w", err)
		}
	}
	if part.To >= f.Debt.To() { // the last part: it must not wait for its time to be sealed
		if err := sink.Seal(ctx); err != nil {
			return read, fmt.Errorf("seal what was owed: %w", err)
		}
	}
	if err := f.Sink.Flush(ctx, f.now()); err != nil {
		return read, fmt.Errorf("flush: %w", err)
	}
	f.reads(span{part.To, part.Since})
	return part.To, f.advanced(ctx, at.Seq, time.Time{}, batches)
}

// PayOff gives the sink all that it is owed now. The follower does not run.
func (f *Follower) PayOff(ctx context.Context) error {
	at := f.Sink.Position()
	at = at.Clone()
	read := at.Seq
	f.note(func(s *FollowerStatus) { s.Seq, s.Taken, f.waiting = at.Seq, at.Seq, nil })
	for f.owes(read) {
		var err error
		if read, err = f.pay(ctx, &at, read); err != nil {
			return err
		}
	}
	return nil
}

// seal has the sink make durable what it can: the stream needs the room.
func (f *Follower) seal(ctx context.Context) error {
	sink, ok := f.Sink.(Payer)
	if !ok {
		return nil
	}
	if err := sink.Seal(ctx); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return nil
}

// settle forgets what is owed no more.
func (f *Follower) settle(ctx context.Context) error {
	if f.Debt == nil {
		return nil
	}
	return f.Debt.Settle(ctx, f.Status().Seq)
}

// backfill brings the next part of what was asked for of earlier times.
func (f *Follower) backfill(ctx context.Context, read uint64) (worked bool, err error) {
	sink, ok := f.Sink.(Backfillable)
	if !ok || f.Backfill == nil {
		return false, nil
	}
	return f.Backfill.step(ctx, sink, read)
}
