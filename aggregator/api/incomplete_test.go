package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// TestIncompleteAnswers: an answer to which a damaged segment did not contribute says so, whatever was asked.
func TestIncompleteAnswers(t *testing.T) {
	dir := t.TempDir()
	x, err := local.Open(local.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Write(t.Context(), []event.Batch{{Lane: event.Lane{Key: "K", Epoch: 1}, Number: 1, Seq: 1, Events: madeUp(200, testNow, time.Minute)}}); err != nil {
		t.Fatal(err)
	}
	if err := x.Flush(t.Context(), time.Now().Add(24*time.Hour)); err != nil { // the memory is too old by then
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "a segment", func() bool { return len(segments(t, dir)) > 0 && x.Stats().Segments > 0 })
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	s := &Server{Now: func() time.Time { return testNow }}
	answers := func() (total int, missing map[string][]string) {
		t.Helper()
		x, err := local.Open(local.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		s.Index = x
		h := s.Handler()
		page := decode[EventPage](t, get(t, h, "/api/v1/events"))
		missing = map[string][]string{
			"events":    page.Incomplete,
			"histogram": decode[Histogram](t, get(t, h, "/api/v1/histogram")).Incomplete,
			"by":        decode[Histogram](t, get(t, h, target("/api/v1/histogram", "by", "eventName"))).Incomplete,
			"values":    decode[FieldValues](t, get(t, h, "/api/v1/fields/eventName/values")).Incomplete,
			"prefix":    decode[FieldValues](t, get(t, h, target("/api/v1/fields/eventName/values", "prefix", "Stop"))).Incomplete,
			"fields":    decode[FieldList](t, get(t, h, "/api/v1/fields")).Incomplete,
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		return page.Total, missing
	}
	total, missing := answers()
	for what, why := range missing {
		if total != 200 || why != nil {
			t.Errorf("of a whole index with %d events, %s: missing %q", total, what, why)
		}
	}
	for _, path := range segments(t, dir) {
		if err := os.Truncate(path, 500); err != nil {
			t.Fatal(err)
		}
	}
	total, missing = answers()
	if total >= 200 {
		t.Fatalf("%d events are found of a damaged index", total)
	}
	for what, why := range missing {
		if len(why) != 1 || !strings.Contains(why[0], ".seg") || !cmp.Equal(why, missing["events"]) {
			t.Errorf("%s: missing %q, and of a page %q", what, why, missing["events"])
		}
	}
}

// segments are the files of an index that hold them.
func segments(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
