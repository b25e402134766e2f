package local

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// Readers see whole writes, each event once, while memories become segments
// beneath them and days are removed.
func TestReadersBesideTheWriter(t *testing.T) {
	s := newStream(60)
	x := mustOpen(t, Config{Dir: t.TempDir(), SegmentEvents: 25})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	serviceName, _, _ := event.Lookup("serviceName")
	for range 3 {
		wg.Go(func() {
			before := 0
			for ctx.Err() == nil {
				page, err := x.Search(context.Background(), index.Query{Limit: 1000})
				if err != nil {
					t.Error(err)
					return
				}
				if page.Total < before || len(page.Events) != page.Total {
					t.Errorf("total %d of %d events, after %d", page.Total, len(page.Events), before)
				}
				before = page.Total
				seen := map[string]bool{}
				for _, doc := range page.Events {
					seen[string(doc)] = true
				}
				if len(seen) != page.Total {
					t.Errorf("%d different events of %d", len(seen), page.Total)
				}
				q := index.Query{Filter: query.Term{Field: serviceName, Value: "Iam"}}
				if _, _, err := x.Values(ctx, q, "eventName", 5); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				if _, _, err := x.Histogram(ctx, q, time.Hour); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				x.Stats()
				x.Position()
			}
		})
	}
	if err := s.follow(x, 1); err != nil {
		t.Error(err)
	}
	cancel()
	wg.Wait()
	ctx, cancel = context.WithCancel(context.Background())
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := x.Search(context.Background(), index.Query{Limit: 100, Filter: query.TextWildcard{Parts: []string{"a", ""}, Lower: []string{"a", ""}}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for day := range 4 {
		if _, err := x.Expire(context.Background(), testNow().Add(time.Duration(day-3)*24*time.Hour)); err != nil {
			t.Error(err)
		}
	}
	cancel()
	wg.Wait()
	if n := len(contents(t, x)); n != 0 {
		t.Errorf("%d events are left after all days expired", n)
	}
	mustClose(t, x)
	if _, err := x.Search(context.Background(), index.Query{Limit: 1}); err == nil {
		t.Error("a closed index answers")
	}
	if err := x.Write(context.Background(), s[:1]); err == nil {
		t.Error("a closed index takes a write")
	}
}
