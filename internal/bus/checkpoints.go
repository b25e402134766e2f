package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// checkpointBucket is the key-value bucket with the newest checkpoint of each log.
const checkpointBucket = "CHECKPOINTS"

// checkpointHistory is how many of each log it keeps; NATS has no more.
const checkpointHistory = 64

// Checkpoint is the newest checkpoint of a log that was kept, and its revision;
// ErrNone when there is none. Logs are called as they like: the key is made of the name.
func (c *Conn) Checkpoint(ctx context.Context, log string) (note []byte, revision uint64, err error) {
	kv, err := c.checkpoints(ctx, false)
	if err != nil {
		return nil, 0, err
	}
	e, err := kv.Get(ctx, checkpointKey(log))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, 0, ErrNone
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the checkpoint of %s: %w", log, c.explain(err))
	}
	return e.Value(), e.Revision(), nil
}

// KeepCheckpoint replaces the checkpoint of that revision (0: there is none yet).
// ErrOvertaken when it is no longer the newest.
func (c *Conn) KeepCheckpoint(ctx context.Context, log string, note []byte, revision uint64) error {
	kv, err := c.checkpoints(ctx, true)
	if err != nil {
		return err
	}
	if revision == 0 {
		_, err = kv.Create(ctx, checkpointKey(log), note)
	} else {
		_, err = kv.Update(ctx, checkpointKey(log), note, revision)
	}
	var refused *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrKeyExists), errors.As(err, &refused) && refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence:
		return ErrOvertaken
	case err != nil:
		return fmt.Errorf("keep the checkpoint of %s: %w", log, c.explain(err))
	}
	return nil
}

// checkpoints is the bucket, which is made if need be.
func (c *Conn) checkpoints(ctx context.Context, make bool) (jetstream.KeyValue, error) {
	if !c.nc.IsConnected() {
		return nil, c.unconnected()
	}
	kv, err := c.js.KeyValue(ctx, checkpointBucket)
	switch {
	case err == nil:
		return kv, nil
	case !errors.Is(err, jetstream.ErrBucketNotFound):
		return nil, fmt.Errorf("bucket %s: %w", checkpointBucket, c.explain(err))
	case !make:
		return nil, ErrNone
	}
	kv, err = c.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: checkpointBucket, Description: "newest checkpoint of the log of each archive", History: checkpointHistory, Storage: jetstream.FileStorage})
	if err != nil {
		return nil, fmt.Errorf("make the bucket %s: %w", checkpointBucket, c.explain(err))
	}
	return kv, nil
}

// checkpointKey is the name of a log as a key: what a key cannot hold is =XX.
func checkpointKey(log string) string {
	var b strings.Builder
	for i := range len(log) {
		switch c := log[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '/':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}
