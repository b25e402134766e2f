package local

import (
	"bytes"
	"cmp"
	"encoding/binary"
	mathbits "math/bits"
	"slices"
)

// inOrder is a memory in the order of segments: events by class, time and id, values
// by their bytes. Nothing may be added to the memory any more.
type inOrder struct {
	m      *memory
	blocks *memoryDocs
	events []uint32   // by their new numbers, the old ones
	number []uint32   // the other way round
	keys   [][]byte   // values that may become keys, in order
	ids    bits       // those that look like ids
	value  []uint32   // of each term, the place of its value in keys; alone: it has no key
	has    [][]uint64 // of each dictionary, by new numbers of events: the event, and which of keys it has or a term that is alone
	done   int        // how many events the days that were taken had
	*sorting
}

// sorting is what putting a memory in order needs for a while, and may be used again for the next one.
type sorting struct {
	radix        radix
	byHash       []uint64
	heads, order []head
	places       []uint32
	values       []uint32
	pairs, words []uint64
	// Of a day:
	byKey   []uint64 // keys of a dictionary, and the events that have them
	lists   []uint32
	entries []entrySource
}

// head is a value, by one of its terms.
type head struct {
	first uint64 // bytes of the value, which mostly tell
	term  uint32
}

// alone is the place of a value that looks like an id, and that one event has.
const alone = ^uint32(0)

// In inOrder.has, the event is in the upper half, and the lower one is a place in keys, or isAlone and a term.
const isAlone = 1 << 31

func (m *memory) sort(room *sorting) *inOrder {
	o := &inOrder{m: m, sorting: room, blocks: newMemoryDocs(m.codec, m.places, m.blocks, m.packed), events: make([]uint32, len(m.times)), number: make([]uint32, len(m.times))}
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
	o.sortEvents()
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

// sortValues finds the terms of each value, and orders those that may become keys.
func (o *inOrder) sortValues() {
	t := o.m.terms
	byHash := ofLength(&o.byHash, len(t.terms))
	for k := range t.terms {
		byHash[k] = uint64(t.terms[k].hash)<<32 | uint64(k)
	}
	o.radix.sort(byHash, 32, 64)
	heads := o.heads[:0]
	o.value = ofLength(&o.values, len(t.terms)) // numbers of heads first
	same := func(terms []uint64, single bool) {
		if single {
			for _, x := range terms {
				o.value[uint32(x)] = alone
			}
			return
		}
		var first [8]byte
		copy(first[:], t.textOf(uint32(terms[0])))
		for _, x := range terms {
			o.value[uint32(x)] = uint32(len(heads))
		}
		heads = append(roomFor(heads, 1), head{binary.BigEndian.Uint64(first[:]), uint32(terms[0])})
	}
	for from := 0; from < len(byHash); {
		to := from + 1
		for to < len(byHash) && byHash[to]>>32 == byHash[from]>>32 {
			to++
		}
		o.eachValue(byHash[from:to], same)
		from = to
	}
	o.heads = heads
	places, order := ofLength(&o.places, len(heads)), ofLength(&o.order, len(heads))
	for i, h := range heads { // the term is known by the number
		order[i] = head{h.first, uint32(i)}
	}
	slices.SortFunc(order, func(a, b head) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		return bytes.Compare(t.textOf(heads[a.term].term), t.textOf(heads[b.term].term))
	})
	o.keys, o.ids = make([][]byte, len(heads)), newBits(len(heads))
	for i, h := range order {
		k := heads[h.term].term
		o.keys[i], places[h.term] = t.textOf(k), uint32(i)
		if t.terms[k].id {
			o.ids.set(uint32(i))
		}
	}
	for k, v := range o.value {
		if v != alone {
			o.value[k] = places[v]
		}
	}
}

// eachValue gives the terms of each value, of terms with one hash; single tells that they look like ids that one event has.
func (o *inOrder) eachValue(terms []uint64, same func(terms []uint64, single bool)) {
	if o.isAlone(terms) { // if they are of several values, so is each
		same(terms, true)
		return
	}
	t := o.m.terms
	text := func(i int) []byte { return t.textOf(uint32(terms[i])) }
	equal := true
	for i := 1; i < len(terms) && equal; i++ {
		equal = bytes.Equal(text(0), text(i))
	}
	if equal {
		same(terms, false)
		return
	}
	slices.SortFunc(terms, func(a, b uint64) int { return bytes.Compare(t.textOf(uint32(a)), t.textOf(uint32(b))) })
	for from := 0; from < len(terms); {
		to := from + 1
		for to < len(terms) && bytes.Equal(text(from), text(to)) {
			to++
		}
		same(terms[from:to], o.isAlone(terms[from:to]))
		from = to
	}
}

// isAlone tells whether terms look like ids, and are known to be of one event.
func (o *inOrder) isAlone(terms []uint64) bool {
	event := o.m.terms.terms[uint32(terms[0])].event
	for _, k := range terms {
		if x := &o.m.terms.terms[uint32(k)]; !x.id || x.event != event || event == manyEvents {
			return false
		}
	}
	return true
}

// sortEvents makes has.
func (o *inOrder) sortEvents() {
	t := o.m.terms
	total := 0
	for dict := range t.dicts {
		total += len(t.dicts[dict].events)
	}
	all, words := ofLength(&o.pairs, total)[:0], o.words[:0]
	o.has = make([][]uint64, len(t.dicts))
	note := func(to []uint64, k uint32, n uint64) []uint64 {
		if v := o.value[k]; v != alone {
			return append(roomFor(to, 1), n|uint64(v))
		}
		return append(roomFor(to, 1), n|isAlone|uint64(k))
	}
	width := mathbits.Len(uint(len(o.events)))
	of := make([]uint32, len(t.terms)+1) // where the words of each term begin
	for dict := range t.dicts {
		d := &t.dicts[dict]
		from := len(all)
		for i, old := range d.events {
			all = note(all, d.has[i], uint64(o.number[old])<<32)
		}
		o.has[dict] = all[from:len(all):len(all)]
		o.radix.sort(o.has[dict], 32, 32+width)
		if !d.leaf {
			continue
		}
		for i, w := range d.words { // those of a term are together, in the order of the terms
			if i == 0 || d.words[i-1].term != w.term {
				of[w.term] = uint32(i) + 1
			}
		}
		for i, old := range d.events {
			k, n := d.has[i], uint64(o.number[old])<<32
			if t.terms[k].word {
				words = note(words, k, n)
			}
			for j := of[k]; j > 0 && int(j) <= len(d.words) && d.words[j-1].term == k; j++ {
				words = note(words, d.words[j-1].word, n)
			}
		}
	}
	words = append(words, o.has[o.m.words]...)
	o.radix.sort(words, 32, 32+width)
	o.has[o.m.words], o.words = words, words
}

// ofLength is a slice of so many that is made once, and again when it is too small.
func ofLength[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n+n/8)
	}
	return (*s)[:n]
}

// ofEvents are those of a dictionary whose events are from one new number to another.
func (o *inOrder) ofEvents(dict uint32, from, to uint32) []uint64 {
	x := o.has[dict]
	find := func(n uint32) int {
		i, _ := slices.BinarySearchFunc(x, uint64(n)<<32, cmp.Compare[uint64])
		return i
	}
	return x[find(from):find(to)]
}
