package local

import (
	mathbits "math/bits"

	"github.com/RoaringBitmap/roaring/v2"
)

// bits are a set of small numbers that is quick to ask and to fill.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func bitsOf(set *roaring.Bitmap) bits {
	if set.IsEmpty() {
		return nil
	}
	b := newBits(int(set.Maximum()) + 1)
	var buf [512]uint32
	for it := set.ManyIterator(); ; {
		k := it.NextMany(buf[:])
		if k == 0 {
			return b
		}
		for _, n := range buf[:k] {
			b[n/64] |= 1 << (n % 64)
		}
	}
}

// set adds n, which may be beyond what there is.
func (b *bits) set(n uint32) {
	for int(n/64) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[n/64] |= 1 << (n % 64)
}

func (b bits) has(n uint32) bool {
	return int(n/64) < len(b) && b[n/64]&(1<<(n%64)) != 0
}

// count is how many of the list are in the set.
func (b bits) count(list []uint32) int {
	k := 0
	for _, n := range list {
		if b.has(n) {
			k++
		}
	}
	return k
}

// list are the numbers in order.
func (b bits) list() []uint32 {
	n := 0
	for _, w := range b {
		n += mathbits.OnesCount64(w)
	}
	out := make([]uint32, 0, n)
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			out = append(out, uint32(i*64+mathbits.TrailingZeros64(w)))
		}
	}
	return out
}

// first is the least of the numbers; there is one.
func (b bits) first() uint32 {
	for i, w := range b {
		if w != 0 {
			return uint32(i*64 + mathbits.TrailingZeros64(w))
		}
	}
	return 0
}
