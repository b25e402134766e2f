package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/event"
)

// docBlock is a block of events that was unpacked. Its columns are read as they
// are needed. Events read from it stay valid.
type docBlock struct {
	plain   string
	count   int
	numbers [][docNumbers]int64
	texts   []textsRead
	objects []objectsRead
}

// textsRead is a column of texts.
type textsRead struct {
	count  int      // of codes
	raw    string   // the codes; "": there are none
	text   string   // the values
	codes  []uint32 // once they were read: 1 + the number of its value; 0: none
	ends   []uint32 // of each value, where it begins in text, and the end of the last
	values []string // what was made of them so far; "": nothing yet
	asked  int      // before they were read
	bad    bool
}

// objectsRead is a column of objects.
type objectsRead struct {
	shapes  textsRead
	raw     string // the leaves
	opened  bool
	bad     bool
	names   []string // of the leaf columns
	leaves  []textsRead
	byShape []shapeRead
	starts  []uint32 // of each event, where its leaves begin in at
	at      []uint32 // of each leaf, its place in its column
}

type shapeRead struct {
	split  bool
	pieces []shapePiece
	end    string
	leaves []uint32 // the column of each
}

var errBlock = errors.New("a block of events has a form that cannot be")

// openBlock unpacks what docWriter.take wrote.
func openBlock(dec *zstd.Decoder, packed []byte) (*docBlock, error) {
	size, k := binary.Uvarint(packed)
	if k <= 0 || size > maxDocBlock {
		return nil, errBlock
	}
	// Memory is taken as there is content, not as the length says.
	plain, err := dec.DecodeAll(packed[k:], make([]byte, 0, min(size, 64*uint64(len(packed)))))
	if err != nil {
		return nil, err
	}
	if uint64(len(plain)) != size {
		return nil, errBlock
	}
	return readBlock(unsafe.String(unsafe.SliceData(plain), len(plain))) // nobody else has it
}

func readBlock(plain string) (*docBlock, error) {
	r := textReader{s: plain}
	b := &docBlock{plain: plain, count: int(min(r.uvarint(), eventsPerBlock+1))}
	if r.bad || b.count == 0 || b.count > eventsPerBlock {
		return nil, errBlock
	}
	b.numbers = make([][docNumbers]int64, b.count)
	for i := range docNumbers {
		for n := range b.numbers {
			v := r.varint()
			if n > 0 {
				before := &b.numbers[n-1]
				v += before[i]
				if i == docOffset {
					v += 1 // and the length, below
				}
			} else if i == docOffset {
				v++
			}
			b.numbers[n][i] = v
		}
	}
	var ahead int64 // the lengths of the records before
	for n := range b.numbers {
		b.numbers[n][docOffset] += ahead
		ahead += b.numbers[n][docLength]
	}
	b.texts = make([]textsRead, len(docTexts))
	for i := range b.texts {
		b.texts[i].read(&r, b.count)
	}
	b.objects = make([]objectsRead, len(docObjects))
	for i := range b.objects {
		b.objects[i].read(&r, b.count)
	}
	if r.bad || r.i != len(plain) {
		return nil, errBlock
	}
	return b, nil
}

// textReader stands at byte i of s. After something that cannot be it is bad, and gives zero values.
type textReader struct {
	s   string
	i   int
	bad bool
}

func (r *textReader) fail() {
	r.bad, r.i = true, len(r.s)
}

func (r *textReader) uvarint() uint64 {
	if r.i < len(r.s) && r.s[r.i] < 0x80 {
		r.i++
		return uint64(r.s[r.i-1])
	}
	var v uint64
	for shift := 0; shift < 64 && r.i < len(r.s); shift += 7 {
		c := r.s[r.i]
		r.i++
		if v |= uint64(c&0x7f) << shift; c < 0x80 {
			return v
		}
	}
	r.fail()
	return 0
}

func (r *textReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (r *textReader) take(n uint64) string {
	if n > uint64(len(r.s)-r.i) {
		r.fail()
		return ""
	}
	r.i += int(n)
	return r.s[r.i-int(n) : r.i]
}

// read finds a column.
func (c *textsRead) read(r *textReader, count int) {
	c.count = count
	if c.raw = r.take(r.uvarint()); c.raw != "" {
		c.text = r.take(r.uvarint())
	}
}

// code is the one of event n; false when the column cannot be read.
func (c *textsRead) code(n int) (uint32, bool) {
	if c.raw == "" || c.bad {
		return 0, !c.bad
	}
	if c.codes == nil {
		if c.bad = !c.open(); c.bad {
			return 0, false
		}
	}
	return c.codes[n], true
}

// open reads the codes, and finds the values.
func (c *textsRead) open() bool {
	if c.count > len(c.raw) {
		return false
	}
	r := textReader{s: c.raw}
	c.codes = make([]uint32, c.count)
	fresh := uint32(0)
	for i := range c.codes {
		switch code := r.uvarint(); {
		case code == codeNew:
			fresh++
			c.codes[i] = fresh
		case code == codeAbsent:
		case code-codeKnown < uint64(fresh):
			c.codes[i] = uint32(code-codeKnown) + 1
		default:
			return false
		}
	}
	if r.bad || r.i != len(c.raw) {
		return false
	}
	c.ends = make([]uint32, fresh+1)
	t := textReader{s: c.text}
	for i := range fresh {
		t.skipValue()
		c.ends[i+1] = uint32(t.i)
	}
	return !t.bad && t.i == len(c.text)
}

// value is the text of code n; false when the column cannot be read. Whoever reads
// one event of a block does not have all columns opened for it.
func (c *textsRead) value(n int) (string, bool) {
	const often = 3
	if c.raw != "" && c.codes == nil && c.asked < often {
		c.asked++
		return c.find(n)
	}
	code, ok := c.code(n)
	if !ok {
		return "", false
	}
	return c.at(code), true
}

// find is value of a column that is not open.
func (c *textsRead) find(n int) (string, bool) {
	r := textReader{s: c.raw}
	fresh, code := uint64(0), uint64(0)
	for i := 0; i <= n && !r.bad; i++ {
		if code = r.uvarint(); code == codeNew {
			fresh++
		}
	}
	switch {
	case r.bad:
		return "", false
	case code == codeAbsent:
		return "", true
	case code == codeNew:
		code = codeKnown + fresh - 1
	}
	if code -= codeKnown; code >= fresh {
		return "", false
	}
	t := textReader{s: c.text}
	for ; code > 0 && !t.bad; code-- {
		t.skipValue()
	}
	v := t.value()
	return v, !t.bad
}

// skipValue moves past a value.
func (r *textReader) skipValue() {
	switch head := r.uvarint(); {
	case head == 0:
		r.take(16)
	case head%2 == 1:
		r.take(head / 2)
	default:
		r.take(head/2 - 1)
		if n := r.take(1); n != "" {
			r.take(uint64(n[0]))
		}
	}
}

// value reads a value.
func (r *textReader) value() string {
	switch head := r.uvarint(); {
	case head == 0:
		if id := r.take(16); id != "" {
			return event.FormatUUID([16]byte([]byte(id)))
		}
		return ""
	case head%2 == 1:
		return r.take(head / 2)
	default:
		prefix := r.take(head/2 - 1)
		n := r.take(1)
		if n == "" {
			return ""
		}
		rest := r.take(uint64(n[0]))
		text := make([]byte, 0, len(prefix)+2*len(rest))
		text = append(text, prefix...)
		for i := range len(rest) {
			text = append(text, hexDigits[rest[i]>>4], hexDigits[rest[i]&15])
		}
		return string(text)
	}
}

// at is the text with a code; 0: "".
func (c *textsRead) at(code uint32) string {
	if code == 0 {
		return ""
	}
	if c.values == nil {
		c.values = make([]string, len(c.ends)-1)
	}
	if v := c.values[code-1]; v != "" {
		return v
	}
	t := textReader{s: c.text[c.ends[code-1]:c.ends[code]]}
	v := t.value()
	c.values[code-1] = v
	return v
}

const hexDigits = "0123456789abcdef"

func (c *objectsRead) read(r *textReader, count int) {
	if c.shapes.read(r, count); c.shapes.raw != "" {
		c.raw = r.take(r.uvarint())
	}
}

// open finds the leaf columns, and where in them the leaves of each event are.
func (c *objectsRead) open() bool {
	r := textReader{s: c.raw}
	columns := r.uvarint()
	if _, ok := c.shapes.code(0); !ok || columns > uint64(len(c.raw)) {
		return false
	}
	c.names, c.leaves = make([]string, columns), make([]textsRead, columns)
	for k := range c.leaves {
		c.names[k] = r.take(r.uvarint())
		n := r.uvarint()
		if n > uint64(len(c.raw)) {
			return false
		}
		c.leaves[k].read(&r, int(n))
	}
	c.byShape = make([]shapeRead, len(c.shapes.ends)-1)
	for i := range c.byShape {
		n := r.uvarint()
		if n > uint64(len(r.s)-r.i) {
			return false
		}
		leaves := make([]uint32, n)
		for k := range leaves {
			leaf := r.uvarint()
			if leaf >= columns {
				return false
			}
			leaves[k] = uint32(leaf)
		}
		c.byShape[i].leaves = leaves
	}
	if r.bad || r.i != len(r.s) {
		return false
	}
	met := make([]uint32, len(c.leaves))
	c.starts = make([]uint32, len(c.shapes.codes))
	for n, code := range c.shapes.codes {
		if c.starts[n] = uint32(len(c.at)); code == 0 {
			continue
		}
		for _, leaf := range c.byShape[code-1].leaves {
			if met[leaf] == uint32(c.leaves[leaf].count) {
				return false
			}
			c.at = append(c.at, met[leaf])
			met[leaf]++
		}
	}
	return true
}

// object is the one of event n; false when it cannot be read.
func (c *objectsRead) object(n int) (event.Object, bool) {
	if c.shapes.raw == "" {
		return "", true
	}
	if !c.opened {
		c.opened = true
		c.bad = !c.open()
	}
	code, ok := c.shapes.code(n)
	if code == 0 || !ok || c.bad {
		return "", ok && !c.bad
	}
	s := &c.byShape[code-1]
	if !s.split {
		s.split = true
		if shape := c.shapes.at(code); shape == string(rune(flatObject)) {
			names := make([]string, len(s.leaves))
			for i, k := range s.leaves {
				names[i] = c.names[k]
			}
			s.pieces, s.end = flatPieces(names)
		} else {
			s.pieces, s.end = shapePieces(shape)
		}
	}
	switch {
	case len(s.pieces) != len(s.leaves):
		return "", false
	case len(s.pieces) == 0:
		return event.Object(s.end), true
	}
	b := make([]byte, 0, 256)
	for i, p := range s.pieces {
		leaf := &c.leaves[s.leaves[i]]
		v, ok := leaf.value(int(c.at[int(c.starts[n])+i]))
		if !ok {
			return "", false
		}
		b = append(b, p.text...)
		if p.mark == markText {
			b = event.AppendString(b, v)
		} else {
			b = append(b, v...)
		}
	}
	return event.Object(append(b, s.end...)), true
}

// event makes event n.
func (b *docBlock) event(n int, e *event.Event) error {
	if n < 0 || n >= b.count {
		return fmt.Errorf("a block of %d events has no number %d", b.count, n)
	}
	*e = event.Event{}
	setNumbers(e, &b.numbers[n])
	for i, text := range docTexts {
		v, ok := b.texts[i].value(n)
		if !ok {
			return errBlock
		}
		*text(e) = v
	}
	for i, object := range docObjects {
		o, ok := b.objects[i].object(n)
		if !ok {
			return errBlock
		}
		*object(e) = o
	}
	if len(e.Extra) == 1 || len(e.Identity.Extra) == 1 { // no objects
		return errBlock
	}
	return nil
}

// id is the id of event n.
func (b *docBlock) id(n int) (string, error) {
	if n < 0 || n >= b.count {
		return "", fmt.Errorf("a block of %d events has no number %d", b.count, n)
	}
	id, ok := b.texts[docID].value(n)
	if !ok {
		return "", errBlock
	}
	return id, nil
}

// docID is the place of eventId in docTexts.
const docID = 0
