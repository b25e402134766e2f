package bus

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrHole is errHole for the tests.
var ErrHole = errHole

// MakeClosed makes the stream as far as a server gets that is killed before it is opened.
func (c *Conn) MakeClosed(ctx context.Context) error {
	_, err := c.js.CreateStream(ctx, jetstream.StreamConfig{Name: StreamName, Subjects: []string{unmade}, Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew, AllowDirect: true, DenyDelete: true})
	return err
}
