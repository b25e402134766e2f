package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// A column is, before compression: one byte, 1 when each event has a value, 0
// when before each value stands a byte that is 1 or 0: there is one or not;
// uvarint first value and uvarint unit, which divides all differences; and the
// values, each as a zigzag varint of the difference to the one before, in units.

func appendColumn(b []byte, cells []columnCell) []byte {
	full, some := byte(1), false
	first, last, unit := uint64(0), uint64(0), int64(time.Second)
	for _, c := range cells {
		if !c.ok {
			full = 0
			continue
		}
		if !some {
			first, last, some = c.v, c.v, true
		}
		for int64(c.v-last)%unit != 0 {
			unit /= 1000
		}
		last = c.v
	}
	b = append(b, full)
	b = binary.AppendUvarint(b, first)
	b = binary.AppendUvarint(b, uint64(unit))
	last = first
	for _, c := range cells {
		if full == 0 {
			if !c.ok {
				b = append(b, 0)
				continue
			}
			b = append(b, 1)
		}
		b = binary.AppendVarint(b, int64(c.v-last)/unit)
		last = c.v
	}
	return b
}

// readColumn gives the values of a column of so many events to fn.
func readColumn(b []byte, events int, fn func(n uint32, v uint64)) error {
	r := reader{b: b}
	full := r.byte()
	if full > 1 {
		return fmt.Errorf("a column has the form %d", full)
	}
	last, unit := r.uvarint(), r.uvarint()
	for n := range events {
		if full == 0 {
			switch has := r.byte(); {
			case has > 1:
				return errors.New("a column has a mark that is neither 0 nor 1")
			case has == 0:
				continue
			}
		}
		d, k := binary.Varint(r.b)
		if k <= 0 {
			return errCut
		}
		r.b = r.b[k:]
		last += uint64(d) * unit
		fn(uint32(n), last)
	}
	if r.err == nil && len(r.b) > 0 {
		return errors.New("a column is followed by more")
	}
	return r.err
}
