package host

import (
	"context"
	"errors"
	"sync"
)

// errInterrupted is what a Read ends with that was broken off for another call.
var errInterrupted = errors.New("broken off for another call")

// turns lets one call at a time have the source, as the contract promises it: other
// calls come while Read waits for records. They break that Read off, which loses
// nothing, and it begins anew after them.
type turns struct {
	free chan struct{} // holds one while nobody has the turn; who waits longest is next

	mu        sync.Mutex
	waiting   int    // calls that want the turn
	interrupt func() // breaks off the Read that has the turn; nil: it is another call, or none
}

func newTurns() *turns {
	t := &turns{free: make(chan struct{}, 1)}
	t.free <- struct{}{}
	return t
}

// take waits for the turn, for as long as ctx lasts.
func (t *turns) take(ctx context.Context) error {
	t.mu.Lock()
	if t.waiting++; t.interrupt != nil {
		t.interrupt()
	}
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		t.waiting--
		t.mu.Unlock()
	}()
	return t.wait(ctx)
}

// takeFreely takes the turn for a Read. What it returns ends when another call wants the turn.
func (t *turns) takeFreely(ctx context.Context) (context.Context, error) {
	if err := t.wait(ctx); err != nil {
		return nil, err
	}
	own, stop := context.WithCancel(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.interrupt = stop; t.waiting > 0 {
		stop()
	}
	return own, nil
}

func (t *turns) wait(ctx context.Context) error {
	select {
	case <-t.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave ends the turn.
func (t *turns) leave() {
	t.mu.Lock()
	if t.interrupt != nil {
		t.interrupt()
		t.interrupt = nil
	}
	t.mu.Unlock()
	t.free <- struct{}{}
}
