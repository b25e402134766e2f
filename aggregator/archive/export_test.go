package archive

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// SetStep has f asked before each step that touches the staging folder.
func (c *Config) SetStep(f func(string) error) { c.step = f }

// SetLevel makes objects with other bytes.
func (c *Config) SetLevel(level int) { c.level = level }

// SetSpills tells how many bytes of lines are kept in memory.
func (c *Config) SetSpills(n int) { c.spills = n }

// SetIDs tells how many ids verify keeps in memory.
func (o *VerifyOptions) SetIDs(n int) { o.ids = n }

// Checksummed gives the members of a seal their checksum.
func Checksummed(members []byte) []byte { return checksummed(members) }

// Advance moves the position over the seal.
func (s *Seal) Advance(p *event.Position) error { return s.advance(p) }

// TreeRoot is the root over lines.
func TreeRoot(lines [][]byte) event.Hash {
	var t tree
	for _, l := range lines {
		t.add(l)
	}
	return t.root()
}

// WriteRecords makes the text of a log file of CloudTrail from lines, given in pieces.
func WriteRecords(pieces ...string) (string, error) {
	var b bytes.Buffer
	w := &recordWriter{out: &b}
	s := &lineSplitter{give: w.record}
	for _, p := range pieces {
		if _, err := s.Write([]byte(p)); err != nil {
			return "", err
		}
	}
	err := w.Close()
	return b.String(), err
}

// ReadRecords gives the lines in the text of a log file.
func ReadRecords(text string) (lines []string, err error) {
	r, err := newRecordReader(bufio.NewReaderSize(strings.NewReader(text), 16))
	if err != nil {
		return nil, err
	}
	for {
		line, err := r.next()
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, string(line))
	}
}

// SortBy is Sort with so many bytes in memory.
func SortBy(ctx context.Context, dir string, size int, c *Contents, p Period, keep func(*event.Event) (bool, error)) (*Sorted, error) {
	return sortBy(ctx, dir, size, c, p, nil, keep, func(int, int) {})
}
