package local

import (
	"slices"
	"sync"
)

// implies are the terms that have each word by terms.implied, worked out when a query comes.
type implies struct {
	mu     sync.Mutex // readers make it
	upTo   int        // of implied, when it was made
	starts []uint32   // of the terms, one more than there were, in terms
	terms  []uint32
}

// implying are terms and those whose words they are.
func (t *terms) implying(of []uint32) []uint32 {
	i := &t.implies
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.upTo != len(t.implied) {
		i.upTo = len(t.implied)
		i.starts = make([]uint32, len(t.terms)+2)
		for k := range t.terms {
			for _, w := range t.impliedBy(uint32(k)) {
				i.starts[w+2]++
			}
		}
		for w := range t.terms {
			i.starts[w+2] += i.starts[w+1]
		}
		i.terms = make([]uint32, i.starts[len(t.terms)+1])
		for k := range t.terms {
			for _, w := range t.impliedBy(uint32(k)) {
				i.terms[i.starts[w+1]] = uint32(k)
				i.starts[w+1]++
			}
		}
	}
	out := slices.Clone(of)
	for _, w := range of {
		if int(w)+1 < len(i.starts) {
			out = append(out, i.terms[i.starts[w]:i.starts[w+1]]...)
		}
	}
	return out
}
