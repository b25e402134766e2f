package event

import (
	"maps"
	"slices"
)

// KeptHashes is how many hashes of a lane's last batches a position keeps, to
// tell a resend from a fork.
const KeptHashes = 256

// Position is how far a follower has come: the place in the stream, and per lane
// the last batch. It is stored with the follower's data, in the same durable
// write, and so is exact after any crash.
type Position struct {
	Seq   uint64 // of the last batch taken; 0: none
	Lanes map[Lane]LanePosition
}

// LanePosition is the last batch of one lane.
type LanePosition struct {
	Number   uint64
	Hash     Hash
	Recent   []ShortHash // of the last batches, oldest first, the last one that of Number; KeptHashes at most
	Snapshot uint64      // seq of the last batch that carried a snapshot; 0: none seen
}

// ShortHash is the beginning of a Hash, enough to tell a resend from a fork.
type ShortHash [8]byte

// Short is the beginning of the hash.
func (h Hash) Short() ShortHash { return ShortHash(h[:8]) }

// Verdict is what a batch is to a position.
type Verdict int

const (
	Next   Verdict = iota // the batch that follows
	Gap                   // later than the one that follows: batches are missing
	Resend                // taken already, with the same hash
	Fork                  // another batch of a number taken, or not chained to the last one
)

func (v Verdict) String() string { return [...]string{"next", "gap", "resend", "fork"}[v] }

// Check tells what b is to p. It changes nothing.
func (p *Position) Check(b *Batch) Verdict {
	at, known := p.Lanes[b.Lane]
	switch {
	case !known && b.Number == 1:
		return Next
	case !known, b.Number > at.Number+1:
		return Gap
	case b.Number == at.Number+1:
		if b.Prev != at.Hash {
			return Fork
		}
		return Next
	}
	back := at.Number - b.Number
	if i := len(at.Recent) - 1 - int(min(back, KeptHashes)); i >= 0 && at.Recent[i] == b.Hash.Short() {
		return Resend
	}
	return Fork
}

// Missing are the numbers before b that its lane lacks; from > to when none does.
func (p *Position) Missing(b *Batch) (from, to uint64) {
	return p.Lanes[b.Lane].Number + 1, b.Number - 1
}

// Advance moves p past b, which Check called Next or Gap.
func (p *Position) Advance(b *Batch) {
	if p.Lanes == nil {
		p.Lanes = map[Lane]LanePosition{}
	}
	at := p.Lanes[b.Lane]
	if b.Number != at.Number+1 {
		at.Recent = nil // the hashes of the missing batches are not known
	}
	if len(at.Recent) >= KeptHashes {
		at.Recent = slices.Clone(at.Recent[len(at.Recent)-KeptHashes+1:])
	}
	// A clone of the position may share the array: append beyond its end only.
	at.Recent = append(slices.Clip(at.Recent), b.Hash.Short())
	at.Number, at.Hash = b.Number, b.Hash
	if b.Snapshot {
		at.Snapshot = b.Seq
	}
	p.Lanes[b.Lane] = at
	p.Seq = max(p.Seq, b.Seq)
}

// Clone is a copy that can be advanced on its own.
func (p *Position) Clone() Position {
	return Position{Seq: p.Seq, Lanes: maps.Clone(p.Lanes)}
}
