package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/actiontrail/actiontrail/event"
)

// A WAL record is what one Write stored: the heads of its batches, which move
// the position, and those of their events that are new.
//
//	8 marker | u32 n | u32 CRC-32C of the length bytes and the body | n bytes: the body
//
// The events are in blocks of walBlock, fewer in the last; the memory keeps
// these as they are, so that an event is packed once until it is in a segment.
//
// The marker lets replay find the next record behind a damaged one. It is drawn
// for each WAL, so that nobody can have a record found that he put into an event.
const (
	markerSize = 8
	recordHead = markerSize + 8
	maxBody    = 256 << 20 // bytes of a body before compression
	splitBody  = 16 << 20  // a Write that is larger becomes several records
	walBlock   = 32        // events of a block
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

// record is a decoded record. Its docs alias the body they were read from.
type record struct {
	batches []event.Batch // heads only: no events, and no Prev, which Advance does not use
	docs    [][]byte      // canonical JSON
	blocks  [][]byte      // the packed blocks that docs come from
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
	size    int      // bytes of the blocks before compression
	json    []byte   // of the last event
	plain   []byte   // of the last block
	packed  []byte   // the blocks, each with its length before it
	blocks  []extent // within packed
}

type extent struct{ from, to int }

func (w *body) reset() {
	clear(w.batches) // they are the caller's
	clear(w.events)
	if cap(w.packed) > keepBuffer {
		*w = body{}
	}
	*w = body{w.batches[:0], w.events[:0], 0, w.json[:0], w.plain[:0], w.packed[:0], w.blocks[:0]}
}

func (w *body) add(e *event.Event) {
	w.events = append(w.events, e)
	w.json = e.AppendJSON(w.json[:0])
	from := len(w.plain)
	w.plain = binary.AppendUvarint(w.plain, uint64(len(w.json)))
	w.plain = append(w.plain, w.json...)
	w.size += len(w.plain) - from
	if len(w.events)%walBlock == 0 {
		w.endBlock()
	}
}

func (w *body) endBlock() {
	n := s2.MaxEncodedLen(len(w.plain))
	at := len(w.packed) + binary.MaxVarintLen64
	w.packed = slices.Grow(w.packed, n+binary.MaxVarintLen64)
	block := s2.Encode(w.packed[at:at+n:at+n], w.plain)
	w.packed = binary.AppendUvarint(w.packed, uint64(len(block)))
	from := len(w.packed)
	w.packed = append(w.packed, block...) // moves it down
	w.blocks = append(w.blocks, extent{from, len(w.packed)})
	w.plain = w.plain[:0]
}

// block is a packed block, valid until reset.
func (w *body) block(i int) []byte { return w.packed[w.blocks[i].from:w.blocks[i].to] }

// appendTo appends the finished record.
func (w *body) appendTo(dst []byte, mark marker) ([]byte, error) {
	if len(w.plain) > 0 {
		w.endBlock()
	}
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

// decodeBody reads the body of a record. The record keeps b.
func decodeBody(b []byte) (record, error) {
	var rec record
	r := reader{b: b}
	for range r.count(headSize) {
		rec.batches = append(rec.batches, readHead(&r))
	}
	left, size := r.uvarint(), 0
	for left > 0 && r.err == nil {
		block := r.take(r.length())
		if r.err != nil {
			break
		}
		n, err := s2.DecodedLen(block)
		if size += n; err == nil && size > maxBody {
			err = fmt.Errorf("it has more than %d bytes", maxBody)
		}
		count := min(left, walBlock)
		if err == nil {
			rec.docs, err = unpackDocs(block, int(count), nil, rec.docs)
		}
		if err != nil {
			r.fail(fmt.Errorf("block %d: %w", len(rec.blocks), err))
		}
		rec.blocks = append(rec.blocks, block)
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
