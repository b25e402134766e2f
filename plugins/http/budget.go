package httpsource

import (
	"context"
	"sync"
)

// budget is so many bytes, which requests have in turn.
type budget struct {
	mu      sync.Mutex
	left    int64
	waiters []*waiter // the first one is next, however small those behind it are
}

type waiter struct {
	bytes int64
	ready chan struct{}
}

func newBudget(bytes int64) *budget { return &budget{left: bytes} }

// acquire waits for bytes until ctx ends; then nothing is held.
func (b *budget) acquire(ctx context.Context, bytes int64) error {
	b.mu.Lock()
	if len(b.waiters) == 0 && b.left >= bytes {
		b.left -= bytes
		b.mu.Unlock()
		return nil
	}
	w := &waiter{bytes, make(chan struct{})}
	b.waiters = append(b.waiters, w)
	b.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.waiters {
		if other == w {
			b.waiters = append(b.waiters[:i], b.waiters[i+1:]...)
			b.serve() // it may have been in the way of a smaller one
			return ctx.Err()
		}
	}
	b.left += bytes // it came in between
	b.serve()
	return ctx.Err()
}

func (b *budget) release(bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += bytes
	b.serve()
}

func (b *budget) serve() {
	for len(b.waiters) > 0 && b.waiters[0].bytes <= b.left {
		b.left -= b.waiters[0].bytes
		close(b.waiters[0].ready)
		b.waiters = b.waiters[1:]
	}
}

// held is how many of all bytes are in use.
func (b *budget) held(all int64) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return all - b.left
}
