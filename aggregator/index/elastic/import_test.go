package elastic_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/elastic"
	"github.com/actiontrail/actiontrail/event"
)

// What expired comes in again, once, while somebody wants it kept, also behind the
// floor below which nothing was found any more, and goes when nobody does.
func (n *node) imports(t *testing.T) {
	cfg := n.config(t.TempDir())
	day := cfg.Now().Truncate(24 * time.Hour)
	at := day
	cfg.Retention, cfg.Now, cfg.Period = 10*24*time.Hour, func() time.Time { return at }, elastic.Month
	x := open(t, cfg)
	defer x.Close()
	var old []event.Event
	for i := range 9 {
		old = append(old, event.Event{ID: fmt.Sprintf("5b1f2a04-3d1e-5c6f-8a7b-9c0d1e2f3a4%d", i), Time: event.At(day.AddDate(0, 0, -9+i/3), 0)})
	}
	found := func(want int) {
		t.Helper()
		if page, err := x.Search(t.Context(), index.Query{}); err != nil || page.Total != want {
			t.Fatalf("%d events are found, want %d: %v", page.Total, want, err)
		}
	}
	bring := func(want int) {
		t.Helper()
		if err := x.Import(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		found(want)
	}
	expire := func(want int) {
		t.Helper()
		at = at.Add(2 * time.Minute)
		if err := x.Flush(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		found(want)
	}
	bring(9)
	at = day.AddDate(0, 0, 100)
	expire(0)
	bring(0)
	x.Keep("import", day.AddDate(0, 0, -8))
	bring(6)
	bring(6)
	expire(6)
	x.Keep("import", time.Time{})
	expire(0)
}
