package local

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/actiontrail/actiontrail/event"
)

// hiddenSearch finds, for keys that look like ids, the events of other segments in
// which that value is hidden: only one event had it there. A value that has a key
// must lead to all its events, so these get an entry too.
type hiddenSearch struct {
	m      *merger
	probes [][]hiddenProbe // by input
}

// hiddenProbe is an event that has the hash of a key.
type hiddenProbe struct {
	place, event, key uint32
	text              string
}

func newHiddenSearch(m *merger) *hiddenSearch {
	return &hiddenSearch{m, make([][]hiddenProbe, len(m.in))}
}

func (h *hiddenSearch) look(no uint32, key []byte) error {
	text := string(key)
	for i, in := range h.m.in {
		found, err := in.candidates(text)
		if err != nil {
			return err
		}
		for _, n := range found {
			at, err := in.placeOf(n)
			if err != nil {
				return err
			}
			h.probes[i] = append(h.probes[i], hiddenProbe{at, n, no, text})
		}
	}
	return nil
}

// read reads the events that were found, each block once.
func (h *hiddenSearch) read() error {
	for i, in := range h.m.in {
		probes := h.probes[i]
		if len(probes) == 0 {
			continue
		}
		hidden := map[*fieldFooter]*roaring.Bitmap{}
		for k := range in.foot.Fields {
			if f := &in.foot.Fields[k]; f.Hidden.Length > 0 {
				set, err := in.list(f.Hidden)
				if err != nil {
					return err
				}
				hidden[f] = set
			}
		}
		slices.SortFunc(probes, func(a, b hiddenProbe) int {
			return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.key, b.key))
		})
		for n, p := range probes {
			if n%64 == 0 {
				if err := h.m.pace.step(); err != nil {
					return err
				}
			}
			var e event.Event
			read := false
			for f, set := range hidden {
				if !set.Contains(p.event) {
					continue
				}
				if !read {
					if err := in.docs.event(p.event, &e); err != nil {
						return err
					}
					read = true
				}
				if holdsKey(&e, f.Name, f.Path, p.text) {
					h.m.addExtra(fieldKey{f.Name, f.Path, f.Unnamed}, p.key, in.number[p.event])
				}
			}
		}
	}
	return nil
}

// addExtra has event n found by a key of a dictionary.
func (m *merger) addExtra(k fieldKey, key, n uint32) {
	of := m.extra[k]
	if of == nil {
		of = map[uint32][]uint32{}
		m.extra[k] = of
	}
	of[key] = joinLists(of[key], []uint32{n})
}
