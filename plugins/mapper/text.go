package mapper

import (
	"bytes"
	"encoding/binary"

	"github.com/actiontrail/actiontrail/event"
)

// text knows what the text of a record may hold, so that not each value has to be looked at.
type text struct {
	plain   bool // all of it is ASCII, and nothing was decoded
	escapes bool // there is a backslash in it
}

// survey looks at a whole record.
func (t *text) survey(b []byte) {
	t.escapes = bytes.IndexByte(b, '\\') >= 0
	t.plain = !t.escapes && isASCII(b)
}

// valid is a value of the record as UTF-8.
func (t *text) valid(s string) string {
	if t.plain {
		return s
	}
	return event.Text(s)
}

func isASCII(b []byte) bool {
	var all uint64
	for ; len(b) >= 32; b = b[32:] {
		all |= binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:]) | binary.LittleEndian.Uint64(b[16:]) | binary.LittleEndian.Uint64(b[24:])
	}
	for ; len(b) >= 8; b = b[8:] {
		all |= binary.LittleEndian.Uint64(b)
	}
	for _, c := range b {
		all |= uint64(c)
	}
	return all&highs == 0
}

// Eight bytes at a time: a one, and the highest bit, in each of them.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// load is the eight bytes at s[i].
func load(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
