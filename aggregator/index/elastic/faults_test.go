package elastic_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/elastic"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
)

func (f *fake) config() elastic.Config {
	return elastic.Config{Access: elastic.Access{Addresses: []string{f.URL}}, Period: elastic.Day, Now: now}
}

// wantEvents compares what the cluster has with these events.
func (f *fake) wantEvents(t *testing.T, events []event.Event) {
	t.Helper()
	var got []string
	for _, id := range f.events() {
		id, _, _ = strings.Cut(id, "~")
		got = append(got, id)
	}
	var want []string
	for _, e := range events {
		want = append(want, e.ID)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("events (-want +got)\n%s", diff)
	}
}

// Whatever a bulk request meets, Write ends with each event stored once, and sends
// again only what was not taken.
func TestWriteThroughFaults(t *testing.T) {
	t.Parallel()
	status := func(code int, times int) func(*fake) {
		return func(f *fake) {
			f.request = func(w http.ResponseWriter, _ *http.Request, bulk int) bool {
				if bulk == 0 || bulk > times {
					return false
				}
				fail(w, code, "planted_exception")
				return true
			}
		}
	}
	for name, c := range map[string]struct {
		plant func(*fake)
		sizes []int // items of the bulk requests that were looked at
	}{
		"nothing":                {func(*fake) {}, []int{50}},
		"429 of all":             {status(http.StatusTooManyRequests, 2), []int{50}},
		"503 of all":             {status(http.StatusServiceUnavailable, 3), []int{50}},
		"504 from a proxy":       {status(http.StatusGatewayTimeout, 1), []int{50}},
		"too large, then halves": {status(http.StatusRequestEntityTooLarge, 1), []int{25, 25}},
		"429 of some": {func(f *fake) {
			f.item = func(id string, _ []byte, bulk int) (int, string) {
				if bulk < 3 && id[0] < '8' {
					return http.StatusTooManyRequests, "es_rejected_execution_exception"
				}
				return 0, ""
			}
		}, nil},
		"503 of one": {func(f *fake) {
			once := ""
			f.item = func(id string, _ []byte, bulk int) (int, string) {
				if once == "" {
					once = id
				}
				if bulk == 1 && id == once {
					return http.StatusServiceUnavailable, "unavailable_shards_exception"
				}
				return 0, ""
			}
		}, []int{50, 1}},
		"cut before the answer": {func(f *fake) { f.cut = func(bulk int) bool { return bulk == 1 } }, []int{50, 50}},
		"cut before the request": {func(f *fake) {
			f.request = func(_ http.ResponseWriter, _ *http.Request, bulk int) bool {
				if bulk == 1 {
					panic(http.ErrAbortHandler)
				}
				return false
			}
		}, []int{50}},
		"an answer that is no answer": {func(f *fake) {
			f.request = func(w http.ResponseWriter, _ *http.Request, bulk int) bool {
				if bulk == 1 {
					fmt.Fprint(w, `{}`)
				}
				return bulk == 1
			}
		}, []int{50}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			x := open(t, f.config())
			c.plant(f)
			var lanes indextest.Lanes
			events := indextest.Events(1, 50)
			batch := lanes.Batch("a", events...)
			if err := x.Write(context.Background(), []event.Batch{batch}); err != nil {
				t.Fatal(err)
			}
			f.wantEvents(t, events)
			if c.sizes != nil {
				if diff := cmp.Diff(c.sizes, f.sizes); diff != "" {
					t.Errorf("items that were sent (-want +got)\n%s", diff)
				}
			}
			want := x.Position()
			if again := open(t, f.config()); !cmp.Equal(want, again.Position()) || want.Seq != batch.Seq {
				t.Errorf("position %v is read as %v", want.Seq, again.Position().Seq)
			}
		})
	}
}

// A cluster that takes nothing for long makes Write fail; the position stays, and
// the next Write goes on.
func TestWriteGivesUp(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	x := open(t, f.config())
	dead := true
	f.request = func(w http.ResponseWriter, _ *http.Request, bulk int) bool {
		if bulk > 0 && dead {
			fail(w, http.StatusForbidden, "cluster_block_exception")
		}
		return bulk > 0 && dead
	}
	var lanes indextest.Lanes
	events := indextest.Events(2, 10)
	batches := []event.Batch{lanes.Batch("a", events...)}
	if err := x.Write(context.Background(), batches); err == nil || !strings.Contains(err.Error(), "cluster_block_exception") {
		t.Fatalf("write into a blocked cluster: %v", err)
	}
	if p := x.Position(); p.Seq != 0 {
		t.Fatalf("position %d though nothing is stored", p.Seq)
	}
	f.mu.Lock()
	dead = false
	f.mu.Unlock()
	if err := x.Ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := x.Write(context.Background(), batches); err != nil {
		t.Fatal(err)
	}
	f.wantEvents(t, events)
}

// The position became durable, but the answer that says so was lost: it is read again.
func TestAnswerIsLost(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	x := open(t, f.config())
	lost := false
	f.lose = func(path string) bool {
		first := !lost && strings.Contains(path, "journal-")
		lost = lost || first
		return first
	}
	var lanes indextest.Lanes
	events := indextest.Events(4, 20)
	first, second := lanes.Batch("a", events[:10]...), lanes.Batch("a", events[10:]...)
	if err := x.Write(context.Background(), []event.Batch{first}); err == nil {
		t.Fatal("a write without an answer has succeeded")
	}
	if err := x.Ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	p := x.Position()
	if v := p.Check(&first); v != event.Resend {
		t.Fatalf("the batch that is durable is %v to the position", v)
	}
	if err := x.Write(context.Background(), []event.Batch{second}); err != nil {
		t.Fatal(err)
	}
	f.wantEvents(t, events)
	if diff := cmp.Diff(x.Position(), open(t, f.config()).Position()); diff != "" {
		t.Errorf("position (-written +read)\n%s", diff)
	}
}

// An event that Elasticsearch misreads is stored as a safe document; one that it
// takes in no form goes to Refused, before the position moves past it.
func TestRefused(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	events := indextest.Events(3, 20)
	misread, hopeless := events[4].ID, events[11].ID
	safe := map[string]bool{}
	f.item = func(id string, doc []byte, _ int) (int, string) {
		is := strings.Contains(string(doc), `,"json":"`)
		safe[id] = is
		if strings.HasPrefix(id, misread+"~") && !is || strings.HasPrefix(id, hopeless+"~") {
			return http.StatusBadRequest, "document_parsing_exception"
		}
		return 0, ""
	}
	var refused []index.Refused
	failing := true
	cfg := f.config()
	var x *elastic.Index
	cfg.Refused = func(r index.Refused) error {
		if x.Position().Seq != 0 {
			t.Error("the position has moved before the event is kept")
		}
		if failing {
			return errors.New("the disk is full")
		}
		refused = append(refused, r)
		return nil
	}
	x = open(t, cfg)
	var lanes indextest.Lanes
	batch := lanes.Batch("a", events...)
	if err := x.Write(context.Background(), []event.Batch{batch}); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("write of an event that nobody keeps: %v", err)
	}
	failing = false
	if err := x.Ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := x.Write(context.Background(), []event.Batch{batch}); err != nil {
		t.Fatal(err)
	}
	want := []index.Refused{{Seq: batch.Seq, Lane: batch.Lane, ID: hopeless, Event: events[11].AppendJSON(nil), Reason: "document_parsing_exception: planted"}}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refused (-want +got)\n%s", diff)
	}
	f.wantEvents(t, slices.Delete(slices.Clone(events), 11, 12))
}

// What only looks like Elasticsearch is refused before anything is written to it.
func TestProductMismatch(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.product = ""
	x, err := elastic.Open(f.config())
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Ready(context.Background()); err == nil || !strings.Contains(err.Error(), "not Elasticsearch") {
		t.Errorf("ready with another product: %v", err)
	}
	if len(f.indices) > 0 {
		t.Errorf("indices were made: %v", f.indices)
	}
}

// A second aggregator that writes to the same indices is noticed.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a, b := open(t, f.config()), open(t, f.config())
	var lanes indextest.Lanes
	if err := a.Write(context.Background(), []event.Batch{lanes.Batch("a")}); err != nil {
		t.Fatal(err)
	}
	if err := b.Write(context.Background(), []event.Batch{lanes.Batch("b")}); err == nil || !strings.Contains(err.Error(), "two aggregators") {
		t.Errorf("write beside another aggregator: %v", err)
	}
}

// The journal is folded when it has become long, and what is there then gives the same position.
func TestFold(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	x := open(t, f.config())
	var lanes indextest.Lanes
	for i := range 450 {
		if err := x.Write(context.Background(), []event.Batch{lanes.Batch(fmt.Sprint("agent ", i%7))}); err != nil {
			t.Fatal(err)
		}
		if err := x.Flush(context.Background(), now().Add(-time.Hour)); err != nil && !strings.Contains(err.Error(), "count the events") {
			t.Fatal(err)
		}
	}
	if n := len(f.indices["actiontrail_state"]); n > 250 {
		t.Errorf("the small index has %d documents", n)
	}
	if diff := cmp.Diff(x.Position(), open(t, f.config()).Position()); diff != "" {
		t.Errorf("position (-written +read)\n%s", diff)
	}
}

// The index is opened while there is no cluster, and Ready tells so until there is one.
func TestClusterComesLater(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	down := true
	f.request = func(http.ResponseWriter, *http.Request, int) bool {
		if down {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	x, err := elastic.Open(f.config())
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := x.Ready(ctx); err == nil || !strings.Contains(err.Error(), "not reached") {
		t.Errorf("ready without a cluster: %v", err)
	}
	if _, err := x.Search(ctx, index.Query{Limit: 1}); err == nil {
		t.Error("a search without a cluster has an answer")
	}
	if st := x.Stats(); len(st.Damaged) == 0 {
		t.Error("stats without a cluster tell of no trouble")
	}
	f.mu.Lock()
	down = false
	f.mu.Unlock()
	if err := x.Ready(ctx); err != nil {
		t.Fatal(err)
	}
}

// Another node is asked when one does not answer.
func TestOtherNode(t *testing.T) {
	t.Parallel()
	dead, f := newFake(t), newFake(t)
	dead.Close()
	cfg := f.config()
	cfg.Addresses = []string{dead.URL, f.URL}
	x := open(t, cfg)
	var lanes indextest.Lanes
	events := indextest.Events(5, 5)
	for _, e := range events {
		if err := x.Write(context.Background(), []event.Batch{lanes.Batch("a", e)}); err != nil {
			t.Fatal(err)
		}
	}
	f.wantEvents(t, events)
}
