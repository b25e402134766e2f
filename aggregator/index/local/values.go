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
	err = x.query(q, func(parts []part) error {
		sums := map[string]int{}
		var mu sync.Mutex
		err := each(ctx, parts, q, func(i int, set *roaring.Bitmap) error {
			mine, err := countValues(ctx, parts[i], set, no, path)
			mu.Lock()
			defer mu.Unlock()
			for v, k := range mine {
				sums[v] += k
			}
			return err
		})
		if err != nil {
			return err
		}
		out = out[:0]
		for v, k := range sums {
			out = append(out, index.Value{Value: v, Count: k})
		}
		slices.SortFunc(out, func(a, b index.Value) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
		})
		out = slices.Clip(out[:min(n, len(out))])
		return nil
	})
	return out, err
}

func countValues(ctx context.Context, p part, set *roaring.Bitmap, no int, path string) (map[string]int, error) {
	out := map[string]int{}
	if set.IsEmpty() {
		return out, nil
	}
	read := set // what must be read, as no dictionary has it
	err := p.search(func(v view) error {
		if hasColumn(no) && fields[no].Kind == event.Number {
			read = nil
			return v.column(no, func(n uint32, value uint64) {
				if set.Contains(n) {
					out[strconv.FormatUint(value, 10)]++
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
		return d.count(roaring.AndNot(set, read), out)
	})
	if err != nil || read == nil {
		return out, err
	}
	return out, readValues(ctx, p, read, no, path, out)
}

// readValues counts the values of the events of set by reading them.
func readValues(ctx context.Context, p part, set *roaring.Bitmap, no int, path string, out map[string]int) error {
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
				out[query.Cut(v)]++
			}
			continue
		}
		seen = seen[:0]
		event.Object(v).Each(path, func(v string) bool {
			if v = query.Cut(v); !slices.Contains(seen, v) {
				seen = append(seen, v)
				out[v]++
			}
			return true
		})
	}
	return nil
}

// bits are a set of event numbers that is quick to ask.
type bits []uint64

func bitsOf(set *roaring.Bitmap) bits {
	if set.IsEmpty() {
		return nil
	}
	b := make(bits, set.Maximum()/64+1)
	for it := set.Iterator(); it.HasNext(); {
		n := it.Next()
		b[n/64] |= 1 << (n % 64)
	}
	return b
}

func (b bits) has(n uint32) bool {
	return int(n/64) < len(b) && b[n/64]&(1<<(n%64)) != 0
}

func (b bits) count(list []uint32) int {
	k := 0
	for _, n := range list {
		if b.has(n) {
			k++
		}
	}
	return k
}

func (d memoryDictionary) count(set *roaring.Bitmap, out map[string]int) error {
	in := bitsOf(set)
	for c, key := range d.p.keys {
		if k := in.count(d.p.lists[c]); k > 0 {
			out[key] += k
		}
	}
	return nil
}

func (d *segmentDictionary) count(set *roaring.Bitmap, out map[string]int) error {
	in := bitsOf(set)
	return d.entries("", func(e keyEntry) error {
		k := 0
		if e.long.Length == 0 {
			k = in.count(e.list)
		} else {
			list, err := d.list(e)
			if err != nil {
				return err
			}
			k = int(list.AndCardinality(set))
		}
		if k > 0 {
			out[e.key] += k
		}
		return nil
	})
}
