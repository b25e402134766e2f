package local

import (
	"context"
	"time"
)

// paceEvery is after how many events, keys or entries a merge looks whether it should wait.
const paceEvery = 1024

// A merge works for a while, and when somebody asks or writes meanwhile, it waits
// as long as that takes, but not for ever.
const (
	paceWork = 5 * time.Millisecond
	paceWait = 5 * time.Millisecond
)

// pace holds a merge back, and ends it when the index is closed.
type pace struct {
	ctx   context.Context
	busy  func() bool // somebody is waiting for an answer
	begun time.Time
}

func (p *pace) step() error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if time.Since(p.begun) < paceWork {
		return nil
	}
	if p.busy() {
		t := time.NewTimer(paceWait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-p.ctx.Done():
			return p.ctx.Err()
		}
	}
	p.begun = time.Now()
	return nil
}
