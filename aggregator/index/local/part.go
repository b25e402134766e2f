package local

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/errgroup"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// part is a memory or a segment that takes part in a query, and what was found in it.
type part interface {
	// span are the times of its events; some is false when it has none.
	span() (lo, hi int64, some bool)
	// search calls fn with a view that is valid within it.
	search(fn func(view) error) error
	// timesOf gives the time of an event; it is called within search.
	timesOf() (func(n uint32) int64, error)
	readDocs() docReader
	// top are the first n events of set behind after, in the order asked for, with their times.
	top(set *roaring.Bitmap, after *place, ascending bool, n int) ([]*hit, error)
}

// window are the first and the last time of a query.
func window(q index.Query) (first, last int64) {
	first, last = math.MinInt64, math.MaxInt64
	if !q.From.IsZero() {
		first = nanos(q.From)
	}
	if !q.To.IsZero() {
		if last = nanos(q.To); last == math.MinInt64 {
			return 0, -1
		}
		last--
	}
	return first, last
}

// nanos is the time in nanoseconds, or the nearest there is.
func nanos(t time.Time) int64 {
	switch y := t.UTC().Year(); {
	case y < 1678:
		return math.MinInt64
	case y > 2261:
		return math.MaxInt64
	}
	return t.UnixNano()
}

// checkEvery is after how many events that are read a query looks whether it is still wanted.
const checkEvery = 256

// match are the events of a part that match, exactly.
func match(ctx context.Context, p part, q index.Query) (*roaring.Bitmap, error) {
	f, err := plan(ctx, p, q)
	if err != nil || f.exact {
		return f.set, err
	}
	return verify(ctx, p, q, f.set)
}

// plan are the events of a part that may match, found without reading them.
func plan(ctx context.Context, p part, q index.Query) (f found, err error) {
	if err := ctx.Err(); err != nil {
		return f, err
	}
	first, last := window(q)
	err = p.search(func(v view) error {
		within, err := v.window(first, last)
		if err != nil || q.Filter == nil || within.IsEmpty() {
			f = found{within, true}
			return err
		}
		f, err = planner{v, within}.plan(q.Filter)
		return err
	})
	return f, err
}

// verify reads the events of set, and leaves those that match.
func verify(ctx context.Context, p part, q index.Query, set *roaring.Bitmap) (*roaring.Bitmap, error) {
	var in []uint32
	err := readAll(ctx, p, set, func(n uint32, e *event.Event) {
		if q.Filter.Match(e) {
			in = append(in, n)
		}
	})
	return roaring.BitmapOf(in...), err
}

// readAll reads the events of set, in the order that costs least. fn must not keep the event.
func readAll(ctx context.Context, p part, set *roaring.Bitmap, fn func(n uint32, e *event.Event)) error {
	docs := p.readDocs()
	events := set.ToArray()
	if err := docs.arrange(events); err != nil {
		return err
	}
	for i, n := range events {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var e event.Event
		if err := docs.event(n, &e); err != nil {
			return fmt.Errorf("event %d: %w", n, err)
		}
		fn(n, &e)
	}
	return nil
}

// holds reads an event and asks the filter.
func holds(docs docReader, n uint32, q index.Query) (bool, error) {
	var e event.Event
	if err := docs.event(n, &e); err != nil {
		return false, fmt.Errorf("event %d: %w", n, err)
	}
	return q.Filter.Match(&e), nil
}

// atOnce is how many goroutines read for a query: more than there are processors, as
// some wait for the disk.
func atOnce() int { return max(8, runtime.GOMAXPROCS(0)) }

// each calls fn for every part with what matches in it, several at a time.
func each(ctx context.Context, parts []part, q index.Query, fn func(i int, set *roaring.Bitmap) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce())
	for i, p := range parts {
		g.Go(func() error {
			set, err := match(ctx, p, q)
			if err != nil {
				return err
			}
			return fn(i, set)
		})
	}
	return g.Wait()
}

// hit is an event of a part in an answer that is being made.
type hit struct {
	nanos int64
	n     uint32
	part  part
	id    *string // read when it is needed
}

// place reads the id if it is not known yet.
func (h *hit) place() (place, error) {
	if h.id == nil {
		id, err := h.part.readDocs().id(h.n)
		if err != nil {
			return place{}, err
		}
		h.id = &id
	}
	return place{h.nanos, *h.id}, nil
}

// sortHits orders hits by time and id, and ids are read only where times are equal.
func sortHits(hits []*hit, ascending bool) error {
	var failed error
	slices.SortFunc(hits, func(a, b *hit) int {
		c := cmp.Compare(a.nanos, b.nanos)
		if c == 0 && a != b {
			p, err := a.place()
			q, err2 := b.place()
			if failed = cmp.Or(failed, err, err2); failed != nil {
				return 0
			}
			c = strings.Compare(p.id, q.id)
		}
		if !ascending {
			c = -c
		}
		return c
	})
	return failed
}

// idOf is the eventId of canonical JSON, whose first key it is.
func idOf(doc []byte) string {
	const key = `{"eventId":"`
	if len(doc) < len(key) || string(doc[:len(key)]) != key {
		return ""
	}
	for i := len(key); i < len(doc); i++ {
		switch doc[i] {
		case '"':
			return string(doc[len(key):i])
		case '\\':
			var e struct {
				ID string `json:"eventId"`
			}
			if json.Unmarshal(doc, &e) != nil {
				return ""
			}
			return e.ID
		}
	}
	return ""
}
