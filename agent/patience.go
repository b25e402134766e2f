package agent

import (
	"context"
	"sync"
	"time"
)

// patience is the context of a read that ends at a deadline, or when the queue has
// changed. A source that has records only asks Err, and then it costs nothing: what
// waits for the two is made when Done is called. A timer and a goroutine for each
// read of a busy source wake another core, which takes longer than the reading.
type patience struct {
	context.Context                 // of the lane
	changed         <-chan struct{} // nil: nobody waits for it
	deadline        time.Time       // zero: none

	mu     sync.Mutex
	waits  context.Context // nil: nobody waits yet
	cancel context.CancelFunc
}

func (p *patience) Deadline() (time.Time, bool) {
	at, ok := p.Context.Deadline()
	if p.deadline.IsZero() || ok && at.Before(p.deadline) {
		return at, ok
	}
	return p.deadline, true
}

func (p *patience) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waits != nil {
		return p.waits.Err()
	}
	if err := p.Context.Err(); err != nil {
		return err
	}
	select {
	case <-p.changed:
		return context.Canceled
	default:
	}
	if !p.deadline.IsZero() && !time.Now().Before(p.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

func (p *patience) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waits == nil {
		if p.deadline.IsZero() {
			p.waits, p.cancel = context.WithCancel(p.Context)
		} else {
			p.waits, p.cancel = context.WithDeadline(p.Context, p.deadline)
		}
		go func(done <-chan struct{}, cancel func()) {
			select {
			case <-p.changed:
				cancel()
			case <-done:
			}
		}(p.waits.Done(), p.cancel)
	}
	return p.waits.Done()
}

// end ends what waits. The read is over.
func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		p.cancel()
	}
}
