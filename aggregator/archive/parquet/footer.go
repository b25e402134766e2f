package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	magic = "PAR1"
	// longestFooter bounds what is read of a file before anything is known of it. A row
	// group has about 8 KiB in it, and 50 KiB at most.
	longestFooter = 32 << 20
	footerTail    = 4 + len(magic) // its length, and the magic
)

// Physical types, repetitions, encodings, codecs and pages, as Parquet numbers them.
const (
	typeInt64     = 2
	typeByteArray = 6

	required = 0
	optional = 1

	convertedUTF8   = 0
	convertedMicros = 10

	plain         = 0
	rle           = 3
	rleDictionary = 8

	codecZstd = 6

	dataPage       = 0
	dictionaryPage = 2
)

// element is a node of the schema.
type element struct {
	name       string
	kind       int64 // physical; -1: a group
	repetition int64
	children   int64
	converted  int64 // -1: none
	logical    int64 // the member of the union; 0: none
	utc        bool  // of a timestamp,
	unit       int64 // and its unit: the member of that union
}

// chunk is a column of a row group.
type chunk struct {
	kind       int64
	codec      int64
	values     int64
	compressed int64
	data       int64  // offset of the first data page
	dictionary int64  // of its page; 0: there is none
	path       string // of its name; of more than one, nothing
	elsewhere  bool
}

// group is a row group.
type group struct {
	rows   int64
	chunks []chunk
}

// footer is what a file says of itself.
type footer struct {
	rows    int64
	version string
	schema  []element
	groups  []group
}

// readFooter gives the footer and where it begins. A row group in it has as many chunks as there are columns.
func readFooter(r io.ReaderAt, size int64, columns int) (*footer, int64, error) {
	if size < int64(len(magic)+footerTail) {
		return nil, 0, errors.New("it is too short for Parquet")
	}
	head, tail := make([]byte, len(magic)), make([]byte, footerTail)
	if err := readAt(r, head, 0); err != nil {
		return nil, 0, err
	}
	if err := readAt(r, tail, size-int64(footerTail)); err != nil {
		return nil, 0, err
	}
	if string(head) != magic || string(tail[4:]) != magic {
		return nil, 0, errors.New("it is not Parquet, or cut off")
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	begin := size - int64(footerTail) - length
	if length > longestFooter || begin < int64(len(magic)) {
		return nil, 0, fmt.Errorf("its footer has %d bytes, which cannot be", length)
	}
	data := make([]byte, length)
	if err := readAt(r, data, begin); err != nil {
		return nil, 0, err
	}
	f := &footer{}
	t := &thrift{data: data}
	f.read(t, columns)
	if t.err == nil && t.at != len(data) {
		t.fail(errThrift)
	}
	return f, begin, t.err
}

func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (f *footer) read(t *thrift, columns int) {
	t.fields(thriftStruct, func(id int64, kind byte) {
		switch id {
		case 2:
			t.list(kind, func(kind byte) {
				if len(f.schema) > columns {
					t.fail(errors.New("it has more columns than the schema"))
					return
				}
				f.schema = append(f.schema, readElement(t, kind))
			})
		case 3:
			f.rows = t.int(kind)
		case 4:
			t.list(kind, func(kind byte) {
				g := readGroup(t, kind, columns)
				if t.err == nil && len(g.chunks) != columns {
					t.fail(fmt.Errorf("a row group has %d columns, not %d", len(g.chunks), columns))
				}
				f.groups = append(f.groups, g)
			})
		case 5:
			t.list(kind, func(kind byte) {
				if key, value := readPair(t, kind); key == VersionKey {
					f.version = value
				}
			})
		case 8: // encryption of Parquet's own
			t.fail(errors.New("it is encrypted in Parquet's own way, which archives are not"))
		default:
			t.skip(kind)
		}
	})
}

func readElement(t *thrift, kind byte) element {
	e := element{kind: -1, repetition: -1, converted: -1}
	t.fields(kind, func(id int64, kind byte) {
		switch id {
		case 1:
			e.kind = t.int(kind)
		case 3:
			e.repetition = t.int(kind)
		case 4:
			e.name = string(t.binary(kind))
		case 5:
			e.children = t.int(kind)
		case 6:
			e.converted = t.int(kind)
		case 10:
			e.readLogical(t, kind)
		default:
			t.skip(kind)
		}
	})
	return e
}

func (e *element) readLogical(t *thrift, kind byte) {
	t.fields(kind, func(id int64, kind byte) {
		e.logical = id
		t.fields(kind, func(id int64, kind byte) {
			switch {
			case e.logical == logicalTimestamp && id == 1:
				e.utc = t.bool(kind)
			case e.logical == logicalTimestamp && id == 2:
				t.fields(kind, func(id int64, kind byte) {
					e.unit = id
					t.skip(kind)
				})
			default:
				t.skip(kind)
			}
		})
	})
}

// Members of the union of logical types, and of that of units.
const (
	logicalString    = 1
	logicalTimestamp = 8
	unitMicros       = 2
)

func readPair(t *thrift, kind byte) (key, value string) {
	t.fields(kind, func(id int64, kind byte) {
		switch id {
		case 1:
			key = string(t.binary(kind))
		case 2:
			value = string(t.binary(kind))
		default:
			t.skip(kind)
		}
	})
	return key, value
}

func readGroup(t *thrift, kind byte, columns int) (g group) {
	t.fields(kind, func(id int64, kind byte) {
		switch id {
		case 1:
			t.list(kind, func(kind byte) {
				if len(g.chunks) == columns {
					t.fail(errors.New("a row group has more columns than the schema"))
					return
				}
				c := readChunk(t, kind)
				if c.path == "" || c.compressed <= 0 { // so that it has some bytes for those that it takes here
					t.fail(errors.New("a column of a row group tells no name, or no bytes"))
				}
				g.chunks = append(g.chunks, c)
			})
		case 3:
			g.rows = t.int(kind)
		default:
			t.skip(kind)
		}
	})
	return g
}

func readChunk(t *thrift, kind byte) (c chunk) {
	t.fields(kind, func(id int64, kind byte) {
		switch id {
		case 1: // a path
			c.elsewhere = true
			t.skip(kind)
		case 3:
			c.readMeta(t, kind)
		default:
			t.skip(kind)
		}
	})
	return c
}

func (c *chunk) readMeta(t *thrift, kind byte) {
	t.fields(kind, func(id int64, kind byte) {
		switch id {
		case 1:
			c.kind = t.int(kind)
		case 3:
			n := 0
			t.list(kind, func(kind byte) {
				if c.path = string(t.binary(kind)); n > 0 {
					c.path = ""
				}
				n++
			})
		case 4:
			c.codec = t.int(kind)
		case 5:
			c.values = t.int(kind)
		case 7:
			c.compressed = t.int(kind)
		case 9:
			c.data = t.int(kind)
		case 11:
			c.dictionary = t.int(kind)
		default:
			t.skip(kind)
		}
	})
}

// check refuses a file that is not of this schema.
func (f *footer) check(all []column) error {
	if f.version != Version {
		return fmt.Errorf("its schema has version %q; this release reads %s: use a later one", f.version, Version)
	}
	want := []element{{name: "actiontrail", kind: -1, repetition: -1, children: int64(len(all) + 1), converted: -1}}
	for _, c := range all {
		e := element{name: c.name, kind: typeByteArray, repetition: optional, converted: convertedUTF8, logical: logicalString}
		if c.kind == instant {
			e.kind, e.converted, e.logical, e.utc, e.unit = typeInt64, convertedMicros, logicalTimestamp, true, unitMicros
		}
		want = append(want, e)
	}
	want = append(want, element{name: Body, kind: typeByteArray, repetition: required, converted: convertedUTF8, logical: logicalString})
	if len(f.schema) != len(want) {
		return fmt.Errorf("its schema has %d columns, not the %d of version %s", len(f.schema)-1, len(want)-1, Version)
	}
	for i, e := range f.schema {
		if e != want[i] {
			return fmt.Errorf("column %q of its schema is not as version %s has it", e.name, Version)
		}
	}
	rows := int64(0)
	for _, g := range f.groups {
		if g.rows <= 0 || rows+g.rows < rows {
			return fmt.Errorf("a row group has %d rows", g.rows)
		}
		rows += g.rows
	}
	if rows != f.rows {
		return fmt.Errorf("its row groups have %d rows, its footer says %d", rows, f.rows)
	}
	return nil
}
