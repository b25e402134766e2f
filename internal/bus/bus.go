// Package bus carries batches from agents to followers through a NATS
// JetStream stream. All of actiontrail's use of NATS lives here: the connection,
// publishing, following, recovery reads and purging, and in embedded the server.
package bus

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Errors that callers decide by.
var (
	ErrFull      = errors.New("the stream is full: it takes batches again when the followers have caught up, or with a larger nats max_bytes")
	ErrNoRoom    = errors.New("the NATS server has less room than the stream asks for: lower max_bytes of the nats block, or raise max_file_store of the server")
	ErrNone      = errors.New("the subject holds no batch")
	ErrNoStream  = errors.New("the stream does not exist yet: the aggregator makes it when it starts")
	ErrRefused   = errors.New("refused by the NATS server")
	ErrConnected = errors.New("no connection to NATS")
)

// Bounds of the stream.
const (
	// DefaultMaxBytes bounds the stream. When it is full, batches wait in the spools.
	DefaultMaxBytes = 8 << 30
	// MaxMessage is the largest message the server takes; a batch is below 1 MiB, but for one huge event.
	MaxMessage = 8 << 20
)

// Conn is a connection that is made again whenever it breaks. It is safe for concurrent use.
type Conn struct {
	nc      *nats.Conn
	js      jetstream.JetStream
	cfg     Config
	refusal atomic.Pointer[error] // the last refusal the server told outside of a reply
	trouble atomic.Pointer[error] // why the last attempt to connect failed
}

// Connected tells whether there is a connection now.
func (c *Conn) Connected() bool { return c.nc.IsConnected() }

// Close ends the connection; calls under way fail.
func (c *Conn) Close() { c.nc.Close() }

// Publish stores a batch message in the stream. nil = durable, as the stream's
// sync mode has it; any error = it may or may not be, publish the same bytes
// under the same id again. duplicate tells that the stream knew the id.
func (c *Conn) Publish(ctx context.Context, subject, id string, message []byte) (seq uint64, duplicate bool, err error) {
	if !c.nc.IsConnected() {
		return 0, false, c.unconnected()
	}
	ack, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: message},
		jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0))
	if err != nil {
		return 0, false, c.explain(err)
	}
	return ack.Sequence, ack.Duplicate, nil
}

// explain turns a NATS error into one that says what to do.
func (c *Conn) explain(err error) error {
	var api *jetstream.APIError
	switch {
	case errors.As(err, &api) && api.ErrorCode == 10077:
		return fmt.Errorf("%w (%s)", ErrFull, api.Description)
	case errors.As(err, &api) && api.ErrorCode == 10047:
		return fmt.Errorf("%w (%s)", ErrNoRoom, api.Description)
	case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return ErrNoStream
	case errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrDisconnected):
		return c.unconnected()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		// A refused publish is never answered: the reason came to the error handler.
		if r := c.refusal.Swap(nil); r != nil {
			return fmt.Errorf("%w: %w: %s", ErrRefused, *r, c.cfg.loginHint())
		}
	}
	return err
}
