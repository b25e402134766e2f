package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/agent/spool"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// Cursors of up to wholeCursor marks travel in every batch, so that the last
// batch of a subject is all that a recovery needs. Larger ones travel whole in
// every snapshotEvery-th batch, and in between only what moved.
const (
	wholeCursor   = 64
	snapshotEvery = 1000
	// cursorEvery is how often a cursor that moves without events (all ignored) is made durable.
	cursorEvery = 30 * time.Second
	// busyBytes is a read after which the next one is likely to find more. A batch
	// waits moreWithin for it even when nothing is in flight: a sync for each
	// read is a good part of what a line costs.
	busyBytes  = 64 << 10
	moreWithin = 2 * time.Millisecond
	// aloneReads is how many large reads are mapped on one core after no other was free,
	// at first; twice as many each time that none is free again, up to mostAlone.
	aloneReads = 64
	mostAlone  = 4096
)

// pump reads records, maps them and spools the batches.
type pump struct {
	lane    *Lane
	queue   *spool.Spool
	first   slice          // its encoder holds the batch
	second  slice          // of half of a large read; without a mapper there is none
	at      plugins.Cursor // after everything read
	moved   plugins.Cursor // marks moved since the last batch
	began   time.Time      // when the first event came into the batch
	flushed time.Time      // when a batch was last spooled
	busy    bool           // the last read was a large one
	behind  time.Time      // since when all were; zero: it was not
	events  int            // by how many the last read has made the batch grow, and
	bytes   int            // by how much
	alone   int            // so many large reads are not to be halved
	lonely  int            // how many those are at the next such time; 0: aloneReads
	clock   clock
	pushed  bool     // the source is a plugins.Pushed
	waiting []commit // spooled, and not told to the source yet
	message []byte   // of the last flush, to be used again
}

// commit is what the source is told once so many batches are durable.
type commit struct {
	batches uint64
	at      plugins.Cursor
}

func newPump(l *Lane, queue *spool.Spool, at plugins.Cursor) *pump {
	p := &pump{lane: l, queue: queue, at: at, flushed: l.now()}
	_, p.pushed = l.Source.(plugins.Pushed)
	p.first = newSlice(l, l.Mapper)
	if l.Second != nil {
		p.second = newSlice(l, l.Second)
	}
	return p
}

// run returns nil when the source has ended and all of it is in the spool.
func (p *pump) run(ctx context.Context) error {
	p.start()
	for {
		changed := p.queue.Changed()
		if err := p.commit(ctx); err != nil {
			return err
		}
		if p.pushed {
			if err := p.room(ctx); err != nil {
				return err
			}
		}
		batch, err := p.read(ctx, changed)
		switch {
		case errors.Is(err, io.EOF):
			p.busy = false
			if err := p.flush(ctx); err != nil {
				return err
			}
			return p.settle(ctx)
		case ctx.Err() != nil:
			return ctx.Err() // what was not spooled is read again
		case err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled):
			return fmt.Errorf("read source %s: %w", p.lane.Name, err)
		}
		if p.over(batch) {
			if err := p.flush(ctx); err != nil {
				return err
			}
		}
		p.add(batch)
		if p.due() {
			if err := p.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// read waits for records; while events wait for company only as long as they
// may linger, or until nothing is in flight any more and the source is not busy;
// while the source waits to be told of a batch, only until the queue has changed.
func (p *pump) read(ctx context.Context, changed <-chan struct{}) (plugins.Batch, error) {
	if p.first.encoder.Len() == 0 && len(p.waiting) == 0 {
		return p.lane.Source.Read(ctx)
	}
	wait := patience{Context: ctx, changed: changed}
	defer wait.end()
	if p.first.encoder.Len() > 0 {
		left := p.linger() - p.lane.now().Sub(p.began)
		if n, _ := p.queue.Pending(); n == 0 {
			if !p.busy {
				return plugins.Batch{}, nil
			}
			left = min(left, moreWithin)
		}
		wait.deadline = time.Now().Add(left)
	}
	return p.lane.Source.Read(&wait)
}

func (p *pump) linger() time.Duration {
	if p.lane.Linger > 0 {
		return p.lane.Linger
	}
	return DefaultLinger
}

// over tells whether a read is too much for what the batch already holds.
func (p *pump) over(b plugins.Batch) bool {
	n, bytes := p.first.encoder.Len(), p.first.encoder.Size()
	for i := range b.Records {
		bytes += len(b.Records[i].Data)
	}
	return n > 0 && (n+len(b.Records) > BatchEvents || bytes > BatchBytes)
}

// due tells whether the batch is to be spooled now: another read like the last one
// does not fit, or nothing is in flight, or it has waited long enough.
func (p *pump) due() bool {
	if p.first.encoder.Len() == 0 {
		// The very first cursor tells what the source has met: a crash must not make it the first start again.
		return len(p.moved) > 0 && (len(p.at) == 0 || p.pushed || p.lane.now().Sub(p.flushed) >= cursorEvery)
	}
	if p.first.encoder.Len()+p.events > BatchEvents || p.first.encoder.Size()+p.bytes > BatchBytes {
		return true
	}
	if n, _ := p.queue.Pending(); n == 0 && !p.busy {
		return true
	}
	return p.lane.now().Sub(p.began) >= p.linger()
}

// add maps the records of a read into the batch. While the source lags, the second
// half of a large one is mapped on another core, if there is a mapper for that, and joined.
func (p *pump) add(b plugins.Batch) {
	p.moved = p.moved.Join(b.Next)
	var bytes int64
	for i := range b.Records {
		bytes += b.Records[i].Pos.Length
	}
	if p.busy = bytes >= busyBytes; !p.busy {
		p.behind = time.Time{}
	}
	p.events, p.bytes = p.first.encoder.Len(), p.first.encoder.Size()
	defer func() {
		p.events, p.bytes = p.first.encoder.Len()-p.events, p.first.encoder.Size()-p.bytes
	}()
	if len(b.Records) == 0 {
		return
	}
	now := p.lane.now()
	if p.first.encoder.Len() == 0 {
		p.began = now
	}
	observed := event.At(now, 3)
	p.watchClock(now, observed)
	if p.lags(now) && p.alone == 0 {
		p.halve(b.Records, observed)
	} else {
		p.alone = max(0, p.alone-1)
		p.first.add(b.Records, observed)
		p.second.counts = counts{}
	}
	seen := p.first.counts.plus(p.second.counts)
	p.lane.note(func(s *LaneStatus) {
		s.Events += uint64(len(b.Records)) - seen.ignored
		s.Ignored += seen.ignored
		s.Unparsed += seen.unparsed
		s.Unmapped = p.first.unmapped() + p.second.unmapped()
		s.Recognised = joinRecognised(p.first.recognised(), p.second.recognised())
		s.Gaps += seen.gaps
		s.LastSeen = now
		if p.first.encoder.Len() > 0 {
			s.Began = p.began
		}
	})
}

// lags tells whether one core has not kept up with the source for so long that
// another one is to help.
func (p *pump) lags(now time.Time) bool {
	if !p.busy || p.second.mapper == nil {
		return false
	}
	if p.behind.IsZero() || now.Before(p.behind) {
		p.behind = now
	}
	after := p.lane.SecondAfter
	if after == 0 {
		after = DefaultSecondAfter
	}
	return now.Sub(p.behind) >= after
}

// halve maps half of the records on another core. That costs some CPU: when the
// other half is long in coming no core was free for it, and the next reads are not halved.
func (p *pump) halve(records []plugins.Record, observed event.Time) {
	half := len(records) / 2
	var other sync.WaitGroup
	other.Go(func() { p.second.add(records[half:], observed) })
	began := time.Now()
	p.first.add(records[:half], observed)
	ended := time.Now()
	other.Wait()
	if time.Since(ended) > ended.Sub(began)/2 {
		p.alone = max(p.lonely, aloneReads)
		p.lonely = min(2*p.alone, mostAlone)
	} else {
		p.lonely = 0
	}
	p.first.encoder.Join(p.second.encoder)
}

// flush spools the batch; commit tells the source once it is durable. Until it is
// spooled nothing more is read: a full spool or disk holds the source back, and nothing is dropped.
func (p *pump) flush(ctx context.Context) error {
	if p.first.encoder.Len() == 0 && len(p.moved) == 0 {
		return nil
	}
	last := p.queue.Last()
	header := wire.Header{Lane: event.Lane{Account: p.lane.Account, Agent: p.lane.Agent, Source: p.lane.Name, Key: p.lane.Key.Public, Epoch: p.queue.Epoch()},
		Number: last.Number + 1, Prev: last.Hash}
	at := p.at.Merge(p.moved)
	header.Snapshot = len(at) <= wholeCursor || header.Number%snapshotEvery == 1 || p.queue.WantsSnapshot()
	marks := p.moved
	if header.Snapshot {
		marks = at
	}
	for _, m := range marks {
		header.Cursor = append(header.Cursor, wire.Mark{Key: m.Key, Value: m.Value})
	}
	message, _, err := p.first.encoder.SealInto(p.message, header, p.lane.Key)
	if err != nil {
		return fmt.Errorf("seal batch %d of source %s: %w", header.Number, p.lane.Name, err)
	}
	p.message = message // the spool keeps nothing of it
	if err := p.append(ctx, message); err != nil {
		return err
	}
	appended, _, err := p.queue.Durable()
	if err != nil {
		return err
	}
	p.waiting = append(p.waiting, commit{appended, at})
	p.at, p.moved, p.flushed = at, nil, p.lane.now()
	p.lane.note(func(s *LaneStatus) {
		s.LastBatch = header.Number
		s.Began = time.Time{}
		s.waits(p.queue)
	})
	return nil
}

// commit tells the source what has become durable.
func (p *pump) commit(ctx context.Context) error {
	if len(p.waiting) == 0 {
		return nil
	}
	_, durable, err := p.queue.Durable()
	if err != nil {
		return err
	}
	n := 0
	for n < len(p.waiting) && p.waiting[n].batches <= durable {
		n++
	}
	if n == 0 {
		return nil
	}
	at := p.waiting[n-1].at
	p.waiting = slices.Delete(p.waiting, 0, n)
	p.lane.started = true // its evidence is in the first batch
	if err := p.lane.Source.Committed(ctx, at); err != nil {
		return fmt.Errorf("commit source %s: %w", p.lane.Name, err)
	}
	return nil
}

// room waits until the spool takes what a read may bring: the batch before it, if that does
// not fit, and its own.
func (p *pump) room(ctx context.Context) error {
	for waits := false; ; waits = true {
		changed := p.queue.Changed()
		if p.queue.Room(2 * BatchBytes) {
			return nil
		}
		if !waits { // what came before may be just what there is room for
			if err := p.flush(ctx); err != nil {
				return err
			}
			p.lane.note(func(s *LaneStatus) { s.LastError, s.LastErrorAt = spool.ErrFull.Error(), p.lane.now() })
		}
		if err := p.commit(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// settle waits until everything spooled is durable and the source knows it.
func (p *pump) settle(ctx context.Context) error {
	for {
		changed := p.queue.Changed()
		if err := p.commit(ctx); err != nil || len(p.waiting) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// append spools a message, however long it takes: a sealed batch never changes.
func (p *pump) append(ctx context.Context, message []byte) error {
	failed := false
	more := p.busy && !p.pushed // who has pushed it waits for its fsync
	err := backoff.Retry(ctx, func(err error) { failed = true; p.lane.failed(err) }, func() error {
		for {
			changed := p.queue.Changed()
			err := p.queue.Append(message, more)
			if !errors.Is(err, spool.ErrFull) {
				if err != nil && !errors.Is(err, spool.ErrNoSpace) {
					return &backoff.Permanent{Err: err}
				}
				return err
			}
			p.lane.note(func(s *LaneStatus) { s.LastError, s.LastErrorAt = err.Error(), p.lane.now() })
			if err := p.commit(ctx); err != nil {
				return &backoff.Permanent{Err: err}
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-changed:
			}
		}
	})
	if err == nil && failed { // what the publisher has to tell is not ours to take back
		p.lane.mended()
	}
	return err
}
