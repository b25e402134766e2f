// Package backoff is the one retry loop of actiontrail.
package backoff

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// First and Longest are the waits after the first error and at most.
const (
	First   = 50 * time.Millisecond
	Longest = 30 * time.Second
)

// Permanent wraps an error that no retry will mend.
type Permanent struct{ Err error }

func (p *Permanent) Error() string { return p.Err.Error() }
func (p *Permanent) Unwrap() error { return p.Err }

// Later is an error after which somebody said when to try again: not before After has passed.
type Later struct {
	After time.Duration
	Err   error
}

func (l *Later) Error() string { return l.Err.Error() }
func (l *Later) Unwrap() error { return l.Err }

// Pause is how long to wait after an error: about wait, and no less than a *Later says.
func Pause(wait time.Duration, err error) time.Duration {
	pause := wait*3/4 + rand.N(wait/4)
	if l := (*Later)(nil); errors.As(err, &l) {
		pause = max(pause, l.After)
	}
	return pause
}

// Retry calls fn until it returns nil or a *Permanent error, or ctx ends, and
// waits in between: twice as long each time, up to Longest, with a quarter of
// jitter. Each error that it goes on after is told to failed, which may be nil.
func Retry(ctx context.Context, failed func(error), fn func() error) error {
	for wait := First; ; wait = min(2*wait, Longest) {
		err := fn()
		if err == nil {
			return nil
		}
		if p := (*Permanent)(nil); errors.As(err, &p) {
			return err
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if failed != nil {
			failed(err)
		}
		t := time.NewTimer(Pause(wait, err))
		select {
		case <-ctx.Done():
			t.Stop()
			return errors.Join(ctx.Err(), err)
		case <-t.C:
		}
	}
}
