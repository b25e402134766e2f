package local

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// tallied are values of a part, each with how many events have it. One may come twice.
type tallied struct {
	text   []byte
	ends   []int // of each value, in text
	counts []int
}

func (t *tallied) add(value []byte, n int) {
	t.text = append(t.text, value...)
	t.ends = append(t.ends, len(t.text))
	t.counts = append(t.counts, n)
}

// tally sums up the counts of values over all parts, by their marks. What a value
// is called is read in the end, of those only that are told.
type tally struct {
	salt   salt
	mu     sync.Mutex
	slots  []uint32 // open addressing by mark: the number of a sum, plus 1
	sums   []sum
	texts  []string // of the values that came as texts
	marked []markedPart
}

type sum struct {
	mark  uint64
	count int
	from  int32 // the part that has the value: of marked, or minus 1 minus the place in texts
	entry uint32
}

// markedPart is a dictionary that was counted by its marks.
type markedPart struct {
	segment *segment
	foot    *fieldFooter
	marks   []byte
}

func newTally(s salt) *tally { return &tally{salt: s, slots: make([]uint32, 1<<10)} }

// of is the sum of a mark, which is made if it is new. The caller holds mu.
func (t *tally) of(mark uint64) (s *sum, made bool) {
	mask := uint64(len(t.slots) - 1)
	i := mark & mask
	for ; t.slots[i] != 0; i = (i + 1) & mask {
		if s := &t.sums[t.slots[i]-1]; s.mark == mark {
			return s, false
		}
	}
	t.sums = append(t.sums, sum{mark: mark})
	t.slots[i] = uint32(len(t.sums))
	if 2*len(t.sums) > len(t.slots) {
		t.grow()
	}
	return &t.sums[len(t.sums)-1], true
}

func (t *tally) grow() {
	t.slots = make([]uint32, 4*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for n := range t.sums {
		i := t.sums[n].mark & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(n + 1)
	}
}

// addMarked adds the counts of the entries of a dictionary.
func (t *tally) addMarked(s *segment, foot *fieldFooter, marks []byte, counts []uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	from := int32(len(t.marked))
	t.marked = append(t.marked, markedPart{s, foot, marks})
	for i, n := range counts {
		if n == 0 {
			continue
		}
		sum, made := t.of(binary.LittleEndian.Uint64(marks[markSize*i:]))
		if made {
			sum.from, sum.entry = from, uint32(i)
		}
		sum.count += int(n)
	}
}

func (t *tally) addTexts(more *tallied) {
	t.mu.Lock()
	defer t.mu.Unlock()
	from := 0
	for i, to := range more.ends {
		value := more.text[from:to]
		sum, made := t.of(t.salt.mark(value))
		if made {
			t.texts = append(t.texts, string(value))
			sum.from = -int32(len(t.texts))
		}
		sum.count += more.counts[i]
		from = to
	}
}

// text is what the value of a sum is called.
func (t *tally) text(s *sum) (string, error) {
	if s.from < 0 {
		return t.texts[-s.from-1], nil
	}
	return t.textOf(&t.marked[s.from], int(s.entry))
}

func (t *tally) textOf(p *markedPart, entry int) (text string, err error) {
	err = p.segment.guard(func() error {
		v := &segmentView{segment: p.segment}
		d, err := v.open(fieldKey{p.foot.Name, p.foot.Path, p.foot.Unnamed})
		if err == nil {
			text, err = d.(*segmentDictionary).keyOf(entry)
		}
		return err
	})
	return text, err
}

// first are the n most frequent values, and of equal ones the smallest.
func (t *tally) first(n int) ([]index.Value, error) {
	n = min(n, len(t.sums))
	out := make([]index.Value, 0, n)
	if n == 0 {
		return out, nil
	}
	counts := make([]int, len(t.sums))
	for i := range t.sums {
		counts[i] = t.sums[i].count
	}
	slices.Sort(counts)
	least := counts[len(counts)-n] // the count of the last that is told
	equal := 0
	for i := range t.sums {
		s := &t.sums[i]
		if s.count == least {
			equal++
		}
		if s.count > least {
			text, err := t.text(s)
			if err != nil {
				return nil, err
			}
			out = append(out, index.Value{Value: text, Count: s.count})
		}
	}
	last, err := t.smallest(least, equal, n-len(out))
	if err != nil {
		return nil, err
	}
	for _, text := range last {
		out = append(out, index.Value{Value: text, Count: least})
	}
	slices.SortFunc(out, func(a, b index.Value) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return out, nil
}

// smallest are the n smallest of the values with this count, of which there are
// equal. A dictionary has its entries in the order of their keys: of each, only
// the first n such values can be among them.
func (t *tally) smallest(count, equal, n int) ([]string, error) {
	var texts []string
	told := map[*sum]bool{}
	for i := range t.sums {
		if s := &t.sums[i]; s.count == count && (s.from < 0 || equal == n) {
			text, err := t.text(s)
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
	}
	if equal > n {
		for i := range t.marked {
			p, left := &t.marked[i], n
			for k := 0; k < p.foot.Keys && left > 0; k++ {
				s := t.known(binary.LittleEndian.Uint64(p.marks[markSize*k:]))
				if s == nil || s.count != count {
					continue
				}
				left--
				if told[s] || s.from < 0 {
					continue
				}
				told[s] = true
				text, err := t.textOf(p, k)
				if err != nil {
					return nil, err
				}
				texts = append(texts, text)
			}
		}
	}
	slices.Sort(texts)
	return texts[:n], nil
}

// known is the sum of a mark; nil: there is none.
func (t *tally) known(mark uint64) *sum {
	mask := uint64(len(t.slots) - 1)
	for i := mark & mask; t.slots[i] != 0; i = (i + 1) & mask {
		if s := &t.sums[t.slots[i]-1]; s.mark == mark {
			return s
		}
	}
	return nil
}
