package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// Salvaged is what was read of one file.
type Salvaged struct {
	File     string
	Events   int      // that could be read
	Problems []string // what could not
}

// salvageGroup is how many events Salvage gives at a time.
const salvageGroup = 1000

// Salvage gives the events of all files of an index that nobody has open, those
// that were set aside among them, as far as they can be read, with the part of the
// stream that they came from; the zero range when it is not known. An event may
// come twice. What give does with events is its own matter; its error ends all.
func Salvage(ctx context.Context, dir string, give func(from index.SeqRange, events []event.Event) error) (all []Salvaged, err error) {
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	seqs := map[string]index.SeqRange{}
	if m, err := readManifest(dir); err == nil && m != nil {
		for _, e := range m.Segments {
			seqs[e.File] = e.Seqs
		}
		for _, d := range m.Damaged {
			seqs[d.File] = d.Lost
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), damagedSuffix)
		s := &salvage{ctx: ctx, path: filepath.Join(dir, e.Name()), from: seqs[name], give: give, out: Salvaged{File: e.Name()}}
		switch filepath.Ext(name) {
		case segmentSuffix:
			err = s.segment(c)
		case walSuffix:
			err = s.wal(c, strings.TrimSuffix(name, walSuffix))
		default:
			continue
		}
		all = append(all, s.out)
		if err == nil {
			err = s.flush()
		}
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// salvage reads one file.
type salvage struct {
	ctx  context.Context
	path string
	from index.SeqRange
	give func(index.SeqRange, []event.Event) error
	some []event.Event
	out  Salvaged
}

func (s *salvage) problem(err error) { s.out.Problems = append(s.out.Problems, reasonOf(err)) }

func (s *salvage) add(e event.Event) error {
	s.out.Events++
	if s.some = append(s.some, e); len(s.some) < salvageGroup {
		return nil
	}
	return s.flush()
}

func (s *salvage) flush() error {
	some := s.some
	s.some = nil
	if len(some) == 0 {
		return nil
	}
	if err := s.ctx.Err(); err != nil {
		return err
	}
	return s.give(s.from, some)
}

// segment reads the blocks of events one by one: one that is damaged costs its own events only.
func (s *salvage) segment(c *codec) error {
	seg, err := openSegment(c, s.path)
	if err != nil {
		s.problem(err)
		return nil
	}
	defer seg.release()
	lost := 0
	var why error
	var failed error // of give
	docs := seg.readDocs()
	for n := range uint32(seg.foot.Events) {
		var e event.Event
		err := seg.guard(func() error {
			return docs.event(n, &e)
		})
		if err != nil {
			lost++
			why = err
			continue
		}
		if failed = s.add(e); failed != nil {
			return failed
		}
	}
	if lost > 0 {
		s.problem(fmt.Errorf("%d of its %d events cannot be read: %s", lost, seg.foot.Events, reasonOf(why)))
	}
	return nil
}

func (s *salvage) wal(c *codec, digits string) error {
	var number uint64
	if _, err := fmt.Sscanf(digits, "%d", &number); err != nil {
		return nil // not a WAL
	}
	b, err := os.ReadFile(s.path)
	if err != nil {
		return err
	}
	var failed error
	found, err := readWAL(c, b, number, -1, func(rec record, _ bool) error {
		s.from = index.SeqRange{}
		for i := range rec.batches {
			s.from.Add(rec.batches[i].Seq)
		}
		wrong := rec.each(func(e *event.Event) {
			if failed == nil {
				failed = s.add(*e)
			}
		})
		if failed == nil {
			failed = s.flush()
		}
		return wrong
	})
	if err != nil {
		s.problem(err)
	}
	s.out.Problems = slices.Concat(s.out.Problems, found.damage)
	return failed
}
