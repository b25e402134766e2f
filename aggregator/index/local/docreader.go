package local

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/event"
)

// docBlock is a block of events that was unpacked. Events read from it stay valid.
type docBlock struct {
	plain   string
	count   int
	numbers [][docNumbers]int64
	texts   []textsRead
	objects []objectsRead
}

// textsRead is a column of texts.
type textsRead struct {
	codes  []uint32 // of each event, 1 + the number of its value; 0: none
	ends   []uint32 // of each value, where it begins in text, and the end of the last
	text   string
	values []string // what was made of them so far; "": nothing yet
}

// objectsRead is a column of objects.
type objectsRead struct {
	shapes  textsRead
	leaves  []textsRead
	byShape []shapeRead
	starts  []uint32 // of each event, where its leaves begin in at
	at      []uint32 // of each leaf, its place in its column
}

type shapeRead struct {
	pieces []shapePiece
	end    string
	leaves []int // the column of each
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
	return readBlock(string(plain))
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

// read reads a column: of as many codes as there are events, or of any number when count is 0.
func (c *textsRead) read(r *textReader, count int) {
	n := r.uvarint()
	if n == 0 {
		return
	}
	if n > uint64(len(r.s)-r.i) || count > 0 && n != uint64(count) {
		r.fail()
		return
	}
	c.codes = make([]uint32, n)
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
			r.fail()
			return
		}
	}
	c.text = r.take(r.uvarint())
	c.ends = make([]uint32, fresh+1)
	t := textReader{s: c.text}
	for i := range fresh {
		switch head := t.uvarint(); {
		case head == 0:
			t.take(16)
		case head%2 == 1:
			t.take(head / 2)
		default:
			t.take(head/2 - 1)
			if n := t.take(1); n != "" {
				t.take(uint64(n[0]))
			}
		}
		c.ends[i+1] = uint32(t.i)
	}
	if t.bad || t.i != len(c.text) {
		r.fail()
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
	var v string
	switch head := t.uvarint(); {
	case head == 0:
		v = event.FormatUUID([16]byte([]byte(t.take(16))))
	case head%2 == 1:
		v = t.take(head / 2)
	default:
		prefix := t.take(head/2 - 1)
		t.take(1)
		rest := t.s[t.i:]
		text := make([]byte, 0, len(prefix)+2*len(rest))
		text = append(text, prefix...)
		for i := range len(rest) {
			text = append(text, hexDigits[rest[i]>>4], hexDigits[rest[i]&15])
		}
		v = string(text)
	}
	c.values[code-1] = v
	return v
}

const hexDigits = "0123456789abcdef"

func (c *objectsRead) read(r *textReader, count int) {
	if c.shapes.read(r, count); c.shapes.codes == nil || r.bad {
		return
	}
	names := r.uvarint()
	if names > uint64(len(r.s)-r.i) {
		r.fail()
		return
	}
	columns := make(map[string]int, names)
	c.leaves = make([]textsRead, names)
	for k := range c.leaves {
		columns[r.take(r.uvarint())] = k
		c.leaves[k].read(r, 0)
	}
	if r.bad {
		return
	}
	c.byShape = make([]shapeRead, len(c.shapes.ends)-1)
	for i := range c.byShape {
		s := &c.byShape[i]
		s.pieces, s.end = shapePieces(c.shapes.at(uint32(i + 1)))
		s.leaves = make([]int, len(s.pieces))
		for k, p := range s.pieces {
			leaf, ok := columns[p.path]
			if !ok {
				r.fail()
				return
			}
			s.leaves[k] = leaf
		}
	}
	met := make([]uint32, len(c.leaves))
	c.starts = make([]uint32, count)
	for n, code := range c.shapes.codes {
		if c.starts[n] = uint32(len(c.at)); code == 0 {
			continue
		}
		for _, leaf := range c.byShape[code-1].leaves {
			if met[leaf] == uint32(len(c.leaves[leaf].codes)) {
				r.fail()
				return
			}
			c.at = append(c.at, met[leaf])
			met[leaf]++
		}
	}
}

// object is the one of event n.
func (c *objectsRead) object(n int) event.Object {
	if c.shapes.codes == nil || c.shapes.codes[n] == 0 {
		return ""
	}
	s := &c.byShape[c.shapes.codes[n]-1]
	if len(s.pieces) == 0 {
		return event.Object(s.end)
	}
	b := make([]byte, 0, 256)
	for i, p := range s.pieces {
		leaf := &c.leaves[s.leaves[i]]
		v := leaf.at(leaf.codes[c.at[int(c.starts[n])+i]])
		b = append(b, p.text...)
		if p.mark == markText {
			b = event.AppendString(b, v)
		} else {
			b = append(b, v...)
		}
	}
	return event.Object(append(b, s.end...))
}

// event makes event n.
func (b *docBlock) event(n int, e *event.Event) error {
	if n < 0 || n >= b.count {
		return fmt.Errorf("a block of %d events has no number %d", b.count, n)
	}
	*e = event.Event{}
	setNumbers(e, &b.numbers[n])
	for i, text := range docTexts {
		if c := &b.texts[i]; c.codes != nil {
			*text(e) = c.at(c.codes[n])
		}
	}
	for i, object := range docObjects {
		*object(e) = b.objects[i].object(n)
	}
	if len(e.Extra) == 1 || len(e.Identity.Extra) == 1 { // no objects
		return errBlock
	}
	return nil
}
