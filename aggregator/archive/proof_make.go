package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
)

// ErrNoEvent tells that the archive does not hold the event.
var ErrNoEvent = errors.New("the archive has no such event")

// ErrUncovered tells that no checkpoint covers the seal of the event yet.
var ErrUncovered = errors.New("no checkpoint covers it")

// ProofRequest says which event is to be proved, and by what.
type ProofRequest struct {
	ID string
	// Origin is that of the event, from an index; nil: all objects are searched.
	Origin *event.Origin
	// Checkpoint is the one to prove it by; nil: the largest in the bucket.
	Checkpoint []byte
	// Identities open encrypted objects.
	Identities Identities
}

// Prove makes the proof that an event is in the archive. It does not check the
// signature of the checkpoint. Errors besides those of the bucket: ErrNoEvent, ErrUncovered, ErrTiered.
func Prove(ctx context.Context, b Bucket, r ProofRequest) (*Proof, error) {
	note := r.Checkpoint
	if note == nil {
		var err error
		if note, err = largestCheckpoint(ctx, b); err != nil {
			return nil, err
		}
	}
	c, err := transparency.ReadCheckpoint(note)
	if err != nil {
		return nil, fmt.Errorf("the checkpoint: %w", err)
	}
	found, err := findEvent(ctx, b, r)
	if err != nil {
		return nil, err
	}
	p := &Proof{Format: proofFormat, Version: proofVersion, Event: found.event, Seal: ProofSeal{Text: string(found.seal)}, Checkpoint: string(note)}
	if found.number >= c.Size {
		return nil, fmt.Errorf("the event is in seal %d, and the checkpoint is over %d seals: %w; take the newest from `actiontrail trail status`, or wait for the next one", found.number, c.Size, ErrUncovered)
	}
	path, err := provePath(ctx, b, c, found.number)
	if err != nil {
		return nil, err
	}
	p.Seal.Path = pathOf(path)
	return p, nil
}

func largestCheckpoint(ctx context.Context, b Bucket) ([]byte, error) {
	key := ""
	for o, err := range b.List(ctx, transparency.CheckpointFolder, "") {
		if err != nil {
			return nil, err
		}
		if _, ok := transparency.ParseCheckpointKey(o.Key); ok {
			key = o.Key
		}
	}
	if key == "" {
		return nil, fmt.Errorf("the bucket has no checkpoint: %w", ErrUncovered)
	}
	return readAll(ctx, b, key)
}

// provePath proves a seal in the tree of a checkpoint.
func provePath(ctx context.Context, b Bucket, c transparency.Checkpoint, seal int64) (path tlog.RecordProof, err error) {
	err = withTree(ctx, b, c, func(h tlog.HashReader) (err error) {
		path, err = tlog.ProveRecord(c.Size, seal, h)
		return err
	})
	return path, err
}

// ProveGrowth gives the proof (RFC 6962, 2.1.2) that the tree of a checkpoint goes on
// from that over the first small seals. Seals that are missing are fs.ErrNotExist;
// that the seals are others than those of the checkpoint is ErrForked.
func ProveGrowth(ctx context.Context, b Bucket, small int64, c transparency.Checkpoint) (proof []transparency.Hash, err error) {
	if small <= 0 || small >= c.Size {
		return nil, nil // by RFC 6962 there is nothing to prove
	}
	err = withTree(ctx, b, c, func(h tlog.HashReader) (err error) {
		proof, err = tlog.ProveTree(c.Size, small, h)
		return err
	})
	return proof, err
}

// ProveGrowth is ProveGrowth of the archive's bucket.
func (a *Archive) ProveGrowth(ctx context.Context, small int64, c transparency.Checkpoint) ([]transparency.Hash, error) {
	return ProveGrowth(ctx, a.cfg.Bucket, small, c)
}

// ErrForked tells that a checkpoint was signed over other seals than those of the archive.
var ErrForked = errors.New("the archive is not the one that the checkpoint was signed over")

// recentSeals is how far before a checkpoint the last stored one is looked for at first.
const recentSeals = 4096

// withTree gives the hashes of the tree of a checkpoint: from the tiles, as far as these
// go, and the seals behind them; or when the tiles do not give the tree, from all seals.
func withTree(ctx context.Context, b Bucket, c transparency.Checkpoint, use func(tlog.HashReader) error) error {
	base, err := baseOf(ctx, b, c.Size, max(c.Size-recentSeals, 0))
	if err == nil && base.Size == 0 && c.Size > recentSeals {
		base, err = baseOf(ctx, b, c.Size, 0)
	}
	if err != nil {
		return err
	}
	attempt := func(base transparency.Checkpoint) error {
		h, err := treeFrom(ctx, b, base, c)
		if err != nil {
			return err
		}
		return use(h)
	}
	err = attempt(base)
	if e := ctx.Err(); e != nil {
		return e
	}
	if err != nil && base.Size > 0 {
		err = attempt(transparency.Checkpoint{})
	}
	return err
}

// baseOf is the largest checkpoint in the bucket over more than after and at most size
// seals; the zero Checkpoint when there is none that can be read.
func baseOf(ctx context.Context, b Bucket, size, after int64) (base transparency.Checkpoint, err error) {
	key, from := "", ""
	if after > 0 {
		from = transparency.CheckpointKey(after)
	}
	for o, err := range b.List(ctx, transparency.CheckpointFolder, from) {
		if err != nil {
			return base, err
		}
		if n, ok := transparency.ParseCheckpointKey(o.Key); ok && n <= size {
			key = o.Key
		}
	}
	if key == "" {
		return base, nil
	}
	data, err := readAll(ctx, b, key)
	if err != nil {
		return base, ctx.Err() // what cannot be read is done without
	}
	if stored, err := transparency.ReadCheckpoint(data); err == nil && transparency.CheckpointKey(stored.Size) == key {
		base = stored
	}
	return base, nil
}

// grownHashes are the hashes of a tree that grew from another one.
type grownHashes struct {
	base tlog.HashReader
	more map[int64]tlog.Hash
}

func (g *grownHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	var ask, at []int64
	for i, x := range indexes {
		h, ok := g.more[x]
		if out[i] = h; !ok {
			ask, at = append(ask, x), append(at, int64(i))
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	got, err := g.base.ReadHashes(ask)
	if err != nil {
		return nil, err
	}
	for i, h := range got {
		out[at[i]] = h
	}
	return out, nil
}

// treeFrom gives the hashes of the tree of c by the tiles of base and the seals behind it.
func treeFrom(ctx context.Context, b Bucket, base, c transparency.Checkpoint) (tlog.HashReader, error) {
	hashes := &grownHashes{storedHashes(nil), map[int64]tlog.Hash{}}
	if base.Size > 0 {
		hashes.base = transparency.Reader(base.Size, base.Root, func(n transparency.TileName) ([]byte, error) { return readTile(ctx, b, n) })
	}
	for n := base.Size; n < c.Size; n++ {
		data, err := readAll(ctx, b, SealKey(uint64(n)))
		if err != nil {
			return nil, err
		}
		more, err := tlog.StoredHashesForRecordHash(n, tlog.RecordHash(data), hashes)
		if err != nil {
			return nil, err
		}
		for i, h := range more {
			hashes.more[tlog.StoredHashIndex(0, n)+int64(i)] = h
		}
	}
	root, err := tlog.TreeHash(c.Size, hashes)
	if err != nil {
		return nil, err
	}
	if root != c.Root {
		return nil, fmt.Errorf("%w: it is over %d seals; run verify", ErrForked, c.Size)
	}
	return hashes, nil
}

// Prove makes the proof that an event is in the archive, by the largest checkpoint
// in the bucket if that covers it, else by the newest one.
func (a *Archive) Prove(ctx context.Context, id string, origin *event.Origin) (*Proof, error) {
	p, err := Prove(ctx, a.cfg.Bucket, ProofRequest{ID: id, Origin: origin})
	if newest := a.Status().Checkpoint; errors.Is(err, ErrUncovered) && newest != "" {
		return Prove(ctx, a.cfg.Bucket, ProofRequest{ID: id, Origin: origin, Checkpoint: []byte(newest)})
	}
	return p, err
}

// foundEvent is an event with the seal that names its object.
type foundEvent struct {
	number int64
	seal   []byte
	event  ProofEvent
}

// findEvent looks through the objects of all seals; of an event whose origin is known,
// of the seal that scanned its batch. No backfill brings a batch that was scanned, but
// for one that was passed over while the trail was stopped.
func findEvent(ctx context.Context, b Bucket, r ProofRequest) (*foundEvent, error) {
	if r.Origin == nil {
		return findInSeals(ctx, b, r, 0, func(*Seal) bool { return true }, nil)
	}
	from, err := sealsBefore(ctx, b, r.Origin)
	if err != nil {
		return nil, err
	}
	var by *Seal
	found, err := findInSeals(ctx, b, r, from, func(s *Seal) bool { return s.scans(r.Origin) }, func(s *Seal) bool { by = s; return true })
	switch {
	case !errors.Is(err, ErrNoEvent):
		return found, err
	case by != nil && by.Stopped == nil:
		return nil, fmt.Errorf("event %s is not in seal %d, which scanned its batch: %w, as its filter leaves it out", r.ID, by.Number, ErrNoEvent)
	}
	return findInSeals(ctx, b, r, 0, func(s *Seal) bool { return s.Backfill != nil }, nil)
}

// findInSeals looks through the objects of the seals from a number on that are wanted, up
// to one that is the last of them (nil: all are looked through).
func findInSeals(ctx context.Context, b Bucket, r ProofRequest, from uint64, wanted, last func(*Seal) bool) (*foundEvent, error) {
	tiered := 0
	for n := from; ; n++ {
		data, err := readAll(ctx, b, SealKey(n))
		if errors.Is(err, fs.ErrNotExist) && tiered > 0 {
			return nil, fmt.Errorf("event %s is not in the objects that can be read; %d others were not: %w", r.ID, tiered, ErrTiered)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("event %s: %w", r.ID, ErrNoEvent)
		}
		if err != nil {
			return nil, err
		}
		s, err := decodeSealAt(data, n)
		if err != nil {
			return nil, err
		}
		if s.Amends != nil || !wanted(s) {
			continue
		}
		for i := range s.Objects {
			e, err := proveInObject(ctx, b, &s.Objects[i], &r)
			if errors.Is(err, ErrTiered) {
				tiered++
				continue
			}
			if err != nil {
				return nil, err
			}
			if e != nil {
				return &foundEvent{int64(n), data, *e}, nil
			}
		}
		if last == nil || !last(s) {
			continue
		}
		if tiered > 0 {
			return nil, fmt.Errorf("event %s is in seal %d: %w", r.ID, n, ErrTiered)
		}
		return nil, fmt.Errorf("event %s: %w", r.ID, ErrNoEvent)
	}
}

// of tells whether the lane is that of the event: the epoch is drawn at random, so these name it.
func of(l event.Lane, o *event.Origin) bool {
	return l.Agent == o.Agent && l.Source == o.Source && l.Epoch == o.Epoch
}

func (s *Seal) scans(o *event.Origin) bool {
	for i := range s.Scanned {
		if c := &s.Scanned[i]; of(c.Lane, o) && c.From <= o.Batch && o.Batch <= c.To {
			return true
		}
	}
	return false
}

// sealsBefore finds a seal from which on the batch of the event was scanned, and
// at most fullEvery seals before it, by the positions in every fullEveryth seal.
func sealsBefore(ctx context.Context, b Bucket, o *event.Origin) (uint64, error) {
	last, ok, err := lastSeal(ctx, b)
	if err != nil || !ok {
		return 0, err
	}
	full := int(last / fullEvery)
	n := sort.Search(full, func(i int) bool { // is it scanned by seal (i+1)·fullEvery?
		if err != nil {
			return true
		}
		number := uint64(i+1) * fullEvery
		var data []byte
		var s *Seal
		if data, err = readAll(ctx, b, SealKey(number)); err != nil {
			return true
		}
		if s, err = decodeSealAt(data, number); err != nil {
			return true
		}
		for l, at := range s.Full.Lanes {
			if of(l, o) && at.Number >= o.Batch {
				return true
			}
		}
		return false
	})
	return uint64(n) * fullEvery, err
}

// proveInObject looks for the event in an object, and proves it there; nil when it is not in it.
func proveInObject(ctx context.Context, b Bucket, o *Object, r *ProofRequest) (*ProofEvent, error) {
	out := &ProofEvent{Object: o.Key}
	found, n := false, int64(0)
	err := objectLines(ctx, b, o, r.Identities, func(line []byte) error {
		if !found && bytes.Contains(line, []byte(r.ID)) {
			e, err := event.ParseJSON(line)
			if err != nil {
				return fmt.Errorf("line %d is no event: %w", n+1, err)
			}
			if e.ID == r.ID {
				found, out.Line, out.Index = true, string(line), uint64(n)
			}
		}
		n++
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", o.Key, err)
	}
	if !found {
		return nil, nil
	}
	var hashes storedHashes
	n = 0
	err = objectLines(ctx, b, o, r.Identities, func(line []byte) error {
		n++
		return hashes.add(n-1, tlog.RecordHash(line))
	})
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", o.Key, err)
	}
	root, err := tlog.TreeHash(n, hashes)
	if err != nil {
		return nil, err
	}
	if event.Hash(root) != o.Logical || uint64(n) != o.Count {
		return nil, fmt.Errorf("object %s does not have the events that its seal says: run verify", o.Key)
	}
	path, err := tlog.ProveRecord(n, int64(out.Index), hashes)
	if err != nil {
		return nil, err
	}
	out.Path = pathOf(path)
	return out, nil
}
