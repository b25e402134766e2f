package archive

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// sortedRun is how many bytes of lines are sorted in memory, sortedBlock how many
// are read at once of a run.
const (
	sortedRun   = 64 << 20
	sortedBlock = 64 << 10
)

// Sorted are events of an archive in the order of eventTime, then eventId, in a
// file that is made anew by each process. An archive has them in another order:
// that in which they came.
type Sorted struct {
	file *os.File
	at   int64 // where the file ends
	size int   // of a run in memory
	runs [][]sortedPart

	lines   []sortedLine
	pending int // bytes in lines
}

type sortedLine struct {
	nanos int64
	id    string
	text  []byte
}

func (l *sortedLine) compare(o *sortedLine) int {
	return cmp.Or(cmp.Compare(l.nanos, o.nanos), cmp.Compare(l.id, o.id))
}

// sortedPart is a block of a run: records of nanoseconds (8 bytes, little-endian),
// the lengths of id and line (varint), id and line; compressed by S2.
type sortedPart struct {
	first  int64 // nanoseconds of its first event
	offset int64
	length int
}

// Sort reads the events of a period that keep wants, of all objects that may have
// some. An object that is missing, damaged or closed is an error that names it.
// tell is called before each of them. dir is emptied.
func Sort(ctx context.Context, dir string, c *Contents, p Period, identities Identities, keep func(*event.Event) (bool, error), tell func(done, of int)) (*Sorted, error) {
	return sortBy(ctx, dir, sortedRun, c, p, identities, keep, tell)
}

func sortBy(ctx context.Context, dir string, size int, c *Contents, p Period, identities Identities, keep func(*event.Event) (bool, error), tell func(done, of int)) (*Sorted, error) {
	s, err := newSorted(dir, size)
	if err != nil {
		return nil, err
	}
	var wanted []*SealedObject
	for i := range c.Objects {
		if c.Objects[i].Within(p) {
			wanted = append(wanted, &c.Objects[i])
		}
	}
	for i, o := range wanted {
		tell(i, len(wanted))
		err := c.Read(ctx, o, identities, func(e *event.Event) error {
			if !p.Has(e.Time.Std()) {
				return nil
			}
			if ok, err := keep(e); err != nil || !ok {
				return err
			}
			return s.add(e)
		})
		if err != nil {
			return nil, joinClose(err, s)
		}
	}
	tell(len(wanted), len(wanted))
	if err := s.spill(); err != nil {
		return nil, joinClose(err, s)
	}
	return s, nil
}

func joinClose(err error, s *Sorted) error {
	if e := s.Close(); e != nil {
		return fmt.Errorf("%w; and %w", err, e)
	}
	return err
}

func newSorted(dir string, size int) (*Sorted, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("clear the folder of a backfill: %w", err)
	}
	if err := durable.MkdirAll(dir); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(dir, "sorted"))
	if err != nil {
		return nil, err
	}
	return &Sorted{file: f, size: size}, nil
}

// Close removes the file.
func (s *Sorted) Close() error {
	err := s.file.Close()
	if e := os.Remove(s.file.Name()); err == nil {
		err = e
	}
	return err
}

func (s *Sorted) add(e *event.Event) error {
	l := sortedLine{e.Time.Nanos, e.ID, e.AppendJSON(nil)}
	s.lines = append(s.lines, l)
	if s.pending += len(l.text) + len(l.id) + 64; s.pending < s.size {
		return nil
	}
	return s.spill()
}

// spill sorts what is in memory and writes it behind the other runs.
func (s *Sorted) spill() error {
	slices.SortFunc(s.lines, func(a, b sortedLine) int { return a.compare(&b) })
	var run []sortedPart
	var block, packed []byte
	first := int64(0)
	write := func() error {
		packed = s2.Encode(packed[:cap(packed)], block)
		if _, err := s.file.Write(packed); err != nil {
			return fmt.Errorf("sort the events of an archive: %w", err)
		}
		run = append(run, sortedPart{first, s.at, len(packed)})
		s.at += int64(len(packed))
		block = block[:0]
		return nil
	}
	for i := range s.lines {
		l := &s.lines[i]
		if len(block) == 0 {
			first = l.nanos
		}
		block = binary.LittleEndian.AppendUint64(block, uint64(l.nanos))
		block = binary.AppendUvarint(block, uint64(len(l.id)))
		block = binary.AppendUvarint(block, uint64(len(l.text)))
		block = append(append(block, l.id...), l.text...)
		if len(block) >= min(sortedBlock, s.size/8) {
			if err := write(); err != nil {
				return err
			}
		}
	}
	if len(block) > 0 {
		if err := write(); err != nil {
			return err
		}
	}
	if len(run) > 0 {
		s.runs = append(s.runs, run)
	}
	s.lines, s.pending = nil, 0
	return nil
}

// Each gives the events of from ≤ eventTime < to, each once.
func (s *Sorted) Each(ctx context.Context, from, to time.Time, give func(*event.Event) error) error {
	var heads runHeap
	for _, run := range s.runs {
		// The last block that begins before from, or else the first of all.
		i := max(sort.Search(len(run), func(i int) bool { return run[i].first >= from.UnixNano() })-1, 0)
		r := &runReader{sorted: s, parts: run[i:]}
		for {
			ok, err := r.next()
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if r.line.nanos >= from.UnixNano() {
				heads = append(heads, r)
				break
			}
		}
	}
	heap.Init(&heads)
	var last sortedLine
	for n := 0; len(heads) > 0; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := heads[0]
		if r.line.nanos >= to.UnixNano() {
			return nil
		}
		if n == 0 || last.compare(&r.line) != 0 {
			last = sortedLine{nanos: r.line.nanos, id: r.line.id}
			e, err := event.ParseJSON(r.line.text)
			if err != nil {
				return err
			}
			if err := give(&e); err != nil {
				return err
			}
		}
		ok, err := r.next()
		if err != nil {
			return err
		}
		if ok {
			heap.Fix(&heads, 0)
		} else {
			heap.Pop(&heads)
		}
	}
	return nil
}

// runReader reads a run.
type runReader struct {
	sorted *Sorted
	parts  []sortedPart
	block  []byte // what is left of the block
	line   sortedLine
}

func (r *runReader) next() (bool, error) {
	if len(r.block) == 0 {
		if len(r.parts) == 0 {
			return false, nil
		}
		packed := make([]byte, r.parts[0].length)
		if _, err := r.sorted.file.ReadAt(packed, r.parts[0].offset); err != nil {
			return false, fmt.Errorf("read the sorted events of an archive: %w", err)
		}
		var err error
		if r.block, err = s2.Decode(nil, packed); err != nil {
			return false, fmt.Errorf("read the sorted events of an archive: %w", err)
		}
		r.parts = r.parts[1:]
	}
	r.line.nanos = int64(binary.LittleEndian.Uint64(r.block))
	in := bytes.NewReader(r.block[8:])
	id, err := binary.ReadUvarint(in)
	if err != nil {
		return false, err
	}
	text, err := binary.ReadUvarint(in)
	if err != nil {
		return false, err
	}
	rest := r.block[len(r.block)-in.Len():]
	r.line.id, r.line.text, r.block = string(rest[:id]), rest[id:id+text], rest[id+text:]
	return true, nil
}

// runHeap has the reader with the earliest event first.
type runHeap []*runReader

func (h runHeap) Len() int           { return len(h) }
func (h runHeap) Less(i, k int) bool { return h[i].line.compare(&h[k].line) < 0 }
func (h runHeap) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }

// Push is of heap.Interface; nothing is pushed.
func (h *runHeap) Push(x any) { *h = append(*h, x.(*runReader)) }

// Pop takes the last away.
func (h *runHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
