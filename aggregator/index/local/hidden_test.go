package local

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// Values that look like ids, and have no keys in segments, are found as all
// others are: by equality in their own field only, by wildcards, as words, and counted.
func TestHiddenValues(t *testing.T) {
	const n = 20
	id := func(i int) string { return fmt.Sprintf("%08x-4e5f-4071-8293-a4b5c6d7e8f9", i) }
	x := mustOpen(t, Config{Dir: t.TempDir()})
	defer mustClose(t, x)
	var events []event.Event
	for i := range n {
		e := event.Event{
			ID: id(1000 + i), Time: event.At(indextest.Start, 3), RequestID: id(i), ErrorMessage: "see " + id(i+1),
			RequestParameters: event.Object(fmt.Sprintf(`{"Token":"%s"}`, id(n-i))),
		}
		if i >= n-3 {
			e.RequestID = id(500) // of several events: it has a key
		}
		events = append(events, e)
	}
	var lanes indextest.Lanes
	ctx := context.Background()
	if err := x.Write(ctx, []event.Batch{lanes.Batch("a", events...)}); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"memory", "segment"} {
		if where == "segment" {
			if err := x.cut(); err != nil {
				t.Fatal(err)
			}
			if err := x.waitBuilt(ctx); err != nil {
				t.Fatal(err)
			}
			if f := x.segments[0].byName[fieldKey{name: "requestId"}]; f.Hidden.Length == 0 {
				t.Fatal("no value is hidden")
			}
		}
		for _, kql := range []string{
			"requestId: " + id(3), "requestId: " + id(n), "requestId: " + id(500), "requestId: " + id(77), "not requestId: " + id(3),
			"requestId: 0000000*", "requestId: *8293*", "requestId: *e8f9", "requestId: 000001f4*", "requestId: 0000*000*", "requestId: *", "requestId: x*",
			"requestParameters.Token: " + id(5), "requestParameters.Token: 0000000a*", "requestParameters: " + id(5), "requestParameters: *0b-4e5f*",
			"errorMessage: " + id(4), "errorMessage: 0000000*", "errorMessage: \"see " + id(4) + "\"", id(6), "00000006-4*", "*0c-4*",
		} {
			filter, err := query.Parse(kql)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			for i := range events {
				if filter.Match(&events[i]) {
					want++
				}
			}
			page, err := x.Search(ctx, index.Query{Filter: filter, Limit: 100})
			if err != nil || page.Total != want || len(page.Events) != want {
				t.Errorf("%s in %s: %d events, want %d: %v", kql, where, page.Total, want, err)
			}
		}
		values, _, err := x.Values(ctx, index.Query{}, "requestId", 2)
		if diff := cmp.Diff([]index.Value{{Value: id(500), Count: 3}, {Value: id(0), Count: 1}}, values); err != nil || diff != "" {
			t.Errorf("values in %s: %v (-want +got)\n%s", where, err, diff)
		}
	}
}
