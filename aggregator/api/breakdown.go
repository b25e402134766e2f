package api

import (
	"context"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// breakDown is by what a histogram is broken down.
type breakDown struct {
	field event.Field
	path  string
	n     int // how many values; 0: it is not
}

func parseBreakDown(params GetHistogramParams) (breakDown, error) {
	n, err := parseCount("n", params.N, defaultSeries, 1, maxSeries)
	if err != nil {
		return breakDown{}, err
	}
	if params.By == "" {
		return breakDown{}, nil
	}
	f, path, err := parseField("by", params.By)
	if err != nil {
		return breakDown{}, err
	}
	if f.Kind == event.Timestamp || f.Kind == event.Prose {
		return breakDown{}, problemParameter("by", params.By+" has no values to count by", "choose a keyword, such as eventName or errorCode")
	}
	return breakDown{f, path, n}, nil
}

// breakDown counts each of the most frequent values once more for itself.
func (h *handlers) breakDown(ctx context.Context, q index.Query, g grid, by breakDown, out *Histogram) error {
	values, missing, err := h.Index.Values(ctx, q, fieldName(by.field, by.path), by.n)
	if err != nil {
		return err
	}
	addMissing(&out.Incomplete, missing)
	out.By, out.Series, out.Other = fieldName(by.field, by.path), []HistogramSeries{}, make([]int, g.n)
	var shown []query.Expr
	for _, v := range values {
		one := equals(by.field, by.path, v.Value)
		shown = append(shown, one)
		series := HistogramSeries{Value: v.Value, Counts: make([]int, g.n)}
		if err := h.count(ctx, and(q, one), g, func(i int, b index.Bucket) {
			series.Counts[i] += b.Count
			series.Count += b.Count
		}); err != nil {
			return err
		}
		out.Series = append(out.Series, series)
	}
	// The rest is counted, not reckoned: an event may have several values, and new ones come in between.
	rest := q
	switch len(shown) {
	case 0:
	case 1:
		rest = and(q, query.Not{Expr: shown[0]})
	default:
		rest = and(q, query.Not{Expr: query.Or{Exprs: shown}})
	}
	return h.count(ctx, rest, g, func(i int, b index.Bucket) { out.Other[i] += b.Count })
}
