package local

import (
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// memoryDictionary reads a dictionary of a memory.
type memoryDictionary struct {
	m  *memory
	no uint32
}

// addEvents adds the events of the dictionary that have terms of a set.
func (t *terms) addEvents(dict uint32, wanted bits, into *roaring.Bitmap) {
	d := &t.dicts[dict]
	var out []uint32
	for i, k := range d.has {
		if wanted.has(k) {
			out = append(out, d.events[i])
		}
	}
	into.AddMany(out)
}

// events are those of the terms for which want is true, of some that may be: terms
// of the dictionary, and when it is that of the words, of values that are words too.
func (d memoryDictionary) events(candidates func(dict uint32) []uint32, want func(k uint32) bool) *roaring.Bitmap {
	t, out := d.m.terms, roaring.New()
	own := newBits(len(t.terms))
	found := false
	for _, k := range candidates(d.no) {
		if want(k) {
			own.set(k)
			found = true
		}
	}
	if found {
		t.addEvents(d.no, own, out)
	}
	if d.no != d.m.words {
		return out
	}
	for dict := range uint32(len(t.dicts)) {
		if dict == d.no {
			continue
		}
		some := false
		set := func(k uint32) {
			own.set(k)
			some = true
		}
		if t.dicts[dict].leaf {
			for _, k := range candidates(dict) {
				if t.terms[k].word && want(k) {
					set(k)
				}
			}
		}
		if found {
			for _, w := range t.dicts[dict].words {
				if own.has(w.word) {
					set(w.term)
				}
			}
		}
		if some {
			t.addEvents(dict, own, out)
		}
	}
	return out
}

func (d memoryDictionary) find(key string) (*roaring.Bitmap, error) {
	return d.events(func(dict uint32) []uint32 { return d.m.terms.of(dict, key) }, func(uint32) bool { return true }), nil
}

// allTerms are those of a dictionary.
func (d memoryDictionary) allTerms(dict uint32) []uint32 { return d.m.terms.dicts[dict].terms }

func (d memoryDictionary) like(p *pattern, into *roaring.Bitmap) error {
	into.Or(d.events(d.allTerms, func(k uint32) bool {
		key := d.m.terms.textOf(k)
		return strings.HasPrefix(string(key), p.prefix) && p.want(string(key))
	}))
	return nil
}

func (d memoryDictionary) all() (*roaring.Bitmap, error) {
	if d.no == d.m.words {
		return d.events(d.allTerms, func(uint32) bool { return true }), nil
	}
	out := roaring.New()
	out.AddMany(d.m.terms.dicts[d.no].events)
	return out, nil
}

// hidden: a memory has a key for every value.
func (d memoryDictionary) hidden() (*roaring.Bitmap, error) { return roaring.New(), nil }

func (d memoryDictionary) count(set *roaring.Bitmap, add func(key []byte, n int)) error {
	t := d.m.terms
	in := bitsOf(set)
	met := map[string]uint32{} // numbers of the values, from 1, by which several terms become one
	value := make([]uint32, len(t.terms))
	numberOf := func(k uint32) uint32 {
		if value[k] == 0 {
			v, ok := met[string(t.textOf(k))]
			if !ok {
				v = uint32(len(met)) + 1
				met[string(t.textOf(k))] = v
			}
			value[k] = v
		}
		return value[k]
	}
	var counts []int
	// An event may have a value twice: of an array, or of texts that have a word.
	if x := &t.dicts[d.no]; d.no != d.m.words && slices.IsSorted(x.events) {
		var last []uint32
		for i, n := range x.events {
			if !in.has(n) {
				continue
			}
			v := numberOf(x.has[i])
			for int(v) >= len(counts) {
				counts, last = append(counts, 0), append(last, 0)
			}
			if last[v] != n+1 {
				last[v] = n + 1
				counts[v]++
			}
		}
	} else {
		var pairs []uint64
		d.each(in, func(k, n uint32) { pairs = append(pairs, uint64(numberOf(k))<<32|uint64(n)) })
		slices.Sort(pairs)
		counts = make([]int, len(met)+1)
		for _, p := range slices.Compact(pairs) {
			counts[p>>32]++
		}
	}
	for text, v := range met {
		add([]byte(text), counts[v])
	}
	return nil
}

// each gives the terms that events of a set have in the dictionary, some more than once.
func (d memoryDictionary) each(in bits, fn func(k, n uint32)) {
	t := d.m.terms
	pairs := func(dict uint32, fn func(k, n uint32)) {
		x := &t.dicts[dict]
		for i, n := range x.events {
			if in.has(n) {
				fn(x.has[i], n)
			}
		}
	}
	pairs(d.no, fn)
	if d.no != d.m.words {
		return
	}
	for dict := range uint32(len(t.dicts)) {
		if !t.dicts[dict].leaf {
			continue
		}
		words := map[uint32][]uint32{}
		for _, w := range t.dicts[dict].words {
			words[w.term] = append(words[w.term], w.word)
		}
		pairs(dict, func(k, n uint32) {
			if t.terms[k].word {
				fn(k, n)
			}
			for _, w := range words[k] {
				fn(w, n)
			}
		})
	}
}
