package local

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// Searches with names that have wildcards, braces around objects and unknown
// fields find what Match does, in memory and in segments, and no more events are
// read for a Nested than have its leaves.
func TestNestedAndUnknown(t *testing.T) {
	x := mustOpen(t, Config{Dir: t.TempDir()})
	defer mustClose(t, x)
	var events []event.Event
	for i := range 600 {
		e := event.Event{ID: fmt.Sprint("e", i), Name: fmt.Sprint("N", i%7), Time: event.At(indextest.Start.Add(time.Duration(i)*time.Minute), 3)}
		e.Identity.UserName = fmt.Sprint("u", i%11)
		body := fmt.Sprintf(`{"Tags":[{"Key":"env","Value":"v%d"},{"Key":"team","Value":"v%d"}],"One":{"a":"%d","b":"%d"}}`, i%50, i*7%50, i%40, i%30)
		var err error
		if e.RequestParameters, err = event.ParseObject([]byte(body)); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if err := x.Write(t.Context(), []event.Batch{{Lane: event.Lane{Agent: "a"}, Number: 1, Seq: 1, Events: events}}); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"memory", "segments"} {
		for _, c := range []struct {
			text  string
			reads int // events at most that its plan leaves to be read; 0: none
		}{
			{"requestParameters.Tags: { Key: env and Value: v3 }", 24},
			{"requestParameters.Tags: { Key: team and not Value: v3 }", 600},
			{"requestParameters.Tags: { Key: env and Value: v* } and eventName: N3", 600},
			{"requestParameters.One: { a: 7 and b: 7 }", 5},
			{"requestParameters.One: { a: 7 or b: 7 }", 35},
			{"requestParameters.Tags: { Key: nobody and Value: v3 }", 0},
			{"requestParameters.None: { a: 7 }", 0},
			{"not requestParameters.Tags: { Key: env and Value: v3 }", 600},
			{"user*: u3", 600},
			{"*.userName: u3", 600},
			{"requestParameters.*: v3", 0},
			{"userNam: u3", 0},
			{"not userNam: u3", 0},
			{"userNam: u3 or eventName: N1", 0},
		} {
			expr, _, err := query.ParseSearch(c.text, testNow())
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for i := range events {
				if expr.Match(&events[i]) {
					want = append(want, string(events[i].AppendJSON(nil)))
				}
			}
			q := index.Query{Filter: expr, Limit: 1000, Ascending: true}
			page, err := x.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range page.Events {
				got = append(got, string(e))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s finds %d events, want %d", where, c.text, len(got), len(want))
			}
			parts, _, release, err := x.parts(q)
			if err != nil {
				t.Fatal(err)
			}
			read := 0
			for _, p := range parts {
				f, err := plan(t.Context(), p, q)
				if err != nil {
					t.Fatal(err)
				}
				if !f.exact {
					read += int(f.set.GetCardinality())
				}
			}
			release()
			if read > c.reads {
				t.Errorf("%s: %s reads %d events, want %d at most", where, c.text, read, c.reads)
			}
		}
		if err := cmp.Or(x.cut(), x.waitBuilt(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
}
