package elastic_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// kill ends the node in the middle of bulk requests, as kill -9 does, and starts it
// again; Write goes on as a follower would. Nothing is lost, and nothing doubled.
func (n *node) kill(t *testing.T) {
	ctx := context.Background()
	cfg := n.config(t.TempDir())
	x := open(t, cfg)
	var lanes indextest.Lanes
	var events []event.Event
	killed := make(chan struct{})
	for round := range 8 {
		batch := lanes.Batch("a", indextest.Events(uint64(100+round), 400)...)
		events = append(events, batch.Events...)
		if round == 3 {
			go func() {
				n.process.Kill()
				killed <- struct{}{}
			}()
		}
		err := x.Write(ctx, []event.Batch{batch})
		if round == 3 {
			<-killed
			n.process.Again()
			realtest.AwaitElasticsearch(t, n.url, n.process)
		}
		for err != nil { // as the follower does: from the position
			if err = x.Ready(ctx); err != nil {
				continue
			}
			if p := x.Position(); p.Check(&batch) != event.Resend {
				err = x.Write(ctx, []event.Batch{batch})
			}
		}
	}
	if p := x.Position(); p.Seq != 8 {
		t.Errorf("position %d after 8 batches", p.Seq)
	}
	again := open(t, cfg)
	if diff := cmp.Diff(x.Position(), again.Position()); diff != "" {
		t.Errorf("position (-written +read)\n%s", diff)
	}
	var want, got []string
	for _, e := range events {
		want = append(want, string(e.AppendJSON(nil)))
	}
	for q := (index.Query{Limit: 1000, Ascending: true}); ; {
		page, err := x.Search(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range page.Events {
			got = append(got, string(doc))
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	want = slices.Compact(want)
	if !slices.Equal(want, got) {
		t.Errorf("%d events are there, %d were written", len(got), len(want))
	}
	if st := x.Stats(); st.Events != len(want) || st.Newest.Before(st.Oldest) || st.Oldest.Before(indextest.Start) || st.Newest.After(indextest.Start.Add(72*time.Hour)) {
		t.Errorf("stats %+v", st)
	}
}
