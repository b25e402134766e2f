package bucket

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/plugins/push"
)

// headBytes is how much of an object tells what is in it.
const headBytes = 512

// records reads those of an object: {"Records":[…]}, [ … ], or a record a line; gzipped, zstd or neither.
type records struct {
	most  int64
	open  func() (*bufio.Reader, error)
	begun bool
	text  *bufio.Reader // unpacked
	list  *json.Decoder // of elements; nil: lines
	lines *push.Lines
	ended bool
}

func newRecords(r io.Reader, most int64) *records {
	return &records{most: most, open: func() (*bufio.Reader, error) {
		packed := bufio.NewReaderSize(r, 64<<10)
		magic, err := packed.Peek(4)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		switch {
		case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
			z, err := gzip.NewReader(packed)
			if err != nil {
				return nil, err
			}
			return bufio.NewReaderSize(z, 64<<10), nil
		case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
			z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(64<<20))
			if err != nil {
				return nil, err
			}
			return bufio.NewReaderSize(z.IOReadCloser(), 64<<10), nil
		case string(magic) == "PAR1":
			return nil, errors.New("it is Parquet, which this source does not read; what archives of actiontrail hold, `actiontrail index import` brings into an index")
		}
		return packed, nil
	}}
}

// next is a record; fault says why it is not whole, and length how long it was. Any error but io.EOF is
// damage, behind which nothing can be read.
func (r *records) next() (data []byte, fault string, length int64, err error) {
	if !r.begun {
		r.begun = true
		if err := r.begin(); err != nil {
			return nil, "", 0, err
		}
	}
	if r.lines != nil {
		item, err := r.lines.Next()
		if item.Data != nil && errors.Is(err, io.EOF) {
			return item.Data, item.Fault, item.Length, nil // the next call ends
		}
		return item.Data, item.Fault, item.Length, err
	}
	if r.ended {
		return nil, "", 0, io.EOF
	}
	if !r.list.More() {
		r.ended = true
		return nil, "", 0, r.end()
	}
	var raw json.RawMessage
	if err := r.list.Decode(&raw); err != nil {
		r.ended = true
		return nil, "", 0, damaged(err)
	}
	if bytes.ContainsAny(raw, "\n\r") {
		var one bytes.Buffer
		if err := json.Compact(&one, raw); err == nil {
			raw = one.Bytes()
		}
	}
	length = int64(len(raw))
	if length > r.most {
		return raw[:r.most], fmt.Sprintf("longer than max_line: %d bytes, %d are the most", length, r.most), length, nil
	}
	return raw, "", length, nil
}

// begin unpacks the object, and looks at what it begins with.
func (r *records) begin() error {
	text, err := r.open()
	if err != nil {
		return damaged(err)
	}
	r.text = text
	head, err := text.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 { // else it comes again behind what is there
		return damaged(err)
	}
	skip := 0
	switch {
	case regexp.MustCompile(`^\x{FEFF}?\s*\{\s*"Records"\s*:\s*\[`).Match(head):
		skip = bytes.IndexByte(head, '[')
	case regexp.MustCompile(`^\x{FEFF}?\s*\[`).Match(head):
		skip = bytes.IndexByte(head, '[')
	default:
		r.lines = push.NewLines(text, r.most)
		return nil
	}
	if _, err := text.Discard(skip); err != nil {
		return damaged(err)
	}
	r.list = json.NewDecoder(text)
	if _, err := r.list.Token(); err != nil {
		return damaged(err)
	}
	return nil
}

// end looks at the end of the list: an object that was cut off shows it there.
func (r *records) end() error {
	if _, err := r.list.Token(); err != nil {
		return damaged(err)
	}
	if _, err := io.Copy(io.Discard, r.text); err != nil {
		return damaged(err)
	}
	return io.EOF
}

// damaged is an error of what an object holds; that it ends is one, too.
func damaged(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
