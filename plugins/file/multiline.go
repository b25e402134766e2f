package file

import (
	"errors"
	"regexp"
	"time"
)

// Defaults of Multiline.
const (
	DefaultMaxLines  = 500
	DefaultMultiline = 5 * time.Second
)

// Multiline makes one record of several lines. One of Start and Continue is
// needed; they see a line without its end.
type Multiline struct {
	Start    *regexp.Regexp // matches the first line of a record
	Continue *regexp.Regexp // matches all lines of a record but the first
	MaxLines int            // after so many lines a record ends; 0: DefaultMaxLines
	// Timeout is how long the last lines of a file wait for more that may belong to them. 0: DefaultMultiline.
	Timeout time.Duration
}

func (m *Multiline) check() error {
	switch {
	case (m.Start == nil) == (m.Continue == nil):
		return errors.New("multiline: want either start or continue")
	case m.MaxLines < 0 || m.Timeout < 0:
		return errors.New("multiline: max_lines and timeout must not be negative")
	}
	if m.MaxLines == 0 {
		m.MaxLines = DefaultMaxLines
	}
	if m.Timeout == 0 {
		m.Timeout = DefaultMultiline
	}
	return nil
}

// begins tells whether a line is the first of a record.
func (m *Multiline) begins(line []byte) bool {
	if m.Start != nil {
		return m.Start.Match(line)
	}
	return !m.Continue.Match(line)
}

// orphanFault is that of a record that begins with a line that continues another.
// It was separated from it because that one was too long or too old.
const orphanFault = "begins in the middle of a record of several lines"

// group is the first record of several lines in b: a line, and all that continue
// it. Where it ends is a matter of the lines alone, not of how much of them is
// there; but u says when nothing more is waited for. A line belongs to it only as
// long as the whole is within the limit.
func (p *page) group(f *form, b []byte, at int64, u until) (found, bool) {
	m := p.rules.join
	rec := found{}
	for lines := 0; ; lines++ {
		rest, restAt := b[rec.next:], at+int64(rec.next)
		i := f.index(rest, restAt)
		if i < 0 {
			return p.lastOfGroup(f, rest, restAt, rec, lines, u)
		}
		line := rest[:i]
		line = line[:len(line)-f.carriageReturn(line)]
		switch begins := p.begins(f, line); {
		case lines == 0 && len(line) > 0 && !begins:
			rec.fault = orphanFault
		case lines > 0 && (begins || int64(rec.next+len(line)) > p.limit):
			return rec, true
		}
		rec.length = rec.next + len(line)
		rec.next += i + len(f.end)
		if lines+1 >= m.MaxLines || rec.length == 0 || int64(rec.length) > p.limit {
			return rec, true
		}
	}
}

// lastOfGroup is a group after which there is only half a line, or nothing.
func (p *page) lastOfGroup(f *form, rest []byte, at int64, rec found, lines int, u until) (found, bool) {
	if lines > 0 && rec.next+len(rest) >= p.widest() {
		return rec, true // however the line ends, it is too long to belong to it
	}
	n := f.half(rest, at, u)
	if n > 0 {
		switch begins := p.begins(f, rest[:n]); {
		case lines == 0 && !begins:
			return found{n, n, orphanFault}, true
		case lines == 0:
			return found{n, n, ""}, true
		case !begins && int64(rec.next+n) <= p.limit:
			return found{rec.next + n, rec.next + n, rec.fault}, true
		}
		return rec, true
	}
	return rec, u.lines && lines > 0
}

func (p *page) begins(f *form, line []byte) bool {
	if f.text != nil {
		p.scratch = f.text.decode(p.scratch[:0], line)
		line = p.scratch
	}
	return p.rules.join.begins(line)
}
