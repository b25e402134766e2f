package transparency

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Span are leaves that follow one another: From ≤ n < To.
type Span struct{ From, To int64 }

// CheckSpans refuses spans that are empty, out of order or beyond size leaves.
func CheckSpans(size int64, spans []Span) error {
	end := int64(-1)
	for _, s := range spans {
		if s.From <= end && end >= 0 || s.From < 0 || s.To <= s.From || s.To > size {
			return fmt.Errorf("the leaves %d to %d are out of order, or beyond %d", s.From, s.To-1, size)
		}
		end = s.To
	}
	return nil
}

// ProveSpans gives the proof that the leaves of the spans are in a tree of that size:
// the hashes of the largest subtrees that hold none of them, from left to right.
// subtree gives the hash over the leaves lo ≤ n < hi. Leaves that lie together share
// what is above them, so a proof of all leaves is empty, and one of a single leaf is
// its audit path.
func ProveSpans(size int64, spans []Span, subtree func(lo, hi int64) (Hash, error)) ([]Hash, error) {
	if err := CheckSpans(size, spans); err != nil {
		return nil, err
	}
	proof := []Hash{}
	var walk func(lo, hi int64, spans []Span) error
	walk = func(lo, hi int64, spans []Span) error {
		spans = within(spans, lo, hi)
		switch {
		case len(spans) == 0:
			h, err := subtree(lo, hi)
			proof = append(proof, h)
			return err
		case spans[0].From <= lo && spans[0].To >= hi:
			return nil
		}
		k := lo + left(hi-lo)
		if err := walk(lo, k, spans); err != nil {
			return err
		}
		return walk(k, hi, spans)
	}
	if size == 0 {
		return proof, nil
	}
	return proof, walk(0, size, spans)
}

// SpansRoot is the root of the tree of that size by a proof of ProveSpans. leaf gives
// the hash of each leaf of the spans, in order. A proof of another length is an error.
func SpansRoot(size int64, spans []Span, proof []Hash, leaf func() (Hash, error)) (Hash, error) {
	if err := CheckSpans(size, spans); err != nil {
		return Hash{}, err
	}
	var walk func(lo, hi int64, spans []Span) (Hash, error)
	walk = func(lo, hi int64, spans []Span) (Hash, error) {
		spans = within(spans, lo, hi)
		if len(spans) == 0 {
			if len(proof) == 0 {
				return Hash{}, errors.New("the proof is too short")
			}
			h := proof[0]
			proof = proof[1:]
			return h, nil
		}
		if hi-lo == 1 {
			return leaf()
		}
		k := lo + left(hi-lo)
		l, err := walk(lo, k, spans)
		if err != nil {
			return Hash{}, err
		}
		r, err := walk(k, hi, spans)
		return tlog.NodeHash(l, r), err
	}
	if size == 0 {
		return emptyRoot(), nil
	}
	root, err := walk(0, size, spans)
	if err == nil && len(proof) > 0 {
		err = errors.New("the proof is too long")
	}
	return root, err
}

// within are the spans that reach into lo ≤ n < hi.
func within(spans []Span, lo, hi int64) []Span {
	for len(spans) > 0 && spans[0].To <= lo {
		spans = spans[1:]
	}
	for len(spans) > 0 && spans[len(spans)-1].From >= hi {
		spans = spans[:len(spans)-1]
	}
	return spans
}

// left is how many of n > 1 leaves are in the left subtree: the largest power of two below n.
func left(n int64) int64 {
	k := int64(1)
	for k*2 < n {
		k *= 2
	}
	return k
}

// SubtreeOf gives hashes of subtrees over these leaf hashes.
func SubtreeOf(leaves []Hash) func(lo, hi int64) (Hash, error) {
	var over func(lo, hi int64) Hash
	over = func(lo, hi int64) Hash {
		if hi-lo == 1 {
			return leaves[lo]
		}
		k := lo + left(hi-lo)
		return tlog.NodeHash(over(lo, k), over(k, hi))
	}
	return func(lo, hi int64) (Hash, error) { return over(lo, hi), nil }
}

// SubtreeIn gives hashes of subtrees of a tree whose hashes can be read.
func SubtreeIn(hashes tlog.HashReader) func(lo, hi int64) (Hash, error) {
	var over func(lo, hi int64) (Hash, error)
	over = func(lo, hi int64) (Hash, error) {
		if n := hi - lo; n&(n-1) == 0 { // a complete one is stored
			level := 0
			for n>>level > 1 {
				level++
			}
			h, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(level, lo>>level)})
			if err != nil {
				return Hash{}, err
			}
			return h[0], nil
		}
		k := lo + left(hi-lo)
		l, err := over(lo, k)
		if err != nil {
			return Hash{}, err
		}
		r, err := over(k, hi)
		return tlog.NodeHash(l, r), err
	}
	return over
}

// LeafHash is the hash of a leaf.
func LeafHash(leaf []byte) Hash { return tlog.RecordHash(leaf) }
