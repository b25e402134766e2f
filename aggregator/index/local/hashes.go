package local

import (
	"cmp"
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

// appendHashes appends the section for entries, which it sorts, of so many events.
func appendHashes(b []byte, entries []hashEntry, events int) []byte {
	slices.SortFunc(entries, func(a, b hashEntry) int {
		return cmp.Compare(uint64(a.hash)<<32|uint64(a.event), uint64(b.hash)<<32|uint64(b.event))
	})
	entries = slices.Compact(entries)
	width := min(16, mathbits.Len(uint(len(entries)/perBucket)))
	size := numberWidth(events)
	b = append(b, byte(width), size)
	i := 0
	for bucket := range uint64(1)<<width + 1 {
		for i < len(entries) && bucketOf(entries[i].hash, width) < bucket {
			i++
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
	}
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, restOf(e.hash, width))
	}
	for _, e := range entries {
		b = appendNumber(b, e.event, size)
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
	width, size, count     int // bits of a bucket's number, bytes of an event's, hashes
	begins, rests, numbers []byte
}

func splitHashes(b []byte) (h hashSection, err error) {
	errWrong := errors.New("the section hashes has a form that cannot be")
	if len(b) < 2 || b[0] > 16 || b[1] < 2 || b[1] > 4 {
		return h, errWrong
	}
	h.width, h.size = int(b[0]), int(b[1])
	b = b[2:]
	begins := 4 * (1<<h.width + 1)
	if len(b) < begins {
		return h, errWrong
	}
	h.count = int(binary.LittleEndian.Uint32(b[begins-4:]))
	if len(b)-begins != h.count*(2+h.size) {
		return h, errWrong
	}
	h.begins, h.rests, h.numbers = b[:begins], b[begins:begins+2*h.count], b[begins+2*h.count:]
	return h, nil
}

// bucket are the first hash of a bucket and the first behind it.
func (h *hashSection) bucket(n int) (from, to int, err error) {
	from, to = int(binary.LittleEndian.Uint32(h.begins[4*n:])), int(binary.LittleEndian.Uint32(h.begins[4*n+4:]))
	if from > to || to > h.count {
		return 0, 0, errors.New("the section hashes has a bucket that cannot be")
	}
	return from, to, nil
}

func (h *hashSection) rest(i int) uint16 { return binary.LittleEndian.Uint16(h.rests[2*i:]) }

// event is the event of a hash, below events.
func (h *hashSection) event(i, events int) (uint32, error) {
	n := readNumber(h.numbers[h.size*i : h.size*(i+1)])
	if n >= uint32(events) {
		return 0, errors.New("the section hashes names an event that does not exist")
	}
	return n, nil
}

// findHash gives the events that have the hash of the value, from the section of so many events.
func findHash(b []byte, s string, events int) ([]uint32, error) {
	h, err := splitHashes(b)
	if err != nil {
		return nil, err
	}
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
