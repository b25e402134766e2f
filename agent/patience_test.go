package agent

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A read's patience ends with the lane, at its deadline, and when the queue has
// changed, whether the source waits for that or only asks.
func TestPatience(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(stop func(), changed chan struct{})
		want error
	}{
		"lane":     {func(stop func(), _ chan struct{}) { stop() }, context.Canceled},
		"queue":    {func(_ func(), changed chan struct{}) { close(changed) }, context.Canceled},
		"deadline": {func(func(), chan struct{}) { <-time.After(time.Minute) }, context.DeadlineExceeded},
		"nothing":  {func(func(), chan struct{}) { <-time.After(time.Second) }, nil},
	} {
		for _, waits := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, stop := context.WithCancel(t.Context())
					defer stop()
					changed := make(chan struct{})
					p := &patience{Context: ctx, changed: changed, deadline: time.Now().Add(time.Minute)}
					defer p.end()
					if at, ok := p.Deadline(); !ok || !at.Equal(p.deadline) {
						t.Errorf("deadline %v, %v", at, ok)
					}
					if waits {
						p.Done()
					}
					if err := p.Err(); err != nil {
						t.Fatal(err)
					}
					test.end(stop, changed)
					synctest.Wait()
					if err := p.Err(); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
						t.Errorf("error %v, want %v", err, test.want)
					}
					select {
					case <-p.Done():
						synctest.Wait()
						if test.want == nil {
							t.Error("done, although nothing has happened")
						}
					case <-time.After(time.Nanosecond):
						if test.want != nil {
							t.Error("not done")
						}
					}
				})
			})
		}
	}
}
