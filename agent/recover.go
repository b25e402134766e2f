package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/actiontrail/actiontrail/agent/spool"
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
	var last bus.Message
	none := false
	err := backoff.Retry(ctx, l.failed, func() (err error) {
		ctx, cancel := context.WithTimeout(ctx, publishTimeout)
		defer cancel()
		last, err = l.Stream.Last(ctx, subject)
		if none = errors.Is(err, bus.ErrNone); none {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	l.mended()
	if none {
		return queue.Cursor(), nil
	}
	header, hash, err := wire.ReadHeader(last.Data)
	if err == nil {
		err = wire.Verify(last.Data)
	}
	if err != nil {
		l.Log.Error("the last batch of this source in the stream cannot be read; going on from the spool", "subject", subject, "seq", last.Seq, "error", err)
		return queue.Cursor(), nil
	}
	link := spool.Link{Epoch: header.Lane.Epoch, Number: header.Number, Hash: hash}
	kept, found, err := queue.Sent(link.Epoch, link.Number)
	if err != nil {
		return nil, err
	}
	own := queue.Last()
	switch {
	case found && kept == hash:
		return queue.Cursor(), nil
	case found:
		// Two lanes of one epoch: this folder is a copy. What is in its spool goes into
		// quarantine at the aggregator, where it can be seen; new batches have an epoch of their own.
		l.Log.Error("the stream holds another batch under a number of this spool: the data folder was copied; beginning a new epoch",
			"source", l.Name, "epoch", link.Epoch, "batch", link.Number)
		return queue.Cursor(), queue.NewEpoch(own, queue.Cursor())
	case own.Epoch == link.Epoch && own.Number < link.Number, own.Number == 0:
		at, err := l.cursorAt(ctx, subject, last)
		if err != nil {
			return nil, err
		}
		l.Log.Warn("the spool lacks batches that the stream has: going on after them in a new epoch", "source", l.Name, "epoch", link.Epoch, "batch", link.Number)
		return at, queue.NewEpoch(link, at)
	}
	// The stream has not seen this epoch yet.
	return queue.Cursor(), nil
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
	var at plugins.Cursor
	for seq := uint64(1); ; {
		m, err := l.Stream.Next(ctx, subject, seq)
		if err != nil {
			return nil, fmt.Errorf("read %s from seq %d: %w", subject, seq, err)
		}
		if header, _, err = wire.ReadHeader(m.Data); err != nil {
			return nil, fmt.Errorf("batch at seq %d of %s: %w", m.Seq, subject, err)
		}
		if header.Snapshot {
			at = nil
		}
		at = at.Merge(cursorOf(header))
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
