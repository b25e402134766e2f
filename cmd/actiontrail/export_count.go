package main

import (
	"errors"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
)

// exportCounter counts the events of an export as it comes, whatever its format,
// and finds out whether it ends where it should.
type exportCounter struct {
	bytes atomic.Int64
	scan  exportScan
	found atomic.Int64

	unpack *io.PipeWriter // nil: it is not compressed
	done   chan error     // how unpacking ended
}

func newExportCounter(format string, compressed bool) *exportCounter {
	c := &exportCounter{scan: exportScan{format: format}}
	if compressed {
		r, w := io.Pipe()
		c.unpack, c.done = w, make(chan error, 1)
		go func() {
			z, err := gzip.NewReader(r)
			if err == nil {
				_, err = io.Copy(writerOf(c.count), z) // the checksum is at the end
			}
			_, _ = io.Copy(io.Discard, r) // until the writer closes
			c.done <- err
		}()
	}
	return c
}

// Write never fails.
func (c *exportCounter) Write(b []byte) (int, error) {
	c.bytes.Add(int64(len(b)))
	if c.unpack != nil {
		return c.unpack.Write(b) // its reader takes all
	}
	return c.count(b)
}

func (c *exportCounter) count(b []byte) (int, error) {
	c.scan.bytes(b)
	c.found.Store(int64(c.scan.events))
	return len(b), nil
}

func (c *exportCounter) events() int { return int(c.found.Load()) }

// close is called after the last byte. The error says what is wrong with the whole.
func (c *exportCounter) close() error {
	if c.unpack != nil {
		_ = c.unpack.Close() // never fails
		if err := <-c.done; err != nil {
			return err
		}
	}
	return c.scan.end()
}

type writerOf func([]byte) (int, error)

func (f writerOf) Write(b []byte) (int, error) { return f(b) }

// exportScan counts events by the little that it must know of a format: lines,
// lines of CSV outside of quotes, or objects at their depth in one JSON value.
type exportScan struct {
	format  string
	events  int
	any     bool // something came
	last    byte
	depth   int
	quoted  bool
	escaped bool
	header  bool // of CSV, was seen
}

func (s *exportScan) bytes(b []byte) {
	if len(b) == 0 {
		return
	}
	s.any, s.last = true, b[len(b)-1]
	switch s.format {
	case "ndjson", "ecs", "ocsf", "cef":
		for _, c := range b {
			if c == '\n' {
				s.events++
			}
		}
	case "csv":
		s.csv(b)
	default:
		s.json(b)
	}
}

func (s *exportScan) csv(b []byte) {
	for _, c := range b {
		switch {
		case c == '"':
			s.quoted = !s.quoted // a quote within is doubled
		case c == '\n' && !s.quoted && s.header:
			s.events++
		case c == '\n' && !s.quoted:
			s.header = true
		}
	}
}

func (s *exportScan) json(b []byte) {
	at := 1
	if s.format == "cloudtrail" {
		at = 2
	}
	for _, c := range b {
		switch {
		case s.escaped:
			s.escaped = false
		case s.quoted && c == '\\':
			s.escaped = true
		case c == '"':
			s.quoted = !s.quoted
		case s.quoted:
		case c == '{' || c == '[':
			if c == '{' && s.depth == at {
				s.events++
			}
			s.depth++
		case c == '}' || c == ']':
			s.depth--
		}
	}
}

var errCut = errors.New("it ends in the middle of an event")

func (s *exportScan) end() error {
	cut := !s.any || s.depth != 0 || s.quoted
	switch s.format {
	case "ndjson", "ecs", "ocsf", "cef":
		cut = s.any && s.last != '\n'
	case "csv":
		cut = !s.header || s.quoted || s.last != '\n'
	}
	if cut {
		return errCut
	}
	return nil
}
