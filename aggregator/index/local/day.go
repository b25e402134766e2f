package local

import (
	"maps"
	"slices"
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
	b := &dayBuilder{inOrder: o, from: uint32(from), to: uint32(to), used: newBits(len(o.keys)), hidden: make([][]uint32, len(o.m.terms.dicts))}
	events := o.events[from:to]
	src := &source{day: day, class: int(class), times: make([]int64, len(events)), timeless: o.m.notime && day == 0}
	for n, old := range events {
		src.times[n] = o.m.times[old]
	}
	src.doc = func(n int) ([]byte, error) { return o.docs.read(events[n]) }
	src.id = func(n int) []byte { return o.m.idOf(events[n]) }
	src.odd = b.renumber(o.m.odd)
	b.transpose(from, to, b.hide)
	for no := range fields {
		switch kinds[no] {
		case asKey, asText:
			b.add(no, "", o.m.keyed[no])
		case asLeaves:
			for _, path := range slices.Sorted(maps.Keys(o.m.leaves[no])) {
				b.add(no, path, o.m.leaves[no][path])
			}
			if rest := b.renumber(o.m.rest[no]); len(rest) > 0 {
				b.fields = append(b.fields, fieldSource{no: no, all: rest, unnamed: true})
			}
		case asColumn:
			cells := make([]columnCell, len(events))
			for n, old := range events {
				cells[n] = o.m.columns[no][old]
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
	used     bits       // the keys of inOrder that are the day's
	hidden   [][]uint32 // by dictionary, events with a value that has no key
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

// hide keeps a hash of a term that event n has.
func (b *dayBuilder) hide(k, n uint32) {
	t := b.m.terms
	x := &t.terms[k]
	b.hidden[x.dict] = append(b.hidden[x.dict], n)
	b.hashes = append(b.hashes, hashEntry{checksum(t.textOf(x.value)), n})
}

// add adds a dictionary, if the day has events in it.
func (b *dayBuilder) add(no int, path string, dict uint32) {
	t := b.m.terms
	n := 0
	for p := b.dicts[dict]; p < b.dicts[dict+1]; p++ {
		if b.starts[p] < b.starts[p+1] {
			n++
		}
	}
	f := fieldSource{no: no, path: path, entries: make([]entrySource, 0, n)}
	all := newBits(int(b.to - b.from))
	for p := b.dicts[dict]; p < b.dicts[dict+1]; p++ {
		list := b.lists[b.starts[p]:b.starts[p+1]]
		if len(list) == 0 {
			continue
		}
		r := b.ranked[p]
		for _, n := range list {
			all.set(n)
		}
		if len(list) == 1 && t.words[t.terms[r.term].value].id {
			b.hide(r.term, list[0])
			continue
		}
		f.entries = append(f.entries, entrySource{r.key, list})
		b.used.set(r.key)
	}
	f.hidden = b.hidden[dict]
	slices.Sort(f.hidden)
	f.hidden = slices.Compact(f.hidden)
	for _, n := range f.hidden {
		all.set(n)
	}
	if f.all = all.list(); len(f.all) > 0 {
		b.fields = append(b.fields, f)
	}
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
