package local

import (
	"cmp"
	"maps"
	mathbits "math/bits"
	"slices"

	"github.com/actiontrail/actiontrail/event"
)

// nextDay is the source of the first day of a class that was not taken; nil: there is none.
func (o *inOrder) nextDay() *source {
	if o.done == len(o.events) {
		return nil
	}
	day, class := dayOf(o.m.times[o.events[o.done]]), o.m.classes[o.events[o.done]]
	from, to := o.done, o.done
	for to < len(o.events) && dayOf(o.m.times[o.events[to]]) == day && o.m.classes[o.events[to]] == class {
		to++
	}
	o.done = to
	b := &dayBuilder{inOrder: o, from: uint32(from), to: uint32(to), used: newBits(len(o.keys))}
	events := o.events[from:to]
	o.lists, o.entries = o.lists[:0], o.entries[:0] // of the day before
	src := &source{day: day, class: int(class), times: make([]int64, len(events)), timeless: o.m.notime && day == 0}
	for n, old := range events {
		src.times[n] = o.m.times[old]
	}
	src.docs = b.docs
	src.id = func(n int) []byte { return o.m.idOf(events[n]) }
	src.odd = b.renumber(o.m.odd)
	for no := range fields {
		switch kinds[no] {
		case asKey, asText:
			b.add(no, "", o.m.keyed[no])
		case asLeaves:
			for _, path := range slices.Sorted(maps.Keys(o.m.leaves[no])) {
				b.add(no, path, o.m.leaves[no][path])
			}
			if rest := b.renumber(o.m.rest[no].list()); len(rest) > 0 {
				b.fields = append(b.fields, fieldSource{no: no, all: rest, unnamed: true})
			}
		case asColumn:
			cells := make([]columnCell, len(events))
			for n, old := range events {
				cells[n] = columnCell{o.m.columns[no].values[old], o.m.columns[no].some.has(old)}
			}
			src.columns = append(src.columns, columnSource{no, cells})
		}
	}
	b.add(wordsNo, "", o.m.words)
	src.keys = b.nameKeys()
	src.fields, src.hidden = b.fields, b.hashes
	return src
}

// dayBuilder makes the dictionaries of a day: of the events of inOrder from one number to another.
type dayBuilder struct {
	*inOrder
	from, to uint32
	used     bits // the keys of inOrder that are the day's
	hashes   []hashEntry
	fields   []fieldSource
}

// renumber gives the events of a list, in old numbers, those of the day.
func (b *dayBuilder) renumber(list []uint32) []uint32 {
	var out []uint32
	for _, old := range list {
		if n := b.number[old]; n >= b.from && n < b.to {
			out = append(out, n-b.from)
		}
	}
	slices.Sort(out)
	return out
}

// add adds a dictionary, if the day has events in it.
func (b *dayBuilder) add(no int, path string, dict uint32) {
	has := b.ofEvents(dict, b.from, b.to)
	if len(has) == 0 {
		return
	}
	t := b.m.terms
	f := fieldSource{no: no, path: path}
	all := newBits(int(b.to - b.from))
	byKey := b.byKey[:0]
	for _, x := range has {
		n, k := uint32(x>>32)-b.from, uint32(x)
		all.set(n)
		if k&isAlone != 0 {
			b.hide(&f, n, t.terms[k&^isAlone].hash)
		} else {
			byKey = append(byKey, uint64(k)<<32|uint64(n))
		}
	}
	b.byKey = byKey
	b.radix.sort(byKey, 32, 32+mathbits.Len(uint(len(b.keys))))
	first := len(b.entries)
	for i := 0; i < len(byKey); {
		key, from := uint32(byKey[i]>>32), len(b.lists)
		for ; i < len(byKey) && uint32(byKey[i]>>32) == key; i++ {
			if n := uint32(byKey[i]); len(b.lists) == from || b.lists[len(b.lists)-1] != n {
				b.lists = append(roomFor(b.lists, 1), n)
			}
		}
		list := b.lists[from:len(b.lists):len(b.lists)]
		if len(list) == 1 && b.ids.has(key) {
			b.hide(&f, list[0], checksum(b.keys[key]))
			continue
		}
		b.entries = append(roomFor(b.entries, 1), entrySource{key, list})
		b.used.set(key)
	}
	f.entries = b.entries[first:len(b.entries):len(b.entries)]
	slices.Sort(f.hidden)
	f.hidden = slices.Compact(f.hidden)
	f.all = all.list()
	b.fields = append(b.fields, f)
}

// hide keeps the hash of a value that event n has, and that gets no key.
func (b *dayBuilder) hide(f *fieldSource, n, hash uint32) {
	f.hidden = append(f.hidden, n)
	b.hashes = append(b.hashes, hashEntry{hash, n})
}

// nameKeys numbers the keys anew, and returns them.
func (b *dayBuilder) nameKeys() [][]byte {
	used := b.used.list()
	number := make([]uint32, len(b.keys))
	keys := make([][]byte, len(used))
	for i, k := range used {
		number[k], keys[i] = uint32(i), b.keys[k]
	}
	for _, f := range b.fields {
		for i := range f.entries {
			f.entries[i].key = number[f.entries[i].key]
		}
	}
	return keys
}

// docs gives the blocks of the day's events to put, and returns the place of each
// event in them. A block of the memory that belongs to the day as a whole is taken as it is.
func (b *dayBuilder) docs(w *docWriter, put func(block []byte) error) ([]uint32, error) {
	w.reset() // a build that failed may have left something
	m, days := b.m, b.events[b.from:b.to]
	own := make([]uint8, len(m.blocks))
	for _, old := range days {
		own[m.places[old]/eventsPerBlock]++
	}
	number := make([]uint32, len(m.blocks)) // of the blocks that are taken, plus 1
	made := uint32(0)
	for block, n := range own {
		if packed := b.blocks.block(block); n == m.counts[block] && (n >= eventsPerBlock/2 || len(packed) >= largeBlock) {
			if err := put(packed); err != nil {
				return nil, err
			}
			made++
			number[block] = made
		}
	}
	places, loose := make([]uint32, len(days)), []uint32(nil)
	for n, old := range days {
		if k := number[m.places[old]/eventsPerBlock]; k > 0 {
			places[n] = (k-1)*eventsPerBlock + m.places[old]%eventsPerBlock
		} else {
			loose = append(loose, old)
		}
	}
	slices.SortFunc(loose, func(x, y uint32) int { return cmp.Compare(m.places[x], m.places[y]) })
	for _, old := range loose {
		var e event.Event
		if err := b.blocks.event(old, &e); err != nil {
			return nil, err
		}
		places[b.number[old]-b.from] = made*eventsPerBlock + uint32(w.count)
		if w.add(&e); w.full() {
			if err := put(w.take(nil)); err != nil {
				return nil, err
			}
			made++
		}
	}
	if w.count > 0 {
		return places, put(w.take(nil))
	}
	return places, nil
}

// largeBlock is how many bytes a block has that is taken as it is, whatever its events.
const largeBlock = 16 << 10
