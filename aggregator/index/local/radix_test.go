package local

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Numbers are sorted by the bits that were asked for, and stay in their order where those are equal.
func TestRadix(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var r radix
	for _, n := range []int{0, 1, 2, 24, 25, 1000, 70_000} {
		for _, width := range []int{1, 11, 12, 22, 32} {
			x := make([]uint64, n)
			for i := range x { // the lower half tells where it was
				x[i] = random.Uint64N(1<<width)<<32 | uint64(i)
			}
			want := slices.Sorted(slices.Values(x))
			r.sort(x, 32, 32+width)
			if !slices.Equal(x, want) {
				t.Fatalf("%d numbers of %d bits are not in order", n, width)
			}
		}
	}
}
