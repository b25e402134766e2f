package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// form is how the bytes of a file become records.
type form struct {
	plain bool     // UTF-8, a record for each line that ends in "\n"
	end   []byte   // line end, in the bytes of the file
	cr    []byte   // what belongs to the line end if it is right before it, may be empty
	text  *charset // nil: UTF-8, or whatever there is, as it is
	unit  int      // bytes of a code unit: a line end lies at a multiple
	bom   int      // bytes of the byte order mark
	holes bool     // NUL bytes at the head are a hole, not text
	hole  int64    // how far the hole at t.offset is known to reach
}

// rules is what the configuration says of records.
type rules struct {
	delimiter  string // "\n": a "\r" before it belongs to the line end
	text       *charset
	join       *Multiline    // nil: a record a line
	split      bool          // longer lines become several records
	flushAfter time.Duration // 0: a half line waits
}

// What is done with a line that is longer than MaxLine.
const (
	LongCut   = "cut"   // its beginning is a record that says so, the rest is left out
	LongSplit = "split" // it becomes several records that say so
)

// maxDelimiter is the characters of a line end, at most: less than widestEnd even in UTF-16.
const maxDelimiter = 8

// rules checks what the configuration says of records.
func (c *Config) rules() (rules, error) {
	u := rules{delimiter: c.Delimiter, flushAfter: c.FlushAfter, split: c.LongLines == LongSplit}
	if u.delimiter == "" {
		u.delimiter = "\n"
	}
	var err error
	if u.text, err = charsetOf(c.Encoding); err != nil {
		return u, err
	}
	switch _, err := u.text.encode(u.delimiter); {
	case err != nil:
		return u, err
	case utf8.RuneCountInString(u.delimiter) > maxDelimiter || !utf8.ValidString(u.delimiter):
		return u, fmt.Errorf("delimiter %q: want at most %d characters", u.delimiter, maxDelimiter)
	case c.LongLines != "" && c.LongLines != LongCut && c.LongLines != LongSplit:
		return u, fmt.Errorf("long_lines %q: want %q or %q", c.LongLines, LongCut, LongSplit)
	case c.FlushAfter < 0:
		return u, errors.New("flush_after must not be negative")
	}
	if c.Multiline != nil {
		join := *c.Multiline
		if u.join = &join; u.split {
			return u, errors.New("long_lines \"split\" and multiline do not go together")
		}
		err = join.check()
	}
	return u, err
}

// headEnd is the byte that ends what counts of a file for its identity. It must
// be a matter of the bytes alone: "\n" where it is part of the line end.
func (u *rules) headEnd() byte {
	if u == nil || strings.Contains(u.delimiter, "\n") {
		return '\n'
	}
	return u.delimiter[len(u.delimiter)-1]
}

// formOf is how to read a file, as its byte order mark says or else the configuration.
func (u *rules) formOf(r io.ReaderAt) (*form, error) {
	if u == nil {
		u = &rules{delimiter: "\n"}
	}
	var head [3]byte
	n, err := r.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	f := form{text: u.text}
	if bom, text := byteOrderMark(head[:n]); bom > 0 {
		f.bom, f.text = bom, text
	}
	if f.end, err = f.text.encode(u.delimiter); err != nil {
		return nil, err
	}
	if u.delimiter == "\n" {
		if f.cr, err = f.text.encode("\r"); err != nil {
			return nil, err
		}
	}
	f.unit = f.text.unit()
	f.holes = !strings.Contains(u.delimiter, "\x00")
	f.plain = u.delimiter == "\n" && f.text == nil && u.join == nil && !u.split
	return &f, nil
}

// index is where the first line end of b begins, -1 if there is none. b begins at
// offset at of the file.
func (f *form) index(b []byte, at int64) int {
	if f.unit == 1 {
		return bytes.Index(b, f.end)
	}
	for from := 0; ; {
		i := bytes.Index(b[from:], f.end)
		if i < 0 {
			return -1
		}
		if i += from; (at+int64(i))%int64(f.unit) == 0 {
			return i
		}
		from = i + 1
	}
}

// lastEnd is where the last line end of b begins, -1 if there is none.
func (f *form) lastEnd(b []byte, at int64) int {
	i := bytes.LastIndex(b, f.end)
	for i >= 0 && (at+int64(i))%int64(f.unit) != 0 {
		i = bytes.LastIndex(b[:i+len(f.end)-1], f.end)
	}
	return i
}

// clear is how many bytes of b, a line without its end that begins at offset at,
// are whole characters, and cannot be part of a line end whatever follows.
func (f *form) clear(b []byte, at int64) int {
	n := f.settled(b, at)
	if r := f.carriageReturn(b[:n]); r > 0 || n == 0 {
		return n - r
	}
	if f.text != nil {
		return f.text.whole(b, n)
	}
	return wholeRunes(b, n)
}

// settled is how many bytes of b, in which there is no line end, can begin none.
func (f *form) settled(b []byte, at int64) int {
	n := max(0, len(b)-int((at+int64(len(b)))%int64(f.unit)))
	return n - longestPrefix(b[:n], f.end, f.unit)
}

// longestPrefix is the bytes at the end of b that begin end, in whole units.
func longestPrefix(b, end []byte, unit int) int {
	for k := min(len(end)-unit, len(b)/unit*unit); k > 0; k -= unit {
		if bytes.HasSuffix(b, end[:k]) {
			return k
		}
	}
	return 0
}

// wholeRunes is n, less the beginning of a rune that goes on after it.
func wholeRunes(b []byte, n int) int {
	for back := n - 1; back >= max(0, n-utf8.UTFMax); back-- {
		if utf8.RuneStart(b[back]) {
			if !utf8.FullRune(b[back:n]) {
				return back
			}
			break
		}
	}
	return n
}

// carriageReturn is the bytes of the "\r" at the end of b, if it belongs to the line end.
func (f *form) carriageReturn(b []byte) int {
	if len(f.cr) > 0 && bytes.HasSuffix(b, f.cr) {
		return len(f.cr)
	}
	return 0
}

// cut is the first n bytes of a line, fewer if the n-th is inside a character.
func (f *form) cut(line []byte, n int64) []byte {
	if f.text == nil || int64(len(line)) <= n {
		return cut(line, n)
	}
	if m := f.text.whole(line, int(n)); m > 0 {
		return line[:m]
	}
	return line[:n] // no character fits
}

// torn tells whether a place is within a line: what is before it does not end one.
func (f *form) torn(before []byte, at int64) bool {
	if at == 0 || at == int64(f.bom) || bytes.HasSuffix(before, f.end) {
		return false
	}
	return !f.inHole(before, at) // after it a line begins
}

// inHole tells whether all bytes before a place are NUL.
func (f *form) inHole(before []byte, at int64) bool {
	if at == int64(len(before)) { // they begin with the byte order mark
		before = before[min(f.bom, len(before)):]
	}
	return f.holes && nulls(before) == len(before)
}

// nulls is how many NUL bytes b begins with.
func nulls(b []byte) int {
	for i, c := range b {
		if c != 0 {
			return i
		}
	}
	return len(b)
}
