package syslog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/actiontrail/actiontrail/plugins/push"
)

// maxCount is how many digits the length of a message may have.
const maxCount = 9

// frames reads syslog from a connection, as RFC 6587 has it: each message begins with its
// length, or ends with a line feed. Which one it is each message tells.
type frames struct {
	r    *bufio.Reader
	most int
}

func newFrames(r io.Reader, most int64) *frames {
	return &frames{bufio.NewReaderSize(r, 64<<10), int(most)}
}

// Buffered is that of a push.Framer. A part of a message is waited for.
func (f *frames) Buffered() int {
	b, _ := f.r.Peek(f.r.Buffered())
	if digits, n, counted := count(b); counted {
		if len(b) < digits+1+n {
			return 0
		}
		return digits + 1 + n
	}
	return bytes.IndexByte(b, '\n') + 1
}

// Next is that of a push.Framer.
func (f *frames) Next() (push.Item, error) {
	for {
		b, err := f.head()
		if len(b) == 0 {
			return push.Item{}, err
		}
		var item push.Item
		if digits, n, counted := count(b); counted {
			item, err = f.counted(digits, n)
		} else {
			item, err = push.Line(f.r, f.most)
			item.Data = bytes.TrimRight(item.Data, "\x00")
			if item.Fault == "" {
				item.Length = int64(len(item.Data))
			}
		}
		if len(item.Data) > 0 || err != nil {
			if len(item.Data) == 0 {
				item.Data = nil
			}
			return item, err
		}
	}
}

// head is the beginning of the next message: as much of it as tells how it is framed. Nothing more
// is read than that: a message may be shorter than any fixed number of bytes.
func (f *frames) head() ([]byte, error) {
	for n := 1; ; n++ {
		b, err := f.r.Peek(n)
		if err != nil || n > maxCount+1 {
			return b, err
		}
		if c := b[n-1]; c < '0' || c > '9' {
			if c != ' ' || n == 1 {
				return b, nil
			}
			return f.r.Peek(n + 1) // what is behind the length
		}
	}
}

// count is the length that a message begins with: "123 <". Lines may begin with digits, too.
func count(b []byte) (digits, n int, counted bool) {
	for digits < len(b) && digits <= maxCount && b[digits] >= '0' && b[digits] <= '9' {
		n = 10*n + int(b[digits]-'0')
		digits++
	}
	counted = digits > 0 && digits <= maxCount && b[0] != '0' && digits+1 < len(b) && b[digits] == ' ' && b[digits+1] == '<'
	return digits, n, counted
}

func (f *frames) counted(digits, n int) (push.Item, error) {
	if _, err := f.r.Discard(digits + 1); err != nil {
		return push.Item{}, err
	}
	data := make([]byte, min(n, f.most))
	got, err := io.ReadFull(f.r, data)
	if err == nil && n > got {
		_, err = f.r.Discard(n - got)
	}
	item := push.Item{Data: data[:got], Length: int64(n)}
	switch {
	case err != nil && got < len(data):
		item.Fault = fmt.Sprintf("the connection ended within it: %d bytes of %d", got, n)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
	case got < n:
		item.Fault = fmt.Sprintf("longer than max_line: %d bytes, %d are the most", n, f.most)
	default: // some end it with a line feed as well
		item.Data = bytes.TrimRight(item.Data, "\r\n\x00")
		item.Length = int64(len(item.Data))
	}
	return item, err
}
