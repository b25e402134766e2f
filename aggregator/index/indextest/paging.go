package indextest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// pagesHold reads pages while events are written: those that were there at the
// first page come once each and in order, whatever comes between them.
func pagesHold(t *testing.T, b *bench) {
	ctx := context.Background()
	b.write(t, b.lanes.Batch("a", b.random(600)...))
	filter, err := query.Parse("eventRW: Write or errorMessage: *")
	if err != nil {
		t.Fatal(err)
	}
	turn, wrote := make(chan struct{}), make(chan error)
	writes := make([]event.Batch, 90) // drawn here, as the world is not for two
	for i := range writes {
		writes[i] = b.lanes.Batch("b", b.random(20)...)
	}
	go func() {
		for _, batch := range writes {
			if _, ok := <-turn; !ok {
				return
			}
			if err := b.index.Write(ctx, []event.Batch{batch}); err != nil {
				wrote <- err
				return
			}
			wrote <- b.index.Flush(ctx, Start)
		}
	}()
	defer close(turn)
	left := len(writes)
	for _, q := range []index.Query{{Limit: 50}, {Limit: 37, Ascending: true}, {Limit: 23, Filter: filter}, {Limit: 41, Filter: filter, Ascending: true, From: Start.AddDate(0, 0, 1)}} {
		o := newOracle(b.events)
		want := o.hits(q)
		label := fmt.Sprintf("%v, ascending %v", q.Filter, q.Ascending)
		var got [][]byte
		for page := 0; ; page++ {
			writing := left > 0 && page > 0
			if writing { // while the page is read
				turn <- struct{}{}
			}
			p, err := b.index.Search(ctx, q)
			if writing {
				if err := <-wrote; err != nil {
					t.Fatal(err)
				}
				b.note(writes[len(writes)-left : len(writes)-left+1])
				left--
			}
			if err != nil {
				t.Fatalf("%s: page %d: %v", label, page, err)
			}
			got = append(got, p.Events...)
			if q.After = p.Next; q.After == "" {
				break
			}
		}
		checkPages(t, label, o, want, got, q.Ascending)
	}
	if left == len(writes) {
		t.Fatal("the suite is wrong: nothing was written meanwhile")
	}
	q := question{Query: index.Query{Limit: 100}}
	if err := checkSearch(ctx, b.index, newOracle(b.events), q); err != nil {
		t.Fatal(err)
	}
}

func checkPages(t *testing.T, label string, o *oracle, want []int, got [][]byte, ascending bool) {
	t.Helper()
	seen := map[string]bool{}
	var before event.Event
	for i, doc := range got {
		if seen[string(doc)] {
			t.Fatalf("%s: event %d came before: %s", label, i, doc)
		}
		seen[string(doc)] = true
		e, err := event.ParseJSON(doc)
		if err != nil {
			t.Fatal(err)
		}
		c := e.Time.Std().Compare(before.Time.Std())
		if c == 0 {
			c = strings.Compare(e.ID, before.ID)
		}
		if i > 0 && c > 0 != ascending {
			t.Fatalf("%s: event %d is not behind the one before: %s", label, i, doc)
		}
		before = e
	}
	if i := slices.IndexFunc(want, func(n int) bool { return !seen[string(o.docs[n])] }); i >= 0 {
		t.Fatalf("%s: of %d events that were there %d do not come, the first is %s", label, len(want), i, o.docs[want[i]])
	}
}
