package local

import (
	"cmp"
	"fmt"
	"slices"
)

// merger writes the events of several segments of one class and day as one
// segment. Blocks of events are copied as they are; keys are merged, and lists
// numbered anew. Memory is taken for some numbers of each event, and for one
// dictionary entry, whatever the size of the segments.
type merger struct {
	w     *segmentWriter
	in    []*mergeInput
	pace  *pace
	marks []uint64 // of the keys
	extra map[fieldKey]map[uint32][]uint32
}

// merge writes the segments as one.
func (w *segmentWriter) merge(segments []*segment, p *pace) error {
	in, err := newInputs(segments)
	if err != nil {
		return err
	}
	times, err := orderInputs(in, p)
	if err != nil {
		return err
	}
	timeless := slices.ContainsFunc(in, func(i *mergeInput) bool { return i.foot.Timeless })
	if err := w.begin(in[0].foot.Day, times, timeless); err != nil {
		return err
	}
	m := &merger{w: w, in: in, pace: p, extra: map[fieldKey]map[uint32][]uint32{}}
	for _, step := range []func() error{m.docs, m.hashes, m.odd, m.columns, m.keys, m.dictionaries, w.end} {
		if err := step(); err != nil {
			return err
		}
		if err := p.step(); err != nil {
			return err
		}
	}
	return nil
}

// docs copies the blocks of events.
func (m *merger) docs() error {
	places := make([]uint32, m.w.foot.Events)
	made := uint32(0)
	for _, in := range m.in {
		for n, to := range in.number {
			at, err := in.placeOf(uint32(n))
			if err != nil {
				return err
			}
			places[to] = at + made*eventsPerBlock
		}
		blocks := int(in.foot.Blocks.Length / 8)
		for k := range blocks {
			packed, err := in.docBlock(k)
			if err != nil {
				return err
			}
			if err := m.w.docBlock(packed); err != nil {
				return err
			}
			if k%64 == 0 {
				if err := m.pace.step(); err != nil {
					return err
				}
			}
		}
		made += uint32(blocks)
	}
	return m.w.endDocs(places)
}

func (m *merger) odd() error {
	var all []uint32
	for _, in := range m.in {
		set, err := in.oddIDs()
		if err != nil {
			return err
		}
		all = joinLists(all, in.renumber(set.ToArray()))
	}
	return m.w.odd(all)
}

// renumber gives the events their new numbers, in place.
func (m *mergeInput) renumber(list []uint32) []uint32 {
	for i, n := range list {
		list[i] = m.number[n]
	}
	return list
}

func (m *merger) columns() error {
	var numbers []int
	for no := range fields {
		if kinds[no] == asColumn {
			numbers = append(numbers, no)
		}
	}
	cells := make([]columnCell, m.w.foot.Events)
	for _, no := range numbers {
		clear(cells)
		for _, in := range m.in {
			if err := in.column(no, func(n uint32, v uint64) { cells[in.number[n]] = columnCell{v, true} }); err != nil {
				return err
			}
		}
		if err := m.w.column(columnSource{no, cells}); err != nil {
			return err
		}
		if err := m.pace.step(); err != nil {
			return err
		}
	}
	return nil
}

// dictionaryKeys are the dictionaries of all inputs, in the order of the fields. A
// segment has maxLeaves of leaves; the events with a leaf beyond that are in loose, by field.
func (m *merger) dictionaryKeys() (all []fieldKey, loose map[string][]fieldKey) {
	loose = map[string][]fieldKey{}
	known, leaves := map[fieldKey]bool{}, 0
	for _, in := range m.in {
		for i := range in.foot.Fields {
			f := &in.foot.Fields[i]
			k := fieldKey{f.Name, f.Path, f.Unnamed}
			if known[k] {
				continue
			}
			known[k] = true
			if f.Name != "" && kinds[fieldNo[f.Name]] == asLeaves && !f.Unnamed {
				if leaves == maxLeaves {
					loose[f.Name] = append(loose[f.Name], k)
					if rest := (fieldKey{f.Name, "", true}); !known[rest] {
						known[rest] = true
						all = append(all, rest)
					}
					continue
				}
				leaves++
			}
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b fieldKey) int {
		return cmp.Or(cmp.Compare(a.order(), b.order()), cmp.Compare(a.path, b.path))
	})
	return all, loose
}

// order is the place of a dictionary among those of other fields.
func (k fieldKey) order() int {
	switch {
	case k.name == "":
		return 2 * len(fields)
	case k.unnamed:
		return 2*fieldNo[k.name] + 1
	}
	return 2 * fieldNo[k.name]
}

func (m *merger) dictionaries() error {
	all, loose := m.dictionaryKeys()
	for _, k := range all {
		var err error
		if k.unnamed {
			err = m.unnamed(k, loose[k.name])
		} else {
			err = m.dictionary(k)
		}
		if err != nil {
			return fmt.Errorf("dictionary %s %s: %w", k.name, k.path, err)
		}
	}
	return nil
}

// unnamed writes which events have leaves of a field that no dictionary has: those of loose among them.
func (m *merger) unnamed(k fieldKey, loose []fieldKey) error {
	set := newBits(m.w.foot.Events)
	for _, k := range append([]fieldKey{k}, loose...) {
		for _, in := range m.in {
			if f := in.byName[k]; f != nil {
				if err := in.addAll(set, f.All); err != nil {
					return err
				}
			}
		}
	}
	return m.w.newDictionary(fieldNo[k.name], "", true).end(set.list(), nil)
}

// addAll adds the events of a list, by their new numbers.
func (m *mergeInput) addAll(set bits, list section) error {
	if list.Length == 0 {
		return nil
	}
	all, err := m.list(list)
	if err != nil {
		return err
	}
	for it := all.Iterator(); it.HasNext(); {
		set.set(m.number[it.Next()])
	}
	return nil
}

// dictionary merges a dictionary.
func (m *merger) dictionary(k fieldKey) error {
	no := wordsNo
	if k.name != "" {
		no = fieldNo[k.name]
	}
	d := m.w.newDictionary(no, k.path, false)
	all, hidden := newBits(m.w.foot.Events), newBits(m.w.foot.Events)
	var from []*entryCursor
	for _, in := range m.in {
		f := in.byName[k]
		if f == nil {
			continue
		}
		if err := in.addAll(all, f.All); err != nil {
			return err
		}
		if err := in.addAll(hidden, f.Hidden); err != nil {
			return err
		}
		c, err := newEntryCursor(in, f)
		if err != nil {
			return err
		}
		if c != nil {
			from = append(from, c)
		}
	}
	if err := m.entries(d, from, m.extra[k]); err != nil {
		return err
	}
	delete(m.extra, k)
	return d.end(all.list(), hidden.list())
}

// entries merges the entries of a dictionary; more are events with a key that had none in their segment.
func (m *merger) entries(d *dictionaryWriter, from []*entryCursor, more map[uint32][]uint32) error {
	var added []uint32
	for key := range more {
		added = append(added, key)
	}
	slices.Sort(added)
	block, lists := make([]entrySource, 0, entriesPerBlock), make([][]uint32, entriesPerBlock)
	mark := func(key uint32) uint64 { return m.marks[key] }
	for count := 0; len(from) > 0 || len(added) > 0; count++ {
		if count%paceEvery == 0 {
			if err := m.pace.step(); err != nil {
				return err
			}
		}
		least := ^uint32(0)
		for _, c := range from {
			least = min(least, c.key)
		}
		list := lists[len(block)][:0]
		if len(added) > 0 && added[0] <= least {
			least = added[0]
			list = append(list, more[least]...)
			added = added[1:]
		}
		for i := 0; i < len(from); {
			c := from[i]
			if c.key != least {
				i++
				continue
			}
			list = joinLists(list, c.events)
			on, err := c.advance()
			if err != nil {
				return err
			}
			if !on {
				from = slices.Delete(from, i, i+1)
				continue
			}
			i++
		}
		lists[len(block)] = list
		if block = append(block, entrySource{least, list}); len(block) == entriesPerBlock {
			if err := d.block(block, mark); err != nil {
				return err
			}
			block = block[:0]
		}
	}
	if len(block) == 0 {
		return nil
	}
	return d.block(block, mark)
}
