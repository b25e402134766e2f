package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Reader gives the canonical lines of a file, and finds whether its columns say the
// same as they do. It takes what a Writer makes: all else is an error, never a panic,
// and it holds mostMemory and a footer at most.
type Reader struct {
	file   io.ReaderAt
	footer *footer
	end    int64 // of the pages
	all    []column
	lines  *scanner
	memory memory

	group   int // the next one
	rows    int64
	cursors []*cursor
}

// NewReader reads the footer of a file of this size. Close ends its use.
func NewReader(file io.ReaderAt, size int64) (*Reader, error) {
	return newReader(file, size, mostMemory)
}

func newReader(file io.ReaderAt, size, most int64) (*Reader, error) {
	r := &Reader{file: file, all: columns(), memory: memory{most: most, left: most}}
	var err error
	if r.footer, r.end, err = readFooter(file, size, len(r.all)+1); err != nil {
		return nil, err
	}
	if err := r.footer.check(r.all); err != nil {
		return nil, err
	}
	r.lines = newScanner(r.all)
	// The header of a page says how long it is: nothing is allocated beyond.
	r.memory.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(mostMemory))
	return r, err
}

// Close gives back what the Reader decompresses with.
func (r *Reader) Close() { r.memory.zstd.Close() }

// Rows is how many events the file says that it has.
func (r *Reader) Rows() int64 { return r.footer.rows }

// Next gives a line, valid until the next call. io.EOF comes after the last.
func (r *Reader) Next() ([]byte, error) {
	for r.rows == 0 {
		if err := r.nextGroup(); err != nil {
			return nil, err
		}
	}
	r.rows--
	last := len(r.all)
	line, _, err := r.cursors[last].next()
	if err != nil {
		return nil, wrong(Body, err)
	}
	values, err := r.lines.scan(line)
	if err != nil {
		return nil, wrong(Body, err)
	}
	for i := range r.all {
		got, null, err := r.cursors[i].next()
		if err != nil {
			return nil, wrong(r.all[i].name, err)
		}
		if want := &values[i]; null != want.null || !null && !want.is(got, r.all[i].kind) {
			return nil, wrong(r.all[i].name, fmt.Errorf("it does not say what the event in %s does", Body))
		}
	}
	return line, nil
}

// is compares a value with the bytes of one.
func (v *value) is(b []byte, k kind) bool {
	if k == instant {
		return int64(binary.LittleEndian.Uint64(b)) == v.micros
	}
	return bytes.Equal(b, v.text)
}

func wrong(column string, err error) error { return fmt.Errorf("column %s: %w", column, err) }

// nextGroup begins the next row group, once the one before was read to its end.
func (r *Reader) nextGroup() error {
	for _, c := range r.cursors {
		if !c.ended() {
			return fmt.Errorf("column %s has more than the %d rows of its row group", c.name, r.footer.groups[r.group-1].rows)
		}
		c.close()
	}
	r.cursors = r.cursors[:0]
	if r.group == len(r.footer.groups) {
		return io.EOF
	}
	g := &r.footer.groups[r.group]
	for i := range g.chunks {
		name, kind := Body, int64(typeByteArray)
		if i < len(r.all) {
			if name = r.all[i].name; r.all[i].kind == instant {
				kind = typeInt64
			}
		}
		c, err := newCursor(r.file, &r.memory, name, &g.chunks[i], kind, i < len(r.all), g.rows, r.end)
		if err != nil {
			return fmt.Errorf("row group %d: column %s: %w", r.group, name, err)
		}
		r.cursors = append(r.cursors, c)
	}
	r.group++
	r.rows = g.rows
	return nil
}
