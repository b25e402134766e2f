package elastic

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// Fields are the fields and leaves that the events which match have, the most
// frequent first, then by name. Counts are of all events, or there is an error.
func (x *Index) Fields(ctx context.Context, q index.Query, n int) (out []index.Field, missing []string, err error) {
	if n < 0 {
		return nil, nil, fmt.Errorf("%d fields cannot be asked for", n)
	}
	var counts map[string]int
	if isExact(q.Filter) {
		counts, err = x.fieldCounts(ctx, q, n)
	} else {
		counts, err = x.scanFields(ctx, q)
	}
	if err != nil {
		return nil, nil, err
	}
	out = make([]index.Field, 0, len(counts))
	for name, count := range counts {
		out = append(out, index.Field{Name: name, Count: count})
	}
	slices.SortFunc(out, func(a, b index.Field) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name))
	})
	return slices.Clip(out[:min(n, len(out))]), nil, nil
}

// fieldCounts has Elasticsearch count, of the leaves those that can be among the n most frequent.
func (x *Index) fieldCounts(ctx context.Context, q index.Query, n int) (map[string]int, error) {
	filters := object{}
	for _, f := range event.Fields() {
		if f.Kind != event.Flattened {
			filters[f.Name] = exists(f, "")
		}
	}
	var answer struct {
		Buckets map[string]struct {
			Count int `json:"doc_count"`
		} `json:"buckets"`
	}
	if err := x.aggregate(ctx, q, object{"filters": object{"filters": filters}}, &answer); err != nil {
		return nil, err
	}
	out := map[string]int{}
	for name, b := range answer.Buckets {
		if b.Count > 0 {
			out[name] = b.Count
		}
	}
	leaves, err := x.counts(ctx, q, section+".path", "", n+len(filters)+len(bodyFields))
	if err != nil {
		return nil, err
	}
	for name, count := range leaves {
		if f, path, _ := event.Lookup(name); f.Kind == event.Flattened && path != "" {
			out[name] = count
		}
	}
	return out, nil
}
