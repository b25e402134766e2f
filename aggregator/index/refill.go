package index

import (
	"context"

	"github.com/actiontrail/actiontrail/event"
)

// SeqRange is a part of the stream, both ends inclusive. The zero range is empty: seqs begin with 1.
type SeqRange struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// Add makes the range as large as it must be to hold seq.
func (r *SeqRange) Add(seq uint64) {
	if seq == 0 { // of no batch of the stream
		return
	}
	if *r == (SeqRange{}) {
		r.First = seq
	}
	r.First, r.Last = min(r.First, seq), max(r.Last, seq)
}

// Refillable is an index that has lost events to a damaged file and can take
// them again from the stream, as far as it still has them.
type Refillable interface {
	// Lost are the parts of the stream whose events are missing, perhaps not all of them.
	Lost() []SeqRange
	// Refill stores the events of batches that were stored before, but for those
	// that are there. It does not move the position.
	Refill(ctx context.Context, batches []event.Batch) error
	// Refilled says that what the stream has of a part was stored again; note is for
	// status pages. When that was not all of it, answers stay incomplete.
	Refilled(r SeqRange, note string, whole bool) error
}
