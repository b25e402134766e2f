package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// errIncomplete is why counts are not given: they would look like exact ones.
var errIncomplete = errors.New("elasticsearch could not look at all events")

// aggregate asks for one aggregation.
func (x *Index) aggregate(ctx context.Context, q index.Query, how object, into any) error {
	if err := x.await(ctx); err != nil {
		return err
	}
	return x.aggregateIn(ctx, nil, q, how, into)
}

func (x *Index) aggregateIn(ctx context.Context, names []string, q index.Query, how object, into any) error {
	a, err := x.searchIn(ctx, names, q, object{"size": 0, "track_total_hits": false, "aggs": object{"a": how}})
	if err != nil {
		return err
	}
	if missing := a.incomplete(); missing != nil {
		return fmt.Errorf("%w: %s", errIncomplete, missing[0])
	}
	if a.Aggregations == nil { // there are no indices
		return nil
	}
	if err := json.Unmarshal(a.Aggregations["a"], into); err != nil {
		return fmt.Errorf("read the answer of elasticsearch: %w", err)
	}
	return nil
}

// pageOf is how many buckets are asked for at once; a cluster gives 65,536 at most.
const pageOf = 10_000

// Histogram counts what matches by steps of time, which are aligned to 1970 UTC.
// Steps without events are left out. Counts are of all events, or there is an error.
func (x *Index) Histogram(ctx context.Context, q index.Query, step time.Duration) (out []index.Bucket, missing []string, err error) {
	if step <= 0 {
		return nil, nil, fmt.Errorf("a histogram cannot have steps of %v", step)
	}
	if err := x.await(ctx); err != nil {
		return nil, nil, err
	}
	if isExact(q.Filter) {
		out, err = x.steps(ctx, nil, q, step)
	} else {
		out, err = x.scanSteps(ctx, q, step)
	}
	return out, nil, err
}

// dayCounts counts the events of these indices by UTC day.
func (x *Index) dayCounts(ctx context.Context, names []string, q index.Query) ([]index.Bucket, error) {
	return x.steps(ctx, names, q, 24*time.Hour)
}

func (x *Index) steps(ctx context.Context, names []string, q index.Query, step time.Duration) ([]index.Bucket, error) {
	// The field is a number of nanoseconds that date_histogram takes for one of
	// milliseconds: it counts exactly, where histogram would count in floating point.
	source := object{"t": object{"date_histogram": object{"field": section + ".time", "fixed_interval": fmt.Sprintf("%dms", step.Nanoseconds())}}}
	var out []index.Bucket
	var after json.RawMessage
	for {
		composite := object{"size": pageOf, "sources": []object{source}}
		if after != nil {
			composite["after"] = after
		}
		var page struct {
			After   json.RawMessage `json:"after_key"`
			Buckets []struct {
				Key struct {
					T int64 `json:"t"`
				} `json:"key"`
				Count  int `json:"doc_count"`
				Errors struct {
					Count int `json:"doc_count"`
				} `json:"errors"`
			} `json:"buckets"`
		}
		how := object{"composite": composite, "aggs": object{"errors": object{"filter": object{"term": object{section + ".outcome": "failure"}}}}}
		if err := x.aggregateIn(ctx, names, q, how, &page); err != nil {
			return nil, err
		}
		for _, b := range page.Buckets {
			out = append(out, index.Bucket{Start: time.Unix(0, b.Key.T).UTC(), Count: b.Count, Errors: b.Errors.Count})
		}
		if len(page.Buckets) < pageOf {
			return out, nil
		}
		after = page.After
	}
}
