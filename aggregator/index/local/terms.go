package local

import (
	"hash/maphash"
	"slices"
)

// terms are the values that a memory's dictionaries have. The text of each
// stands once, whatever the number of dictionaries that have it, and nothing in
// here is a pointer: half a million values cost the garbage collector nothing.
type terms struct {
	seed  maphash.Seed
	text  []byte   // of all values, one after the other
	words []value  // by number, in the order in which they came
	slots []uint64 // open addressing: 32 bits of the hash, then the number of the value, plus 1
	terms []term
	dicts []memoryDict
	// implied are the words of the values whose words were worked out once.
	implied []uint32
	implies implies
}

// value is a text that some dictionary has.
type value struct {
	at, size uint32 // within text
	term     uint32 // the newest term with this value, plus 1
	id       bool   // it looks like an id
}

// term is a value in a dictionary.
type term struct {
	value uint32
	dict  uint32
	next  uint32 // another term with the same value, plus 1
	last  uint32 // of an id: the last event that has it, plus 1
	words uint32 // where its words stand in terms.implied, counted from 1: how many, and their terms; 0: not known
}

const recentTerms = 64

// memoryDict is a dictionary of a memory.
type memoryDict struct {
	terms []uint32 // in the order in which they came
	any   bits     // the events that have a value in it; of the words it is not kept
	// Most fields repeat themselves: by quickHash of their values, terms that were met, plus 1,
	// and their values as the caller has them, until forget.
	recent [recentTerms]uint32
	texts  [recentTerms]string
	met    bool // texts has some
}

func newTerms() *terms { return &terms{seed: maphash.MakeSeed(), slots: make([]uint64, 1<<10)} }

// reset makes it empty.
func (t *terms) reset() {
	clear(t.slots)
	t.text, t.words, t.terms, t.dicts = t.text[:0], t.words[:0], t.terms[:0], t.dicts[:0]
	t.implied, t.implies.terms, t.implies.starts = t.implied[:0], nil, nil
	t.implies.upTo = 0
}

// newDict makes a dictionary, and returns its number.
func (t *terms) newDict() uint32 {
	n := len(t.dicts)
	if n < cap(t.dicts) { // of one before reset
		t.dicts = t.dicts[:n+1]
		d := &t.dicts[n]
		*d = memoryDict{terms: d.terms[:0], any: d.any[:0]}
	} else {
		t.dicts = append(t.dicts, memoryDict{})
	}
	return uint32(n)
}

func (t *terms) textOf(v uint32) []byte {
	w := &t.words[v]
	return t.text[w.at : w.at+w.size]
}

// find is the number of a value; false: no dictionary has it.
func (t *terms) find(s string) (uint32, bool) {
	v, _, ok := t.slot(s)
	return v, ok
}

// slot is the number of a value, or the slot in which it would be entered, and its hash.
func (t *terms) slot(s string) (n uint32, hash uint64, ok bool) {
	hash = maphash.String(t.seed, s) << 32 >> 32
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		x := t.slots[i]
		if x == 0 {
			return uint32(i), hash, false
		}
		if x>>32 != hash {
			continue
		}
		v := uint32(x) - 1
		if w := &t.words[v]; int(w.size) == len(s) && string(t.text[w.at:w.at+w.size]) == s {
			return v, hash, true
		}
	}
}

// enter is the number of a value, which is entered if it is new.
func (t *terms) enter(s string) uint32 {
	n, hash, ok := t.slot(s)
	if ok {
		return n
	}
	v := uint32(len(t.words))
	w := value{at: uint32(len(t.text)), size: uint32(len(s))}
	t.text = append(roomFor(t.text, len(s)), s...)
	w.id = looksLikeID(t.text[w.at:])
	t.words = append(roomFor(t.words, 1), w)
	t.slots[n] = hash<<32 | uint64(v) + 1
	if 2*len(t.words) > len(t.slots) {
		t.grow()
	}
	return v
}

func (t *terms) grow() {
	before := t.slots
	t.slots = make([]uint64, 2*len(before))
	mask := uint64(len(t.slots) - 1)
	for _, x := range before {
		if x == 0 {
			continue
		}
		i := x >> 32 & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = x
	}
}

// roomFor makes room for n more. A slice that becomes full becomes twice as
// large, whatever its size: memories are used again, so that this is seldom.
func roomFor[T any](s []T, n int) []T {
	if cap(s)-len(s) >= n {
		return s
	}
	return slices.Grow(s, max(n, len(s), 256))
}

// in is the term of a value in a dictionary; false: it has none.
func (t *terms) in(dict, v uint32) (uint32, bool) {
	for k := t.words[v].term; k != 0; k = t.terms[k-1].next {
		if t.terms[k-1].dict == dict {
			return k - 1, true
		}
	}
	return 0, false
}

// enterIn is the term of a value in a dictionary, which is entered if it is new.
func (t *terms) enterIn(dict, v uint32) uint32 {
	k, ok := t.in(dict, v)
	if !ok {
		k = uint32(len(t.terms))
		t.terms = append(roomFor(t.terms, 1), term{value: v, dict: dict, next: t.words[v].term})
		t.words[v].term = k + 1
		d := &t.dicts[dict]
		d.terms = append(d.terms, k)
	}
	return k
}

// keyed is the term of s in a dictionary, which is entered if it is new.
func (t *terms) keyed(dict uint32, s string) uint32 {
	place, d := quickHash(s)%recentTerms, &t.dicts[dict]
	if k := d.recent[place]; k > 0 {
		if d.texts[place] == s && s != "" {
			return k - 1
		}
		w := &t.words[t.terms[k-1].value]
		if int(w.size) == len(s) && string(t.text[w.at:w.at+w.size]) == s {
			d.texts[place], d.met = s, true
			return k - 1
		}
	}
	k := t.enterIn(dict, t.enter(s))
	d.recent[place], d.texts[place], d.met = k+1, s, true
	return k
}

// forget lets go of the caller's texts.
func (t *terms) forget() {
	for i := range t.dicts {
		if d := &t.dicts[i]; d.met {
			clear(d.texts[:])
			d.met = false
		}
	}
}

// bytes is about what all of this takes.
func (t *terms) bytes() int {
	return len(t.text) + 16*len(t.words) + 8*2*len(t.words) + 20*len(t.terms) + 4*len(t.implied)
}

// impliedBy are the words of the value of a term, as far as they are known.
func (t *terms) impliedBy(k uint32) []uint32 {
	at := t.terms[k].words
	if at == 0 {
		return nil
	}
	return t.implied[at : at+t.implied[at-1]]
}
