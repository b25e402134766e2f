package file

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/plugins"
)

const (
	pageBytes = 256 << 10
	// leastRoom is the room below which a page counts as full.
	leastRoom = 8 << 10
	// scanBytes is how far one turn looks for the end of a long line before others get theirs.
	scanBytes = 8 << 20
)

// page is what one Read hands out: lines of several files in one buffer. It is
// longer than pageBytes only after a line that needed it.
type page struct {
	buf     []byte
	used    int
	records []plugins.Record
	limit   int64  // longest line, without its end
	fault   string // of a longer one
}

func newPage(limit int64) *page {
	return &page{buf: make([]byte, pageBytes), records: make([]plugins.Record, 0, plugins.MaxRecords), limit: limit, fault: "longer than max_line " + byteSize(limit)}
}

func byteSize(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

func (p *page) reset() { p.used, p.records = 0, p.records[:0] }

func (p *page) full() bool {
	return len(p.records) >= plugins.MaxRecords || p.used > pageBytes-leastRoom
}

// add makes a record of a line that begins at t.offset. line is the line, or as
// much of it as is kept; length is the whole of it, without its end.
func (p *page) add(t *tail, line []byte, length int64) {
	r := plugins.Record{Data: line, Pos: plugins.Position{File: t.file, FileID: t.id, Generation: t.generation, Offset: t.offset, Length: length}}
	if length > p.limit {
		r.Data, r.Fault = cut(line, p.limit), p.fault
	}
	p.records = append(p.records, r)
}

// cut is the first n bytes of a line, fewer if the n-th is inside a rune.
func cut(line []byte, n int64) []byte {
	if int64(len(line)) <= n {
		return line
	}
	for back := n; back > max(0, n-utf8.UTFMax); back-- {
		if utf8.RuneStart(line[back]) {
			return line[:back]
		}
	}
	return line[:n] // not UTF-8
}

// withoutReturn strips the '\r' of a line that ended in "\r\n".
func withoutReturn(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// take moves the complete lines from t.offset on to the page, as many as fit and
// one read gives. It clears t.ready at the end of the file. It is errChanged
// when what is before the offset is no longer what was read.
func (t *tail) take(r io.ReaderAt, p *page) error {
	if t.scanned > t.offset {
		return t.takeLong(r, p)
	}
	// The bytes before the offset come along: one system call reads and checks.
	before := t.before()
	want := before + t.guess(plugins.MaxRecords-len(p.records))
	b := p.buf[p.used:min(p.used+want, len(p.buf))]
	n, err := r.ReadAt(b, t.offset-int64(before))
	end := errors.Is(err, io.EOF)
	if err != nil && !end {
		return err
	}
	b = b[:n]
	if n < before || crc32.Checksum(b[:before], castagnoli) != t.overlap {
		return errChanged
	}
	at, lines := before, len(p.records)
	for len(p.records) < plugins.MaxRecords {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			t.scanned = t.offset // of a full page the rest is read again, from the start of its line
			if end && t.final && at < n {
				p.add(t, b[at:], int64(n-at))
				t.offset += int64(n - at)
				t.scanned = t.offset
				at = n
			} else if end || len(p.records) == lines {
				t.scanned += int64(n - at)
			}
			t.ready = !end
			break
		}
		line := withoutReturn(b[at : at+i])
		p.add(t, line, int64(len(line)))
		at += i + 1
		t.offset += int64(i) + 1
	}
	if at == before {
		return nil
	}
	t.scanned = max(t.scanned, t.offset)
	t.average = (t.average + (at-before)/(len(p.records)-lines)) / 2
	t.overlap = crc32.Checksum(b[at-t.before():at], castagnoli)
	t.dirty = true
	p.used += at
	return nil
}

// guess is how many bytes so many lines may have: reading more would be reading it twice.
func (t *tail) guess(lines int) int {
	return min(max(t.average, 16)*lines*9/8+4096, pageBytes)
}

// takeLong looks for the end of a line that was not in one read, or was not
// written yet, and takes it. Nothing of it is kept meanwhile.
func (t *tail) takeLong(r io.ReaderAt, p *page) error {
	room := p.buf[p.used:]
	before := t.before()
	n, err := r.ReadAt(room[:before], t.offset-int64(before))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n < before || crc32.Checksum(room[:before], castagnoli) != t.overlap {
		return errChanged
	}
	if n, err := r.ReadAt(room[:1], t.scanned-1); n == 0 { // the half line was taken back
		t.scanned = t.offset
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	for stop := t.scanned + scanBytes; t.scanned < stop; {
		n, err := r.ReadAt(room[:min(len(room), pageBytes)], t.scanned)
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return err
		}
		if i := bytes.IndexByte(room[:n], '\n'); i >= 0 {
			return t.takeWhole(r, p, t.scanned+int64(i), 1)
		}
		t.scanned += int64(n)
		if end && t.final {
			return t.takeWhole(r, p, t.scanned, 0)
		}
		if end {
			t.ready = false
			return nil
		}
	}
	return nil
}

// takeWhole takes the one line that ends at end, and skips the line end of so many bytes.
func (t *tail) takeWhole(r io.ReaderAt, p *page, end, lineEnd int64) error {
	length := end - t.offset
	need := int(min(length, p.limit+utf8.UTFMax))
	if need > len(p.buf)-p.used {
		if len(p.records) > 0 {
			p.used = len(p.buf) // full: the line begins the next page
			return nil
		}
		p.buf = make([]byte, need+leastRoom)
	}
	line := p.buf[p.used : p.used+need]
	n, err := r.ReadAt(line, t.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n < need || bytes.IndexByte(line, '\n') >= 0 { // the half line was written anew
		t.scanned = t.offset
		return nil
	}
	if lineEnd > 0 && length > 0 {
		last := line[need-1:]
		if int64(need) < length {
			last = make([]byte, 1)
			if _, err := r.ReadAt(last, end-1); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
		}
		if last[0] == '\r' {
			length--
		}
	}
	p.add(t, line[:min(int64(need), length)], length)
	p.used += need
	t.offset = end + lineEnd
	t.scanned = t.offset
	t.dirty = true
	return t.note(r)
}
