package push

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Lines reads records that end with a line feed. One that is longer than the longest is
// cut; the last one may have no end.
type Lines struct {
	r    *bufio.Reader
	most int
}

// NewLines reads lines of at most so many bytes, without their ends.
func NewLines(r io.Reader, most int64) *Lines {
	return &Lines{bufio.NewReaderSize(r, 64<<10), int(most)}
}

// Buffered is that of a Framer. A part of a line is waited for.
func (l *Lines) Buffered() int {
	b, _ := l.r.Peek(l.r.Buffered())
	return bytes.IndexByte(b, '\n') + 1
}

// Next is that of a Framer. Empty lines are left out.
func (l *Lines) Next() (Item, error) {
	for {
		item, err := Line(l.r, l.most)
		if len(item.Data) > 0 || err != nil {
			return item, err
		}
	}
}

// Line reads up to the next line feed.
func Line(r *bufio.Reader, most int) (Item, error) {
	var data []byte
	var length int64
	for {
		part, err := r.ReadSlice('\n')
		length += int64(len(part))
		if err == nil {
			part = part[:len(part)-1]
			length--
		}
		if room := most - len(data); room > 0 {
			data = append(data, part[:min(len(part), room)]...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && length == 0:
			return Item{}, err
		}
		if int(length) == len(data) {
			if trimmed := bytes.TrimSuffix(data, []byte("\r")); len(trimmed) < len(data) {
				data, length = trimmed, length-1
			}
		}
		item := Item{Data: data, Length: length}
		switch {
		case int64(len(data)) < length:
			item.Fault = fmt.Sprintf("longer than max_line: %d bytes, %d are the most", length, most)
		case err != nil && !errors.Is(err, io.EOF):
			item.Fault, item.Length = "the connection broke within it", length+1
		}
		if len(item.Data) == 0 {
			item.Data = nil
		}
		return item, err
	}
}
