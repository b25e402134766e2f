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
func (x *Index) Values(ctx context.Context, q index.Query, field string, n int) (out []index.Value, err error) {
	f, path, ok := event.Lookup(field)
	if !ok || f.Kind == event.Flattened && path == "" {
		return nil, fmt.Errorf("%q is not a field that has values", field)
	}
	if n < 0 {
		return nil, fmt.Errorf("%d values cannot be asked for", n)
	}
	no := fieldNo[f.Name]
	err = x.query(q, func(parts []part, _ []string) error {
		sums := tally{number: map[string]int{}}
		var mu sync.Mutex
		err := each(ctx, parts, q, func(i int, set *roaring.Bitmap) error {
			var mine tallied
			err := countValues(ctx, parts[i], set, no, path, mine.add)
			mu.Lock()
			defer mu.Unlock()
			sums.addAll(&mine)
			return err
		})
		if err != nil {
			return err
		}
		out = out[:0]
		for v, i := range sums.number {
			out = append(out, index.Value{Value: v, Count: sums.counts[i]})
		}
		slices.SortFunc(out, func(a, b index.Value) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
		})
		out = slices.Clip(out[:min(n, len(out))])
		return nil
	})
	return out, err
}

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

// tally sums up those of all parts.
type tally struct {
	number map[string]int // of a value, in counts
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
}

// countValues gives to add the values of a field that events of set have, and how many have each.
func countValues(ctx context.Context, p part, set *roaring.Bitmap, no int, path string, add func(value []byte, n int)) error {
	if set.IsEmpty() {
		return nil
	}
	read := set // what must be read, as no dictionary has it
	err := p.search(func(v view) error {
		if hasColumn(no) && fields[no].Kind == event.Number {
			read = nil
			return v.column(no, func(n uint32, value uint64) {
				if set.Contains(n) {
					add(strconv.AppendUint(nil, value, 10), 1)
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
		return d.count(roaring.AndNot(set, read), add)
	})
	if err != nil || read == nil {
		return err
	}
	return readValues(ctx, p, read, no, path, add)
}

// readValues gives to add the values of the events of set by reading them.
func readValues(ctx context.Context, p part, set *roaring.Bitmap, no int, path string, add func(value []byte, n int)) error {
	docs := p.readDocs()
	var seen []string
	for i, it := 0, set.Iterator(); it.HasNext(); i++ {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		doc, err := docs.read(it.Next())
		if err != nil {
			return err
		}
		e, err := decodeEvent(doc)
		if err != nil {
			return err
		}
		v := fields[no].Value(&e)
		if fields[no].Kind != event.Flattened {
			if v != "" {
				add([]byte(query.Cut(v)), 1)
			}
			continue
		}
		seen = seen[:0]
		event.Object(v).Each(path, func(v string) bool {
			if v = query.Cut(v); !slices.Contains(seen, v) {
				seen = append(seen, v)
				add([]byte(v), 1)
			}
			return true
		})
	}
	return nil
}
