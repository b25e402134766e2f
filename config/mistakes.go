package config

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// Mistakes are all that is wrong with a configuration. Error gives each with
// file, line and column, the text that it is about, and what to write instead.
type Mistakes struct {
	diagnostics hcl.Diagnostics
	files       map[string]*hcl.File
}

// Error is the text for the operator.
func (m *Mistakes) Error() string {
	var b bytes.Buffer
	for _, d := range m.diagnostics {
		m.write(&b, d)
	}
	if n := len(m.diagnostics); n == 1 {
		b.WriteString("1 mistake")
	} else {
		fmt.Fprintf(&b, "%d mistakes", n)
	}
	return b.String()
}

// write writes one mistake:
//
//	deploy/actiontrail.hcl:12:11: unknown format
//	    format = "ngnix"
//	             ^^^^^^^
//	  did you mean "nginx"?
func (m *Mistakes) write(b *bytes.Buffer, d *hcl.Diagnostic) {
	if d.Subject == nil {
		fmt.Fprintf(b, "%s\n", d.Summary)
	} else {
		fmt.Fprintf(b, "%s:%d:%d: %s\n", d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column, d.Summary)
		m.quote(b, d.Subject)
	}
	if d.Detail != "" {
		fmt.Fprintf(b, "  %s\n", d.Detail)
	}
	b.WriteByte('\n')
}

// quote writes the line that a mistake is in, and marks the place.
func (m *Mistakes) quote(b *bytes.Buffer, r *hcl.Range) {
	file := m.files[r.Filename]
	if file == nil || r.Start.Byte > len(file.Bytes) {
		return
	}
	from := bytes.LastIndexByte(file.Bytes[:r.Start.Byte], '\n') + 1
	line, _, _ := bytes.Cut(file.Bytes[from:], []byte("\n"))
	line = bytes.TrimRight(line, "\r")
	indent := len(line) - len(bytes.TrimLeft(line, " \t"))
	at := r.Start.Byte - from
	if len(line) > 160 || at < indent || at > len(line) {
		return
	}
	end := len(line)
	if r.End.Line == r.Start.Line {
		end = min(max(r.End.Byte-from, at+1), len(line))
	}
	fmt.Fprintf(b, "    %s\n    ", line[indent:])
	for _, c := range string(line[indent:at]) {
		if c != '\t' {
			c = ' '
		}
		b.WriteRune(c)
	}
	for range []rune(string(line[at:max(end, min(at+1, len(line)))])) {
		b.WriteByte('^')
	}
	b.WriteByte('\n')
}

// Count is how many mistakes there are.
func (m *Mistakes) Count() int { return len(m.diagnostics) }
