package local

import (
	"encoding/binary"

	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/event"
)

// docsPerBlock is how many events a block holds at most, and maxDocBlock how many
// bytes before compression.
const (
	eventsPerBlock = 128
	fullBlock      = 1 << 20 // bytes of texts: what is as large is a block
	maxDocBlock    = 1 << 29
)

// docWriter makes blocks of events. It is used again; one goroutine has it.
type docWriter struct {
	enc     *zstd.Encoder
	split   shaper
	shapes  knownShapes
	texts   []textColumn
	objects []objectColumn
	numbers [docNumbers][]byte
	before  [docNumbers]int64 // of the event before
	plain   []byte
	leaves  []byte // of the column that is appended
	count   int
	size    int    // about what the block takes before compression
	known   []byte // texts of the values that the columns know
	global  valueColumn
	loose   []looseLeaf
}

// objectColumn is a column of objects that is being made.
type objectColumn struct {
	shapes textColumn
	known  [][]int // of each shape, the leaf columns of its leaves
	whole  []bool  // of each shape: its leaves are not those of event.Object.Leaves
	paths  map[string]int
	names  []string // of the leaf columns
	leaves []*textColumn
}

func newDocWriter() (*docWriter, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(docWindow), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	w := &docWriter{enc: enc, texts: make([]textColumn, len(docTexts)), objects: make([]objectColumn, len(docObjects))}
	for i := range w.objects {
		w.objects[i].paths = map[string]int{}
	}
	return w, nil
}

func (w *docWriter) reset() {
	for i := range w.texts {
		w.texts[i].reset()
	}
	for i := range w.objects {
		c := &w.objects[i]
		c.shapes.reset()
		for _, leaf := range c.leaves[:len(c.names)] {
			leaf.reset()
		}
		clear(c.paths)
		clear(c.names)
		c.known, c.names, c.whole = c.known[:0], c.names[:0], c.whole[:0]
	}
	w.global.reset()
	w.known = w.known[:0]
	clear(w.loose)
	w.loose = w.loose[:0]
	for i := range w.numbers {
		w.numbers[i] = w.numbers[i][:0]
	}
	w.before, w.count, w.size = [docNumbers]int64{}, 0, 0
}

// full tells whether the block takes no more events.
func (w *docWriter) full() bool { return w.count == eventsPerBlock || w.size >= fullBlock }

// add adds an event.
func (w *docWriter) add(e *event.Event) {
	for i, text := range docTexts {
		if s := *text(e); s != "" {
			c := &w.texts[i]
			c.pad(w.count)
			c.note(w.count, c.add(s, &w.known))
			w.size += len(s)
		}
	}
	for i, object := range docObjects {
		o := *object(e)
		if i == docAdditional && e.Exchange.Status != 0 {
			o = e.Exchange.Object()
		}
		if o != "" {
			w.size += len(o)
			w.addObject(i, o)
		}
	}
	if e.Global {
		w.global.only(w.count, isGlobalValue, &w.known)
	}
	var v [docNumbers]int64
	numbersOf(e, &v)
	expected := w.before
	expected[docOffset] += expected[docLength] + 1
	for i, n := range v {
		w.numbers[i] = binary.AppendVarint(w.numbers[i], n-expected[i])
	}
	w.before = v
	w.count++
}

// docAdditional is the place of additionalEventData in docObjects.
const docAdditional = 4

func (w *docWriter) addObject(no int, o event.Object) {
	c := &w.objects[no]
	w.split.split(o)
	c.shapes.pad(w.count)
	before := len(c.shapes.texts)
	n := c.shapes.addBytes(w.split.shape, &w.known) // there are fewer events than values it knows
	if n == len(c.known) {
		shape := w.shapes.of(&w.split, o)
		c.known = append(c.known, c.columns(shape.pieces))
		c.whole = append(c.whole, shape.whole)
		if shape.flat {
			c.shapes.texts = appendText(c.shapes.texts[:before], string(rune(flatObject)))
		}
	}
	leaves, whole := c.known[n], c.whole[n] || w.split.odd && !o.Valid()
	for i, leaf := range w.split.leaves {
		to := c.leaves[leaves[i]]
		if k := to.add(leaf, &w.known); !whole {
			to.note(w.count, k)
		}
	}
	if whole {
		o.Leaves(func(path, value string) { w.loose = append(w.loose, looseLeaf{no, w.count, path, value}) })
	}
}

// addBytes is add of a text that is the caller's own.
func (c *textColumn) addBytes(s []byte, texts *[]byte) int {
	if c.last < len(c.values) && string(c.values[c.last].of(*texts)) == string(s) {
		c.count++
		c.codes = binary.AppendUvarint(c.codes, uint64(codeKnown+c.last))
		return c.last
	}
	return c.add(string(s), texts)
}

// columns are the leaf columns of the pieces of a shape.
func (c *objectColumn) columns(pieces []shapePiece) []int {
	out := make([]int, len(pieces))
	for i, p := range pieces {
		n, ok := c.paths[p.path]
		if !ok {
			n = len(c.names)
			c.paths[p.path] = n
			c.names = append(c.names, p.path)
			if n == len(c.leaves) {
				c.leaves = append(c.leaves, &textColumn{})
			}
		}
		out[i] = n
	}
	return out
}

// take appends the block of the events that were added, packed, and begins a new one.
func (w *docWriter) take(b []byte) []byte {
	p := binary.AppendUvarint(w.plain[:0], uint64(w.count))
	for i := range w.numbers {
		p = append(p, w.numbers[i]...)
	}
	for i := range w.texts {
		p = w.texts[i].append(p, w.count)
	}
	for i := range w.objects {
		p = w.appendObjects(p, &w.objects[i])
	}
	w.plain = p
	w.reset()
	b = binary.AppendUvarint(b, uint64(len(p)))
	b = w.enc.EncodeAll(p, b)
	if cap(w.plain) > keepBuffer {
		w.plain = nil
	}
	return b
}

// append appends the column: uvarint how many bytes of codes, for none nothing
// more; the codes; uvarint how many bytes of texts, and these.
func (c *textColumn) append(b []byte, count int) []byte {
	if c.count == 0 {
		return append(b, 0)
	}
	c.pad(count)
	b = binary.AppendUvarint(b, uint64(len(c.codes)))
	b = append(b, c.codes...)
	b = binary.AppendUvarint(b, uint64(len(c.texts)))
	return append(b, c.texts...)
}

// appendObjects appends a column of objects: that of its shapes, and when there
// are any, uvarint how many bytes follow: uvarint number of leaf columns; of each
// uvarint and bytes of its path, uvarint how many codes, and the column; of each shape uvarint how many leaves, and their columns.
func (w *docWriter) appendObjects(b []byte, c *objectColumn) []byte {
	if b = c.shapes.append(b, w.count); c.shapes.count == 0 {
		return b
	}
	p := binary.AppendUvarint(w.leaves[:0], uint64(len(c.names)))
	for k, name := range c.names {
		p = binary.AppendUvarint(p, uint64(len(name)))
		p = append(p, name...)
		p = binary.AppendUvarint(p, uint64(c.leaves[k].count))
		p = c.leaves[k].append(p, 0)
	}
	for _, leaves := range c.known {
		p = binary.AppendUvarint(p, uint64(len(leaves)))
		for _, k := range leaves {
			p = binary.AppendUvarint(p, uint64(k))
		}
	}
	w.leaves = p
	b = binary.AppendUvarint(b, uint64(len(p)))
	return append(b, p...)
}

func (w *docWriter) close() error { return w.enc.Close() }
