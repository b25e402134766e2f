package wire

import (
	"encoding/binary"
	"strings"
	"unsafe"

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
// one only, once a batch. What had to be spread in a large batch is plain from the
// beginning in the next ones, and is looked at anew now and then. The zero value is ready.
type stringColumn struct {
	form    form
	single  bool   // of no group: it may be foreseen to be plain
	spreads bool   // a dictionary did not pay in this batch
	plainly uint8  // for so many batches more it is foreseen to be plain
	first   string // the first value

	lengths []byte // plain: varints
	text    []byte
	ids     []byte

	index  []byte // dictionary: varints
	last   int    // dictionary: place of the value before
	dict   dict
	recent [16]uint16 // dictionary: places of values, by form
	places []int      // join: places in dict of the other's values, plus 1
}

// A dictionary that did not pay in a batch of foreseeFrom events is not tried in the next foreseeFor.
const (
	foreseeFrom = 1000
	foreseeFor  = 16
)

// dictLimit is how many values it takes to see early that a dictionary does not
// pay. It pays when there are no more values than half of the events.
const dictLimit = 128

// empty tells that no value yet is not empty, nor is s: there is nothing to add.
func (c *stringColumn) empty(s string) bool { return len(s)|len(c.first) == 0 && c.form == one }

// same tells that all values are this one.
func (c *stringColumn) same(s string) bool { return c.form == one && s == c.first }

// addText takes the value of event n, and tells how many bytes the column has grown.
func (c *stringColumn) addText(s string, n int) int {
	switch c.form {
	case one:
		if s == c.first {
			return 0
		}
	case plain:
		return c.addPlain(s)
	case dictionary:
		if !c.overfull(n) {
			return c.addDict(s)
		}
	}
	return c.add(s, n)
}

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
		if c.overfull(n) {
			before := len(c.dict.text) + len(c.index)
			c.spread()
			return c.addPlain(s) + len(c.text) + len(c.ids) + len(c.lengths) - before
		}
		return c.addDict(s)
	}
	return c.addPlain(s)
}

// overfull tells that a dictionary does not pay, before event n is added.
func (c *stringColumn) overfull(n int) bool {
	k := c.dict.len()
	return k > dictLimit && 2*k > n
}

func (c *stringColumn) addDict(s string) int {
	size := 1
	at := &c.recent[0]
	if len(s) > 0 {
		at = &c.recent[(uint(len(s))+uint(s[len(s)-1])*3+uint(s[len(s)/2])*5)%uint(len(c.recent))]
	}
	if i := int(*at); i < c.dict.len() && string(c.dict.value(i)) == s { // which takes less than a hash of it
		c.last = i
	} else {
		before := len(c.dict.text)
		c.last = c.dict.place(s)
		size += len(c.dict.text) - before
		*at = uint16(min(c.last, 1<<16-1))
	}
	if c.last < 0x80 {
		c.index = append(c.index, byte(c.last))
	} else {
		c.index = binary.AppendUvarint(c.index, uint64(c.last))
	}
	return size
}

// spread turns the dictionary into the plain form.
func (c *stringColumn) spread() {
	text, ends := view(c.dict.text), c.dict.ends
	for b := c.index; len(b) > 0; {
		k, n := binary.Uvarint(b)
		b = b[n:]
		c.addPlain(text[ends[k]:ends[k+1]])
	}
	c.form, c.spreads = plain, true
}

func (c *stringColumn) addPlain(s string) int { return c.addAllPlain([]string{s}) }

// addAllPlain is addPlain of each.
func (c *stringColumn) addAllPlain(values []string) (size int) {
	lengths, text := c.lengths, c.text
	for _, s := range values {
		if n := len(s); n >= 0x80-codeText { // too long for an id, and its length for a byte
			lengths = binary.AppendUvarint(lengths, uint64(n)+codeText)
		} else {
			if n >= 7 && (s[0]-'0' <= 9 || s[0]-'a' <= 5) {
				if code, grown := c.addID(s); grown > 0 {
					lengths = append(lengths, code)
					size += 1 + grown
					continue
				}
			}
			lengths = append(lengths, byte(n+codeText))
		}
		text = append(text, s...)
		size += 1 + len(s)
	}
	c.lengths, c.text = lengths, text
	return size
}

// addID adds an id or an address to the ids, with the code that tells how; grown is 0 when it is neither.
func (c *stringColumn) addID(s string) (code byte, grown int) {
	var id [16]byte
	switch {
	case len(s) == 32 && parseHex(&id, s):
		c.ids = append(c.ids, id[:]...)
		return codeHex, len(id)
	case len(s) <= 15 && parseIPv4(&id, s):
		c.ids = append(c.ids, id[:4]...)
		return codeIPv4, 4
	case len(s) == 36 && parseUUID(&id, s):
		c.ids = append(c.ids, id[:]...)
		return codeUUID, len(id)
	}
	return 0, 0
}

// reset empties the column, which had n events.
func (c *stringColumn) reset(n int) {
	if c.form = none; c.single && n >= foreseeFrom && c.spreads {
		c.plainly = foreseeFor
	}
	if c.spreads = false; c.plainly > 0 {
		c.plainly--
		c.form = plain
	}
	c.index, c.lengths, c.text, c.ids = c.index[:0], c.lengths[:0], c.text[:0], c.ids[:0]
}

// finish settles the form for the n events there are.
func (c *stringColumn) finish(n int) {
	if c.form == dictionary && 2*c.dict.len() > n {
		c.spread()
	}
}

// absent tells that no event has a value: the column is left out.
func (c *stringColumn) absent() bool {
	return c.form == none || c.form == one && c.first == "" || c.form == plain && len(c.lengths) == 0
}

// size is how long append's result will be.
func (c *stringColumn) size() int {
	switch c.form {
	case one:
		return sizeField(stringsValues, len(c.first))
	case dictionary:
		n := 0
		for i := range c.dict.len() {
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
		for i := range c.dict.len() {
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

// view is b as a string, without a copy: it lives and changes with b.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
