package local

import (
	"context"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// compare holds the dictionaries and columns of a segment against a memory of
// its events from one number to another, which has them from 0: each value leads
// to the same events, and there is none that no event has.
func (k *segmentCheck) compare(ctx context.Context, m *memory, from, to int) error {
	return m.view().search(func(want view) error {
		got := &segmentView{segment: k.s}
		p := pair{k.c, want, got, uint32(from), roaring.New()}
		p.chunk.AddRange(uint64(from), uint64(to))
		for no := range fields {
			if err := ctx.Err(); err != nil {
				return err
			}
			var err error
			switch kinds[no] {
			case asKey, asText:
				err = p.dictionaries(no, []string{""})
			case asLeaves:
				err = p.leaves(no)
			case asColumn:
				err = p.columns(no)
			}
			if err != nil {
				return err
			}
		}
		return p.both("the words", nil, nil, func(v view) (dictionary, error) { return v.words() })
	})
}

// pair is a memory and a segment that should say the same of the events of a chunk.
type pair struct {
	c         *Checked
	want, got view
	from      uint32          // number of the memory's first event in the segment
	chunk     *roaring.Bitmap // its events in the segment
}

// shifted are events of the memory by their numbers in the segment.
func (p pair) shifted(set *roaring.Bitmap) *roaring.Bitmap {
	return roaring.AddOffset64(set, int64(p.from))
}

func (p pair) dictionaries(no int, paths []string) error {
	for _, path := range paths {
		err := p.both(fields[no].Name+" "+path, nil, nil, func(v view) (dictionary, error) { return v.dictionary(no, path) })
		if err != nil {
			return err
		}
	}
	return nil
}

// leaves compares the leaves of a Flattened field. A leaf may have a dictionary
// in one and none in the other, for some events: those are told by unnamed.
func (p pair) leaves(no int) error {
	expect, err := p.want.unnamed(no)
	if err != nil {
		return err
	}
	found, err := p.got.unnamed(no)
	if err != nil {
		return err
	}
	paths, err := p.want.leafPaths(no)
	if err != nil {
		return err
	}
	more, err := p.got.leafPaths(no)
	if err != nil {
		return err
	}
	paths = append(paths, more...)
	slices.Sort(paths)
	expect = p.shifted(expect)
	for _, path := range slices.Compact(paths) {
		err := p.both(fields[no].Name+"."+path, expect, found, func(v view) (dictionary, error) { return v.dictionary(no, path) })
		if err != nil {
			return err
		}
	}
	return nil
}

// both compares a dictionary of the two. Events of loose may lack in want's, those
// of free in got's; nil: none.
func (p pair) both(name string, loose, free *roaring.Bitmap, open func(view) (dictionary, error)) error {
	if loose == nil {
		loose, free = roaring.New(), roaring.New()
	}
	want, err := open(p.want)
	if err != nil {
		return err
	}
	got, err := open(p.got)
	if err != nil {
		return err
	}
	hidden, all := roaring.New(), roaring.New()
	counts := map[string]int{} // of the segment's keys
	if got != nil {
		if hidden, err = got.hidden(); err != nil {
			return err
		}
		if all, err = got.all(); err != nil {
			return err
		}
		if err := got.count(p.chunk, func(key []byte, n int) { counts[string(key)] += n }); err != nil {
			return err
		}
	}
	some := roaring.New() // of the memory
	lookUp := func(key string, expect *roaring.Bitmap) error {
		found := roaring.New()
		if got != nil {
			if found, err = got.find(key); err != nil {
				return err
			}
			found.And(p.chunk)
		}
		some.Or(expect)
		lost, extra := roaring.AndNot(expect, found), roaring.AndNot(found, expect)
		lost.AndNot(free)
		extra.AndNot(loose)
		if !lost.IsEmpty() || !extra.IsEmpty() {
			p.c.problem("%s: %q leads to %d events too few and %d too many", name, key, lost.GetCardinality(), extra.GetCardinality())
		}
		n, keyed := counts[key]
		delete(counts, key)
		if unkeyed := roaring.AndNot(found, hidden); !keyed && !unkeyed.IsEmpty() || keyed && n != int(found.GetCardinality()) {
			p.c.problem("%s: %q has %d events, and is counted with %d", name, key, found.GetCardinality(), n)
		}
		return nil
	}
	if want != nil {
		var keys []string
		everything := roaring.New()
		everything.AddRange(0, p.chunk.GetCardinality())
		if err := want.count(everything, func(key []byte, _ int) { keys = append(keys, string(key)) }); err != nil {
			return err
		}
		for _, key := range keys {
			set, err := want.find(key)
			if err != nil {
				return err
			}
			if err := lookUp(key, p.shifted(set)); err != nil {
				return err
			}
		}
	}
	for key := range counts {
		if err := lookUp(key, roaring.New()); err != nil {
			return err
		}
	}
	all.And(p.chunk)
	lost, extra := roaring.AndNot(some, all), roaring.AndNot(all, some)
	lost.AndNot(free)
	extra.AndNot(loose)
	if !lost.IsEmpty() || !extra.IsEmpty() {
		p.c.problem("%s: the events with any value are %d too few and %d too many", name, lost.GetCardinality(), extra.GetCardinality())
	}
	return nil
}

// columns compares a column.
func (p pair) columns(no int) error {
	want := map[uint32]uint64{}
	if err := p.want.column(no, func(n uint32, v uint64) { want[n+p.from] = v }); err != nil {
		return err
	}
	err := p.got.column(no, func(n uint32, v uint64) {
		if !p.chunk.Contains(n) {
			return
		}
		if w, ok := want[n]; !ok || w != v {
			p.c.problem("%s of event %d is %d, and said to be %d", fields[no].Name, n, w, v)
		}
		delete(want, n)
	})
	if err == nil && len(want) > 0 {
		err = fmt.Errorf("%s of %d events is not in its column", fields[no].Name, len(want))
	}
	return err
}
