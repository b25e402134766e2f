package wire

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/actiontrail/actiontrail/event"
)

const numbersDeltas = 1 // field number of Numbers

// Field numbers of Times.
const (
	timesDigits    = 1
	timesDeltas    = 2
	timesPrecision = 3
)

// numberColumn collects differences. The zero value is ready.
type numberColumn struct {
	deltas []byte // zigzag varints; none as long as all are 0
	zeros  int    // how many there are while there are no others
}

// add tells how many bytes the column has grown.
func (c *numberColumn) add(delta int64) int {
	if delta == 0 && len(c.deltas) == 0 {
		c.zeros++
		return 0
	}
	return c.addUsed(delta)
}

// addUsed is add where one is not 0.
func (c *numberColumn) addUsed(delta int64) int {
	before := len(c.deltas)
	for ; c.zeros > 0; c.zeros-- {
		c.deltas = append(c.deltas, 0)
	}
	c.deltas = binary.AppendVarint(c.deltas, delta)
	return len(c.deltas) - before
}

// addAll is add of each.
func (c *numberColumn) addAll(deltas []int64) int {
	for !c.used() {
		if len(deltas) == 0 {
			return 0
		}
		if deltas[0] != 0 {
			return c.addUsed(deltas[0]) + c.addAll(deltas[1:])
		}
		c.zeros++
		deltas = deltas[1:]
	}
	before := len(c.deltas)
	c.deltas = appendDeltas(c.deltas, deltas)
	return len(c.deltas) - before
}

// appendDeltas is binary.AppendVarint of each. How long the next one is cannot be
// foreseen, so up to four bytes are written without a branch.
func appendDeltas(b []byte, deltas []int64) []byte {
	n := len(b)
	b = slices.Grow(b, binary.MaxVarintLen64*len(deltas)+4)
	b = b[:cap(b)]
	for _, d := range deltas {
		x := uint64(d<<1) ^ uint64(d>>63)
		if x >= 1<<28 {
			n += binary.PutUvarint(b[n:], x)
			continue
		}
		length := (bits.Len64(x|1) + 6) * 37 >> 8 // divided by 7
		more := uint32(0x808080) & (1<<(8*(length-1)) - 1)
		binary.LittleEndian.PutUint32(b[n:], uint32(x&0x7f|x<<1&0x7f00|x<<2&0x7f0000|x<<3&0x7f000000)|more)
		n += length
	}
	return b[:n]
}

// used tells whether one is not 0: else the column is left out.
func (c *numberColumn) used() bool { return len(c.deltas) > 0 }

func (c *numberColumn) reset() { c.deltas, c.zeros = c.deltas[:0], 0 }

// append writes the column, unless it is left out.
func (c *numberColumn) append(b []byte, num protowire.Number) []byte {
	if !c.used() {
		return b
	}
	b = appendPrefix(b, num, sizeField(numbersDeltas, len(c.deltas)))
	return appendBytes(b, numbersDeltas, c.deltas)
}

// timeColumn collects times as they are; how finely to write them is known at
// the end only. The zero value is ready.
type timeColumn struct {
	times  []event.Time
	digits uint8 // the most that a time has
	used   bool  // one is not absent
	mixed  bool  // they differ in digits, absent ones counted
	again  int   // how often the last one came again, if addAgain was told
	deltas []byte
	prec   []byte
}

func (c *timeColumn) add(t event.Time) int {
	if n := len(c.times); n > 0 && !c.mixed {
		last := c.times[n-1]
		c.mixed = t.Digits != last.Digits || t.IsZero() != last.IsZero()
	}
	if !t.IsZero() {
		c.used, c.digits = true, max(c.digits, min(t.Digits, 9))
	}
	c.times = append(c.times, t)
	return 3
}

// addAgain is add of a time that is mostly the one before.
func (c *timeColumn) addAgain(t event.Time) int {
	if n := len(c.times); n > 0 && t == c.times[n-1] {
		c.again++
		return 3
	}
	c.settle()
	return c.add(t)
}

// settle puts what came again in its place.
func (c *timeColumn) settle() {
	for ; c.again > 0; c.again-- {
		c.times = append(c.times, c.times[len(c.times)-1])
	}
}

func (c *timeColumn) reset() {
	c.times, c.digits, c.used, c.mixed, c.again = c.times[:0], 0, false, false, 0
}

// finish makes the column's bytes.
func (c *timeColumn) finish() {
	c.settle()
	c.deltas, c.prec = c.deltas[:0], c.prec[:0]
	unit, last, nanos := pow10[9-c.digits], int64(0), int64(0)
	for _, t := range c.times {
		at, p := last, byte(0)
		if !t.IsZero() {
			if p = min(t.Digits, 9) + 1; t.Nanos != nanos { // a division takes as long as all else
				at, nanos = t.Nanos/unit, t.Nanos
			}
		}
		c.deltas = binary.AppendVarint(c.deltas, at-last)
		last = at
		if c.mixed {
			c.prec = append(c.prec, p)
		}
	}
}

func (c *timeColumn) size() int {
	n := sizeField(timesDeltas, len(c.deltas)) + sizeBytes(timesPrecision, len(c.prec))
	if c.digits > 0 {
		n += 2
	}
	return n
}

func (c *timeColumn) append(b []byte) []byte {
	b = appendNumber(b, timesDigits, uint64(c.digits))
	b = appendBytes(b, timesDeltas, c.deltas)
	if len(c.prec) > 0 {
		b = appendBytes(b, timesPrecision, c.prec)
	}
	return b
}

// span widens first and last to the times of the column, in nanoseconds.
func (c *timeColumn) span() (first, last int64) {
	found := false
	for _, t := range c.times {
		if t.IsZero() {
			continue
		}
		if !found {
			first, last, found = t.Nanos, t.Nanos, true
		}
		first, last = min(first, t.Nanos), max(last, t.Nanos)
	}
	return first, last
}

var pow10 = [10]int64{1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

var errColumn = errors.New("does not fit the number of events")

// numberReader gives the differences of a column back. The zero value is a
// column that was left out.
type numberReader struct {
	deltas []byte
	there  bool
	bad    bool
}

// open reads a Numbers of n numbers.
func (r *numberReader) open(b []byte) error {
	for len(b) > 0 {
		f, err := nextField(&b)
		if err != nil {
			return err
		}
		if f.num != numbersDeltas || r.there {
			return errField
		}
		if r.deltas, err = f.bytes(); err != nil {
			return err
		}
		r.there = true
	}
	return nil
}

func (r *numberReader) next() int64 {
	if !r.there {
		return 0
	}
	// Most differences are small.
	if len(r.deltas) > 0 && r.deltas[0] < 0x80 {
		d := r.deltas[0]
		r.deltas = r.deltas[1:]
		return int64(d>>1) ^ -int64(d&1)
	}
	d, k := binary.Varint(r.deltas)
	if k <= 0 {
		r.bad = true
		return 0
	}
	r.deltas = r.deltas[k:]
	return d
}

// done tells whether the column was read to its end and not beyond.
func (r *numberReader) done() bool { return !r.bad && len(r.deltas) == 0 }

// timeReader gives the times of a column back. The zero value is a column that
// was left out.
type timeReader struct {
	numberReader
	unit   int64
	digits uint8
	prec   []byte
	mixed  bool
	last   int64
}

func (r *timeReader) open(b []byte) error {
	for len(b) > 0 {
		f, err := nextField(&b)
		if err != nil {
			return err
		}
		switch f.num {
		case timesDigits:
			n, err := f.number()
			if err != nil || n > 9 {
				return errField
			}
			r.digits = uint8(n)
		case timesDeltas:
			if r.deltas, err = f.bytes(); err != nil || r.there {
				return errField
			}
			r.there = true
		case timesPrecision:
			if r.prec, err = f.bytes(); err != nil || r.mixed {
				return errField
			}
			r.mixed = true
		default:
			return errField
		}
	}
	r.unit = pow10[9-r.digits]
	return nil
}

func (r *timeReader) next() event.Time {
	if !r.there {
		return event.Time{}
	}
	r.last += r.numberReader.next()
	digits := r.digits
	if r.mixed {
		if len(r.prec) == 0 || r.prec[0] > 10 {
			r.bad = true
			return event.Time{}
		}
		p := r.prec[0]
		r.prec = r.prec[1:]
		if p == 0 {
			return event.Time{}
		}
		digits = p - 1
	}
	return event.Unix(r.last*r.unit, digits)
}

func (r *timeReader) done() bool { return r.numberReader.done() && len(r.prec) == 0 }
