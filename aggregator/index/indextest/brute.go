package indextest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// brute answers by looking at every event.
type brute struct {
	events   []event.Event
	position event.Position
}

func (b *brute) write(batches []event.Batch) {
	for i := range batches {
		for _, e := range batches[i].Events {
			if !slices.ContainsFunc(b.events, func(k event.Event) bool { return k.ID == e.ID && k.Time.Nanos == e.Time.Nanos }) {
				b.events = append(b.events, e)
			}
		}
		b.position.Advance(&batches[i])
	}
}

// matching are the events of a query, in its order.
func (b *brute) matching(q index.Query) []event.Event {
	var out []event.Event
	for _, e := range b.events {
		t := e.Time.Std()
		if !q.From.IsZero() && t.Before(q.From) || !q.To.IsZero() && !t.Before(q.To) {
			continue
		}
		if q.Filter == nil || q.Filter.Match(&e) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b event.Event) int {
		c := cmp.Or(cmp.Compare(a.Time.Nanos, b.Time.Nanos), strings.Compare(a.ID, b.ID))
		if !q.Ascending {
			c = -c
		}
		return c
	})
	return out
}

func (b *brute) histogram(q index.Query, step time.Duration) []index.Bucket {
	q.Ascending = true
	var out []index.Bucket
	for _, e := range b.matching(q) {
		rest := e.Time.Nanos % int64(step)
		if rest < 0 {
			rest += int64(step)
		}
		start := time.Unix(0, e.Time.Nanos-rest).UTC()
		if len(out) == 0 || !out[len(out)-1].Start.Equal(start) {
			out = append(out, index.Bucket{Start: start})
		}
		last := &out[len(out)-1]
		last.Count++
		if e.ErrorCode != "" {
			last.Errors++
		}
	}
	return out
}

func (b *brute) values(q index.Query, name string, n int) []index.Value {
	f, path, _ := event.Lookup(name)
	counts := map[string]int{}
	for _, e := range b.matching(q) {
		var of []string
		if f.Kind == event.Flattened {
			event.Object(f.Value(&e)).Leaves(func(p, v string) {
				if p == path {
					of = append(of, query.Cut(v))
				}
			})
		} else if v := f.Value(&e); v != "" {
			of = append(of, query.Cut(v))
		}
		slices.Sort(of)
		for _, v := range slices.Compact(of) {
			counts[v]++
		}
	}
	out := []index.Value{}
	for v, k := range counts {
		out = append(out, index.Value{Value: v, Count: k})
	}
	slices.SortFunc(out, func(a, b index.Value) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return out[:min(n, len(out))]
}

func (b *brute) fields(q index.Query, n int) []index.Field {
	counts := map[string]int{}
	for _, e := range b.matching(q) {
		has := map[string]bool{}
		for _, f := range event.Fields() {
			if f.Kind == event.Flattened {
				event.Object(f.Value(&e)).Leaves(func(path, _ string) {
					if path != "" {
						has[f.Name+"."+path] = true
					}
				})
			} else if (query.Exists{Field: f}).Match(&e) {
				has[f.Name] = true
			}
		}
		for name := range has {
			counts[name]++
		}
	}
	out := []index.Field{}
	for name, n := range counts {
		out = append(out, index.Field{Name: name, Count: n})
	}
	slices.SortFunc(out, func(a, b index.Field) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name))
	})
	return out[:min(n, len(out))]
}
