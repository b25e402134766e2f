package elastic

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// expireEvery is how often Flush looks for indices that retention does not keep.
const expireEvery = time.Minute

// Flush folds a journal that has become long, and removes what retention does not keep.
func (x *Index) Flush(ctx context.Context, now time.Time) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.connect(ctx); err != nil {
		return err
	}
	if x.state.next-x.state.first >= foldAfter {
		if err := x.fold(ctx); err != nil {
			return fmt.Errorf("fold the journal: %w", err)
		}
	}
	if now.Before(x.expireNext) {
		return nil
	}
	if err := x.measure(ctx, now); err != nil {
		return err
	}
	days := make([]int64, 1+len(x.cfg.Classes))
	x.mu.Lock()
	for n := range days {
		days[n] = x.expireBefore(n, now)
	}
	x.mu.Unlock()
	_, err := x.expire(ctx, days)
	if err == nil {
		x.expireNext = now.Add(expireEvery)
	}
	return err
}

// Expire removes the days that end before this time: an index all of whose days
// do is deleted, of others the events are not found any more.
func (x *Index) Expire(ctx context.Context, before time.Time) (int, error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.connect(ctx); err != nil {
		return 0, err
	}
	days := make([]int64, 1+len(x.cfg.Classes))
	x.mu.Lock()
	for n := range days {
		days[n] = x.keptFrom(dayStart(nanos(before)))
	}
	x.mu.Unlock()
	return x.expire(ctx, days)
}

// expire removes what is before these days, by the number of the class. A class
// that is configured no more is kept as the default one. The caller holds writing.
func (x *Index) expire(ctx context.Context, days []int64) (events int, err error) {
	x.mu.Lock()
	indices, floors := x.indices, maps.Clone(x.floors)
	x.mu.Unlock()
	if floors == nil {
		floors = map[string]int64{}
	}
	for _, class := range classesOf(indices) {
		n, err := x.expireClass(ctx, class, indices, floors, days[x.cfg.Classes.Number(class)])
		events += n
		if err != nil {
			return events, err
		}
	}
	return events, nil
}

func classesOf(indices map[string]slice) []string {
	var out []string
	for _, s := range indices {
		if !slices.Contains(out, s.class) {
			out = append(out, s.class)
		}
	}
	slices.Sort(out)
	return out
}

func (x *Index) expireClass(ctx context.Context, class string, indices map[string]slice, floors map[string]int64, day int64) (events int, err error) {
	floor, ok := floors[class]
	if !ok {
		floor = math.MinInt64
	}
	to := max(day, floor)
	var old []string // those that have something before to
	for name, s := range indices {
		if s.class == class && nanos(s.from) < to {
			old = append(old, name)
		}
	}
	if len(old) == 0 {
		return 0, nil
	}
	slices.Sort(old)
	if day > floor {
		if events, err = x.tellExpiring(ctx, class, old, floor, day); err != nil {
			return 0, err
		}
		floors[class] = day
		x.mu.Lock()
		before := x.floors
		x.floors = maps.Clone(floors)
		x.mu.Unlock()
		if err := x.fold(ctx); err != nil { // from here on they are not found
			x.mu.Lock()
			x.floors = before
			x.mu.Unlock()
			return 0, err
		}
	}
	for _, name := range old {
		if indices[name].period == other {
			if err := x.dropOther(ctx, name, class, to); err != nil {
				return events, err
			}
			continue
		}
		if nanos(indices[name].to) <= to {
			if err := x.dropIndex(ctx, name); err != nil {
				return events, err
			}
		}
	}
	return events, nil
}

// tellExpiring counts what is about to expire, day by day, and tells of it.
func (x *Index) tellExpiring(ctx context.Context, class string, names []string, from, to int64) (events int, err error) {
	q := index.Query{}
	if from > math.MinInt64 {
		q.From = time.Unix(0, from)
	}
	q.To = time.Unix(0, to)
	days, err := x.dayCounts(ctx, names, q)
	if err != nil {
		return 0, err
	}
	for _, b := range days {
		events += b.Count
		if x.cfg.Expiring == nil {
			continue
		}
		e := index.Expired{Class: class, From: b.Start, To: b.Start.AddDate(0, 0, 1), Events: b.Count}
		if err := x.cfg.Expiring(ctx, e); err != nil {
			return 0, err
		}
	}
	return events, nil
}

// countBetween counts the events from one time up to another.
func (x *Index) countBetween(ctx context.Context, from, to time.Time) (int, error) {
	page, err := x.searchIn(ctx, nil, index.Query{From: from, To: to}, object{"size": 0, "track_total_hits": true})
	if err != nil || page.Hits.Total == nil {
		return 0, err
	}
	return page.Hits.Total.Value, nil
}
