package wire

import (
	"hash/maphash"
	"math/bits"
	"slices"
)

// dict numbers distinct strings in the order they come. It is a small open hash
// table over one text, so that it takes no memory once it has grown.
type dict struct {
	seed  uint64
	text  []byte
	ends  []uint32 // of each value in text, after a 0
	slots []uint32 // 0: free, else the place of a value, plus 1; a power of two of them
}

func (d *dict) reset() {
	if len(d.slots) == 0 {
		// Drawn, so that nobody can write log lines that all fall into one slot.
		d.seed, d.slots = maphash.Bytes(maphash.MakeSeed(), nil), make([]uint32, 64)
	}
	clear(d.slots)
	d.text, d.ends = d.text[:0], append(d.ends[:0], 0)
}

func (d *dict) len() int { return len(d.ends) - 1 }

// value is the value at place i, valid until the next place.
func (d *dict) value(i int) []byte { return d.text[d.ends[i]:d.ends[i+1]] }

// place is the place of s, a new one if need be.
func (d *dict) place(s string) int {
	mask := uint64(len(d.slots) - 1)
	slot := hash(d.seed, s) & mask
	for ; d.slots[slot] != 0; slot = (slot + 1) & mask {
		if i := int(d.slots[slot]) - 1; string(d.value(i)) == s {
			return i
		}
	}
	d.text = append(d.text, s...)
	d.ends = append(d.ends, uint32(len(d.text)))
	n := d.len()
	d.slots[slot] = uint32(n)
	if 2*n > len(d.slots) {
		d.grow()
	}
	return n - 1
}

func (d *dict) grow() {
	d.slots = slices.Grow(d.slots[:0], 4*len(d.slots))[:4*len(d.slots)]
	clear(d.slots)
	mask := uint64(len(d.slots) - 1)
	for i := range d.len() {
		slot := hash(d.seed, string(d.value(i))) & mask
		for d.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		d.slots[slot] = uint32(i + 1)
	}
}

// hash is a hash of short strings (multiply and fold, as wyhash does), for half of
// what a call of maphash takes.
func hash(seed uint64, s string) uint64 {
	const a, b = 0xa0761d6478bd642f, 0xe7037ed1a0b428db
	h := seed ^ uint64(len(s))*a
	rest := s
	for ; len(rest) > 16; rest = rest[16:] {
		h = fold(load(rest, 0)^h, load(rest, 8)^b)
	}
	switch n := len(rest); {
	case n >= 8:
		return fold(load(rest, 0)^h, load(rest, n-8)^b)
	case n >= 4:
		return fold((load4(rest, 0)<<32|load4(rest, n-4))^h, a)
	case n > 0:
		return fold((uint64(rest[0])<<16|uint64(rest[n>>1])<<8|uint64(rest[n-1]))^h, a)
	}
	return fold(h, a)
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// load is the eight bytes at s[i].
func load(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// load4 is the four bytes at s[i].
func load4(s string, i int) uint64 {
	s = s[i : i+4]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}
