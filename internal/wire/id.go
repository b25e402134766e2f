package wire

import (
	"encoding/binary"
	"strconv"
)

// Ids are half of what is left of a batch once it is compressed: what is written
// in hex travels as bytes, if it comes back exactly as it was.

const hexDigits = "0123456789abcdef"

// hexPair is a byte as two lower-case hex digits.
var hexPair = func() (t [256][2]byte) {
	for i := range t {
		t[i] = [2]byte{hexDigits[i>>4], hexDigits[i&15]}
	}
	return t
}()

// parseHex reads 32 lower-case hex digits; false for anything else of this length.
func parseHex(id *[16]byte, s string) bool {
	_ = s[31]
	return digits(id, load(s, 0), load(s, 8), load(s, 16), load(s, 24))
}

// parseUUID reads a UUID of lower-case digits; false for any other 36 bytes.
func parseUUID(id *[16]byte, s string) bool {
	_ = s[35]
	return s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		digits(id, load(s, 0), load4(s, 9)|load4(s, 14)<<32, load4(s, 19)|load4(s, 24)<<32, load(s, 28))
}

// digits reads four times eight lower-case hex digits, the first of them lowest;
// false for anything else.
func digits(id *[16]byte, a, b, c, d uint64) bool {
	a, badA := eight(a)
	b, badB := eight(b)
	c, badC := eight(c)
	d, badD := eight(d)
	binary.LittleEndian.PutUint64(id[:8], a|b<<32)
	binary.LittleEndian.PutUint64(id[8:], c|d<<32)
	return badA|badB|badC|badD == 0
}

// eight is the four bytes that eight hex digits stand for, all at once: the value
// of a digit is its low half, and nine more of a letter (bit 6). What is no digit is
// not written so itself: then bad is not 0.
func eight(x uint64) (v, bad uint64) {
	const each = 0x0101010101010101
	v = x&(0x0f*each) + 9*(x>>6&each)
	letters := (v + 6*each) >> 4 & each
	bad = (v + 0x30*each + 0x27*letters) ^ x | v&(0xf0*each)
	v = (v<<4 | v>>8) & 0x00ff00ff00ff00ff
	v = (v | v>>8) & 0x0000ffff0000ffff
	return (v | v>>16) & 0xffffffff, bad
}

func appendHex(b, id []byte) []byte {
	for _, c := range id {
		b = append(b, hexPair[c][0], hexPair[c][1])
	}
	return b
}

func appendUUID(b, id []byte) []byte {
	b = append(appendHex(b, id[:4]), '-')
	b = append(appendHex(b, id[4:6]), '-')
	b = append(appendHex(b, id[6:8]), '-')
	b = append(appendHex(b, id[8:10]), '-')
	return appendHex(b, id[10:16])
}

// parseIPv4 reads an address into id[:4]; false for anything else of 7 to 15
// bytes, leading zeros included.
func parseIPv4(id *[16]byte, s string) bool {
	i := 0
	for part := range 4 {
		if part > 0 {
			if i == len(s) || s[i] != '.' {
				return false
			}
			i++
		}
		if i == len(s) || s[i]-'0' > 9 {
			return false
		}
		n := uint(s[i] - '0')
		for i++; i < len(s) && s[i]-'0' <= 9; i++ {
			if n = 10*n + uint(s[i]-'0'); n < 10 || n > 255 {
				return false
			}
		}
		id[part] = byte(n)
	}
	return i == len(s)
}

func appendIPv4(b, id []byte) []byte {
	b = append(strconv.AppendUint(b, uint64(id[0]), 10), '.')
	b = append(strconv.AppendUint(b, uint64(id[1]), 10), '.')
	b = append(strconv.AppendUint(b, uint64(id[2]), 10), '.')
	return strconv.AppendUint(b, uint64(id[3]), 10)
}
