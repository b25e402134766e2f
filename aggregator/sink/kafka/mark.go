package kafka

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
)

// markVersion begins a mark: the id of the topic (16 bytes, zero where brokers give none), and
// for each partition, in order, its number and the offset of the next record, as uvarints.
const markVersion = 1

var errMark = errors.New("the mark of what was delivered is damaged, or of a later version")

// mark is a place in a topic.
type mark struct {
	topic   [16]byte
	offsets map[int32]int64 // nil: there is none
}

func (m mark) clone() mark { return mark{m.topic, maps.Clone(m.offsets)} }

func (m mark) append(b []byte) []byte {
	b = append(b, markVersion)
	b = append(b, m.topic[:]...)
	for _, n := range slices.Sorted(maps.Keys(m.offsets)) {
		b = binary.AppendUvarint(b, uint64(n))
		b = binary.AppendUvarint(b, uint64(m.offsets[n]))
	}
	return b
}

func parseMark(b []byte) (mark, error) {
	m := mark{offsets: map[int32]int64{}}
	if len(b) < 1+len(m.topic) || b[0] != markVersion {
		return mark{}, errMark
	}
	m.topic = [16]byte(b[1:])
	last := int64(-1)
	for b = b[1+len(m.topic):]; len(b) > 0; {
		partition, n := binary.Uvarint(b)
		if n <= 0 || partition > 1<<31-1 || int64(partition) <= last {
			return mark{}, errMark
		}
		offset, k := binary.Uvarint(b[n:])
		if k <= 0 || offset > 1<<62 {
			return mark{}, errMark
		}
		last = int64(partition)
		m.offsets[int32(partition)] = int64(offset)
		b = b[n+k:]
	}
	return m, nil
}
