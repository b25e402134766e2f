package elastic

import (
	"context"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// Braces around an object cannot be asked for: the terms of a document do not tell
// which leaves stand in one object. What may match is asked for, read, and matched here.

// isExact tells whether translate gives a query for exactly what matches.
func isExact(x query.Expr) bool {
	switch x := x.(type) {
	case query.And:
		return areExact(x.Exprs)
	case query.Or:
		return areExact(x.Exprs)
	case query.Not:
		return isExact(x.Expr)
	case query.Nested:
		return false
	}
	return true
}

func areExact(all []query.Expr) bool {
	for _, x := range all {
		if !isExact(x) {
			return false
		}
	}
	return true
}

// loosened is an exact expression that matches all that x matches, and perhaps more.
func loosened(x query.Expr) query.Expr {
	if isExact(x) {
		return x
	}
	switch x := x.(type) {
	case query.And:
		return query.And{Exprs: loosenedAll(x.Exprs)}
	case query.Or:
		return query.Or{Exprs: loosenedAll(x.Exprs)}
	case query.Nested:
		return x.Candidates()
	}
	return query.All{} // a Not
}

func loosenedAll(all []query.Expr) []query.Expr {
	out := make([]query.Expr, len(all))
	for i, x := range all {
		out[i] = loosened(x)
	}
	return out
}

// scanPage is how many events are read at once.
const scanPage = 1000

// scan reads the events that match, in the order of the query and after its
// cursor, and gives them to fn until that returns false.
func (x *Index) scan(ctx context.Context, q index.Query, fn func(e *event.Event, doc []byte) bool) (incomplete []string, err error) {
	filter := q.Filter
	q.Filter, q.Limit, q.NoTotal = loosened(filterOf(q)), scanPage, true
	for {
		page, err := x.page(ctx, q)
		if err != nil {
			return nil, err
		}
		if page.Incomplete != nil {
			incomplete = page.Incomplete
		}
		for _, doc := range page.Events {
			e, err := event.ParseJSON(doc)
			if err != nil {
				return nil, fmt.Errorf("an event in elasticsearch: %w", err)
			}
			if (filter == nil || filter.Match(&e)) && !fn(&e, doc) {
				return incomplete, nil
			}
		}
		if page.Next == "" {
			return incomplete, nil
		}
		q.After = page.Next
	}
}

func filterOf(q index.Query) query.Expr {
	if q.Filter == nil {
		return query.All{}
	}
	return q.Filter
}

// scanAll is scan for counts, which are given of all or not at all.
func (x *Index) scanAll(ctx context.Context, q index.Query, fn func(e *event.Event)) error {
	q.After = ""
	missing, err := x.scan(ctx, q, func(e *event.Event, _ []byte) bool {
		fn(e)
		return true
	})
	if err == nil && missing != nil {
		err = fmt.Errorf("%w: %s", errIncomplete, missing[0])
	}
	return err
}

// scanPageOf is Search by scan.
func (x *Index) scanPageOf(ctx context.Context, q index.Query) (index.Page, error) {
	page := index.Page{Total: -1}
	var err error
	if q.Limit > 0 {
		var last spot
		page.Incomplete, err = x.scan(ctx, q, func(e *event.Event, doc []byte) bool {
			if len(page.Events) == q.Limit {
				page.Next = last.cursor()
				return false
			}
			page.Events, last = append(page.Events, doc), spot{e.Time.Nanos, e.ID}
			return true
		})
		if err != nil {
			return page, err
		}
	}
	if q.NoTotal {
		return page, nil
	}
	page.Total, q.After = 0, ""
	missing, err := x.scan(ctx, q, func(*event.Event, []byte) bool {
		page.Total++
		return true
	})
	if missing != nil {
		page.Incomplete = missing
	}
	return page, err
}

// scanSteps is Histogram by scan.
func (x *Index) scanSteps(ctx context.Context, q index.Query, step time.Duration) ([]index.Bucket, error) {
	var out []index.Bucket
	q.Ascending = true
	err := x.scanAll(ctx, q, func(e *event.Event) {
		rest := e.Time.Nanos % int64(step)
		if rest < 0 {
			rest += int64(step)
		}
		start := time.Unix(0, e.Time.Nanos-rest).UTC()
		if len(out) == 0 || !out[len(out)-1].Start.Equal(start) {
			out = append(out, index.Bucket{Start: start})
		}
		b := &out[len(out)-1]
		b.Count++
		if e.ErrorCode != "" {
			b.Errors++
		}
	})
	return out, err
}

// scanValues counts the values of a field by scan.
func (x *Index) scanValues(ctx context.Context, q index.Query, f event.Field, path string) (map[string]int, error) {
	out := map[string]int{}
	err := x.scanAll(ctx, q, func(e *event.Event) {
		v := f.Value(e)
		if f.Kind != event.Flattened {
			if v != "" {
				out[query.Cut(v)]++
			}
			return
		}
		seen := map[string]bool{}
		event.Object(v).Each(path, func(v string) bool {
			if v = query.Cut(v); !seen[v] {
				seen[v] = true
				out[v]++
			}
			return true
		})
	})
	return out, err
}

// scanFields counts fields and leaves by scan.
func (x *Index) scanFields(ctx context.Context, q index.Query) (map[string]int, error) {
	out := map[string]int{}
	err := x.scanAll(ctx, q, func(e *event.Event) {
		for _, f := range event.Fields() {
			if f.Kind != event.Flattened {
				if (query.Exists{Field: f}).Match(e) {
					out[f.Name]++
				}
				continue
			}
			seen := map[string]bool{}
			event.Object(f.Value(e)).Leaves(func(path, _ string) {
				if path != "" && !seen[path] {
					seen[path] = true
					out[f.Name+"."+path]++
				}
			})
		}
	})
	return out, err
}
