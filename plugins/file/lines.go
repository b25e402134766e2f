package file

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/plugins"
)

const (
	// pageBytes is what one Read gives of short lines: so much is still in the nearest
	// caches of a core when it is mapped, beside what the batch holds already.
	pageBytes = 128 << 10
	// leastRoom is the room below which a page counts as full.
	leastRoom = 8 << 10
	// widestEnd is more than any line end and the beginning of a character before it have.
	widestEnd = 64
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
	rules   rules
	text    []byte // what was decoded
	scratch []byte
}

func newPage(limit int64) *page {
	return &page{buf: make([]byte, pageBytes), records: make([]plugins.Record, 0, plugins.MaxRecords), limit: limit, fault: "longer than max_line " + byteSize(limit), rules: rules{delimiter: "\n"}}
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

func (p *page) reset() { p.used, p.records, p.text = 0, p.records[:0], p.text[:0] }

func (p *page) full() bool {
	return len(p.records) >= plugins.MaxRecords || p.used > pageBytes-leastRoom
}

// add makes a record of a line that begins at offset at. line is the line, or as
// much of it as is kept; length is the whole of it, without its end. An empty line
// says nothing, and makes no record.
func (p *page) add(t *tail, at int64, line []byte, length int64, fault string) {
	if length == 0 {
		return
	}
	r := plugins.Record{Data: line, Pos: plugins.Position{File: t.file, FileID: t.id, Generation: t.generation, Offset: at, Length: length}, Fault: fault}
	if length > p.limit {
		r.Data, r.Fault = t.form.cut(line, p.limit), p.fault
	}
	if t.form.text != nil {
		from := len(p.text)
		p.text = t.form.text.decode(p.text, r.Data)
		r.Data = p.text[from:len(p.text):len(p.text)]
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

// taking is how far a tail is with what it takes.
type taking struct {
	scanned int64 // >= offset: no line end lies in between
	average int   // bytes per line, a guess
	wide    bool  // the next record is longer than what one read gave
	form    *form // nil: not looked at yet
	only    int64 // the half line that the identity is made of: the first record is just that; 0: it is made of a whole one

	end       int64     // where the file ended when it was last read to its end
	heldEnd   int64     // the same, since heldSince
	heldSince time.Time // since when something waits for more; zero: nothing does
	flushed   int       // what has been flushed since heldSince
	flushing  int       // what is to be flushed now
}

// restFault is that of a record whose beginning is a record of its own.
const restFault = "the rest of a line: its beginning was taken before it was complete"

// take moves the complete lines from t.offset on to the page, as many as fit and
// one read gives. It clears t.ready at the end of the file. It is errChanged
// when what is before the offset is no longer what was read.
func (t *tail) take(r io.ReaderAt, p *page) (err error) {
	if t.form == nil {
		if t.form, err = p.rules.formOf(r); err != nil {
			return err
		}
	}
	switch {
	case t.offset < int64(t.form.bom): // a byte order mark is no text
		t.offset, t.scanned, t.dirty = int64(t.form.bom), int64(t.form.bom), true
		return t.note(r)
	case t.scanned > t.offset:
		err = t.takeLong(r, p)
	default:
		err = t.takeShort(r, p)
	}
	if p.rules.patient() {
		t.hold()
	}
	return err
}

func (t *tail) takeShort(r io.ReaderAt, p *page) error {
	// The bytes before the offset come along: one system call reads and checks.
	before := t.before()
	want := before + t.guess(plugins.MaxRecords-len(p.records))
	if t.wide {
		if want = before + p.widest(); want > len(p.buf)-p.used {
			if p.used > 0 {
				p.used = len(p.buf) // full: the record begins the next page
				return nil
			}
			p.buf = make([]byte, want+leastRoom)
		}
	}
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
	if n, end = t.shorten(before, n, end); end {
		t.end = t.offset + int64(n-before)
	}
	b = b[:n]
	at := before
	if at < n && b[at] == 0 {
		if hole := t.hole(b, at); hole > 0 {
			return t.skipHole(r, p, t.offset+int64(hole-before))
		}
	}
	lines := len(p.records)
	from := at
	if torn := t.form.torn(b[:at], t.offset+int64(at-before)); t.form.plain && !torn && t.flushing == 0 {
		at = t.takePlain(p, b, before, at, end)
	} else {
		at = t.takeFormed(p, b, before, at, end, torn)
	}
	if at == from {
		return nil
	}
	t.offset += int64(at - before)
	t.scanned = max(t.scanned, t.offset)
	t.average = (t.average + (at-before)/max(1, len(p.records)-lines)) / 2
	t.overlap = crc32.Checksum(b[at-t.before():at], castagnoli)
	t.dirty = true
	p.used += at
	return nil
}

// takePlain takes the lines of b from at on, and returns how far it came; b[before]
// is at t.offset. It is where nearly all lines go through.
func (t *tail) takePlain(p *page, b []byte, before, at int, end bool) int {
	base, from := t.offset-int64(before), at
	for len(p.records) < plugins.MaxRecords {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			t.scanned = base + int64(at) // of a full page the rest is read again, from the start of its line
			if end && t.final && at < len(b) {
				p.add(t, base+int64(at), b[at:], int64(len(b)-at), "")
				at = len(b)
			} else if end || at == from {
				t.scanned += int64(len(b) - at)
			}
			t.ready = !end
			return at
		}
		line := withoutReturn(b[at : at+i])
		if n := int64(len(line)); n > p.limit {
			p.add(t, base+int64(at), line, n, "")
		} else if n > 0 {
			p.records = append(p.records, plugins.Record{Data: line, Pos: plugins.Position{File: t.file, FileID: t.id, Generation: t.generation, Offset: base + int64(at), Length: n}})
		}
		at += i + 1
	}
	return at
}

// found is a record in bytes that were read.
type found struct {
	length int // without its line end
	next   int // where the next one begins
	fault  string
}

// takeFormed is takePlain for all other forms. torn tells that b[at] is within a line.
func (t *tail) takeFormed(p *page, b []byte, before, at int, end, torn bool) int {
	base, from := t.offset-int64(before), at
	u := t.until(end)
	for len(p.records) < plugins.MaxRecords {
		rec, ok := p.find(t.form, b[at:], base+int64(at), u)
		if !ok {
			switch {
			case end:
				t.ready = false
			case at > from:
			case p.whole() && len(b)-at < p.widest():
				t.wide = true // more must be seen at once
			default:
				t.scanned = base + int64(at+t.form.settled(b[at:], base+int64(at)))
			}
			return at
		}
		if torn && rec.length > 0 {
			rec.fault = restFault
		}
		torn, t.wide = rec.next == rec.length && rec.length > 0, false
		p.add(t, base+int64(at), b[at:at+rec.length], int64(rec.length), rec.fault)
		at += rec.next
	}
	return at
}

// whole tells whether a record must be seen as a whole before any of it is taken.
func (p *page) whole() bool { return p.rules.join != nil || p.rules.split }

// widest is the bytes in which a record, or that there is none within the limit, can be seen.
func (p *page) widest() int { return int(p.limit) + widestEnd }

// until tells what of the end of the file is taken although it may go on.
func (t *tail) until(end bool) until {
	return until{lines: end && (t.final || t.flushing&flushLines > 0), half: end && (t.final || t.flushing&flushHalf > 0), all: end && t.final}
}

type until struct {
	lines bool // complete lines to which others may belong
	half  bool // a half line, as far as it is clear
	all   bool // a half line to its last byte
}

// find is the first record of b, which begins at offset at of the file.
func (p *page) find(f *form, b []byte, at int64, u until) (found, bool) {
	if p.rules.join != nil {
		return p.group(f, b, at, u)
	}
	i := f.index(b, at)
	var rec found
	if i >= 0 {
		rec = found{i - f.carriageReturn(b[:i]), i + len(f.end), ""}
	} else {
		n := f.half(b, at, u)
		rec = found{n, n, ""}
	}
	if p.rules.split && (int64(rec.length) > p.limit || i < 0 && len(b) >= p.widest()) {
		n := len(f.cut(b, p.limit))
		return found{n, n, "part of a line " + p.fault}, true
	}
	return rec, rec.next > 0
}

// half is how much of a half line is taken.
func (f *form) half(b []byte, at int64, u until) int {
	switch {
	case u.all:
		return len(b)
	case u.half:
		return f.clear(b, at)
	}
	return 0
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
	torn := t.form.torn(room[:before], t.offset)
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
		if i := t.form.index(room[:n], t.scanned); i >= 0 {
			return t.takeWhole(r, p, t.scanned+int64(i), len(t.form.end), torn, until{})
		}
		if end {
			if t.end = t.scanned + int64(n); t.end != t.heldEnd {
				t.flushing = 0
			}
		}
		if u := t.until(end); u.half {
			return t.takeWhole(r, p, t.end, 0, torn, u)
		}
		t.scanned += int64(t.form.settled(room[:n], t.scanned))
		if end {
			t.ready = false
			return nil
		}
	}
	return nil
}

// takeWhole takes the one line that ends at end, and skips the line end of so many bytes.
func (t *tail) takeWhole(r io.ReaderAt, p *page, end int64, lineEnd int, torn bool, u until) error {
	length := end - t.offset
	need := int(min(length, int64(p.widest())))
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
	if n < need || t.form.index(line, t.offset) >= 0 { // the half line was written anew
		t.scanned = t.offset
		return nil
	}
	last, lastAt := line, t.offset // the last bytes of the line
	if int64(need) < length {
		last = make([]byte, widestEnd)
		lastAt = end - int64(len(last))
		if _, err := r.ReadAt(last, lastAt); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	switch {
	case lineEnd > 0:
		length -= int64(t.form.carriageReturn(last))
	default:
		length -= int64(len(last) - t.form.half(last, lastAt, u))
		if end = t.offset + length; length == 0 {
			t.ready = false
			return nil
		}
	}
	fault := ""
	if torn {
		fault = restFault
	}
	p.add(t, t.offset, line[:min(int64(need), length)], length, fault)
	p.used += need
	t.offset = end + int64(lineEnd)
	t.scanned = t.offset
	t.dirty = true
	return t.note(r)
}
