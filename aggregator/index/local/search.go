package local

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/errgroup"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// Search gives a page of the events that match, and how many there are.
func (x *Index) Search(ctx context.Context, q index.Query) (page index.Page, err error) {
	if q.Limit < 0 || q.Limit > index.MaxLimit {
		return page, fmt.Errorf("limit %d of a search is not within 0 and %d", q.Limit, index.MaxLimit)
	}
	var after *place
	if q.After != "" {
		p, err := parseCursor(q.After)
		if err != nil {
			return page, err
		}
		after = &p
	}
	err = x.query(q, func(parts []part, missing []string) error {
		if q.NoTotal {
			page, err = nextPage(ctx, parts, q, after)
		} else {
			page, err = search(ctx, parts, q, after)
		}
		page.Incomplete = missing
		return err
	})
	return page, err
}

func search(ctx context.Context, parts []part, q index.Query, after *place) (index.Page, error) {
	var page index.Page
	sets := make([]*roaring.Bitmap, len(parts))
	err := each(ctx, parts, q, func(i int, set *roaring.Bitmap) error {
		sets[i] = set
		return nil
	})
	if err != nil {
		return page, err
	}
	for _, set := range sets {
		page.Total += int(set.GetCardinality())
	}
	if q.Limit == 0 {
		return page, nil
	}
	hits, err := firstHits(parts, sets, after, q.Ascending, q.Limit+1)
	if err != nil {
		return page, err
	}
	return page, put(ctx, &page, hits, q.Limit)
}

// put puts the events of hits into a page; one more than the limit says that there is a next page.
func put(ctx context.Context, page *index.Page, hits []*hit, limit int) error {
	if len(hits) > limit {
		hits = hits[:limit]
		last, err := hits[limit-1].place()
		if err != nil {
			return err
		}
		page.Next = last.cursor()
	}
	var err error
	page.Events, err = readHits(ctx, hits)
	return err
}

// firstHits are the first n of the sets behind after. The parts with the first
// events are asked first, and those that can add nothing are not.
func firstHits(parts []part, sets []*roaring.Bitmap, after *place, ascending bool, n int) ([]*hit, error) {
	var hits []*hit
	for _, i := range inTurn(parts, ascending) {
		if sets[i].IsEmpty() {
			continue
		}
		if enough(hits, n, parts[i], ascending) {
			break
		}
		more, err := parts[i].top(sets[i], after, ascending, n)
		if err != nil {
			return nil, err
		}
		if hits, err = merge(hits, more, ascending, n); err != nil {
			return nil, err
		}
	}
	return hits, nil
}

// merge are the first n of the hits and more.
func merge(hits, more []*hit, ascending bool, n int) ([]*hit, error) {
	if len(more) == 0 {
		return hits, nil
	}
	hits = append(hits, more...)
	if err := sortHits(hits, ascending); err != nil {
		return nil, err
	}
	return hits[:min(n, len(hits))], nil
}

// edge is the time that nothing of the part comes before.
func edge(p part, ascending bool) int64 {
	lo, hi, _ := p.span()
	if ascending {
		return lo
	}
	return hi
}

// before tells whether time a comes before b in an answer.
func before(a, b int64, ascending bool) bool { return a != b && (a < b) == ascending }

// inTurn are the numbers of the parts, those with the first events first.
func inTurn(parts []part, ascending bool) []int {
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		c := cmp.Compare(edge(parts[a], ascending), edge(parts[b], ascending))
		if !ascending {
			c = -c
		}
		return c
	})
	return order
}

// enough tells whether there are n hits, and the part and those behind it can add none.
func enough(hits []*hit, n int, p part, ascending bool) bool {
	return len(hits) == n && before(hits[n-1].nanos, edge(p, ascending), ascending)
}

// readHits reads the events of hits, several at a time; of a part they are read in
// the order that costs least.
func readHits(ctx context.Context, hits []*hit) ([][]byte, error) {
	out := make([][]byte, len(hits))
	var parts []part
	of := map[part][]uint32{}
	place := map[part]map[uint32]int{}
	for i, h := range hits {
		if of[h.part] == nil {
			parts, place[h.part] = append(parts, h.part), map[uint32]int{}
		}
		of[h.part] = append(of[h.part], h.n)
		place[h.part][h.n] = i
	}
	workers := atOnce()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, p := range parts {
		events := of[p]
		if err := p.readDocs().arrange(events); err != nil {
			return nil, errors.Join(err, g.Wait())
		}
		for some := range slices.Chunk(events, max(8, (len(events)+workers-1)/workers)) {
			g.Go(func() error {
				docs := p.readDocs()
				for i, n := range some {
					if i%checkEvery == 0 && ctx.Err() != nil {
						return ctx.Err()
					}
					doc, err := docs.read(n)
					if err != nil {
						return err
					}
					out[place[p][n]] = bytes.Clone(doc)
				}
				return nil
			})
		}
	}
	return out, g.Wait()
}

// Get is the event with this id; of several, which only differ in their time, the newest.
func (x *Index) Get(ctx context.Context, id string) (doc []byte, err error) {
	err = x.query(index.Query{}, func(parts []part, _ []string) error {
		var best *hit
		for _, p := range parts {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := p.search(func(v view) error {
				set, err := v.byID(id)
				if err != nil || set.IsEmpty() {
					return err
				}
				times, err := p.timesOf()
				if err != nil {
					return err
				}
				for it := set.Iterator(); it.HasNext(); {
					n := it.Next()
					if t := times(n); best == nil || t > best.nanos {
						best = &hit{nanos: t, n: n, part: p}
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		if best == nil {
			return fmt.Errorf("%w: %s", index.ErrNotFound, id)
		}
		docs, err := readHits(ctx, []*hit{best})
		if err == nil {
			doc = docs[0]
		}
		return err
	})
	return doc, err
}

// overlaps tells whether a part may have events of the window.
func overlaps(p part, first, last int64) bool {
	lo, hi, some := p.span()
	return some && first <= last && lo <= last && first <= hi
}
