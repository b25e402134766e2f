package elastic

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// other is the period of the one index of a class for the events whose time is far
// off, of clocks that are wrong and records without a time: an index for each day
// that they name would soon be more than a cluster has room for.
const other Period = "other"

// aheadMost is how far ahead the begin of an index's time may be when it is made.
const aheadMost = 24 * time.Hour

// longAgo is before the first event that an index of its own is made for.
func longAgo() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// otherSlice is all the time that an event can have.
func otherSlice(class string) slice {
	return slice{class: class, period: other, from: time.Unix(0, math.MinInt64).UTC(), to: time.Unix(0, math.MaxInt64).UTC()}
}

// far tells whether no index is made for a slice.
func (s slice) far(now time.Time) bool {
	return !s.to.After(longAgo()) || s.from.After(now.Add(aheadMost))
}

// share is called before the index of a slice is made, whose time was far off
// before now: events of it may stand in the other index of its class. If any do, it
// is noted for good that events of the slice are to be looked for there, too.
func (x *Index) share(ctx context.Context, s slice) error {
	from := otherSlice(s.class).name(x.cfg.Prefix)
	name := s.name(x.cfg.Prefix)
	x.mu.Lock()
	_, there := x.indices[from]
	x.mu.Unlock()
	if !there || slices.Contains(x.state.shared, name) {
		return nil
	}
	n, err := x.countIn(ctx, from, index.Query{From: s.from, To: s.to})
	if err != nil || n == 0 {
		return err
	}
	x.state.shared = append(x.state.shared, name)
	if err := x.fold(ctx); err != nil {
		return fmt.Errorf("note that events of %s are in %s: %w", name, from, err)
	}
	return nil
}

// countIn counts the events of one index.
func (x *Index) countIn(ctx context.Context, name string, q index.Query) (int, error) {
	a, err := x.searchIn(ctx, []string{name}, q, object{"size": 0, "track_total_hits": true})
	if err != nil {
		return 0, err
	}
	if missing := a.incomplete(); missing != nil {
		return 0, fmt.Errorf("%w: %s", errIncomplete, missing[0])
	}
	if a.Hits.Total == nil {
		return 0, fmt.Errorf("elasticsearch does not count the events of %s", name)
	}
	return a.Hits.Total.Value, nil
}

// hasOther tells whether some class has an index of events whose time is far off.
func (x *Index) hasOther() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.indices {
		if s.period == other {
			return true
		}
	}
	return false
}

// dropOther removes the other index of a class when all in it is before a time.
func (x *Index) dropOther(ctx context.Context, name, class string, before int64) error {
	left, err := x.countIn(ctx, name, index.Query{From: time.Unix(0, before)})
	if err != nil || left > 0 {
		return err
	}
	if err := x.dropIndex(ctx, name); err != nil {
		return err
	}
	x.state.shared = slices.DeleteFunc(x.state.shared, func(of string) bool {
		s, ok := parseSlice(x.cfg.Prefix, of)
		return !ok || s.class == class
	})
	return nil
}
