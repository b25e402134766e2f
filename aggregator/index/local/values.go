package local

import (
	"context"
	"fmt"
	"slices"
	"strconv"

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
		sums := newTally(x.salt)
		err := each(ctx, parts, q, func(i int, set *roaring.Bitmap) error {
			return countValues(ctx, parts[i], set, no, path, sums)
		})
		if err == nil {
			out, err = sums.first(n)
		}
		return err
	})
	return out, missing, err
}

// countValues counts the values of a field that events of set have.
func countValues(ctx context.Context, p part, set *roaring.Bitmap, no int, path string, into *tally) error {
	if set.IsEmpty() {
		return nil
	}
	var some tallied
	defer func() { into.addTexts(&some) }()
	read := set // what must be read, as no dictionary has it
	err := p.search(func(v view) error {
		if hasColumn(no) && fields[no].Kind == event.Number {
			read = nil
			return v.column(no, func(n uint32, value uint64) {
				if set.Contains(n) {
					some.add(strconv.AppendUint(nil, value, 10), 1)
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
			if done, err := s.countMarked(keyed, into.salt, into); done || err != nil {
				return err
			}
		}
		return d.count(keyed, some.add)
	})
	if err != nil || read == nil {
		return err
	}
	return readValues(ctx, p, read, no, path, some.add)
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
