package transparency_test

import (
	"math/rand/v2"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

// The proof of any leaves gives the root that tlog gives, from the leaves alone, and no other leaves do.
func TestSpans(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for size := int64(1); size <= 70; size++ {
		leaves := make([]transparency.Hash, size)
		var stored stored
		for i := range leaves {
			leaves[i] = transparency.LeafHash([]byte{byte(i)})
			more, err := tlog.StoredHashesForRecordHash(int64(i), leaves[i], stored)
			if err != nil {
				t.Fatal(err)
			}
			stored = append(stored, more...)
		}
		root, err := tlog.TreeHash(size, stored)
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			var spans []transparency.Span
			var shown []transparency.Hash
			for n := r.Int64N(size); n < size; n += 1 + r.Int64N(size) {
				to := min(size, n+1+r.Int64N(4))
				spans = append(spans, transparency.Span{From: n, To: to})
				shown = append(shown, leaves[n:to]...)
				n = to
			}
			proof, err := transparency.ProveSpans(size, spans, transparency.SubtreeOf(leaves))
			if err != nil {
				t.Fatal(err)
			}
			fromTiles, err := transparency.ProveSpans(size, spans, transparency.SubtreeIn(stored))
			if err != nil || len(fromTiles) != len(proof) {
				t.Fatalf("%d and %d hashes, %v", len(proof), len(fromTiles), err)
			}
			for i := range proof {
				if proof[i] != fromTiles[i] {
					t.Fatalf("size %d, %v: hash %d differs", size, spans, i)
				}
			}
			check := func(shown []transparency.Hash, proof []transparency.Hash) (transparency.Hash, error) {
				at := 0
				return transparency.SpansRoot(size, spans, proof, func() (transparency.Hash, error) { at++; return shown[at-1], nil })
			}
			if got, err := check(shown, proof); err != nil || got != root {
				t.Fatalf("size %d, %v: root %v, want %v (%v)", size, spans, got, root, err)
			}
			other := append([]transparency.Hash(nil), shown...)
			other[r.IntN(len(other))][5] ^= 1
			if got, err := check(other, proof); err == nil && got == root {
				t.Fatalf("size %d, %v: an edited leaf has the root", size, spans)
			}
			if _, err := check(shown, append(proof[:len(proof):len(proof)], root)); err == nil {
				t.Fatal("a longer proof is taken")
			}
			if len(proof) > 0 {
				if _, err := check(shown, proof[1:]); err == nil {
					t.Fatal("a shorter proof is taken")
				}
			}
			if len(spans) == 1 && spans[0].To == spans[0].From+1 {
				path, err := tlog.ProveRecord(size, spans[0].From, stored)
				if err != nil || len(path) != len(proof) {
					t.Fatalf("the proof of one leaf has %d hashes, its path %d (%v)", len(proof), len(path), err)
				}
			}
		}
	}
	for _, spans := range [][]transparency.Span{{{From: 1, To: 1}}, {{From: -1, To: 2}}, {{From: 3, To: 9}}, {{From: 4, To: 5}, {From: 1, To: 2}}, {{From: 1, To: 3}, {From: 2, To: 4}}, {{From: 0, To: 1}, {From: 1, To: 2}}} {
		if transparency.CheckSpans(8, spans) == nil {
			t.Errorf("%v is taken", spans)
		}
	}
}

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = s[x]
	}
	return out, nil
}
