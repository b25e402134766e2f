package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// answer is what a search gives.
type answer struct {
	TimedOut bool `json:"timed_out"`
	Shards   struct {
		Failed   int `json:"failed"`
		Failures []struct {
			Index  string  `json:"index"`
			Reason failure `json:"reason"`
		} `json:"failures"`
	} `json:"_shards"`
	Hits struct {
		Total *struct {
			Value int `json:"value"`
		} `json:"total"`
		Hits []hit `json:"hits"`
	} `json:"hits"`
	Aggregations map[string]json.RawMessage `json:"aggregations"`
}

type hit struct {
	Source json.RawMessage   `json:"_source"`
	Sort   []json.RawMessage `json:"sort"`
}

// spot is where the event stands.
func (h hit) spot() (spot, error) {
	var s spot
	if len(h.Sort) != 2 {
		return s, fmt.Errorf("elasticsearch sorts by %d values", len(h.Sort))
	}
	var id *string // of an event without one: null
	if err := json.Unmarshal(h.Sort[1], &id); err != nil {
		return s, err
	}
	if id != nil {
		s.id = *id
	}
	n, err := strconv.ParseInt(string(h.Sort[0]), 10, 64)
	s.nanos = n
	return s, err
}

// incomplete says why events may be missing in the answer.
func (a *answer) incomplete() []string {
	var out []string
	for _, f := range a.Shards.Failures {
		if why := fmt.Sprintf("a shard of %s failed: %s", f.Index, f.Reason); !slices.Contains(out, why) {
			out = append(out, why)
		}
	}
	if a.Shards.Failed > 0 && len(out) == 0 {
		out = append(out, fmt.Sprintf("%d shards failed", a.Shards.Failed))
	}
	if a.TimedOut {
		out = append(out, "the search took too long")
	}
	return out
}

// filter is the query for what matches in the window.
func (x *Index) filter(q index.Query) (object, error) {
	var parts []object
	bounds := object{}
	if !q.From.IsZero() {
		bounds["gte"] = nanos(q.From)
		if q.From.After(time.Unix(0, math.MaxInt64)) {
			return nothing(), nil
		}
	}
	if !q.To.IsZero() && !q.To.After(time.Unix(0, math.MaxInt64)) {
		if q.To.Before(time.Unix(0, math.MinInt64)) {
			return nothing(), nil
		}
		bounds["lt"] = nanos(q.To)
	}
	if len(bounds) > 0 {
		parts = append(parts, object{"range": object{section + ".time": bounds}})
	}
	if q.Filter != nil {
		f, err := translate(q.Filter)
		if err != nil {
			return nil, err
		}
		if _, all := q.Filter.(query.All); !all {
			parts = append(parts, f)
		}
	}
	out := object{"bool": object{"filter": parts}}
	if parts == nil {
		out = object{"match_all": object{}}
	}
	return x.hideExpired(out), nil
}

// hideExpired leaves out the events that are expired and still stand in an index
// whose other events are not.
func (x *Index) hideExpired(q object) object {
	x.mu.Lock()
	defer x.mu.Unlock()
	hidden := map[int64][]string{}
	for name, s := range x.indices {
		if floor, ok := x.floors[s.class]; ok && nanos(s.from) < floor {
			hidden[floor] = append(hidden[floor], name)
		}
	}
	if len(hidden) == 0 {
		return q
	}
	var old []object
	for _, floor := range slices.Sorted(maps.Keys(hidden)) {
		slices.Sort(hidden[floor]) // the same query has the same text
		old = append(old, allOf(object{"terms": object{"_index": hidden[floor]}}, object{"range": object{section + ".time": object{"lt": floor}}}))
	}
	return object{"bool": object{"filter": []object{q}, "must_not": old}}
}

// search sends a search over all indices.
func (x *Index) search(ctx context.Context, q index.Query, request object) (*answer, error) {
	if err := x.await(ctx); err != nil {
		return nil, err
	}
	return x.searchIn(ctx, nil, q, request)
}

// searchIn sends a search over these indices; none: all.
func (x *Index) searchIn(ctx context.Context, names []string, q index.Query, request object) (*answer, error) {
	if names == nil {
		names = []string{x.cfg.Prefix + "-*"}
	}
	if err := x.refresh(ctx); err != nil {
		return nil, err
	}
	f, err := x.filter(q)
	if err != nil {
		return nil, err
	}
	request["query"] = f
	b, err := body(request)
	if err != nil {
		return nil, err
	}
	kinds, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	none := true
	r := esapi.SearchRequest{
		Index: names, Body: b, AllowNoIndices: &none, IgnoreUnavailable: &none,
		// The same copies for all pages of an answer: one may have more of what is new than another.
		Preference: fmt.Sprintf("actiontrail%08x", crc32.ChecksumIEEE(kinds)),
	}
	var a answer
	if err := x.client.do(ctx, r, &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// refresh makes what was written visible to searches.
func (x *Index) refresh(ctx context.Context) error {
	x.refreshing.Lock()
	defer x.refreshing.Unlock()
	x.mu.Lock()
	dirty := x.dirty
	x.dirty = false
	x.mu.Unlock()
	if !dirty {
		return nil
	}
	none := true
	err := x.client.do(ctx, esapi.IndicesRefreshRequest{Index: []string{x.cfg.Prefix + "-*"}, AllowNoIndices: &none, IgnoreUnavailable: &none}, nil)
	if err != nil {
		x.mu.Lock()
		x.dirty = true
		x.mu.Unlock()
		return fmt.Errorf("make what is new visible: %w", err)
	}
	return nil
}

// order is the sort of the answers. An event without an id comes before others of its time.
func order(ascending bool) []object {
	by, missing := "desc", "_last"
	if ascending {
		by, missing = "asc", "_first"
	}
	return []object{
		{section + ".time": object{"order": by, "unmapped_type": "long"}},
		{section + ".id": object{"order": by, "missing": missing, "unmapped_type": "keyword"}},
	}
}

// Search gives a page of the events that match, and how many there are.
func (x *Index) Search(ctx context.Context, q index.Query) (index.Page, error) {
	if q.Limit < 0 || q.Limit > index.MaxLimit {
		return index.Page{Total: -1}, fmt.Errorf("limit %d of a search is not within 0 and %d", q.Limit, index.MaxLimit)
	}
	if !isExact(q.Filter) {
		return x.scanPageOf(ctx, q)
	}
	return x.page(ctx, q)
}

// page is Search for a filter that is exact.
func (x *Index) page(ctx context.Context, q index.Query) (index.Page, error) {
	page := index.Page{Total: -1}
	request := object{"track_total_hits": !q.NoTotal, "size": 0}
	if q.Limit > 0 {
		request["size"], request["sort"] = q.Limit+1, order(q.Ascending)
	}
	if q.After != "" {
		s, err := parseCursor(q.After)
		if err != nil {
			return page, err
		}
		if q.Limit > 0 {
			request["search_after"] = s.values()
		}
	}
	a, err := x.search(ctx, q, request)
	if err != nil {
		return page, err
	}
	page.Incomplete = a.incomplete()
	if a.Hits.Total != nil && !q.NoTotal {
		page.Total = a.Hits.Total.Value
	}
	hits := a.Hits.Hits
	if len(hits) > q.Limit {
		hits = hits[:q.Limit]
		last, err := hits[q.Limit-1].spot()
		if err != nil {
			return page, err
		}
		page.Next = last.cursor()
	}
	page.Events = make([][]byte, 0, len(hits))
	for _, h := range hits {
		doc, err := canonicalOf(h.Source)
		if err != nil {
			return page, err
		}
		page.Events = append(page.Events, doc)
	}
	return page, nil
}

// values are what search_after takes.
func (s spot) values() []any {
	if s.id == "" {
		return []any{s.nanos, nil}
	}
	return []any{s.nanos, s.id}
}

// Get is the event with this id; of several, which only differ in their time, the newest.
func (x *Index) Get(ctx context.Context, id string) ([]byte, error) {
	f, _, _ := event.Lookup("eventId")
	q := index.Query{Filter: query.Term{Field: f, Value: query.Cut(id)}}
	if id == "" {
		q.Filter = query.Not{Expr: query.Exists{Field: f}}
	}
	a, err := x.search(ctx, q, object{"size": 1, "sort": order(false), "track_total_hits": false})
	if err != nil {
		return nil, err
	}
	for _, h := range a.Hits.Hits {
		return canonicalOf(h.Source)
	}
	if missing := a.incomplete(); missing != nil {
		return nil, fmt.Errorf("event %s is not found, and not all was looked at: %s", id, missing[0])
	}
	return nil, fmt.Errorf("%w: %s", index.ErrNotFound, id)
}
