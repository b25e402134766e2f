package local

import (
	"context"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// nextPage is a page of a search that does not count. Parts are asked in the
// order of the answer, first one, then more and more at a time, until the rest can
// add nothing; what cannot be planned is read in that order too. So a page
// costs about as much as it holds, however much there is in all, and an export
// by pages as much as one answer.
func nextPage(ctx context.Context, parts []part, q index.Query, after *place) (index.Page, error) {
	page := index.Page{Total: -1}
	if q.Limit == 0 {
		return page, nil
	}
	if after != nil {
		q = behind(q, after)
	}
	first, last := window(q)
	parts = slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return !overlaps(p, first, last) })
	n := q.Limit + 1
	order := inTurn(parts, q.Ascending)
	var hits []*hit
	for wide := 1; len(order) > 0 && !enough(hits, n, parts[order[0]], q.Ascending); wide = min(2*wide, runtime.GOMAXPROCS(0)) {
		some := order[:min(len(order), wide)]
		order = order[len(some):]
		found := make([][]*hit, len(some))
		g, ctx := errgroup.WithContext(ctx)
		for i, k := range some {
			g.Go(func() (err error) {
				found[i], err = firstOf(ctx, parts[k], q, after, n)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return page, err
		}
		for _, more := range found {
			var err error
			if hits, err = merge(hits, more, q.Ascending, n); err != nil {
				return page, err
			}
		}
	}
	return page, put(ctx, &page, hits, q.Limit)
}

// behind is the query without the time before the place: what stands there need not be found again.
func behind(q index.Query, after *place) index.Query {
	at := time.Unix(0, after.nanos)
	end := at.Add(1)
	switch {
	case nanos(at) != after.nanos || nanos(end) != after.nanos+1: // at the ends of what can be said
	case q.Ascending && (q.From.IsZero() || q.From.Before(at)):
		q.From = at
	case !q.Ascending && (q.To.IsZero() || end.Before(q.To)):
		q.To = end
	}
	return q
}

// firstOf are the first n events of a part that match, behind after.
func firstOf(ctx context.Context, p part, q index.Query, after *place, n int) ([]*hit, error) {
	f, err := plan(ctx, p, q)
	if err != nil || f.set.IsEmpty() {
		return nil, err
	}
	if f.exact {
		return p.top(f.set, after, q.Ascending, n)
	}
	var hits []*hit
	docs := p.readDocs()
	for ask := max(n, checkEvery); ; ask *= 2 {
		some, err := p.top(f.set, after, q.Ascending, ask)
		if err != nil {
			return nil, err
		}
		for i, h := range some {
			if i%checkEvery == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			ok, err := holds(docs, h.n, q)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if hits = append(hits, h); len(hits) == n {
				return hits, nil
			}
		}
		if len(some) < ask {
			return hits, nil
		}
		last, err := some[ask-1].place()
		if err != nil {
			return nil, err
		}
		after = &last
	}
}
