package aggregator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/debt"
	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/internal/bus"
)

// flushEvery is how often a sink is asked for what is due.
const flushEvery = time.Second

// Stream gives the batch messages after a seq.
type Stream interface {
	Follow(after uint64) Reader
}

// Reader gives batch messages in stream order; *bus.Follower is one. It blocks
// until there is a message. After an error it goes on behind the last one returned.
type Reader interface {
	Next(ctx context.Context) ([]bus.Message, error)
}

// BusStream is the stream behind a connection.
type BusStream struct{ Conn *bus.Conn }

// Follow reads what comes after this seq.
func (s BusStream) Follow(after uint64) Reader { return s.Conn.Follow(after) }

// Follower fills one sink from the stream.
type Follower struct {
	Name   string // "index", or "trail NAME"
	Kind   string // "index" or "trail"
	Stream Stream
	Opener *Opener
	Sink   Sink
	// Of a trail's follower: what it owes, once it has held back too much of the
	// stream. Its sink is a Payer then. nil: the stream always waits for it.
	Debt     *debt.Debt
	Backfill *Backfill // of a trail's follower: what is asked for of earlier times; nil: nothing can be
	// Of the index's follower alone: what it finds is reported once.
	Quarantine *Quarantine
	System     *System
	Live       *Live // is told what became searchable; nil: nobody is
	Now        func() time.Time
	Log        *slog.Logger

	recording sync.Mutex // held by who records what is owed

	refilled time.Time   // when the sink was last asked what it has lost
	pressed  atomic.Bool // the sink is to make durable what it can

	mu      sync.Mutex
	status  FollowerStatus
	waiting []span // read but not durable, oldest first
	sources map[sourceName]SourceStatus
}

// FollowerStatus tells how a follower fares, for status pages.
type FollowerStatus struct {
	Name, Kind  string
	Seq         uint64    // of the last batch that is durable in the sink
	Taken       uint64    // of the last batch read
	StoredAt    time.Time // when the stream took the last batch read
	OldestAt    time.Time // when it took the oldest batch that is read but not durable; zero: there is none
	Batches     uint64    // written since the start
	Events      uint64    // in them
	Resends     uint64
	Gaps        uint64
	Quarantined uint64
	LastError   string
	LastErrorAt time.Time
	Failing     bool
}

// Status is how the follower fares now.
func (f *Follower) Status() FollowerStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.status
	s.Name, s.Kind = f.Name, f.Kind
	return s
}

func (f *Follower) note(change func(*FollowerStatus)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.status)
}

// Durable is the seq up to which the stream may be purged for this follower: what
// came before is in its sink, or recorded as owed.
func (f *Follower) Durable() uint64 {
	seq := f.Status().Seq
	if f.Debt != nil {
		seq = max(seq, f.Debt.To())
	}
	return seq
}

// Run follows until ctx ends. After any error it starts again from what the
// sink holds: a crash is no different.
func (f *Follower) Run(ctx context.Context) {
	wait, furthest := backoff.First, uint64(0)
	for ctx.Err() == nil {
		reached, err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		f.Log.Warn("follower starts again from its position", "follower", f.Name, "error", err)
		f.note(func(s *FollowerStatus) { s.LastError, s.LastErrorAt, s.Failing = err.Error(), f.now(), true })
		if reached > furthest { // and not the same batches once more, up to the one that fails
			wait, furthest = backoff.First, reached
		}
		select {
		case <-ctx.Done():
		case <-time.After(backoff.Pause(wait, err)): // many that failed together need not come back together
		}
		wait = min(2*wait, backoff.Longest)
	}
}

func (f *Follower) now() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now()
}

// passed tells whether so much time has passed since then. A clock that was set
// back must not keep things waiting: they are due at once.
func passed(now, then time.Time, d time.Duration) bool { return now.Before(then) || now.Sub(then) >= d }

// follow is the loop: read, check, write, and only then go on. reached is the last
// batch that it came past; 0: it came past none.
func (f *Follower) follow(ctx context.Context) (reached uint64, err error) {
	if remote, ok := f.Sink.(index.Remote); ok {
		if err := remote.Ready(ctx); err != nil {
			return 0, fmt.Errorf("reach the index: %w", err)
		}
	}
	at := f.Sink.Position()
	at = at.Clone()
	f.note(func(s *FollowerStatus) { s.Seq, s.Taken, f.waiting = at.Seq, at.Seq, nil })
	read := at.Seq
	if f.Live != nil {
		f.Live.Begin(read)
	}
	in := f.Stream.Follow(read)
	if f.Backfill != nil {
		f.Backfill.owes = f.owes
		f.Backfill.begin()
	}
	for {
		if err := f.refill(ctx); err != nil {
			return reached, err
		}
		if f.pressed.Swap(false) {
			if err := f.seal(ctx); err != nil {
				return reached, err
			}
		}
		if f.owes(read) {
			if read, err = f.pay(ctx, &at, read); err != nil {
				return reached, err
			}
			reached = read
			in = f.Stream.Follow(read)
			continue
		}
		patience := flushEvery
		if worked, err := f.backfill(ctx, read); err != nil {
			return reached, err
		} else if worked {
			patience = time.Millisecond // there may be more of it
		}
		wait, cancel := context.WithTimeout(ctx, patience)
		messages, err := in.Next(wait)
		cancel()
		if ctx.Err() != nil {
			return reached, ctx.Err()
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return reached, fmt.Errorf("read the stream: %w", err)
		}
		if f.owes(read) {
			in = f.Stream.Follow(read) // what comes next may be purged, and these come from behind it
			continue
		}
		var batches []event.Batch
		for _, m := range messages {
			batch, ok, err := f.take(ctx, &at, m)
			if err != nil {
				return reached, err
			}
			if ok {
				batches = append(batches, batch)
			}
			read = m.Seq
		}
		if len(batches) > 0 {
			if err := f.Sink.Write(ctx, batches); err != nil {
				return reached, fmt.Errorf("write: %w", err)
			}
		}
		if f.Live != nil && len(messages) > 0 {
			f.Live.Publish(batches, read)
		}
		if err := f.Sink.Flush(ctx, f.now()); err != nil {
			return reached, fmt.Errorf("flush: %w", err)
		}
		var stored time.Time
		if len(messages) > 0 {
			stored = messages[len(messages)-1].Stored
			f.reads(span{read, messages[0].Stored})
		}
		if err := f.advanced(ctx, at.Seq, stored, batches); err != nil {
			return reached, err
		}
		if len(messages) > 0 {
			reached = read
		}
	}
}

// reads notes what was read together, from the stream or of what is owed.
func (f *Follower) reads(s span) {
	f.note(func(status *FollowerStatus) {
		status.Taken = s.last
		f.waits(s)
	})
}

// advanced notes what is durable now. A sink that has everything it was given
// also covers what came after and was passed over. stored is when the stream took
// the last batch that was read now; zero: none was, or it is not known.
func (f *Follower) advanced(ctx context.Context, taken uint64, stored time.Time, batches []event.Batch) error {
	durable := f.Sink.Position().Seq
	f.note(func(s *FollowerStatus) {
		if !stored.IsZero() {
			s.StoredAt = stored
		}
		s.Seq = durable
		if durable == taken {
			s.Seq = max(s.Seq, s.Taken)
		}
		s.OldestAt = f.oldest(s.Seq)
		s.Batches += uint64(len(batches))
		for _, b := range batches {
			s.Events += uint64(len(b.Events))
		}
		s.Failing = false
	})
	return f.settle(ctx)
}

// span is a run of batches that were read together.
type span struct {
	last   uint64    // seq
	stored time.Time // of the first
}

// maxSpans bounds what is remembered of batches that wait; beyond it runs are joined.
const maxSpans = 4096

func (f *Follower) waits(s span) {
	if n := len(f.waiting); n == maxSpans {
		f.waiting[n-1].last = s.last
		return
	}
	f.waiting = append(f.waiting, s)
}

// oldest is when the stream took the oldest batch after the durable ones.
func (f *Follower) oldest(durable uint64) time.Time {
	for len(f.waiting) > 0 && f.waiting[0].last <= durable {
		f.waiting = f.waiting[1:]
	}
	if len(f.waiting) == 0 {
		return time.Time{}
	}
	return f.waiting[0].stored
}

// take opens a message and tells whether its batch is to be written. What the
// index's follower finds wrong it keeps in quarantine and reports, before the
// position can move past it; the others pass it over.
func (f *Follower) take(ctx context.Context, at *event.Position, m bus.Message) (event.Batch, bool, error) {
	batch, err := f.Opener.Open(m)
	var why *Refusal
	if err != nil && !errors.As(err, &why) {
		return event.Batch{}, false, err
	}
	if why != nil && why.Reason != BadBody {
		return event.Batch{}, false, f.refuse(ctx, m, batch.Lane, why)
	}
	if f.System != nil && !knows(at, batch.Lane) {
		if err := f.System.enrolled(ctx, m, batch.Lane); err != nil {
			return event.Batch{}, false, err
		}
	}
	switch at.Check(&batch) {
	case event.Resend:
		f.note(func(s *FollowerStatus) { s.Resends++ })
		return event.Batch{}, false, nil
	case event.Fork:
		last := at.Lanes[batch.Lane]
		return event.Batch{}, false, f.refuse(ctx, m, batch.Lane, &Refusal{Forked, fmt.Errorf("batch %d of %s has hash %s and follows %s; taken was batch %d with hash %s",
			batch.Number, batch.Lane, batch.Hash, batch.Prev, last.Number, last.Hash)})
	case event.Gap:
		from, to := at.Missing(&batch)
		f.note(func(s *FollowerStatus) { s.Gaps++ })
		f.count(batch.Lane, func(s *SourceStatus) { s.Gaps++ })
		if f.System != nil {
			if err := f.System.gap(ctx, m, batch.Lane, from, to); err != nil {
				return event.Batch{}, false, err
			}
		}
	}
	if why != nil {
		if err := f.refuse(ctx, m, batch.Lane, why); err != nil {
			return event.Batch{}, false, err
		}
	}
	at.Advance(&batch)
	f.counted(&batch, m.Stored)
	return batch, true, nil
}

func (f *Follower) refuse(ctx context.Context, m bus.Message, lane event.Lane, why *Refusal) error {
	if lane == (event.Lane{}) { // not known: the subject says who sent it
		lane.Account, lane.Agent, lane.Source, _ = bus.SplitSubject(m.Subject)
	}
	f.note(func(s *FollowerStatus) { s.Quarantined++ })
	f.count(lane, func(s *SourceStatus) { s.Quarantined++ })
	if f.Quarantine == nil {
		return nil
	}
	if err := f.Quarantine.Write(m, why); err != nil {
		return err
	}
	return f.System.refused(ctx, m, lane, why)
}

// knows tells whether a batch of the lane's agent was taken before.
func knows(at *event.Position, l event.Lane) bool {
	if _, ok := at.Lanes[l]; ok {
		return true
	}
	for known := range at.Lanes {
		if known.Account == l.Account && known.Agent == l.Agent && known.Key == l.Key {
			return true
		}
	}
	return false
}
