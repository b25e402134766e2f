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
//	1 bits b of a bucket's number, at most 16 | 1 bytes w of an event's number, 2 or 4 |
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
	size := byte(2)
	if events > 1<<16 {
		size = 4
	}
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
		if size == 2 {
			b = binary.LittleEndian.AppendUint16(b, uint16(e.event))
		} else {
			b = binary.LittleEndian.AppendUint32(b, e.event)
		}
	}
	return b
}

func bucketOf(hash uint32, width int) uint64 { return uint64(hash) >> (32 - width) }

func restOf(hash uint32, width int) uint16 { return uint16(hash >> (16 - width)) }

// findHash gives the events that have the hash of the value, from the section of so many events.
func findHash(b []byte, s string, events int) ([]uint32, error) {
	errWrong := errors.New("the section hashes has a form that cannot be")
	if len(b) < 2 || b[0] > 16 || b[1] != 2 && b[1] != 4 {
		return nil, errWrong
	}
	width, size := int(b[0]), int(b[1])
	b = b[2:]
	begins := 4 * (1<<width + 1)
	if len(b) < begins {
		return nil, errWrong
	}
	count := int(binary.LittleEndian.Uint32(b[begins-4:]))
	if len(b)-begins != count*(2+size) {
		return nil, errWrong
	}
	hash := checksum([]byte(s))
	bucket := int(bucketOf(hash, width))
	from, to := int(binary.LittleEndian.Uint32(b[4*bucket:])), int(binary.LittleEndian.Uint32(b[4*bucket+4:]))
	if from > to || to > count {
		return nil, errWrong
	}
	var out []uint32
	rest, numbers := restOf(hash, width), b[begins+2*count:]
	for i := from; i < to; i++ {
		if binary.LittleEndian.Uint16(b[begins+2*i:]) != rest {
			continue
		}
		n := uint32(binary.LittleEndian.Uint16(numbers[size*i:]))
		if size == 4 {
			n = binary.LittleEndian.Uint32(numbers[size*i:])
		}
		if n >= uint32(events) {
			return nil, errors.New("the section hashes names an event that does not exist")
		}
		if len(out) == 0 || out[len(out)-1] != n {
			out = append(out, n)
		}
	}
	return out, nil
}
