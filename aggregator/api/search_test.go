package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

func TestSearch(t *testing.T) {
	s, x := madeUpServer(300)
	h := s.Handler()
	all := idsOf(x.events)
	having := func(keep func(e event.Event) bool) []string {
		return idsOf(slices.DeleteFunc(slices.Clone(x.events), func(e event.Event) bool { return !keep(e) }))
	}
	writes := having(func(e event.Event) bool { return e.RW == event.Write })
	at := func(i int) string { return x.events[i].Time.Std().Format(time.RFC3339) } // the i-th youngest
	for name, c := range map[string]struct {
		parameters []string
		want       []string
		total      int
	}{
		"all":                     {nil, all[:DefaultLimit], 300},
		"blank query":             {[]string{"query", "  "}, all[:DefaultLimit], 300},
		"query":                   {[]string{"query", "eventRW: Write", "limit", "1000"}, writes, len(writes)},
		"limit":                   {[]string{"limit", "7"}, all[:7], 300},
		"limit 0 is the total":    {[]string{"limit", "0"}, nil, 300},
		"from is inclusive":       {[]string{"from", at(4)}, all[:5], 5},
		"to is exclusive":         {[]string{"from", at(9), "to", at(4)}, all[5:10], 5},
		"date math":               {[]string{"from", "now-5m"}, all[:5], 5},
		"the end of a rounded to": {[]string{"from", "now-1h/h", "to", "now-1h/h"}, all[:60], 60},
		"oldest first":            {[]string{"sort", "asc", "limit", "2"}, []string{all[299], all[298]}, 300},
		"nothing":                 {[]string{"query", "eventName: NoSuchAction"}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := decode[EventPage](t, get(t, h, searchTarget(c.parameters...)))
			if diff := cmp.Diff(c.want, ids(t, got.Events)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if got.Total != c.total {
				t.Errorf("total %d, want %d", got.Total, c.total)
			}
			if more := len(c.want) < c.total && c.want != nil; (got.Cursor != "") != more {
				t.Errorf("cursor %q of %d events of %d", got.Cursor, len(c.want), c.total)
			}
		})
	}
}

// TestSearchWindow is what the index is asked for when nobody says from when.
func TestSearchWindow(t *testing.T) {
	s, x := madeUpServer(1)
	x.searched = make(chan index.Query, 1)
	h := s.Handler()
	for name, c := range map[string]struct {
		parameters []string
		from, to   time.Time
	}{
		"none":    {nil, testNow.Add(-DefaultWindow), testNow},
		"only to": {[]string{"to", "2020-01-01T00:00:00Z"}, time.Date(2019, 10, 3, 0, 0, 0, 0, time.UTC), time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a day":   {[]string{"from", "2026-11-28", "to", "2026-11-28"}, time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)},
		"zone":    {[]string{"from", "2026-11-29T10:00:00+08:00"}, time.Date(2026, 11, 29, 2, 0, 0, 0, time.UTC), testNow},
	} {
		get(t, h, searchTarget(c.parameters...))
		if q := <-x.searched; !q.From.Equal(c.from) || !q.To.Equal(c.to) {
			t.Errorf("%s: asked for %s to %s, want %s to %s", name, q.From, q.To, c.from, c.to)
		}
	}
}

// TestSearchStoredBytes: an event is handed out byte for byte as it is stored.
func TestSearchStoredBytes(t *testing.T) {
	s, x := madeUpServer(1)
	x.events[0].Identity.UserName = "mallory\x1b[31m\u202egnp.exe <&>"
	stored := x.events[0].AppendJSON(nil)
	h := s.Handler()
	if got := decode[EventPage](t, get(t, h, "/api/v1/events")); string(got.Events[0]) != string(stored) {
		t.Errorf("page: %s\nwant  %s", got.Events[0], stored)
	}
	got := get(t, h, "/api/v1/events/"+x.events[0].ID)
	if string(got.body) != string(stored)+"\n" {
		t.Errorf("by id: %s\nwant   %s", got.body, stored)
	}
	if got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("an event may be cached: %v", got.header)
	}
}

func TestGetEvent(t *testing.T) {
	s, _ := madeUpServer(1)
	h := s.Handler()
	p := get(t, h, "/api/v1/events/none").problem(t, http.StatusNotFound)
	if p.Type != problemNotFound || p.Parameter != "eventId" || p.Hint == "" {
		t.Errorf("problem %+v", p)
	}
	p = get(t, h, "/api/v1/events/"+strings.Repeat("x", 257)).problem(t, http.StatusBadRequest)
	if p.Parameter != "eventId" {
		t.Errorf("problem %+v", p)
	}
	get(t, h, "/api/v1/events/x?fields=eventId").problem(t, http.StatusBadRequest)
}

func TestFields(t *testing.T) {
	s, x := madeUpServer(1)
	x.events[0].RequestParameters = `{"InstanceId":"i-1","Tag":{"a":"1","b":"2"},"Tag.1.Key":"env"}`
	h := s.Handler()
	for fields, want := range map[string]string{
		"eventRW":                                      `{"eventRW":"` + x.events[0].RW + `"}`,
		"userIdentity.userName, eventRW":               `{"eventRW":"` + x.events[0].RW + `","userIdentity":{"userName":"` + x.events[0].Identity.UserName + `"}}`,
		"requestParameters.Tag.1.Key":                  `{"requestParameters":{"Tag.1.Key":"env"}}`,
		"requestParameters.Tag.b":                      `{"requestParameters":{"Tag":{"b":"2"}}}`,
		"requestParameters.Tag,requestParameters":      `{"requestParameters":{"InstanceId":"i-1","Tag":{"a":"1","b":"2"},"Tag.1.Key":"env"}}`,
		"requestParameters.None":                       `{}`,
		"requestParameters.TagXb":                      `{}`,
		"requestParameters.InstanceId.Below":           `{}`,
		"eventRW,eventRW,requestParameters.InstanceId": `{"eventRW":"` + x.events[0].RW + `","requestParameters":{"InstanceId":"i-1"}}`,
	} {
		page := decode[EventPage](t, get(t, h, searchTarget("fields", fields)))
		if diff := cmp.Diff(asJSON(t, want), asJSON(t, string(page.Events[0]))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", fields, diff)
		}
	}
}

func asJSON(t *testing.T, s string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%v: %s", err, s)
	}
	return v
}
