package local

import (
	"encoding/binary"
	"errors"
	mathbits "math/bits"

	"github.com/RoaringBitmap/roaring/v2"
)

// The codes of a dictionary tell which value each event has, for counting what
// many events have: 0 for none or one without a key, else 1 + the number of its
// entry. They are of a fixed number of bits, the first event's in the lowest
// bits of the first byte, and codePadding bytes follow so that each can be read as a word.
const codePadding = 8

// codeBits is how many bits a code of so many entries has.
func codeBits(entries int) int { return mathbits.Len(uint(entries)) }

// codesSize is how many bytes the codes of so many events take.
func codesSize(events, width int) int { return (events*width+7)/8 + codePadding }

// appendCodes appends the codes of events that have an entry each, or none.
func appendCodes(b []byte, events int, entries []entrySource) []byte {
	width := codeBits(len(entries))
	from := len(b)
	b = append(b, make([]byte, codesSize(events, width))...)
	codes := b[from:]
	for i, e := range entries {
		for _, n := range e.events {
			at := int(n) * width
			word := codes[at/8:]
			binary.LittleEndian.PutUint64(word, binary.LittleEndian.Uint64(word)|uint64(i+1)<<(at%8))
		}
	}
	return b
}

// countCodes counts the codes of the events of set: counts[i] are those of entry i.
func countCodes(codes []byte, width, entries int, set *roaring.Bitmap) (counts []uint32, err error) {
	counts = make([]uint32, entries+1)
	if width == 0 {
		return counts[1:], nil
	}
	mask := uint64(1)<<width - 1
	var buf [512]uint32
	for it := set.ManyIterator(); ; {
		k := it.NextMany(buf[:])
		if k == 0 {
			return counts[1:], nil
		}
		for _, n := range buf[:k] {
			at := int(n) * width
			code := binary.LittleEndian.Uint64(codes[at/8:]) >> (at % 8) & mask
			if code > uint64(entries) {
				return nil, errors.New("a code names an entry that does not exist")
			}
			counts[code]++
		}
	}
}

// codesOf are the codes of a dictionary, checked; nil: it has none.
func (s *segment) codesOf(foot *fieldFooter) ([]byte, error) {
	if foot.Codes.Length == 0 {
		return nil, nil
	}
	return s.section(foot.Codes, "codes of "+foot.label())
}

// countNamed counts by the codes, if there are any: false when not.
func (d *segmentDictionary) countNamed(set *roaring.Bitmap, into *tallied) (bool, error) {
	codes, err := d.v.codesOf(d.foot)
	if err != nil || codes == nil {
		return false, err
	}
	counts, err := countCodes(codes, codeBits(d.foot.Keys), d.foot.Keys, set)
	if err != nil {
		return false, d.v.damaged("the codes of %s: %v", d.foot.label(), err)
	}
	return true, d.name(counts, into)
}
