package mapper

import (
	"encoding/binary"
	"unsafe"

	"github.com/actiontrail/actiontrail/event"
)

// text knows what the text of a record may hold, so that not each value has to be looked at.
type text struct {
	plain   bool // all of it is ASCII, and nothing was decoded
	escapes bool // there is a backslash in it
	quotes  quotes
	of      []byte // whose quotes those are
}

// survey looks at a whole record.
func (t *text) survey(b []byte) {
	t.of = b
	backslash, high := t.quotes.mark(b)
	t.escapes = backslash != 0
	t.plain = backslash|high == 0
}

// quotesOf are those of the record, or of a part of it.
func (t *text) quotesOf(b []byte) quotes {
	if len(b) != len(t.of) || unsafe.SliceData(b) != unsafe.SliceData(t.of) {
		t.of = b
		t.quotes.mark(b)
	}
	return t.quotes
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
