// Package wire is the form in which batches travel from an agent to the
// followers: a header that can be read alone, the agent's signature over it, and
// the events as compressed columns. docs/format/batch.md has it byte for byte.
// Beside batches there are reports: what an agent signs to tell how it fares.
package wire

import (
	"errors"

	"github.com/actiontrail/actiontrail/event"
)

// Limits of one batch. What is larger is neither written nor read, and refused
// before memory is taken for it.
const (
	MaxEvents = 1 << 16  // events
	MaxHeader = 4 << 20  // bytes of the header
	MaxBody   = 64 << 20 // bytes of the body before compression
)

// Codec is how a body is written.
type Codec int32

// ColumnsS2 is the one codec there is: columns, compressed with S2.
const ColumnsS2 Codec = 1

// Mark is one part of a source's cursor. An empty Value removes the mark.
type Mark struct {
	Key   string
	Value []byte
}

// Header is what can be known of a batch without reading its events.
type Header struct {
	Lane     event.Lane
	Number   uint64     // from 1, without a break
	Prev     event.Hash // hash of the batch before; zero: there is none
	Body     event.Hash // of the body as it travels; Seal sets it
	Codec    Codec      // Seal sets it
	Count    int        // of events; Seal sets it
	Cursor   []Mark     // the marks that moved with this batch; of a snapshot: all of the source
	Snapshot bool
	First    int64 // smallest eventTime in nanoseconds since 1970; Seal sets it
	Last     int64 // largest eventTime; First and Last are 0 when no event has a time
}

// Signer signs with the key of the lane. A key pair of nkeys is one.
type Signer interface {
	Sign([]byte) ([]byte, error)
}

// What can be wrong with a batch. They are told apart because a lane goes on in
// one case only: when the agent did sign what nobody can read.
var (
	// ErrNotBatch: not a batch, or its header cannot be read. The lane is not known.
	ErrNotBatch = errors.New("not a batch")
	// ErrSignature: header or body are not what the holder of the lane's key
	// signed. Whoever sent it, the true batch of this number may still come.
	ErrSignature = errors.New("signature does not hold")
	// ErrBody: signed, body and all, and yet the events cannot be read. Sending
	// it again gives the same bytes, so the lane may move on past it.
	ErrBody = errors.New("body cannot be read")
)
