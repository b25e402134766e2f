package witness

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Store is a key-value bucket of NATS with the newest checkpoint of each log.
type Store interface {
	Checkpoint(ctx context.Context, log string) (note []byte, revision uint64, err error)
	KeepCheckpoint(ctx context.Context, log string, note []byte, revision uint64) error
}

// NATS is the place in NATS, which each installation has. None is the error of a
// Store that has no checkpoint of a log.
type NATS struct {
	Store Store
	None  error
	// Target is where the archive is: one in another place is another log, though it has the name of the one before.
	Target   string
	revision uint64
}

// log is the name of a log in the bucket.
func (n *NATS) log(origin string) string {
	sum := sha256.Sum256([]byte(n.Target))
	return fmt.Sprintf("%s/%x", origin, sum[:4])
}

// Newest is what NATS has.
func (n *NATS) Newest(ctx context.Context, origin string) ([]byte, error) {
	note, revision, err := n.Store.Checkpoint(ctx, n.log(origin))
	if errors.Is(err, n.None) {
		note, revision, err = nil, 0, nil
	}
	n.revision = revision
	return note, err
}

// Keep replaces what Newest gave: nothing else.
func (n *NATS) Keep(ctx context.Context, s Step) ([]byte, error) {
	return s.Note, n.Store.KeepCheckpoint(ctx, n.log(s.Checkpoint.Origin), s.Note, n.revision)
}
