package elastic_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/elastic"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
)

// indices are the names of those that are there, without the prefix.
func (n *node) indices(t *testing.T, prefix string) (names []string) {
	t.Helper()
	var rows []struct{ Index string }
	n.ask(t, http.MethodGet, "/_cat/indices/"+prefix+"-*?format=json&h=index", "", &rows)
	for _, r := range rows {
		names = append(names, r.Index[len(prefix):])
	}
	slices.Sort(names)
	return names
}

// far: events whose time is far off stand in one index of their class, however many
// days they name. When their day comes, what is written again is not stored twice.
func (n *node) far(t *testing.T) {
	cfg := n.config(t.TempDir())
	clock := indextest.Start.Add(12 * time.Hour)
	cfg.Now = func() time.Time { return clock }
	cfg.Classes = index.Classes{{Name: "signins", EventTypes: []string{event.TypeConsoleSignin}}}
	events := indextest.Events(41, 120)
	soon := clock.Add(5 * 24 * time.Hour)
	for i := range events {
		e := &events[i]
		e.Type = event.TypeAPICall
		switch {
		case i == 0:
			e.Time = event.Time{}
		case i < 10:
			e.Type, e.Time = event.TypeConsoleSignin, event.At(clock.AddDate(10*i, 0, 0), 3)
		case i < 60:
			e.Time = event.At(time.Date(1700+5*i, 3, 1, 0, 0, 0, 0, time.UTC), 3) // 1750 to 1995
		case i < 80:
			e.Time = event.At(clock.AddDate(2*(i-58), 0, 0), 3)
		case i < 100:
			e.Time = event.At(soon.Add(time.Duration(i)*time.Minute), 3)
		default:
			e.Time = event.At(clock.Add(time.Duration(i)*time.Second), 3)
		}
	}
	far, near := events[:100], events[100:]
	var lanes indextest.Lanes
	x := open(t, cfg)
	look := func(what string, total int, want ...string) {
		t.Helper()
		if got := len(all(t, x, nil)); got != total {
			t.Errorf("%s: %d events are found, want %d", what, got, total)
		}
		if got := n.indices(t, cfg.Prefix); !slices.Equal(got, want) {
			t.Errorf("%s: indices %q, want %q", what, got, want)
		}
	}
	write(t, x, lanes.Batch("a", events...))
	today := clock.Format("-2006.01.02")
	look("written", 120, today, "-other", "-signins-other")
	for _, e := range []event.Event{events[0], events[5], events[20], events[70], events[99]} {
		if doc, err := x.Get(context.Background(), e.ID); err != nil || string(doc) != string(e.AppendJSON(nil)) {
			t.Errorf("event at %v: %v\n%s", e.Time.Std(), err, doc)
		}
	}
	if page, err := x.Search(context.Background(), index.Query{From: soon, To: soon.AddDate(0, 0, 1), Limit: 50}); err != nil || len(page.Events) != 20 {
		t.Errorf("%d events of a day to come are found, want 20: %v", len(page.Events), err)
	}
	write(t, x, lanes.Batch("a", far...))
	look("written again", 120, today, "-other", "-signins-other")

	// The day has come, and its index is made by an event that is new.
	clock = soon.Add(time.Hour)
	comes := soon.Format("-2006.01.02")
	fresh := indextest.Events(43, 2)
	for i := range fresh {
		fresh[i].Type, fresh[i].Time = event.TypeAPICall, event.At(soon.Add(time.Duration(i)*time.Second), 3)
	}
	write(t, x, lanes.Batch("a", append([]event.Event{events[85], fresh[0]}, far...)...))
	look("when the day has come", 121, today, comes, "-other", "-signins-other")
	cfg.Period = elastic.Month // that of the day decides
	x = open(t, cfg)
	write(t, x, lanes.Batch("a", append(slices.Clone(far), append(near, fresh...)...)...))
	look("opened again", 122, today, comes, "-other", "-signins-other")

	if _, err := x.Expire(context.Background(), clock.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	look("expired but for what is to come", 29, "-other", "-signins-other")
	if _, err := x.Expire(context.Background(), clock.AddDate(150, 0, 0)); err != nil {
		t.Fatal(err)
	}
	look("expired", 0)
}
