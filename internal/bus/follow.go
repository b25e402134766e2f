package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// fetchMessages bounds one Next: batches of 768 KiB at most, so 12 MiB.
	fetchMessages = 16
	// fetchWait is how long one request for the next message stands open at the server.
	fetchWait = 5 * time.Second
	// idleConsumer is when the server forgets a consumer nobody asks: a new one starts at the follower's own position.
	idleConsumer = 5 * time.Minute
	// createWait is how long the server may take to make a consumer, or to tell of one.
	createWait = 5 * time.Second
)

// Follower reads the stream in order from a position of its owner. It keeps no
// state in the server that matters: after any error it starts again behind the
// last message that Next returned. One goroutine uses it.
type Follower struct {
	c        *Conn
	after    uint64 // seq of the last message returned
	consumer jetstream.Consumer
	sequence uint64 // the consumer's own count: a hole in it is a message lost on the way
}

// Follow reads what comes after this seq.
func (c *Conn) Follow(after uint64) *Follower { return &Follower{c: c, after: after} }

// Next returns the next messages in stream order, one at least. It blocks until
// there is one or ctx ends. After an error call it again: nothing is skipped.
func (f *Follower) Next(ctx context.Context) ([]Message, error) {
	for {
		messages, err := f.fetch(ctx)
		if err != nil {
			f.consumer = nil
		}
		switch {
		case len(messages) > 0:
			return messages, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, f.c.explain(err)
		}
	}
}

func (f *Follower) fetch(ctx context.Context) ([]Message, error) {
	if !f.c.Connected() {
		return nil, f.c.unconnected()
	}
	if f.consumer == nil {
		create, done := patient(ctx)
		defer done()
		consumer, err := f.c.js.CreateConsumer(create, StreamName, jetstream.ConsumerConfig{
			DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
			OptStartSeq:       f.after + 1,
			AckPolicy:         jetstream.AckNonePolicy, // the position lives with the follower's data
			InactiveThreshold: idleConsumer,
			MemoryStorage:     true,
			Replicas:          1,
		})
		if err != nil {
			return nil, err
		}
		f.consumer, f.sequence = consumer, 0
	}
	got, err := f.take(f.consumer.FetchNoWait(fetchMessages))
	if err != nil || len(got) > 0 {
		return got, err
	}
	wait, cancel := context.WithTimeout(ctx, fetchWait)
	defer cancel()
	batch, err := f.consumer.Fetch(1, jetstream.FetchContext(wait))
	if deadline, _ := wait.Deadline(); errors.Is(err, jetstream.ErrInvalidOption) && time.Until(deadline) <= 0 {
		return nil, nil // the wait ended before it began
	}
	if got, err = f.take(batch, err); err != nil || len(got) > 0 {
		return got, err
	}
	return nil, f.missed(ctx)
}

// missed tells whether the server has sent a message that came too late for the
// request it was sent to. Nothing else would tell, until the next message comes.
func (f *Follower) missed(ctx context.Context) error {
	ask, done := patient(ctx)
	defer done()
	info, err := f.consumer.Info(ask)
	if err == nil && info.Delivered.Consumer != f.sequence {
		err = errHole
	}
	return err
}

// patient is a context in which a consumer can be made: it ends when ctx is
// cancelled, but not with ctx's deadline. A caller that waits for messages only a
// moment at a time would else never get one from a server that is slow to make it.
func patient(ctx context.Context) (context.Context, func()) {
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), createWait)
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			cancel()
		}
	})
	return longer, func() { stop(); cancel() }
}

var errHole = errors.New("a message was lost between server and follower")

func (f *Follower) take(batch jetstream.MessageBatch, err error) ([]Message, error) {
	if err != nil {
		return nil, err
	}
	var got []Message
	for m := range batch.Messages() {
		meta, err := m.Metadata()
		if err != nil {
			return nil, err
		}
		if meta.Sequence.Consumer != f.sequence+1 {
			return nil, errHole
		}
		f.sequence++
		got = append(got, Message{m.Subject(), meta.Sequence.Stream, m.Data(), meta.Timestamp})
	}
	if len(got) > 0 {
		f.after = got[len(got)-1].Seq
		return got, nil
	}
	err = batch.Error()
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, jetstream.ErrNoMessages) {
		err = nil
	}
	return nil, err
}
