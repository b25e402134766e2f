package local

import (
	"encoding/binary"
	"errors"
	mathbits "math/bits"
	"slices"

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

// appendCodes appends the codes of the events, of a dictionary with so many entries.
func appendCodes(b []byte, codes []uint32, entries int) []byte {
	width, from := codeBits(entries), len(b)
	size := codesSize(len(codes), width)
	b = slices.Grow(b, size)[:from+size]
	out := b[from:]
	clear(out)
	for n, code := range codes {
		if code != 0 {
			at := n * width
			word := out[at/8:]
			binary.LittleEndian.PutUint64(word, binary.LittleEndian.Uint64(word)|uint64(code)<<(at%8))
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
			code := binary.LittleEndian.Uint64(codes[at/8:]) >> (at % 8) & mask // codeOf, with less work
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

// marksOf are the marks of the entries of a dictionary, checked; nil: it has none.
func (s *segment) marksOf(foot *fieldFooter) ([]byte, error) {
	if foot.Marks.Length == 0 || !s.salted {
		return nil, nil
	}
	return s.section(foot.Marks, "marks of "+foot.label())
}

// countMarked counts by the codes, if there are codes and marks of this salt: false when not.
func (d *segmentDictionary) countMarked(set *roaring.Bitmap, by salt, into *tally) (bool, error) {
	marks, err := d.v.marksOf(d.foot)
	if err != nil || marks == nil || d.v.salt != by {
		return false, err
	}
	codes, err := d.v.codesOf(d.foot)
	if err != nil || codes == nil {
		return false, err
	}
	counts, err := countCodes(codes, codeBits(d.foot.Keys), d.foot.Keys, set)
	if err != nil {
		return false, d.v.damaged("the codes of %s: %v", d.foot.label(), err)
	}
	into.addMarked(d.v.segment, d.foot, marks, counts)
	return true, nil
}

// keyOf is the key of an entry of a dictionary that has codes.
func (d *segmentDictionary) keyOf(entryNo int) (key string, err error) {
	var no uint32
	found := -1
	block := entryNo / entriesPerBlock
	if block < d.blocks() {
		at := block * entriesPerBlock
		err = d.block(block, func(e *entry) (bool, error) {
			if at == entryNo {
				no, found = e.key, at
			}
			at++
			return found < 0, nil
		})
	}
	if err == nil && found < 0 {
		err = d.v.damaged("%s has no entry %d", d.foot.label(), entryNo)
	}
	if err != nil {
		return "", err
	}
	return d.v.keyText(no)
}
