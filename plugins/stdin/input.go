package stdin

import (
	"context"
	"sync"

	"github.com/actiontrail/actiontrail/plugins/push"
)

// windowBytes may be read and not be durable.
const windowBytes = 1 << 20

// input is what is read, whoever wants it: a read of a pipe cannot be ended, and what it
// brought must not be lost with the lane that asked for it.
type input struct {
	framer push.Framer
	begin  sync.Once
	chunks chan chunk
	last   *chunk // with an error: there is no other one

	kept []kept // brought and not known to be durable, oldest first
}

// chunk are records that were read together.
type chunk struct {
	items []push.Item
	err   error
}

// kept is a chunk of which the first record has a number.
type kept struct {
	first int64
	items []push.Item
}

func newInput(f push.Framer) *input { return &input{framer: f, chunks: make(chan chunk)} }

// read reads until the input ends. There is one of it, and nothing ends it before.
func (in *input) read() {
	for {
		items, err := push.Chunk(in.framer, "stdin")
		in.chunks <- chunk{items, err}
		if err != nil {
			return
		}
	}
}

// bring brings a queue what is kept of those before, and what is read, until ctx ends or the
// input does. It returns the error of the input.
func (in *input) bring(ctx context.Context, q *push.Queue) error {
	in.begin.Do(func() { go in.read() })
	b := bringing{input: in, queue: q, next: q.Next()}
	again := in.kept
	in.kept = nil
	for i, k := range again {
		durable := min(max(0, b.next-k.first), int64(len(k.items)))
		if err := b.put(ctx, k.items[durable:]); err != nil {
			in.kept = append(in.kept, again[i+1:]...)
			return err
		}
	}
	for in.last == nil {
		if err := b.settle(ctx); err != nil {
			return err
		}
		select {
		case c := <-in.chunks:
			if c.err != nil {
				in.last = &c
			}
			if err := b.put(ctx, c.items); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return in.last.err
}

// bringing is one run of bring: tickets[i] stands for kept[i].
type bringing struct {
	*input
	queue   *push.Queue
	next    int64 // number of the record that is put next
	tickets []*push.Ticket
	window  int64
}

// put keeps items and brings them. They stay kept when that fails.
func (b *bringing) put(ctx context.Context, items []push.Item) error {
	if len(items) == 0 {
		return nil
	}
	b.kept = append(b.kept, kept{b.next, items})
	t, err := b.queue.Put(ctx, items, nil)
	if err != nil {
		return err
	}
	b.next += int64(len(items))
	b.tickets, b.window = append(b.tickets, t), b.window+t.Size()
	return nil
}

// settle forgets what is durable, and waits while too much is not.
func (b *bringing) settle(ctx context.Context) error {
	for len(b.tickets) > 0 {
		first := b.tickets[0]
		if b.window <= windowBytes && !first.Ended() {
			return nil
		}
		select {
		case <-first.Done():
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := first.Err(); err != nil {
			return err
		}
		b.window -= first.Size()
		b.tickets, b.kept = b.tickets[1:], b.kept[1:]
	}
	return nil
}
