package archive

import (
	"crypto/sha256"

	"github.com/actiontrail/actiontrail/event"
)

// tree computes the root of a Merkle tree over lines as RFC 6962 (2.1) has it,
// in memory that grows with the logarithm of their number. The zero tree is empty.
type tree struct {
	full []subtree // complete subtrees, each smaller than the one before
	buf  []byte
}

type subtree struct {
	leaves uint64
	root   event.Hash
}

// add appends a line, given without its line end.
func (t *tree) add(line []byte) {
	t.buf = append(append(t.buf[:0], 0), line...)
	s := subtree{1, sha256.Sum256(t.buf)}
	for n := len(t.full); n > 0 && t.full[n-1].leaves == s.leaves; n-- {
		s = subtree{2 * s.leaves, node(t.full[n-1].root, s.root)}
		t.full = t.full[:n-1]
	}
	t.full = append(t.full, s)
}

// root is the hash of all lines so far.
func (t *tree) root() event.Hash {
	if len(t.full) == 0 {
		return sha256.Sum256(nil)
	}
	root := t.full[len(t.full)-1].root
	for i := len(t.full) - 2; i >= 0; i-- {
		root = node(t.full[i].root, root)
	}
	return root
}

func node(left, right event.Hash) event.Hash {
	var b [65]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[33:], right[:])
	return sha256.Sum256(b[:])
}
