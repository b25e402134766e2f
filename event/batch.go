package event

import (
	"encoding/hex"
	"fmt"
)

// Lane names one numbered, signed and chained sequence of batches. Key is the
// agent's public key (its identity; Agent is a label), Epoch was drawn when the
// spool was made. Lane is comparable and serves as a map key.
type Lane struct {
	Account string `json:"account"`
	Agent   string `json:"agent"`
	Source  string `json:"source"`
	Key     string `json:"key"`
	Epoch   uint64 `json:"epoch"`
}

func (l Lane) String() string {
	return fmt.Sprintf("%s/%s/%s epoch %d", l.Account, l.Agent, l.Source, l.Epoch)
}

// Hash is a SHA-256.
type Hash [32]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes the hash in hex.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads the hash from hex.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) != 2*len(h) {
		return fmt.Errorf("hash has %d digits, want %d", len(b), 2*len(h))
	}
	_, err := hex.Decode(h[:], b)
	return err
}

// Batch is a numbered group of events of one lane, as a follower sees it.
// Batches and their events are shared between followers and never changed.
type Batch struct {
	Lane     Lane
	Number   uint64 // from 1, without a break
	Prev     Hash   // Hash of the batch before; of number 1: that of the last batch of the epoch before, or zero
	Hash     Hash   // of the header, which holds the hash of the body
	Snapshot bool   // carries the cursors of the whole source
	Seq      uint64 // place in the stream
	Events   []Event
}
