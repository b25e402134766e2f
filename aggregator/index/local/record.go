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
//	8 marker | u32 n | u32 CRC-32C of the length bytes and the body | n bytes: the body, an s2 block
//
// The marker lets replay find the next record behind a damaged one. It is drawn
// for each WAL, so that nobody can have a record found that he put into an event.
const (
	markerSize = 8
	recordHead = markerSize + 8
	maxBody    = 256 << 20 // bytes of a body before compression
	splitBody  = 16 << 20  // a Write that is larger becomes several records
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

// body is the content of a record that is being made.
type body struct {
	batches []*event.Batch
	events  []*event.Event
	json    []byte   // of the events, one after the other
	ends    []int    // of each
	docs    [][]byte // of each, after appendTo; they are the caller's own
}

func (w *body) add(e *event.Event) {
	w.events = append(w.events, e)
	w.json = e.AppendJSON(w.json)
	w.ends = append(w.ends, len(w.json))
}

// appendTo appends the finished record.
func (w *body) appendTo(dst []byte, mark marker) ([]byte, error) {
	plain := make([]byte, 0, 200*len(w.batches)+len(w.json)+3*len(w.ends)+10)
	plain = binary.AppendUvarint(plain, uint64(len(w.batches)))
	for _, b := range w.batches {
		plain = appendHead(plain, b)
	}
	plain = binary.AppendUvarint(plain, uint64(len(w.ends)))
	ends := make([]int, len(w.ends))
	from := 0
	for i, end := range w.ends {
		plain = binary.AppendUvarint(plain, uint64(end-from))
		plain = append(plain, w.json[from:end]...)
		from, ends[i] = end, len(plain)
	}
	if len(plain) > maxBody {
		return dst, fmt.Errorf("a batch takes %d bytes in the index; %d are allowed", len(plain), maxBody)
	}
	w.docs = make([][]byte, len(ends))
	for i, end := range ends {
		size := w.ends[i]
		if i > 0 {
			size -= w.ends[i-1]
		}
		w.docs[i] = plain[end-size : end : end]
	}
	w.json = nil
	from = len(dst)
	dst = append(append(dst, mark[:]...), 0, 0, 0, 0, 0, 0, 0, 0)
	dst = append(dst, s2.Encode(nil, plain)...)
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

// decodeBody reads the body of a record.
func decodeBody(packed []byte) (record, error) {
	var rec record
	n, err := s2.DecodedLen(packed)
	if err != nil {
		return rec, fmt.Errorf("body of a WAL record cannot be unpacked: %w", err)
	}
	if n > maxBody {
		return rec, fmt.Errorf("body of a WAL record has %d bytes; %d are allowed", n, maxBody)
	}
	plain, err := s2.Decode(nil, packed)
	if err != nil {
		return rec, fmt.Errorf("body of a WAL record cannot be unpacked: %w", err)
	}
	r := reader{b: plain}
	for range r.count(headSize) {
		rec.batches = append(rec.batches, readHead(&r))
	}
	for range r.count(1) {
		rec.docs = append(rec.docs, r.take(r.length()))
	}
	if r.err == nil && len(r.b) > 0 {
		r.fail(fmt.Errorf("%d bytes are left over", len(r.b)))
	}
	if r.err != nil {
		return record{}, fmt.Errorf("body of a WAL record: %w", r.err)
	}
	return rec, nil
}

// headSize is the least that a batch head takes.
const headSize = 40
