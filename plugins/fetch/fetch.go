// Package fetch is what the sources have in common that fetch their records: work that
// goes on beside the agent, one batch ahead of it, so that a slow network is waited for by nobody.
package fetch

import (
	"context"
	"errors"
	"io"

	"github.com/actiontrail/actiontrail/plugins"
)

// ErrClosed is told by a source that is closed.
var ErrClosed = errors.New("the source is closed")

// Work fetches until ctx ends. It hands its batches to give, which waits until the agent has room, and which
// fails only when ctx has ended. What is given belongs to the agent. nil says that the source has ended.
type Work func(ctx context.Context, give func(plugins.Batch) error) error

// Loop is work that goes on, and where the agent takes its batches.
type Loop struct {
	batches chan plugins.Batch
	cancel  context.CancelFunc
	ended   chan struct{} // closed after err is set
	err     error
}

// Start begins to work.
func Start(work Work) *Loop {
	ctx, cancel := context.WithCancel(context.Background())
	l := &Loop{batches: make(chan plugins.Batch), cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		l.err = work(ctx, func(b plugins.Batch) error {
			select {
			case l.batches <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	return l
}

// Read is that of a plugins.Source.
func (l *Loop) Read(ctx context.Context) (plugins.Batch, error) {
	if err := ctx.Err(); err != nil {
		return plugins.Batch{}, err
	}
	select {
	case b := <-l.batches:
		return b, nil
	case <-ctx.Done():
		return plugins.Batch{}, ctx.Err()
	case <-l.ended:
	}
	if l.err == nil {
		return plugins.Batch{}, io.EOF
	}
	return plugins.Batch{}, l.err
}

// Close ends the work, and waits for it.
func (l *Loop) Close() {
	l.cancel()
	<-l.ended
}
