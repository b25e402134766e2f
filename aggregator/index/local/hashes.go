package local

import (
	"encoding/binary"
	"errors"
	mathbits "math/bits"
	"slices"
)

// The section hashes finds events by values that have no key: their ids, and
// what looks like an id and stands in one event only. Of the CRC-32C of a value
// the first bits are the number of its bucket, and the 16 bits behind those are
// kept. What has the right ones is checked in the event.
//
//	1 bits b of a bucket's number, at most 16 | 1 bytes w of an event's number, 2, 3 or 4 |
//	u32 begin of each bucket, counted in values, and the end: 2^b+1 | u16 of each value | w bytes, its event
//
// Values are sorted by hash and event.
const perBucket = 8

type hashEntry struct{ hash, event uint32 }

// appendHashes appends the section for values of so many events.
func appendHashes(b []byte, values []hashEntry, events int) []byte {
	entries := make([]uint64, len(values))
	for i, e := range values {
		entries[i] = uint64(e.hash)<<32 | uint64(e.event)
	}
	var r radix
	r.sort(entries, 0, mathbits.Len(uint(events)))
	r.sort(entries, 32, 64)
	entries = slices.Compact(entries)
	width := min(16, mathbits.Len(uint(len(entries)/perBucket)))
	size := numberWidth(events)
	b = append(b, byte(width), size)
	i := 0
	for bucket := range uint64(1)<<width + 1 {
		for i < len(entries) && bucketOf(uint32(entries[i]>>32), width) < bucket {
			i++
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
	}
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, restOf(uint32(e>>32), width))
	}
	for _, e := range entries {
		b = appendNumber(b, uint32(e), size)
	}
	return b
}

// numberWidth is how many bytes a number below events has.
func numberWidth(events int) byte {
	switch {
	case events <= 1<<16:
		return 2
	case events <= 1<<24:
		return 3
	}
	return 4
}

func appendNumber(b []byte, n uint32, width byte) []byte {
	for range width {
		b = append(b, byte(n))
		n >>= 8
	}
	return b
}

func readNumber(b []byte) (n uint32) {
	for i, c := range b {
		n |= uint32(c) << (8 * i)
	}
	return n
}

func bucketOf(hash uint32, width int) uint64 { return uint64(hash) >> (32 - width) }

func restOf(hash uint32, width int) uint16 { return uint16(hash >> (16 - width)) }

// hashSection is the section hashes, taken apart.
type hashSection struct {
	b                  []byte
	width, size, count int                      // bits of a bucket's number, bytes of an event's, hashes
	rests, numbers     int                      // where these begin
	check              func(from, to int) error // checks bytes before they are used
}

const hashHead = 2

// splitHashes takes a section apart; check is called before bytes of it are used.
func splitHashes(b []byte, check func(from, to int) error) (h hashSection, err error) {
	errWrong := errors.New("the section hashes has a form that cannot be")
	if len(b) < hashHead {
		return h, errWrong
	}
	if err := check(0, hashHead); err != nil {
		return h, err
	}
	if b[0] > 16 || b[1] < 2 || b[1] > 4 {
		return h, errWrong
	}
	h = hashSection{b: b, width: int(b[0]), size: int(b[1]), check: check}
	h.rests = hashHead + 4*(1<<h.width+1)
	if len(b) < h.rests {
		return h, errWrong
	}
	if err := check(h.rests-4, h.rests); err != nil {
		return h, err
	}
	h.count = int(binary.LittleEndian.Uint32(b[h.rests-4:]))
	h.numbers = h.rests + 2*h.count
	if len(b)-h.numbers != h.count*h.size {
		return h, errWrong
	}
	return h, nil
}

// bucket are the first hash of a bucket and the first behind it. They are checked.
func (h *hashSection) bucket(n int) (from, to int, err error) {
	at := hashHead + 4*n
	if err := h.check(at, at+8); err != nil {
		return 0, 0, err
	}
	from, to = int(binary.LittleEndian.Uint32(h.b[at:])), int(binary.LittleEndian.Uint32(h.b[at+4:]))
	if from > to || to > h.count {
		return 0, 0, errors.New("the section hashes has a bucket that cannot be")
	}
	if from < to {
		err = h.check(h.rests+2*from, h.rests+2*to)
	}
	return from, to, err
}

func (h *hashSection) rest(i int) uint16 { return binary.LittleEndian.Uint16(h.b[h.rests+2*i:]) }

// event is the event of a hash, below events.
func (h *hashSection) event(i, events int) (uint32, error) {
	at := h.numbers + h.size*i
	if err := h.check(at, at+h.size); err != nil {
		return 0, err
	}
	n := readNumber(h.b[at : at+h.size])
	if n >= uint32(events) {
		return 0, errors.New("the section hashes names an event that does not exist")
	}
	return n, nil
}

// find gives the events that have the hash of the value; there are so many events in all.
func (h *hashSection) find(s string, events int) ([]uint32, error) {
	hash := checksum([]byte(s))
	from, to, err := h.bucket(int(bucketOf(hash, h.width)))
	if err != nil {
		return nil, err
	}
	var out []uint32
	rest := restOf(hash, h.width)
	for i := from; i < to; i++ {
		if h.rest(i) != rest {
			continue
		}
		n, err := h.event(i, events)
		if err != nil {
			return nil, err
		}
		if len(out) == 0 || out[len(out)-1] != n {
			out = append(out, n)
		}
	}
	return out, nil
}
