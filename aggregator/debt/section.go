package debt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/actiontrail/actiontrail/event"
)

const (
	sectionMagic   = "ATDB"
	sectionVersion = 1
	// mostKept bounds the lines that one batch keeps, before compression.
	mostKept = 256 << 20
)

// section is a part of the stream that is owed: what was in it, without the
// events that the index has. docs/format/debt.md has the bytes.
type section struct {
	trail     string
	filter    string    // of the trail, when it was recorded
	since     time.Time // when the trail began to owe
	after, to uint64    // seqs: after < seq ≤ to
	batches   []entry   // ascending by seq
}

// entry is a batch.
type entry struct {
	head   event.Batch // without events
	events uint64
	kept   []byte     // the lines of its events, packed, when the index has not all of them; else nil
	digest event.Hash // of the lines, when the index has them
	lo, hi int64      // eventTime of the first and the last of them, nanoseconds; everything, when some have none
}

// anyTime tells that the times of the events say nothing.
func (e *entry) anyTime() bool { return e.lo == math.MinInt64 }

const (
	flagSnapshot = 1 << iota
	flagKept
	flagAnyTime
	flagsKnown = flagSnapshot | flagKept | flagAnyTime
)

func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// encode gives the bytes of the section.
func (s *section) encode() []byte {
	b := append([]byte(sectionMagic), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[4:], sectionVersion)
	b = appendText(b, s.trail)
	b = appendText(b, s.filter)
	b = binary.AppendVarint(b, s.since.UnixMilli())
	b = binary.AppendUvarint(b, s.after)
	b = binary.AppendUvarint(b, s.to)
	numbers := map[event.Lane]uint64{}
	var lanes []event.Lane
	for i := range s.batches {
		l := s.batches[i].head.Lane
		if _, known := numbers[l]; !known {
			numbers[l] = uint64(len(lanes))
			lanes = append(lanes, l)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(lanes)))
	for _, l := range lanes {
		b = event.AppendLane(b, l)
	}
	b = binary.AppendUvarint(b, uint64(len(s.batches)))
	last := s.after
	for i := range s.batches {
		e := &s.batches[i]
		b = binary.AppendUvarint(b, numbers[e.head.Lane])
		b = e.append(b, last)
		last = e.head.Seq
	}
	return binary.LittleEndian.AppendUint32(b, castagnoli(b))
}

func (e *entry) append(b []byte, lastSeq uint64) []byte {
	b = binary.AppendUvarint(b, e.head.Number)
	b = append(append(b, e.head.Prev[:]...), e.head.Hash[:]...)
	b = binary.AppendUvarint(b, e.head.Seq-lastSeq)
	b = binary.AppendUvarint(b, e.events)
	var flags byte
	if e.head.Snapshot {
		flags |= flagSnapshot
	}
	if e.kept != nil {
		b = append(b, flags|flagKept)
		return append(binary.AppendUvarint(b, uint64(len(e.kept))), e.kept...)
	}
	if e.events > 0 && e.anyTime() {
		flags |= flagAnyTime
	}
	b = append(b, flags)
	if e.events == 0 {
		return b
	}
	b = append(b, e.digest[:]...)
	if e.anyTime() {
		return b
	}
	b = binary.AppendVarint(b, e.lo)
	return binary.AppendUvarint(b, uint64(e.hi)-uint64(e.lo))
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decodeSection reads what encode wrote, and refuses what it could not have written.
func decodeSection(b []byte) (*section, error) {
	const head = 8
	if len(b) < head+4 || string(b[:4]) != sectionMagic {
		return nil, errors.New("it is no record of a debt, or cut off")
	}
	if v := binary.LittleEndian.Uint32(b[4:]); v != sectionVersion {
		return nil, fmt.Errorf("version %d is not supported, only %d: use a later release", v, sectionVersion)
	}
	body := b[:len(b)-4]
	if castagnoli(body) != binary.LittleEndian.Uint32(b[len(body):]) {
		return nil, errors.New("its checksum is not that of its bytes")
	}
	r := reader{b: body[head:]}
	s := &section{trail: r.text(), filter: r.text(), since: time.UnixMilli(r.varint()).UTC(), after: r.uvarint(), to: r.uvarint()}
	var lanes []event.Lane
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		lanes = append(lanes, r.lane())
	}
	last := s.after
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		e := r.entry(lanes, last)
		last = e.head.Seq
		s.batches = append(s.batches, e)
	}
	switch {
	case r.err != nil:
		return nil, r.err
	case len(r.b) > 0:
		return nil, fmt.Errorf("%d bytes are left over", len(r.b))
	case s.trail == "" || s.to <= s.after || last > s.to:
		return nil, errors.New("its trail or its part of the stream cannot be")
	}
	return s, nil
}

// reader reads values one after the other. After an error all are zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(text string) {
	if r.err == nil {
		r.err = errors.New(text)
	}
	r.b = nil
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail("it is cut off")
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail("it is cut off")
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail("it is cut off")
		return nil
	}
	part := r.b[:n:n]
	r.b = r.b[n:]
	return part
}

func (r *reader) text() string { return string(r.take(r.uvarint())) }

func (r *reader) hash() (h event.Hash) {
	copy(h[:], r.take(uint64(len(h))))
	return h
}

func (r *reader) lane() event.Lane {
	l, rest, err := event.ReadLane(r.b)
	if err != nil {
		r.fail(err.Error())
		return l
	}
	r.b = rest
	return l
}

func (r *reader) entry(lanes []event.Lane, lastSeq uint64) entry {
	var e entry
	if n := r.uvarint(); n < uint64(len(lanes)) {
		e.head.Lane = lanes[n]
	} else {
		r.fail("a batch has no lane")
	}
	e.head.Number = r.uvarint()
	e.head.Prev, e.head.Hash = r.hash(), r.hash()
	step := r.uvarint()
	if e.head.Seq = lastSeq + step; step == 0 || e.head.Seq < lastSeq {
		r.fail("its batches are not in the order of the stream")
	}
	e.events = r.uvarint()
	flags := byte(0)
	if f := r.take(1); f != nil {
		flags = f[0]
	}
	e.head.Snapshot = flags&flagSnapshot != 0
	switch plain := flags&(flagKept|flagAnyTime) == 0; {
	case flags&^flagsKnown != 0, e.events == 0 && !plain, flags&flagKept != 0 && flags&flagAnyTime != 0:
		r.fail("a batch has flags that cannot be")
	case flags&flagKept != 0:
		e.kept = r.take(r.uvarint())
		if n, err := s2.DecodedLen(e.kept); err != nil || n > mostKept {
			r.fail("the events of a batch cannot be unpacked")
		}
	case e.events > 0:
		e.digest = r.hash()
		if e.lo, e.hi = math.MinInt64, math.MaxInt64; flags&flagAnyTime == 0 {
			e.lo = r.varint()
			e.hi = int64(uint64(e.lo) + r.uvarint())
			if e.hi < e.lo || e.anyTime() {
				r.fail("a batch has times that cannot be")
			}
		}
	}
	return e
}
