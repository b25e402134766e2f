package parquet

import (
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// NewSmallForm has small row groups, pages and dictionaries.
func NewSmallForm(rows, bytes, page, dictionary int) *Form {
	return newForm(DefaultLevel, limits{rows, bytes, page, dictionary})
}

// NewReaderWithin holds so many bytes at most, but for the footer.
func NewReaderWithin(file io.ReaderAt, size, most int64) (*Reader, error) {
	return newReader(file, size, most)
}

// NewReaderWithoutSums passes over the checksums of pages.
func NewReaderWithoutSums(file io.ReaderAt, size int64) (*Reader, error) {
	r, err := newReader(file, size, 16<<20)
	if err == nil {
		r.memory.anySum = true
	}
	return r, err
}

// Values gives what columns say of a line, by their fields: texts, and times in microseconds.
func Values(line []byte) (map[string]string, error) {
	s := newScanner(columns())
	values, err := s.scan(line)
	out := map[string]string{}
	for i, c := range columns() {
		switch v := values[i]; {
		case v.null:
		case c.kind == instant:
			out[c.field] = strconv.FormatInt(v.micros, 10)
		default:
			out[c.field] = string(v.text)
		}
	}
	return out, err
}

// Schema is that of files.
func Schema() *parquet.Schema { return parquet.NewSchema("actiontrail", schemaOf(columns())) }
