package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
)

// LogConfig makes the seals of an archive the leaves of a transparency log.
type LogConfig struct {
	// Origin names the archive in its checkpoints. It counts when the log begins; later the seals say it.
	Origin string
	// Keys are the keys that sign, the one in force first. It is asked with each seal.
	Keys func() ([]transparency.Key, error)
	// Lost tells of the public part of a key that it is lost for good, so that another one
	// may go on for which it cannot vouch. nil: none is.
	Lost func(public string) bool
	// File keeps the newest checkpoint on this machine: what was signed once must be there later.
	File string
}

// SealLog begins the log, or says which key signs from this seal on.
type SealLog struct {
	Origin string `json:"origin"`
	Key    string `json:"key"` // public, as a vkey
	// DigestKey is the public RSA key of the hourly digests (base64 of PKCS #1); absent: there are none.
	DigestKey string `json:"digestKey,omitempty"`
}

// sealLog is the log as its writer has it.
type sealLog struct {
	cfg    *Config
	edge   *transparency.Edge // nil: to be loaded
	origin string             // as the seals say; "" before the log has begun
	key    string
	digest string             // key of the digests
	keys   []transparency.Key // as they were last asked for
	newest []byte             // checkpoint over all seals
	stored int64              // size of the largest checkpoint in the bucket
	kept   *kept              // as on this machine

	prev  event.Hash          // of the newest seal
	time  time.Time           // of it
	tiles []transparency.Tile // full ones that no checkpoint has stored yet
	due   []dueCheckpoint
}

// dueCheckpoint is one that is to be stored.
type dueCheckpoint struct {
	transparency.Checkpoint
	tiles []transparency.Tile
	keys  []string // that must sign it
}

// readKeys reads the keys anew: a rotation needs no restart.
func (l *sealLog) readKeys() error {
	keys, err := l.cfg.Log.Keys()
	if err != nil {
		return fmt.Errorf("read the keys that sign the archive: %w", err)
	}
	l.keys = keys
	return nil
}

// name makes a seal say which key is in force, unless the seals before do.
func (l *sealLog) name(s *Seal) error {
	if l == nil {
		return nil
	}
	if err := l.readKeys(); err != nil {
		return err
	}
	if err := l.vouched(); err != nil {
		return err
	}
	origin := l.origin
	if origin == "" {
		origin = l.cfg.Log.Origin
	}
	key, err := l.keys[0].VKey(origin)
	if err != nil {
		return err
	}
	digest := ""
	if d := l.cfg.Digests; d != nil {
		digest = d.Keys[0].Public().Text()
	}
	if key != l.key || digest != l.digest {
		s.Log = &SealLog{Origin: origin, Key: key, DigestKey: digest}
	}
	return nil
}

// append takes a seal that is in the bucket.
func (l *sealLog) append(s *Seal, data []byte) error {
	if l == nil {
		return nil
	}
	due := l.origin != "" && firstOfHour(s.Time, l.time)
	keys := []string{l.key}
	if s.Log != nil {
		due = true
		l.origin, l.key, l.digest = s.Log.Origin, s.Log.Key, s.Log.DigestKey
		if keys = append(keys, l.key); keys[0] == "" {
			keys = keys[1:]
		}
	}
	l.tiles = append(l.tiles, l.edge.Append(tlog.RecordHash(data))...)
	l.prev, l.time = digest(data), s.Time
	l.newest = nil
	if k := l.kept; k != nil && k.checkpoint.Size == l.edge.Size() && k.checkpoint.Root != l.edge.Root() {
		return fmt.Errorf("the first %d seals are not those that this archive signed before: somebody has rewritten the bucket; run verify with --checkpoint %s, and restore the bucket from a copy", l.edge.Size(), l.cfg.Log.File)
	}
	if due {
		l.storeNext(keys)
	}
	return nil
}

// firstOfHour tells whether a seal is stored with a checkpoint for its time alone.
func firstOfHour(t, before time.Time) bool {
	return !t.Truncate(time.Hour).Equal(before.Truncate(time.Hour))
}

// storeNext has a checkpoint over all seals so far stored with the next publish.
func (l *sealLog) storeNext(keys []string) {
	tiles := append(l.tiles, l.edge.Partial()...)
	l.tiles = nil
	l.due = append(l.due, dueCheckpoint{l.checkpoint(), tiles, keys})
}

func (l *sealLog) checkpoint() transparency.Checkpoint {
	return transparency.Checkpoint{Origin: l.origin, Size: l.edge.Size(), Root: l.edge.Root()}
}

// publish stores the checkpoints that are due, and keeps the newest one here.
func (l *sealLog) publish(ctx context.Context) error {
	if l == nil || l.origin == "" {
		return nil
	}
	if err := l.storeDue(ctx); err != nil {
		return err
	}
	return l.keep()
}

func (l *sealLog) storeDue(ctx context.Context) error {
	for len(l.due) > 0 {
		stored, err := l.store(ctx, &l.due[0])
		if err != nil {
			return err
		}
		if !stored {
			return nil // the key is gone; the next seal names another one, which will sign
		}
		l.stored = l.due[0].Size
		l.due = l.due[1:]
	}
	return nil
}

// store creates the tiles, then the checkpoint; false when there is no key to sign it.
func (l *sealLog) store(ctx context.Context, d *dueCheckpoint) (bool, error) {
	signed, err := l.sign(&d.Checkpoint, d.keys)
	if err != nil || signed == nil {
		return false, err
	}
	for i := range d.tiles {
		name := d.tiles[i].Name()
		if err := l.create(ctx, name.Key(), d.tiles[i].Bytes(), "application/octet-stream", bytes.Equal); err != nil {
			return false, err
		}
	}
	// Another writer of this archive may have signed with its own key.
	same := func(there, _ []byte) bool {
		c, _, err := transparency.OpenCheckpoint(there, append([]string{l.key}, d.keys...))
		return err == nil && c == d.Checkpoint
	}
	return true, l.create(ctx, transparency.CheckpointKey(d.Size), signed, "text/plain; charset=utf-8", same)
}

// sign gives the checkpoint signed with those of the keys that are here; nil with none.
func (l *sealLog) sign(c *transparency.Checkpoint, vkeys []string) ([]byte, error) {
	var signers []transparency.Key
	for _, vkey := range append([]string{l.key}, vkeys...) {
		for _, k := range l.keys {
			have, err := k.VKey(c.Origin)
			if err != nil {
				return nil, err
			}
			if have == vkey && !hasKey(signers, k) {
				signers = append(signers, k)
			}
		}
	}
	if len(signers) == 0 {
		return nil, nil
	}
	return c.Sign(signers...)
}

func hasKey(keys []transparency.Key, key transparency.Key) bool {
	for _, k := range keys {
		if k == key {
			return true
		}
	}
	return false
}

// create makes an object of the log, which may be there already.
func (l *sealLog) create(ctx context.Context, key string, data []byte, media string, same func(there, want []byte) bool) error {
	err := l.cfg.Bucket.Create(ctx, key, bytes.NewReader(data), Meta{Bytes: int64(len(data)), SHA256: digest(data), Type: media})
	if errors.Is(err, fs.ErrExist) {
		there, err := readAll(ctx, l.cfg.Bucket, key)
		if err != nil {
			return err
		}
		if !same(there, data) {
			return fmt.Errorf("%s exists with other content: somebody else writes to this bucket; run verify", key)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

// publish stores what follows from the seals so far: checkpoints and digests.
func (a *Archive) publish(ctx context.Context) error {
	if err := a.digests.publish(ctx); err != nil {
		return err
	}
	return a.log.publish(ctx)
}

// Checkpoint stores a checkpoint over all seals, for the time until somebody goes on with the archive.
func (a *Archive) Checkpoint(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.log
	if l == nil || a.stale || l.origin == "" || l.stored == l.edge.Size() {
		return nil
	}
	if len(l.due) == 0 {
		l.storeNext([]string{l.key})
	}
	return a.note(l.publish(ctx))
}
