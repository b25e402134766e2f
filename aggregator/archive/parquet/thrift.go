package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Types of the compact protocol of Thrift, in which Parquet says what a file holds.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// thriftDepth bounds how deep what is passed over may be nested.
const thriftDepth = 16

var errThrift = errors.New("what it says of itself is cut off, or not in the compact protocol of Thrift")

// thrift reads the compact protocol. It keeps the first error, after which all that
// it gives is zero. It allocates nothing that the bytes do not have.
type thrift struct {
	data  []byte
	at    int
	depth int
	err   error
}

func (t *thrift) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.at = len(t.data)
}

func (t *thrift) byte() byte {
	if t.at >= len(t.data) {
		t.fail(errThrift)
		return 0
	}
	t.at++
	return t.data[t.at-1]
}

func (t *thrift) uvarint() uint64 {
	v, n := binary.Uvarint(t.data[t.at:])
	if n <= 0 {
		t.fail(errThrift)
		return 0
	}
	t.at += n
	return v
}

// int is an i16, i32 or i64.
func (t *thrift) int(kind byte) int64 {
	if kind != thriftI16 && kind != thriftI32 && kind != thriftI64 {
		t.fail(errThrift)
		return 0
	}
	v := t.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (t *thrift) bool(kind byte) bool {
	if kind != thriftTrue && kind != thriftFalse {
		t.fail(errThrift)
	}
	return kind == thriftTrue
}

// binary is a part of the data, not a copy.
func (t *thrift) binary(kind byte) []byte {
	n := t.uvarint()
	if kind != thriftBinary || n > uint64(len(t.data)-t.at) {
		t.fail(errThrift)
		return nil
	}
	t.at += int(n)
	return t.data[t.at-int(n) : t.at]
}

// fields gives the members of a struct; take reads the value, or passes over it by skip.
func (t *thrift) fields(kind byte, take func(id int64, kind byte)) {
	if kind != thriftStruct {
		t.fail(errThrift)
		return
	}
	if t.depth++; t.depth > thriftDepth {
		t.fail(errThrift)
	}
	for id := int64(0); t.err == nil; {
		head := t.byte()
		if head == 0 {
			break
		}
		if delta := int64(head >> 4); delta > 0 {
			id += delta
		} else {
			id = t.int(thriftI16)
		}
		if t.err == nil {
			take(id, head&15)
		}
	}
	t.depth--
}

// list gives the elements of a list.
func (t *thrift) list(kind byte, take func(kind byte)) {
	head := t.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = t.uvarint()
	}
	if kind != thriftList && kind != thriftSet || n > uint64(len(t.data)-t.at) { // each has a byte at least
		t.fail(errThrift)
		return
	}
	for ; n > 0 && t.err == nil; n-- {
		take(head & 15)
	}
}

// skip passes over a value of a struct.
func (t *thrift) skip(kind byte) {
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		t.byte()
	case thriftI16, thriftI32, thriftI64:
		t.uvarint()
	case thriftDouble:
		if len(t.data)-t.at < 8 {
			t.fail(errThrift)
			return
		}
		t.at += 8
	case thriftBinary:
		t.binary(kind)
	case thriftStruct:
		t.fields(kind, func(_ int64, kind byte) { t.skip(kind) })
	case thriftList, thriftSet:
		if t.depth++; t.depth > thriftDepth {
			t.fail(errThrift)
			return
		}
		t.list(kind, func(kind byte) {
			if kind == thriftTrue || kind == thriftFalse {
				kind = thriftByte // in a list it has a byte of its own
			}
			t.skip(kind)
		})
		t.depth--
	default: // a map, which Parquet has nowhere
		t.fail(fmt.Errorf("%w: type %d", errThrift, kind))
	}
}
