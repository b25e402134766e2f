package local

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// Fields counts in how many of the events that match each field is.
func (x *Index) Fields(ctx context.Context, q index.Query, n int) (out []index.Field, missing []string, err error) {
	if n < 0 {
		return nil, nil, fmt.Errorf("%d fields cannot be asked for", n)
	}
	err = x.query(q, func(parts []part, why []string) error {
		missing = why
		counts := map[string]int{}
		var mu sync.Mutex
		err := each(ctx, parts, q, func(i int, set *roaring.Bitmap) error {
			if set.IsEmpty() {
				return nil
			}
			mine, err := countFields(ctx, parts[i], set)
			mu.Lock()
			defer mu.Unlock()
			for name, n := range mine {
				counts[name] += n
			}
			return err
		})
		if err != nil {
			return err
		}
		out = make([]index.Field, 0, len(counts))
		for name, n := range counts {
			out = append(out, index.Field{Name: name, Count: n})
		}
		slices.SortFunc(out, func(a, b index.Field) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name))
		})
		out = slices.Clip(out[:min(n, len(out))])
		return nil
	})
	return out, missing, err
}

// countFields tells how many events of set have each field.
func countFields(ctx context.Context, p part, set *roaring.Bitmap) (map[string]int, error) {
	counts := map[string]int{}
	read := make([]*roaring.Bitmap, len(fields)) // by field, the events that must be read to know
	err := p.search(func(v view) error {
		within := planner{v, set}
		for no, f := range fields {
			if err := ctx.Err(); err != nil {
				return err
			}
			if f.Kind == event.Flattened {
				rest, err := countLeaves(v, no, set, counts)
				if err != nil {
					return err
				}
				read[no] = rest
				continue
			}
			var of found
			var err error
			switch no {
			case eventID: // an id that is a UUID is not empty
				if of.set, err = v.oddIDs(); err == nil {
					of.set.And(set)
					add(counts, f.Name, set.GetCardinality()-of.set.GetCardinality())
				}
			case eventTime:
				if of = within.everything(!v.timeless()); !of.exact { // those stand at 1970
					if of.set, err = v.window(0, 0); err == nil {
						of.set.And(set)
						add(counts, f.Name, set.GetCardinality()-of.set.GetCardinality())
					}
				}
			default:
				of, err = within.exists(query.Exists{Field: f})
			}
			if err != nil {
				return err
			}
			if of.exact {
				add(counts, f.Name, of.set.GetCardinality())
			} else {
				read[no] = of.set
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return counts, readFields(ctx, p, read, counts)
}

// add counts n events of a field, if there are any.
func add(counts map[string]int, name string, n uint64) {
	if n > 0 {
		counts[name] += int(n)
	}
}

// countLeaves counts the leaves of a Flattened field, but for the events that it
// gives back: those have leaves without a dictionary.
func countLeaves(v view, no int, set *roaring.Bitmap, counts map[string]int) (rest *roaring.Bitmap, err error) {
	if rest, err = v.unnamed(no); err != nil {
		return nil, err
	}
	rest.And(set)
	known := roaring.AndNot(set, rest)
	paths, err := v.leafPaths(no)
	for _, path := range paths {
		if path == "" { // nobody can ask for it
			continue
		}
		d, err := v.dictionary(no, path)
		if err != nil {
			return nil, err
		}
		if d == nil {
			continue
		}
		all, err := d.all()
		if err != nil {
			return nil, err
		}
		add(counts, fields[no].Name+"."+path, all.AndCardinality(known))
	}
	return rest, err
}

// readFields counts what could not be told without reading the events: of each field those that are in read.
func readFields(ctx context.Context, p part, read []*roaring.Bitmap, counts map[string]int) error {
	all := roaring.New()
	for _, set := range read {
		if set != nil {
			all.Or(set)
		}
	}
	return readAll(ctx, p, all, func(n uint32, e *event.Event) {
		for no, set := range read {
			if set == nil || !set.Contains(n) {
				continue
			}
			if f := fields[no]; f.Kind != event.Flattened {
				if (query.Exists{Field: f}).Match(e) {
					counts[f.Name]++
				}
				continue
			}
			for name := range leafNames(fields[no], e) {
				counts[name]++
			}
		}
	})
}

// leafNames are the leaves that an event has in a Flattened field.
func leafNames(f event.Field, e *event.Event) map[string]struct{} {
	names := map[string]struct{}{}
	event.Object(f.Value(e)).Leaves(func(path, _ string) {
		if path != "" {
			names[f.Name+"."+path] = struct{}{}
		}
	})
	return names
}
