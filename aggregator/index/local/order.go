package local

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// inOrder is a memory in the order of segments: events by class, time and id, terms by
// dictionary and the bytes of their values. Nothing may be added to the memory any more.
type inOrder struct {
	m      *memory
	blocks *memoryDocs
	events []uint32 // by their new numbers, the old ones
	number []uint32 // the other way round
	keys   [][]byte // values that may become keys, in order
	places []uint32 // of each term, its place among those that may have a key; alone: it has none
	ranked []ranked // the terms in their places
	dicts  []uint32 // of each dictionary, its first place, and behind the last one their number
	done   int      // how many events the days that were taken had
	starts []uint32 // of each place, in lists, of the day that was taken last
	ends   []uint32
	lists  []uint32
}

// ranked is a term, with the number of its key.
type ranked struct{ term, key uint32 }

// alone is the place of a term whose value looks like an id, and that no dictionary has twice.
const alone = ^uint32(0)

func (m *memory) sort() *inOrder {
	o := &inOrder{m: m, blocks: newMemoryDocs(m.codec, m.places, m.blocks, m.packed), events: make([]uint32, len(m.times)), number: make([]uint32, len(m.times))}
	sorted := true
	for n := range o.events {
		o.events[n] = uint32(n)
		sorted = sorted && (n == 0 || m.compare(uint32(n-1), uint32(n)) < 0)
	}
	if !sorted {
		slices.SortFunc(o.events, m.compare)
	}
	for n, old := range o.events {
		o.number[old] = uint32(n)
	}
	o.sortValues()
	return o
}

// compare compares the places of two events: those of a class are together.
func (m *memory) compare(a, b uint32) int {
	if m.classed && m.classes[a] != m.classes[b] {
		return cmp.Compare(m.classes[a], m.classes[b])
	}
	if c := cmp.Compare(m.times[a], m.times[b]); c != 0 || a == b {
		return c
	}
	return bytes.Compare(m.idOf(a), m.idOf(b))
}

// sortValues orders the values that may become keys, and the terms by them.
func (o *inOrder) sortValues() {
	t := o.m.terms
	ids := o.m.keyed[eventID]
	type head struct {
		first uint64 // bytes of the value, which mostly tell
		value uint32
	}
	counts := o.counts()
	heads := make([]head, 0, len(t.words))
	o.places = make([]uint32, len(t.terms))
	for v := range t.words {
		if o.isSingle(uint32(v), counts) {
			continue
		}
		if k := t.words[v].term; k == 0 || t.terms[k-1].dict == ids && t.terms[k-1].next == 0 {
			continue // an id only
		}
		var first [8]byte
		copy(first[:], t.textOf(uint32(v)))
		heads = append(heads, head{binary.BigEndian.Uint64(first[:]), uint32(v)})
	}
	slices.SortFunc(heads, func(a, b head) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		return bytes.Compare(t.textOf(a.value), t.textOf(b.value))
	})
	o.keys = make([][]byte, len(heads))
	o.dicts = make([]uint32, len(t.dicts)+1)
	each := func(fn func(key int, k, dict uint32)) {
		for i, h := range heads {
			for k := t.words[h.value].term; k != 0; k = t.terms[k-1].next {
				if d := t.terms[k-1].dict; d != ids {
					fn(i, k-1, d)
				}
			}
		}
	}
	each(func(_ int, _, dict uint32) { o.dicts[dict+1]++ })
	for d := range t.dicts {
		o.dicts[d+1] += o.dicts[d]
	}
	next := slices.Clone(o.dicts)
	o.ranked = make([]ranked, next[len(t.dicts)])
	each(func(key int, k, dict uint32) {
		o.places[k], o.ranked[next[dict]] = next[dict], ranked{k, uint32(key)}
		next[dict]++
	})
	for i, h := range heads {
		o.keys[i] = t.textOf(h.value)
	}
	o.starts, o.ends = make([]uint32, len(o.ranked)), make([]uint32, len(o.ranked))
}

// counts is how often events have each term; a term that an event has twice may count twice.
func (o *inOrder) counts() []uint32 {
	counts := make([]uint32, len(o.m.terms.terms))
	for _, k := range o.m.posts.list {
		counts[k]++
	}
	for k := range counts {
		for _, w := range o.m.terms.impliedBy(uint32(k)) {
			counts[w] += counts[k]
		}
	}
	return counts
}

// isSingle tells whether a value looks like an id and no dictionary has it twice, and notes its terms.
func (o *inOrder) isSingle(v uint32, counts []uint32) bool {
	t := o.m.terms
	if !t.words[v].id {
		return false
	}
	for k := t.words[v].term; k != 0; k = t.terms[k-1].next {
		if counts[k-1] > 1 {
			return false
		}
	}
	for k := t.words[v].term; k != 0; k = t.terms[k-1].next {
		o.places[k-1] = alone
	}
	return true
}

// transpose makes the lists of the events from one new number to another,
// counted from 0, and gives the terms that are alone to hide. Going through the
// events in their order leaves each list sorted.
func (o *inOrder) transpose(from, to int, hide func(term, event uint32)) {
	clear(o.starts)
	total := uint32(0)
	t, places := o.m.terms, o.places
	count := func(k uint32) {
		if p := places[k]; p != alone {
			o.starts[p]++
			total++
		}
	}
	for _, old := range o.events[from:to] {
		for _, k := range o.m.posts.of(old) {
			count(k)
			for _, w := range t.impliedBy(k) {
				count(w)
			}
		}
	}
	at := uint32(0)
	for p, n := range o.starts {
		o.starts[p], at = at, at+n
	}
	copy(o.ends, o.starts)
	o.lists = slices.Grow(o.lists[:0], int(total))[:total]
	add := func(k, n uint32) {
		p := places[k]
		if p == alone {
			hide(k, n)
		} else if end := o.ends[p]; end == o.starts[p] || o.lists[end-1] != n {
			o.lists[end] = n
			o.ends[p]++
		}
	}
	for n, old := range o.events[from:to] {
		for _, k := range o.m.posts.of(old) {
			add(k, uint32(n))
			for _, w := range t.impliedBy(k) {
				add(w, uint32(n))
			}
		}
	}
}
