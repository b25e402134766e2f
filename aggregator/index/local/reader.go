package local

import (
	"encoding/binary"
	"errors"

	"github.com/actiontrail/actiontrail/event"
)

// reader takes values off the front of b. After the first error it gives zero values.
type reader struct {
	b   []byte
	err error
}

var errCut = errors.New("data is cut off")

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *reader) uvarint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 { // most are small, and this is inlined
		n := uint64(r.b[0])
		r.b = r.b[1:]
		return n
	}
	return r.longUvarint()
}

func (r *reader) longUvarint() uint64 {
	n, k := binary.Uvarint(r.b)
	if k <= 0 {
		r.fail(errCut)
		return 0
	}
	r.b = r.b[k:]
	return n
}

// length is a uvarint that is a number of bytes which follow.
func (r *reader) length() int { return r.count(1) }

// count is a uvarint that is a number of things of at least size bytes each which follow.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.b)/size) {
		r.fail(errCut)
		return 0
	}
	return int(n)
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.fail(errCut)
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if v := r.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

func (r *reader) lane() event.Lane {
	lane, rest, err := event.ReadLane(r.b)
	if err != nil {
		r.fail(err)
		return lane
	}
	r.b = rest
	return lane
}
