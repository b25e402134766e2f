// Package agent reads sources and carries their events into the stream. Each
// source has a lane: a pump that reads, maps and spools, and a publisher.
package agent

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/internal/backoff"
)

// Agent runs lanes, and starts one again that has failed.
type Agent struct {
	Lanes []*Lane
	Log   *slog.Logger
}

// Run returns when ctx has ended and every lane has stopped.
func (a *Agent) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, l := range a.Lanes {
		all.Go(func() { a.keep(ctx, l) })
	}
	all.Wait()
}

// keep runs a lane until ctx or its source ends.
func (a *Agent) keep(ctx context.Context, l *Lane) {
	wait := backoff.First
	for {
		started := time.Now()
		err := l.Run(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			a.Log.Info("source has ended", "source", l.Name)
			return
		}
		if errors.Is(err, context.Canceled) {
			err = errors.New("stopped by its other half")
		}
		a.Log.Error("lane failed, starting it again", "source", l.Name, "error", err)
		l.note(func(s *LaneStatus) { s.LastError, s.LastErrorAt, s.Failing = err.Error(), l.now(), true })
		if time.Since(started) > time.Minute {
			wait = backoff.First
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, backoff.Longest)
	}
}
