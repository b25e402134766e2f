package local

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// Values are the n most frequent values of a field among what matches, the most
// frequent first, and of equal ones the smallest. A value is what a query
// compares: query.Cut of it.
func (x *Index) Values(ctx context.Context, q index.Query, field string, n int) (out []index.Value, missing []string, err error) {
	f, path, ok := event.Lookup(field)
	if !ok || f.Kind == event.Flattened && path == "" {
		return nil, nil, fmt.Errorf("%q is not a field that has values", field)
	}
	if n < 0 {
		return nil, nil, fmt.Errorf("%d values cannot be asked for", n)
	}
	no := fieldNo[f.Name]
	err = x.query(q, func(parts []part, why []string) error {
		missing = why
		sums := tally{table: &x.names, by: x.names.of(no), number: map[string]int{}}
		var mu sync.Mutex
		err := each(ctx, parts, q, func(i int, set *roaring.Bitmap) error {
			mine := tallied{table: sums.table, by: sums.by}
			err := countValues(ctx, parts[i], set, no, path, &mine)
			mu.Lock()
			defer mu.Unlock()
			sums.addAll(&mine)
			return err
		})
		if err == nil {
			out = sums.first(n)
		}
		return err
	})
	return out, missing, err
}

// tallied are values of a part, each with how many events have it. One may come twice.
type tallied struct {
	text   []byte
	ends   []int // of each value, in text
	counts []int

	table *nameTable // of by
	by    *names
	named []namedCount // values that by has
}

type namedCount struct{ name, count uint32 }

func (t *tallied) add(value []byte, n int) {
	t.text = append(t.text, value...)
	t.ends = append(t.ends, len(t.text))
	t.counts = append(t.counts, n)
}

// tally sums up those of all parts.
type tally struct {
	table  *nameTable
	by     *names
	named  []int          // by the numbers of by
	number map[string]int // of a value without one, in counts
	counts []int
}

func (t *tally) addAll(more *tallied) {
	from := 0
	for i, to := range more.ends {
		value := more.text[from:to]
		n, ok := t.number[string(value)]
		if !ok {
			n = len(t.counts)
			t.number[string(value)] = n
			t.counts = append(t.counts, 0)
		}
		t.counts[n] += more.counts[i]
		from = to
	}
	for _, c := range more.named {
		if n := int(c.name); n >= len(t.named) {
			t.named = append(t.named, make([]int, n+1-len(t.named))...)
		}
		t.named[c.name] += int(c.count)
	}
}

// first are the n most frequent values, and of equal ones the smallest.
func (t *tally) first(n int) []index.Value {
	texts := t.by.all()
	out := make([]index.Value, 0, min(4*n+1024, len(texts)+len(t.counts)))
	least := 0 // a value that is not as frequent cannot be among them
	cut := func() {
		slices.SortFunc(out, func(a, b index.Value) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
		})
		if out = out[:min(n, len(out))]; len(out) == n && n > 0 {
			least = out[n-1].Count
		}
	}
	add := func(value string, count int) {
		if count == 0 || count < least {
			return
		}
		if out = append(out, index.Value{Value: value, Count: count}); len(out) >= 2*n+1024 {
			cut()
		}
	}
	for name, count := range t.named {
		if len(t.number) > 0 {
			if i, ok := t.number[texts[name]]; ok {
				count += t.counts[i]
				t.counts[i] = 0
			}
		}
		add(texts[name], count)
	}
	for v, i := range t.number {
		add(v, t.counts[i])
	}
	cut()
	return slices.Clip(out)
}

// countValues counts the values of a field that events of set have.
func countValues(ctx context.Context, p part, set *roaring.Bitmap, no int, path string, into *tallied) error {
	if set.IsEmpty() {
		return nil
	}
	read := set // what must be read, as no dictionary has it
	err := p.search(func(v view) error {
		if hasColumn(no) && fields[no].Kind == event.Number {
			read = nil
			return v.column(no, func(n uint32, value uint64) {
				if set.Contains(n) {
					into.add(strconv.AppendUint(nil, value, 10), 1)
				}
			})
		}
		if !hasDictionary(no) && fields[no].Kind != event.Flattened {
			return nil
		}
		var err error
		if read, err = v.unnamed(no); err != nil {
			return err
		}
		read.And(set)
		d, err := v.dictionary(no, path)
		if err != nil || d == nil {
			return err
		}
		hidden, err := d.hidden()
		if err != nil {
			return err
		}
		hidden.And(set)
		read.Or(hidden)
		keyed := roaring.AndNot(set, read)
		if s, ok := d.(*segmentDictionary); ok {
			if done, err := s.countNamed(keyed, into); done || err != nil {
				return err
			}
		}
		return d.count(keyed, into.add)
	})
	if err != nil || read == nil {
		return err
	}
	return readValues(ctx, p, read, no, path, into.add)
}

// readValues gives to add the values of the events of set by reading them.
func readValues(ctx context.Context, p part, set *roaring.Bitmap, no int, path string, add func(value []byte, n int)) error {
	var seen []string
	return readAll(ctx, p, set, func(_ uint32, e *event.Event) {
		v := fields[no].Value(e)
		if fields[no].Kind != event.Flattened {
			if v != "" {
				add([]byte(query.Cut(v)), 1)
			}
			return
		}
		seen = seen[:0]
		event.Object(v).Each(path, func(v string) bool {
			if v = query.Cut(v); !slices.Contains(seen, v) {
				seen = append(seen, v)
				add([]byte(v), 1)
			}
			return true
		})
	})
}
