package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/actiontrail/actiontrail/agent/spool"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// recover brings the spool in line with the stream, and returns the cursor to
// read on from. The last batch of the subject tells what the stream has: what of
// it is in the spool is released; what the spool has lost is not read again,
// because the batch carries the cursor after it. Without the stream nothing can
// be known, so it waits for it: the records are safe where they are.
func (l *Lane) recover(ctx context.Context, subject string, queue *spool.Spool) (plugins.Cursor, error) {
	var last found
	err := backoff.Retry(ctx, l.failed, func() (err error) {
		last, err = l.last(ctx, subject, queue)
		return err
	})
	if err != nil {
		return nil, err
	}
	l.mended()
	if !last.any {
		return queue.Cursor(), nil
	}
	kept, known, err := queue.Sent(last.header.Lane.Epoch, last.header.Number)
	if err != nil {
		return nil, err
	}
	if !known || kept != last.hash {
		// The spool is not what it was. What is at the end may be an old batch that came
		// once more and late: only all of them tell how far the stream has the source.
		far, err := l.furthest(ctx, subject, queue, last.message.Seq)
		if err != nil {
			return nil, err
		}
		if far.any && far.hash != last.hash {
			last = far
			if kept, known, err = queue.Sent(last.header.Lane.Epoch, last.header.Number); err != nil {
				return nil, err
			}
		}
	}
	header, hash := last.header, last.hash
	link := spool.Link{Epoch: header.Lane.Epoch, Number: header.Number, Hash: hash}
	own := queue.Last()
	switch {
	case known && kept == hash:
		return queue.Cursor(), nil
	case known:
		return l.forked(ctx, subject, queue, &last, kept)
	}
	behind := own.Epoch == link.Epoch && own.Number < link.Number
	if !behind {
		if next, err := queue.Follows(hash); next || err != nil {
			return queue.Cursor(), err
		}
	}
	if behind || own.Number == 0 {
		l.Log.Warn("the spool lacks batches that the stream has: going on after them in a new epoch", "source", l.Name, "epoch", link.Epoch, "batch", link.Number)
		at, err := l.cursorAt(ctx, subject, last.message)
		if err != nil {
			return nil, err
		}
		return l.goOn(queue, link, at)
	}
	// The stream has not seen this epoch yet.
	return queue.Cursor(), nil
}

// forked begins a new epoch because the stream holds another batch under a
// number of this spool: its folder was copied, or an old one was brought back.
//
// The stream keeps what came first. If that is the spool's own batch, all is as
// the spool knows it. If not, what the spool has not sent would be refused: it is
// read again from where the stream is, when the source can tell the place.
func (l *Lane) forked(ctx context.Context, subject string, queue *spool.Spool, last *found, kept event.Hash) (plugins.Cursor, error) {
	// A fork met before: the epoch that was begun after it has batches.
	if next, err := queue.Follows(last.hash); next || err != nil {
		return queue.Cursor(), err
	}
	link := spool.Link{Epoch: last.header.Lane.Epoch, Number: last.header.Number, Hash: last.hash}
	l.Log.Error("the stream holds another batch under a number of this spool: the data folder was copied, or an old one was brought back; beginning a new epoch",
		"source", l.Name, "epoch", link.Epoch, "batch", link.Number)
	first, err := l.firstOf(ctx, subject, last)
	if err != nil {
		return nil, err
	}
	if first == kept {
		return queue.Cursor(), queue.NewEpoch(queue.Last(), queue.Cursor())
	}
	at, err := l.cursorAt(ctx, subject, last.message)
	if err != nil {
		return nil, err
	}
	if len(at) == 0 {
		// What is in the spool goes into quarantine at the aggregator, where it can be seen.
		return queue.Cursor(), queue.NewEpoch(queue.Last(), queue.Cursor())
	}
	return l.goOn(queue, link, at)
}

// goOn begins a new epoch behind a batch of the stream. What is left in the spool
// is older than that batch, or stands in its place: sent, it would be taken for a
// fork, or be the last batch of the subject and lead the next recovery astray.
func (l *Lane) goOn(queue *spool.Spool, link spool.Link, at plugins.Cursor) (plugins.Cursor, error) {
	if err := queue.SentAll(); err != nil {
		return nil, err
	}
	return at, queue.NewEpoch(link, at)
}

// firstOf is the hash of the first batch in the stream that has lane and number of this one.
func (l *Lane) firstOf(ctx context.Context, subject string, like *found) (event.Hash, error) {
	for seq := uint64(1); ; {
		m, err := l.next(ctx, subject, seq)
		if err != nil {
			return event.Hash{}, err
		}
		header, hash, err := wire.ReadHeader(m.Data)
		if err == nil {
			err = wire.Verify(m.Data)
		}
		if err == nil && header.Lane == like.header.Lane && header.Number == like.header.Number {
			return hash, nil
		}
		seq = m.Seq + 1
	}
}

// found is a batch of the lane's subject in the stream.
type found struct {
	any     bool
	message bus.Message
	header  wire.Header
	hash    event.Hash
}

// last is the last batch of the subject that this agent sent. Most often that is
// the subject's last message. What others have brought there must not lead the
// agent to pass over lines: then the batches before it are looked through for the
// last one that is signed by this key or is in the spool. Only when there is none at all is
// one of another key believed: the agent had another key before.
func (l *Lane) last(ctx context.Context, subject string, queue *spool.Spool) (found, error) {
	one, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	end, err := l.Stream.Last(one, subject)
	if errors.Is(err, bus.ErrNone) {
		return found{}, nil
	} else if err != nil {
		return found{}, err
	}
	if f, own, err := l.judge(end, queue); err != nil || own {
		return f, err
	}
	l.Log.Warn("the last batch of this source in the stream was not sent with this key: looking for the last one that was", "subject", subject, "seq", end.Seq)
	return l.furthest(ctx, subject, queue, end.Seq)
}

// furthest looks through all batches of the subject up to this seq for the last one as
// last means it, resends left out.
func (l *Lane) furthest(ctx context.Context, subject string, queue *spool.Spool, end uint64) (found, error) {
	var own, other found
	var first, others order
	for seq := uint64(1); seq <= end; {
		m, err := l.next(ctx, subject, seq)
		if errors.Is(err, bus.ErrNone) {
			break
		} else if err != nil {
			return found{}, err
		}
		f, mine, err := l.judge(m, queue)
		switch {
		case err != nil:
			return found{}, err
		case mine:
			if first.next(f.header) {
				own = f
			}
		case f.any:
			if others.next(f.header) {
				other = f
			}
		default:
			l.Log.Error("something in the stream under the name of this source is no batch of it; the aggregator refuses it", "subject", subject, "seq", m.Seq)
		}
		seq = m.Seq + 1
	}
	if own.any || !other.any {
		return own, nil
	}
	return other, nil
}

// order tells the batches of a source in the stream from those that came again, as a
// publish does that was given up and arrives when the stream has forgotten its id.
type order struct {
	lane    event.Lane
	highest map[event.Lane]uint64
}

// next tells whether a batch came for the first time, in its turn.
func (o *order) next(h wire.Header) bool {
	if o.highest == nil {
		o.highest = map[event.Lane]uint64{}
	}
	n, seen := o.highest[h.Lane]
	if seen && (h.Lane != o.lane || h.Number <= n) {
		return false
	}
	o.lane, o.highest[h.Lane] = h.Lane, h.Number
	return true
}

// judge tells whether a message is a batch of the lane's name with a good
// signature, and if so whether this agent sent it.
func (l *Lane) judge(m bus.Message, queue *spool.Spool) (f found, own bool, err error) {
	header, hash, err := wire.ReadHeader(m.Data)
	if err == nil {
		err = wire.Verify(m.Data)
	}
	if h := header.Lane; err != nil || h.Account != l.Account || h.Agent != l.Agent || h.Source != l.Name {
		return found{}, false, nil
	}
	f = found{true, m, header, hash}
	if header.Lane.Key == l.Key.Public {
		return f, true, nil
	}
	kept, known, err := queue.Sent(header.Lane.Epoch, header.Number)
	return f, known && kept == hash, err
}

func (l *Lane) next(ctx context.Context, subject string, seq uint64) (bus.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	m, err := l.Stream.Next(ctx, subject, seq)
	if err != nil && !errors.Is(err, bus.ErrNone) {
		err = fmt.Errorf("read %s from seq %d: %w", subject, seq, err)
	}
	return m, err
}

// cursorAt is the cursor of the whole source after the last batch of its
// subject: that batch's own, or that of the last snapshot and all that moved since.
func (l *Lane) cursorAt(ctx context.Context, subject string, last bus.Message) (plugins.Cursor, error) {
	header, _, err := wire.ReadHeader(last.Data)
	if err != nil {
		return nil, err
	}
	if header.Snapshot {
		return cursorOf(header), nil
	}
	key := header.Lane.Key
	var at plugins.Cursor
	var first order
	for seq := uint64(1); ; {
		m, err := l.next(ctx, subject, seq)
		if err != nil {
			return nil, err
		}
		// What is no batch of this key is not the agent's, as in last.
		if header, _, err = wire.ReadHeader(m.Data); err == nil {
			err = wire.Verify(m.Data)
		}
		if err == nil && header.Lane.Key == key && first.next(header) {
			if header.Snapshot {
				at = nil
			}
			at = at.Merge(cursorOf(header))
		}
		if m.Seq >= last.Seq {
			return at, nil
		}
		seq = m.Seq + 1
	}
}

func cursorOf(h wire.Header) plugins.Cursor {
	c := make(plugins.Cursor, len(h.Cursor))
	for i, m := range h.Cursor {
		c[i] = plugins.Mark{Key: m.Key, Value: m.Value}
	}
	return c
}
