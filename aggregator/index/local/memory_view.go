package local

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// memoryView is a memory at one moment, for one query. What grew since then is
// not in its window.
type memoryView struct {
	m      *memory
	times  []int64
	places []uint32
	blocks []uint32
	packed []byte
	lo, hi int64
}

func (m *memory) view() *memoryView {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return &memoryView{m, m.times, m.places, m.blocks, m.packed, m.lo, m.hi}
}

func (v *memoryView) count() int { return len(v.times) }

func (v *memoryView) window(first, last int64) (*roaring.Bitmap, error) {
	b := roaring.New()
	if len(v.times) > 0 && first <= v.lo && v.hi <= last {
		b.AddRange(0, uint64(len(v.times)))
		return b, nil
	}
	var in []uint32
	for i, t := range v.times {
		if first <= t && t <= last {
			in = append(in, uint32(i))
		}
	}
	b.AddMany(in)
	return b, nil
}

func (v *memoryView) dictionary(no int, path string) (dictionary, error) {
	if kinds[no] != asLeaves {
		return memoryDictionary{v.m, v.m.keyed[no]}, nil
	}
	if d, ok := v.m.leaves[no][path]; ok {
		return memoryDictionary{v.m, d}, nil
	}
	return nil, nil
}

func (v *memoryView) leafPaths(no int) ([]string, error) {
	paths := make([]string, 0, len(v.m.leaves[no]))
	for p := range v.m.leaves[no] {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths, nil
}

func (v *memoryView) unnamed(no int) (*roaring.Bitmap, error) {
	return roaring.BitmapOf(v.m.rest[no].list()...), nil
}

func (v *memoryView) words() (dictionary, error) { return memoryDictionary{v.m, v.m.words}, nil }

func (v *memoryView) oddIDs() (*roaring.Bitmap, error) { return roaring.BitmapOf(v.m.odd...), nil }

func (v *memoryView) timeless() bool { return v.m.notime }

func (v *memoryView) column(no int, fn func(n uint32, value uint64)) error {
	c := &v.m.columns[no]
	for n, value := range c.values {
		if c.some.has(uint32(n)) {
			fn(uint32(n), value)
		}
	}
	return nil
}

func (v *memoryView) byID(id string) (*roaring.Bitmap, error) {
	b := roaring.New()
	v.m.ids.each(id, func(n uint32) bool {
		if int(n) < len(v.times) {
			b.Add(n)
		}
		return true
	})
	return b, nil
}

func (v *memoryView) span() (lo, hi int64, some bool) { return v.lo, v.hi, len(v.times) > 0 }

func (v *memoryView) search(fn func(view) error) error {
	v.m.mu.RLock()
	defer v.m.mu.RUnlock()
	return fn(v)
}

func (v *memoryView) timesOf() (func(n uint32) int64, error) {
	return func(n uint32) int64 { return v.times[n] }, nil
}

func (v *memoryView) readDocs() docReader {
	return newMemoryDocs(v.m.codec, v.places, v.blocks, v.packed)
}

// top sorts no more than it must: the memory is in the order of arrival.
func (v *memoryView) top(set *roaring.Bitmap, after *place, ascending bool, n int) ([]*hit, error) {
	v.m.mu.RLock()
	defer v.m.mu.RUnlock()
	order := func(a, b uint32) int {
		c := cmp.Compare(v.times[a], v.times[b])
		if c == 0 && a != b {
			c = bytes.Compare(v.m.idOf(a), v.m.idOf(b))
		}
		if !ascending {
			c = -c
		}
		return c
	}
	var best []uint32
	cut := func() {
		slices.SortFunc(best, order)
		best = best[:min(n, len(best))]
	}
	for it := set.Iterator(); it.HasNext(); {
		i := it.Next()
		if after != nil && !v.behind(i, after, ascending) {
			continue
		}
		if best = append(best, i); len(best) >= 2*n+1024 {
			cut()
		}
	}
	cut()
	hits := make([]*hit, len(best))
	for k, i := range best {
		hits[k] = &hit{nanos: v.times[i], n: i, part: v}
	}
	return hits, nil
}

// behind tells whether event n comes after the place.
func (v *memoryView) behind(n uint32, p *place, ascending bool) bool {
	c := cmp.Compare(v.times[n], p.nanos)
	if c == 0 {
		c = strings.Compare(string(v.m.idOf(n)), p.id)
	}
	return c != 0 && (c > 0) == ascending
}
