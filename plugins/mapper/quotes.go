package mapper

import (
	"encoding/binary"
	"math/bits"
)

// quotes says where the quotes of a text are: a bit for each byte, so that the next
// one is found without looking at the bytes between. The zero value is ready.
type quotes []byte

// markSpare is how many bytes of marks there are behind those of the text.
const markSpare = 16

// mark looks at a whole text. backslash and high are not 0 when it holds a
// backslash, or bytes beyond ASCII.
func (q *quotes) mark(b []byte) (backslash, high uint64) {
	if n := len(b)/8 + markSpare; cap(*q) < n {
		*q = make(quotes, 2*n)
	}
	*q = (*q)[:cap(*q)]
	if len(b) < 16 {
		return markWords(b, *q)
	}
	return markBlocks(b, *q)
}

// markWords marks the quotes of b in marks, eight bytes at a time, and eight bytes
// without marks behind them.
func markWords(b, marks []byte) (backslash, high uint64) {
	k := 0
	for ; len(b) >= 8; b = b[8:] {
		x := binary.LittleEndian.Uint64(b)
		backslash |= zeros(x ^ '\\'*ones)
		high |= x & highs
		marks[k] = byte(zeros(x^'"'*ones) >> 7 * 0x0102040810204080 >> 56)
		k++
	}
	var last [8]byte
	if copy(last[:], b) > 0 {
		x := binary.LittleEndian.Uint64(last[:])
		backslash |= zeros(x ^ '\\'*ones)
		high |= x & highs
		marks[k] = byte(zeros(x^'"'*ones) >> 7 * 0x0102040810204080 >> 56)
		k++
	}
	clear(marks[k : k+8])
	return backslash, high
}

// zeros has the highest bit set of each of eight bytes that is 0.
func zeros(x uint64) uint64 { return ^((x&^highs + (highs - ones)) | x) & highs }

// next is the index of the first quote from i on, -1 when there is none in the text,
// which has n bytes.
func (q quotes) next(i, n int) int {
	w := binary.LittleEndian.Uint64(q[i>>3:]) >> (i & 7)
	if w != 0 { // nearly always: a quote among 57 bytes
		return i + bits.TrailingZeros64(w)
	}
	for k := i>>3 + 8; k*8 < n; k += 8 {
		if w := binary.LittleEndian.Uint64(q[k:]); w != 0 {
			return k*8 + bits.TrailingZeros64(w)
		}
	}
	return -1
}
