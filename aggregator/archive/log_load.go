package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// kept is what this machine remembers of the log.
type kept struct {
	Stored     int64  `json:"stored"` // size of the largest checkpoint in the bucket
	Key        string `json:"key"`    // in force
	Digest     string `json:"digestKey,omitempty"`
	Checkpoint string `json:"checkpoint"`
	checkpoint transparency.Checkpoint
}

// keep writes the newest checkpoint on this machine.
func (l *sealLog) keep() error {
	if l.newest != nil {
		return nil
	}
	c := l.checkpoint()
	signed, err := l.sign(&c, nil)
	if err != nil || signed == nil {
		return err
	}
	k := &kept{Stored: l.stored, Key: l.key, Digest: l.digest, Checkpoint: string(signed), checkpoint: c}
	data, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := l.cfg.step("keep checkpoint"); err != nil {
		return err
	}
	if err := durable.WriteFile(l.cfg.Log.File, append(data, '\n')); err != nil {
		return fmt.Errorf("keep the newest checkpoint: %w", err)
	}
	l.kept, l.newest = k, signed
	return nil
}

func (l *sealLog) readKept() (*kept, error) {
	if err := l.cfg.step("read checkpoint"); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(l.cfg.Log.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, durable.MkdirAll(filepath.Dir(l.cfg.Log.File))
	}
	if err != nil {
		return nil, fmt.Errorf("read the newest checkpoint: %w", err)
	}
	var k kept
	if err = json.Unmarshal(data, &k); err == nil {
		k.checkpoint, err = transparency.ReadCheckpoint([]byte(k.Checkpoint))
	}
	if err != nil {
		return nil, fmt.Errorf("%s, which keeps the newest checkpoint of the archive, is damaged (%w): run verify, and remove the file if all is well", l.cfg.Log.File, err)
	}
	return &k, nil
}

// sync brings the log to the seals that are in the bucket, of which there are this many.
func (l *sealLog) sync(ctx context.Context, seals int64) error {
	if l == nil {
		return nil
	}
	if err := l.readKeys(); err != nil {
		return err
	}
	if l.edge == nil {
		if err := l.load(ctx, seals); err != nil {
			l.edge = nil
			return err
		}
	}
	if err := l.cutOff(ctx, l.edge.Size(), seals); err != nil {
		return err
	}
	for n := l.edge.Size(); n < seals; n++ {
		s, data, err := readSeal(ctx, l.cfg.Bucket, uint64(n))
		if err != nil {
			return err
		}
		if s.Prev != l.prev {
			return fmt.Errorf("%s does not follow the seals that this archive signed: somebody has rewritten the bucket; run verify, and restore it from a copy", SealKey(uint64(n)))
		}
		if err := l.append(s, data); err != nil {
			l.edge = nil
			return err
		}
		if err := l.storeDue(ctx); err != nil {
			return err
		}
	}
	if err := l.vouched(); err != nil {
		return err
	}
	return l.publish(ctx)
}

// cutOff refuses an archive that has fewer seals than were signed.
func (l *sealLog) cutOff(ctx context.Context, signed, seals int64) error {
	if signed <= seals {
		return nil
	}
	if _, err := l.cfg.Bucket.Head(ctx, SealKey(uint64(signed-1))); err == nil {
		return errMeanwhile // they came since they were counted
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for %s: %w", SealKey(uint64(signed-1)), err)
	}
	return fmt.Errorf("the bucket has %d seals, but this archive signed a checkpoint over %d: %s and what follows it was removed; restore it from a copy, or, to go on without it, remove %s and the checkpoints over more seals",
		seals, signed, SealKey(uint64(seals)), l.cfg.Log.File)
}

// load finds where the log was: the largest checkpoint in the bucket with its
// tiles, or else, or when these cannot be believed, all seals.
func (l *sealLog) load(ctx context.Context, seals int64) error {
	*l = sealLog{cfg: l.cfg, keys: l.keys, edge: &transparency.Edge{}}
	var err error
	if l.kept, err = l.readKept(); err != nil {
		return err
	}
	if l.kept != nil {
		if err := l.cutOff(ctx, l.kept.checkpoint.Size, seals); err != nil {
			return err
		}
	}
	base, key, err := l.base(ctx)
	if err != nil || base == nil {
		return err
	}
	if err := l.cutOff(ctx, base.Size, seals); err != nil {
		return err
	}
	read := func(name transparency.TileName) ([]byte, error) { return readTile(ctx, l.cfg.Bucket, name) }
	edge, err := transparency.LoadEdge(base.Size, base.Root, read)
	if e := ctx.Err(); e != nil {
		return e
	}
	if err != nil {
		return nil // all seals are read, and the tiles made again
	}
	if k := l.kept; k != nil && k.checkpoint.Size <= base.Size {
		proof, err := tlog.ProveTree(base.Size, k.checkpoint.Size, transparency.Reader(base.Size, base.Root, read))
		if err != nil {
			return nil
		}
		if tlog.CheckTree(proof, base.Size, base.Root, k.checkpoint.Size, k.checkpoint.Root) != nil {
			return fmt.Errorf("%s does not go on from the checkpoint that this archive signed before, which is kept in %s: somebody has rewritten the bucket; run verify, and restore it from a copy", transparency.CheckpointKey(base.Size), l.cfg.Log.File)
		}
	}
	last := uint64(base.Size - 1)
	s, data, err := readSeal(ctx, l.cfg.Bucket, last)
	if err != nil {
		return err
	}
	if tlog.RecordHash(data) != edge.Last() {
		return fmt.Errorf("%s is not the seal that this archive signed: somebody has rewritten the bucket; run verify, and restore it from a copy", SealKey(last))
	}
	l.edge, l.origin, l.key, l.stored = edge, base.Origin, key, base.Size
	l.prev, l.time = digest(data), s.Time
	if l.kept != nil {
		l.digest = l.kept.Digest // else the next seal names it again
	}
	return nil
}

// base is the largest checkpoint in the bucket that one of the keys here signed, and that key.
func (l *sealLog) base(ctx context.Context) (*transparency.Checkpoint, string, error) {
	after := ""
	if l.kept != nil && l.kept.Stored > 1 {
		after = transparency.CheckpointKey(l.kept.Stored - 1)
	}
	var newest string
	for o, err := range l.cfg.Bucket.List(ctx, transparency.CheckpointFolder, after) {
		if err != nil {
			return nil, "", err
		}
		if _, ok := transparency.ParseCheckpointKey(o.Key); ok {
			newest = o.Key
		}
	}
	if newest == "" {
		return nil, "", nil
	}
	data, err := readAll(ctx, l.cfg.Bucket, newest)
	if err != nil {
		return nil, "", err
	}
	c, err := transparency.ReadCheckpoint(data)
	if err != nil || transparency.CheckpointKey(c.Size) != newest {
		return nil, "", nil
	}
	var own []string
	for _, k := range l.keys {
		vkey, err := k.VKey(c.Origin)
		if err != nil {
			return nil, "", err
		}
		own = append(own, vkey)
	}
	_, by, err := transparency.OpenCheckpoint(data, own)
	if err != nil {
		return nil, "", nil
	}
	for _, vkey := range own { // the newest one that signed was named by then
		for _, b := range by {
			if b == vkey {
				return &c, vkey, nil
			}
		}
	}
	return nil, "", nil
}

// readTile reads a tile; of one that has become larger since, as much as is asked for.
func readTile(ctx context.Context, b Bucket, name transparency.TileName) ([]byte, error) {
	data, err := readAll(ctx, b, name.Key())
	if errors.Is(err, fs.ErrNotExist) {
		data, err = readAll(ctx, b, name.Full().Key())
	}
	if size := name.Width * tlog.HashSize; err == nil && len(data) > size {
		data = data[:size]
	}
	return data, err
}

// mostUnnamed is how many seals at the beginning of an archive may say nothing of its log.
const mostUnnamed = 1000

// Origin is the name of the archive's log, by the first seal that says it; "" when none of the first does.
func Origin(ctx context.Context, b Bucket) (string, error) {
	for n := range uint64(mostUnnamed) {
		data, err := readAll(ctx, b, SealKey(n))
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		if s, err := decodeSealAt(data, n); err == nil && s.Log != nil {
			return s.Log.Origin, nil
		}
	}
	return "", nil
}
