package wire

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of Strings.
const (
	stringsValues  = 1
	stringsIndex   = 2
	stringsLengths = 3
	stringsText    = 4
	stringsIDs     = 5
)

// Codes of the lengths in a plain column.
const (
	codeUUID = iota // the next 16 bytes of ids, as a UUID
	codeHex         // the next 16 bytes of ids, as 32 hex digits
	codeIPv4        // the next 4 bytes of ids, as an address
	codeText        // and above: so many bytes of text
)

type form uint8

const (
	none       form = iota // no event yet
	one                    // one value for all
	dictionary             // few values
	plain                  // each for itself
)

// stringColumn collects one string of each event, in the form that suits what it
// has seen: one value, then a dictionary, then plain. A form is left for the next
// one only, once a batch. The zero value is ready.
type stringColumn struct {
	form  form
	first string // the first value
	last  int    // dictionary: place of the value before
	dict  dict
	index []byte // dictionary: varints

	lengths []byte // plain: varints
	text    []byte
	ids     []byte
}

// dictLimit is how many values it takes to see early that a dictionary does not
// pay. It pays when there are no more values than half of the events.
const dictLimit = 128

// add takes the value of event n, counted from 0, and tells how many bytes the
// column has grown, roughly. The caller has dealt with "the same as ever".
func (c *stringColumn) add(s string, n int) int {
	switch c.form {
	case none:
		if c.first != s { // most columns begin every batch with the same
			c.first = strings.Clone(s)
		}
		c.form = one
		return len(s)
	case one:
		var id [16]byte
		if len(s) == 36 && parseUUID(&id, s) || len(s) == 32 && parseHex(&id, s) { // ids seldom come twice
			c.form = plain
			for range n {
				c.addPlain(c.first)
			}
			return n + c.addPlain(s)
		}
		c.dict.reset()
		c.dict.place(c.first)
		for range n {
			c.index = append(c.index, 0)
		}
		c.form, c.last = dictionary, 0
		return n + c.addDict(s)
	case dictionary:
		if k := len(c.dict.ends); k > dictLimit && 2*k > n {
			before := len(c.dict.text) + len(c.index)
			c.spread()
			return c.addPlain(s) + len(c.text) + len(c.ids) + len(c.lengths) - before
		}
		return c.addDict(s)
	}
	return c.addPlain(s)
}

func (c *stringColumn) addDict(s string) int {
	size := 1
	if s != string(c.dict.value(c.last)) {
		before := len(c.dict.text)
		c.last = c.dict.place(s)
		size += len(c.dict.text) - before
	}
	c.index = binary.AppendUvarint(c.index, uint64(c.last))
	return size
}

// spread turns the dictionary into the plain form.
func (c *stringColumn) spread() {
	text, ends := string(c.dict.text), c.dict.ends
	for b := c.index; len(b) > 0; {
		k, n := binary.Uvarint(b)
		b = b[n:]
		from := uint32(0)
		if k > 0 {
			from = ends[k-1]
		}
		c.addPlain(text[from:ends[k]])
	}
	c.form = plain
}

func (c *stringColumn) addPlain(s string) int {
	var id [16]byte
	switch {
	case len(s) == 36 && parseUUID(&id, s):
		c.lengths = append(c.lengths, codeUUID)
		c.ids = append(c.ids, id[:]...)
		return 1 + len(id)
	case len(s) == 32 && parseHex(&id, s):
		c.lengths = append(c.lengths, codeHex)
		c.ids = append(c.ids, id[:]...)
		return 1 + len(id)
	case len(s) >= 7 && len(s) <= 15 && parseIPv4(&id, s):
		c.lengths = append(c.lengths, codeIPv4)
		c.ids = append(c.ids, id[:4]...)
		return 1 + 4
	}
	c.lengths = binary.AppendUvarint(c.lengths, uint64(len(s))+codeText)
	c.text = append(c.text, s...)
	return 1 + len(s)
}

func (c *stringColumn) reset() {
	c.form = none
	c.index, c.lengths, c.text, c.ids = c.index[:0], c.lengths[:0], c.text[:0], c.ids[:0]
}

// finish settles the form for the n events there are.
func (c *stringColumn) finish(n int) {
	if c.form == dictionary && 2*len(c.dict.ends) > n {
		c.spread()
	}
}

// absent tells that no event has a value: the column is left out.
func (c *stringColumn) absent() bool { return c.form == none || c.form == one && c.first == "" }

// size is how long append's result will be.
func (c *stringColumn) size() int {
	switch c.form {
	case one:
		return sizeField(stringsValues, len(c.first))
	case dictionary:
		n := 0
		for i := range c.dict.ends {
			n += sizeField(stringsValues, len(c.dict.value(i)))
		}
		return n + sizeField(stringsIndex, len(c.index))
	}
	return sizeField(stringsLengths, len(c.lengths)) + sizeBytes(stringsText, len(c.text)) + sizeBytes(stringsIDs, len(c.ids))
}

// append writes the column's fields.
func (c *stringColumn) append(b []byte) []byte {
	switch c.form {
	case one:
		return protowire.AppendString(protowire.AppendTag(b, stringsValues, protowire.BytesType), c.first)
	case dictionary:
		for i := range c.dict.ends {
			b = appendBytes(b, stringsValues, c.dict.value(i))
		}
		return appendBytes(b, stringsIndex, c.index)
	}
	b = appendBytes(b, stringsLengths, c.lengths)
	if len(c.text) > 0 {
		b = appendBytes(b, stringsText, c.text)
	}
	if len(c.ids) > 0 {
		b = appendBytes(b, stringsIDs, c.ids)
	}
	return b
}

// dict numbers distinct strings in the order they come. It is a small open hash
// table over one text, so that it takes no memory once it has grown.
type dict struct {
	seed  maphash.Seed
	text  []byte
	ends  []uint32 // of each value in text
	slots []uint32 // 0: free, else the place of a value, plus 1; a power of two of them
}

func (d *dict) reset() {
	if len(d.slots) == 0 {
		d.seed, d.slots = maphash.MakeSeed(), make([]uint32, 64)
	}
	clear(d.slots)
	d.text, d.ends = d.text[:0], d.ends[:0]
}

// value is the value at place i, valid until the next place.
func (d *dict) value(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = d.ends[i-1]
	}
	return d.text[from:d.ends[i]]
}

// place is the place of s, a new one if need be.
func (d *dict) place(s string) int {
	mask := uint64(len(d.slots) - 1)
	slot := maphash.String(d.seed, s) & mask
	for ; d.slots[slot] != 0; slot = (slot + 1) & mask {
		if i := int(d.slots[slot]) - 1; string(d.value(i)) == s {
			return i
		}
	}
	d.text = append(d.text, s...)
	d.ends = append(d.ends, uint32(len(d.text)))
	d.slots[slot] = uint32(len(d.ends))
	if 2*len(d.ends) > len(d.slots) {
		d.grow()
	}
	return len(d.ends) - 1
}

func (d *dict) grow() {
	d.slots = slices.Grow(d.slots[:0], 4*len(d.slots))[:4*len(d.slots)]
	clear(d.slots)
	mask := uint64(len(d.slots) - 1)
	for i := range d.ends {
		slot := maphash.Bytes(d.seed, d.value(i)) & mask
		for d.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		d.slots[slot] = uint32(i + 1)
	}
}
