package local

import (
	"fmt"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
)

// What is older than retention keeps comes in once while somebody wants it kept, in
// memory, in segments and after a crash, and goes when nobody does.
func TestImport(t *testing.T) {
	now := indextest.Start.AddDate(0, 0, 100)
	cfg := Config{Dir: t.TempDir(), Retention: 10 * 24 * time.Hour, SegmentEvents: 4, Now: func() time.Time { return now }}
	x := mustOpen(t, cfg)
	lane := event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "U", Epoch: 1}
	if err := x.Write(t.Context(), []event.Batch{{Lane: lane, Number: 1, Seq: 1, Events: []event.Event{{ID: "new", Time: event.At(now, 0)}}}}); err != nil {
		t.Fatal(err)
	}
	at := x.Position()
	var old []event.Event
	for n := range 9 {
		old = append(old, event.Event{ID: fmt.Sprint("e", n), Time: event.At(indextest.Start.AddDate(0, 0, n/3), 0)})
	}
	bring := func(want int) {
		t.Helper()
		if err := x.Import(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := x.Flush(t.Context(), now); err != nil {
				t.Fatal(err)
			}
		}
		page, err := x.Search(t.Context(), index.Query{})
		if err != nil || page.Total != want || len(page.Incomplete) > 0 {
			t.Fatalf("%d events are found, want %d: %v %v", page.Total, want, page.Incomplete, err)
		}
	}
	bring(1)
	x.Keep("import", indextest.Start.AddDate(0, 0, 1))
	bring(7)
	bring(7)
	mustClose(t, x)
	x = mustOpen(t, cfg)
	defer func() { mustClose(t, x) }()
	x.Keep("import", indextest.Start.AddDate(0, 0, 1))
	bring(7)
	if x.Position().Seq != at.Seq {
		t.Errorf("the position moved from %d to %d", at.Seq, x.Position().Seq)
	}
	now = now.AddDate(0, 0, 5)
	bring(7)
	x.Keep("import", time.Time{})
	if _, err := x.Expire(t.Context(), now.AddDate(0, 0, -10)); err != nil {
		t.Fatal(err)
	}
	bring(1)
}
