package local

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
)

// A list of event numbers, ascending, is one byte for its form, and: form 0,
// uvarint count and uvarint differences (the first from 0); form 1, a roaring
// bitmap in its portable form. The shorter one is taken for long lists.
const (
	listDeltas  = 0
	listRoaring = 1
	longList    = 256
)

var errFollowed = errors.New("a list is followed by more")

// appendList appends a list.
func appendList(b []byte, list []uint32) ([]byte, error) {
	from := len(b)
	if len(list) < longList {
		return appendDeltas(append(b, listDeltas), list), nil
	}
	set := roaring.New()
	if first, last := list[0], list[len(list)-1]; int(last-first) == len(list)-1 { // quickly, as most fields are in every event
		set.AddRange(uint64(first), uint64(last)+1)
	} else {
		set.AddMany(list)
		set.RunOptimize()
		b = appendDeltas(append(b, listDeltas), list)
	}
	if len(b) > from && int(set.GetSerializedSizeInBytes())+1 >= len(b)-from {
		return b, nil
	}
	w := bytes.NewBuffer(append(b[:from], listRoaring))
	if _, err := set.WriteTo(w); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

func appendDeltas(b []byte, list []uint32) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	last := uint32(0)
	for _, n := range list {
		b = binary.AppendUvarint(b, uint64(n-last))
		last = n
	}
	return b
}

// decodeList reads a list of numbers below events; what follows it is an error.
func decodeList(b []byte, events int) (*roaring.Bitmap, error) {
	r := reader{b: b}
	switch form := r.byte(); {
	case r.err != nil:
		return nil, r.err
	case form == listDeltas:
		return decodeDeltas(r.b, events)
	case form == listRoaring:
		set := roaring.New()
		if n, err := set.ReadFrom(bytes.NewReader(r.b)); err != nil {
			return nil, fmt.Errorf("a list: %w", err)
		} else if int(n) != len(r.b) {
			return nil, errFollowed
		}
		if err := set.Validate(); err != nil {
			return nil, fmt.Errorf("a list: %w", err)
		}
		if !set.IsEmpty() && int64(set.Maximum()) >= int64(events) {
			return nil, errors.New("a list names an event that does not exist")
		}
		return set, nil
	default:
		return nil, fmt.Errorf("a list has the form %d", form)
	}
}

// countList is how many of a list, as decodeList reads it, are in the set, which is both all and in.
func countList(b []byte, events int, all *roaring.Bitmap, in bits) (int, error) {
	if len(b) == 0 || b[0] != listDeltas {
		list, err := decodeList(b, events)
		if err != nil {
			return 0, err
		}
		return int(list.AndCardinality(all)), nil
	}
	k := 0
	err := readDeltas(b[1:], events, func(n uint32) {
		if in.has(n) {
			k++
		}
	})
	return k, err
}

// readDeltas gives to fn what appendDeltas wrote; what follows it is an error.
func readDeltas(b []byte, events int, fn func(n uint32)) error {
	count, i := binary.Uvarint(b)
	if i <= 0 || count > uint64(len(b)) {
		return errCut
	}
	next := uint64(0)
	for k := range count {
		var d uint64
		if i < len(b) && b[i] < 0x80 { // most are small
			d = uint64(b[i])
			i++
		} else {
			v, n := binary.Uvarint(b[i:])
			if n <= 0 {
				return errCut
			}
			d, i = v, i+n
		}
		if d == 0 && k > 0 || d >= uint64(events) || next+d >= uint64(events) {
			return errors.New("a list names an event that does not exist, or one twice")
		}
		next += d
		fn(uint32(next))
	}
	if i < len(b) {
		return errFollowed
	}
	return nil
}

// decodeDeltas is readDeltas into a set.
func decodeDeltas(b []byte, events int) (*roaring.Bitmap, error) {
	if count, _ := binary.Uvarint(b); count < uint64(events/128) {
		list := make([]uint32, 0, min(count, uint64(len(b))))
		err := readDeltas(b, events, func(n uint32) { list = append(list, n) })
		return roaring.BitmapOf(list...), err
	}
	set := newBits(events)
	err := readDeltas(b, events, func(n uint32) { set[n/64] |= 1 << (n % 64) })
	return roaring.FromDense(set, false), err
}
