package local

import (
	"fmt"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
)

// Days that somebody wants kept stay, whatever retention and Expire say, until nobody does.
func TestKeptDaysStay(t *testing.T) {
	now := indextest.Start
	x := mustOpen(t, Config{Dir: t.TempDir(), Retention: 10 * 24 * time.Hour, SegmentEvents: 4, Now: func() time.Time { return now }})
	defer mustClose(t, x)
	day := func(n int) time.Time { return indextest.Start.Add(time.Duration(n) * 24 * time.Hour) }
	lane := event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "U", Epoch: 1}
	for n := range 6 {
		b := event.Batch{Lane: lane, Number: uint64(n + 1), Seq: uint64(n + 1), Events: []event.Event{{ID: fmt.Sprint("e", n), Time: event.At(day(n), 0)}}}
		if err := x.Write(t.Context(), []event.Batch{b}); err != nil {
			t.Fatal(err)
		}
	}
	expire := func(want int) {
		t.Helper()
		if _, err := x.Expire(t.Context(), day(100)); err != nil {
			t.Fatal(err)
		}
		if err := x.Flush(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		if got := x.Stats().Events; got != want {
			t.Errorf("%d events are left, want %d", got, want)
		}
	}
	x.Keep("trail a", day(2).Add(time.Hour))
	x.Keep("trail b", day(1))
	expire(5)
	now = day(50)
	expire(5)
	x.Keep("trail b", time.Time{})
	expire(4)
	x.Keep("trail a", day(5))
	expire(1)
	x.Keep("trail c", time.Time{})
	x.Keep("trail a", time.Time{})
	expire(0)
}
