package elastic

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// Values are the n most frequent values of a field among what matches, the most
// frequent first, and of equal ones the smallest. A value is what a query
// compares: query.Cut of it. Counts are of all events, or there is an error.
func (x *Index) Values(ctx context.Context, q index.Query, field string, n int) (out []index.Value, missing []string, err error) {
	f, path, ok := event.Lookup(field)
	if !ok || f.Kind == event.Flattened && path == "" {
		return nil, nil, fmt.Errorf("%q is not a field that has values", field)
	}
	if n < 0 {
		return nil, nil, fmt.Errorf("%d values cannot be asked for", n)
	}
	var counts map[string]int
	switch {
	case !isExact(q.Filter):
		counts, err = x.scanValues(ctx, q, f, path)
	case f.Name == "eventId":
		counts, err = x.idCounts(ctx, q, f, n)
	case f.Kind == event.Timestamp:
		counts, err = x.counts(ctx, q, f.Name+".text", "", n)
	case f.Kind == event.Flattened:
		counts, err = x.counts(ctx, q, section+".leaf", leafKey(f.Name, path), n)
	case f.Kind == event.Number:
		counts, err = x.counts(ctx, q, section+"."+numberName(f.Name), "", n)
	default:
		if counts, err = x.counts(ctx, q, f.Name, "", n); err == nil {
			var long map[string]int
			long, err = x.counts(ctx, q, section+".long", f.Name+"=", n)
			for v, k := range long {
				counts[v] += k
			}
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return top(counts, n), nil, nil
}

// top are the n most frequent ones.
func top(counts map[string]int, n int) []index.Value {
	out := make([]index.Value, 0, len(counts))
	for v, k := range counts {
		out = append(out, index.Value{Value: v, Count: k})
	}
	slices.SortFunc(out, func(a, b index.Value) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return slices.Clip(out[:min(n, len(out))])
}

// firstTerms is how many terms each shard is asked for at first.
const firstTerms = 2000

// counts counts the terms of a field that begin with key, without it: of all of
// them, or of those that the n most frequent are certainly among.
func (x *Index) counts(ctx context.Context, q index.Query, field, key string, n int) (map[string]int, error) {
	size := min(n+firstTerms, pageOf)
	terms := object{"field": field, "size": size, "shard_size": size, "show_term_doc_count_error": true}
	if key != "" {
		var b strings.Builder
		regexpEscape(&b, key)
		terms["include"] = b.String() + ".*"
	}
	var page struct {
		Error   int `json:"doc_count_error_upper_bound"`
		Others  int `json:"sum_other_doc_count"`
		Buckets []struct {
			Key   json.RawMessage `json:"key"`
			Text  *string         `json:"key_as_string"`
			Count int             `json:"doc_count"`
			Error int             `json:"doc_count_error_upper_bound"`
		} `json:"buckets"`
	}
	if err := x.aggregate(ctx, q, object{"terms": terms}, &page); err != nil {
		return nil, err
	}
	exact := page.Error == 0 && (page.Others == 0 || n < size)
	if !exact {
		return x.allCounts(ctx, q, field, key)
	}
	out := make(map[string]int, len(page.Buckets))
	for _, b := range page.Buckets {
		v, err := keyOf(b.Key, b.Text, field)
		if err != nil {
			return nil, err
		}
		out[strings.TrimPrefix(v, key)] += b.Count
	}
	return out, nil
}

// keyOf is the value that a bucket stands for.
func keyOf(key json.RawMessage, text *string, field string) (string, error) {
	switch {
	case len(key) > 0 && key[0] == '"':
		var s string
		err := json.Unmarshal(key, &s)
		return s, err
	case text != nil:
		return *text, nil
	case string(key) == "true":
		return "true", nil
	}
	n, err := strconv.ParseInt(string(key), 10, 64)
	if err != nil {
		return "", fmt.Errorf("a value of %s: %w", field, err)
	}
	return strconv.FormatUint(unshifted(n), 10), nil
}

// allCounts counts all terms of a field that begin with key, a page at a time.
func (x *Index) allCounts(ctx context.Context, q index.Query, field, key string) (map[string]int, error) {
	out := map[string]int{}
	var after any
	if key != "" {
		after = object{"v": key[:len(key)-1] + "<"} // the character before =
	}
	for {
		composite := object{"size": pageOf, "sources": []object{{"v": object{"terms": object{"field": field}}}}}
		if after != nil {
			composite["after"] = after
		}
		var page struct {
			After   json.RawMessage `json:"after_key"`
			Buckets []struct {
				Key struct {
					V json.RawMessage `json:"v"`
				} `json:"key"`
				Count int `json:"doc_count"`
			} `json:"buckets"`
		}
		if err := x.aggregate(ctx, q, object{"composite": composite}, &page); err != nil {
			return nil, err
		}
		for _, b := range page.Buckets {
			v, err := keyOf(b.Key.V, nil, field)
			if err != nil {
				return nil, err
			}
			rest, ok := strings.CutPrefix(v, key)
			switch {
			case ok:
				out[rest] = b.Count
			case v > key:
				return out, nil
			}
		}
		if len(page.Buckets) < pageOf {
			return out, nil
		}
		after = page.After
	}
}

// idCounts counts ids. Those that are cut may become equal, which only reading tells.
func (x *Index) idCounts(ctx context.Context, q index.Query, f event.Field, n int) (map[string]int, error) {
	long := object{"filter": prefix(section+".long", f.Name+"=")}
	var cut struct {
		Count int `json:"doc_count"`
	}
	if err := x.aggregate(ctx, q, long, &cut); err != nil {
		return nil, err
	}
	if cut.Count > 0 {
		return x.scanValues(ctx, q, f, "")
	}
	return x.counts(ctx, q, section+".id", "", n)
}
