package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/s2"

	"github.com/actiontrail/actiontrail/event"
)

// A WAL record is what one Write stored: the heads of its batches, which move
// the position, and those of their events that are new.
//
//	8 marker | u32 n | u32 CRC-32C of the length bytes and the body | n bytes: the body
//
// The events are in blocks as docWriter makes them; the memory keeps these as they
// are, and so do the segments, when all of a block belongs there: most events
// are packed once. In version 1 a block was walBlock events of JSON.
//
// The marker lets replay find the next record behind a damaged one. It is drawn
// for each WAL, so that nobody can have a record found that he put into an event.
const (
	markerSize = 8
	recordHead = markerSize + 8
	maxBody    = 256 << 20 // bytes of a body before compression
	splitBody  = 16 << 20  // a Write that is larger becomes several records
	walBlock   = 32        // events of a block, in version 1
	keepBuffer = 8 << 20   // a buffer that became larger is not used again
)

type marker [markerSize]byte

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is the CRC-32C of the parts one after the other.
func checksum(parts ...[]byte) uint32 {
	var c uint32
	for _, p := range parts {
		c = crc32.Update(c, castagnoli, p)
	}
	return c
}

// record is a decoded record.
type record struct {
	batches []event.Batch // heads only: no events, and no Prev, which Advance does not use
	docs    [][]byte      // in version 1: canonical JSON
	blocks  []recordBlock
}

// recordBlock is a block of a record; packed aliases the body.
type recordBlock struct {
	packed []byte
	events *docBlock
}

// each gives the events of a record to fn. An event that cannot be read does not
// stop it; the error tells of all of them.
func (rec *record) each(fn func(e *event.Event)) error {
	var failed error
	for i, doc := range rec.docs {
		e, err := decodeEvent(doc)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("event %d: %w", i, err))
			continue
		}
		fn(&e)
	}
	for i, b := range rec.blocks {
		for n := range b.events.count {
			var e event.Event
			if err := b.events.event(n, &e); err != nil {
				failed = errors.Join(failed, fmt.Errorf("event %d of block %d: %w", n, i, err))
				continue
			}
			fn(&e)
		}
	}
	return failed
}

// appendHead appends what a record keeps of a batch.
func appendHead(b []byte, batch *event.Batch) []byte {
	b = event.AppendLane(b, batch.Lane)
	b = binary.AppendUvarint(b, batch.Number)
	b = append(b, batch.Hash[:]...)
	var flags byte
	if batch.Snapshot {
		flags = 1
	}
	b = append(b, flags)
	return binary.AppendUvarint(b, batch.Seq)
}

func readHead(r *reader) (batch event.Batch) {
	batch.Lane = r.lane()
	batch.Number = r.uvarint()
	copy(batch.Hash[:], r.take(len(batch.Hash)))
	switch flags := r.byte(); flags {
	case 0, 1:
		batch.Snapshot = flags == 1
	default:
		r.fail(fmt.Errorf("batch has flags %#x, which this release does not know", flags))
	}
	batch.Seq = r.uvarint()
	return batch
}

// body is the content of a record that is being made. Its buffers are used again after reset.
type body struct {
	batches []*event.Batch
	events  []*event.Event
	docs    *docWriter
	size    int        // of the blocks before compression, about
	packed  []byte     // the blocks, each with its length before it
	blocks  []extent   // within packed
	values  []gathered // of the blocks
}

// extent is where a block stands, and up to which event it goes.
type extent struct{ from, to, events int }

func (w *body) reset() {
	clear(w.batches) // they are the caller's
	clear(w.events)
	w.docs.reset()
	if cap(w.packed) > keepBuffer {
		w.packed = nil
	}
	for i := range w.blocks {
		w.values[i].reset()
	}
	*w = body{w.batches[:0], w.events[:0], w.docs, 0, w.packed[:0], w.blocks[:0], w.values}
}

func (w *body) add(e *event.Event) {
	w.events = append(w.events, e)
	before := w.docs.size
	w.docs.add(e)
	if w.size += w.docs.size - before; w.docs.full() {
		w.endBlock()
	}
}

// endBlock ends the block that has events, if there is one.
func (w *body) endBlock() {
	if w.docs.count == 0 {
		return
	}
	if len(w.blocks) == len(w.values) {
		w.values = append(w.values, gathered{})
	}
	w.docs.gather(&w.values[len(w.blocks)])
	const room = 5 // bytes for the length
	from := len(w.packed)
	w.packed = w.docs.take(append(w.packed, 0, 0, 0, 0, 0))
	n := len(w.packed) - from - room
	head := binary.AppendUvarint(w.packed[from:from], uint64(n))
	copy(w.packed[from+len(head):], w.packed[from+room:])
	w.packed = w.packed[:from+len(head)+n]
	w.blocks = append(w.blocks, extent{from + len(head), len(w.packed), len(w.events)})
}

// block is a packed block, valid until reset.
func (w *body) block(i int) []byte { return w.packed[w.blocks[i].from:w.blocks[i].to] }

// appendTo appends the finished record.
func (w *body) appendTo(dst []byte, mark marker) ([]byte, error) {
	w.endBlock()
	if w.size > maxBody {
		return dst, fmt.Errorf("a batch takes %d bytes in the index; %d are allowed", w.size, maxBody)
	}
	from := len(dst)
	dst = append(append(dst, mark[:]...), 0, 0, 0, 0, 0, 0, 0, 0)
	dst = binary.AppendUvarint(dst, uint64(len(w.batches)))
	for _, b := range w.batches {
		dst = appendHead(dst, b)
	}
	dst = binary.AppendUvarint(dst, uint64(len(w.events)))
	dst = append(dst, w.packed...)
	head, packed := dst[from+markerSize:from+recordHead], dst[from+recordHead:]
	binary.LittleEndian.PutUint32(head, uint32(len(packed)))
	binary.LittleEndian.PutUint32(head[4:], checksum(head[:4], packed))
	return dst, nil
}

var errNoRecord = errors.New("not a whole record with a right checksum")

// cutRecord finds the record at the beginning of b, and returns its packed body and its whole size.
func cutRecord(b []byte, mark marker) (packed []byte, size int, err error) {
	if len(b) < recordHead || marker(b) != mark {
		return nil, 0, errNoRecord
	}
	length := b[markerSize : markerSize+4]
	n := binary.LittleEndian.Uint32(length)
	if uint64(n) > uint64(len(b)-recordHead) {
		return nil, 0, errNoRecord
	}
	packed = b[recordHead : recordHead+int(n)]
	if checksum(length, packed) != binary.LittleEndian.Uint32(b[markerSize+4:]) {
		return nil, 0, errNoRecord
	}
	return packed, recordHead + int(n), nil
}

// decodeBody reads the body of a record, of a WAL of this version. The record keeps b.
func decodeBody(c *codec, b []byte, version uint32) (record, error) {
	var rec record
	r := reader{b: b}
	for range r.count(headSize) {
		rec.batches = append(rec.batches, readHead(&r))
	}
	left, size := r.uvarint(), 0
	for n := 0; left > 0 && r.err == nil; n++ {
		block := r.take(r.length())
		if r.err != nil {
			break
		}
		count, plain, err := rec.read(c, block, left, version)
		if size += plain; err == nil && size > maxBody {
			err = fmt.Errorf("it has more than %d bytes", maxBody)
		}
		if err != nil {
			r.fail(fmt.Errorf("block %d: %w", n, err))
		}
		left -= count
	}
	if r.err == nil && len(r.b) > 0 {
		r.fail(fmt.Errorf("%d bytes are left over", len(r.b)))
	}
	if r.err != nil {
		return record{}, fmt.Errorf("body of a WAL record: %w", r.err)
	}
	return rec, nil
}

// read reads a block, of as many events as are left at most, and tells how many it has and its size.
func (rec *record) read(c *codec, packed []byte, left uint64, version uint32) (count uint64, size int, err error) {
	if version == 1 {
		count = min(left, walBlock)
		if size, err = s2.DecodedLen(packed); err == nil && size > maxBody {
			err = fmt.Errorf("it has more than %d bytes", maxBody)
		}
		if err == nil {
			rec.docs, err = unpackDocs(packed, int(count), nil, rec.docs)
		}
		return count, size, err
	}
	events, err := openBlock(c.dec, packed)
	if err != nil {
		return 0, 0, err
	}
	if count = uint64(events.count); count > left {
		return 0, 0, errors.New("it has more events than the record")
	}
	rec.blocks = append(rec.blocks, recordBlock{packed, events})
	return count, len(events.plain), nil
}

// unpackDocs appends the events of a block of a WAL; they are in plain, when that is large enough.
func unpackDocs(block []byte, count int, plain []byte, into [][]byte) ([][]byte, error) {
	plain, err := s2.Decode(plain, block)
	if err != nil {
		return into, fmt.Errorf("it cannot be unpacked: %w", err)
	}
	return splitDocs(plain, count, into)
}

// headSize is the least that a batch head takes.
const headSize = 40
