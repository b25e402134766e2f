package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

func surroundingTarget(id string, parameters ...string) string {
	return target("/api/v1/events/"+id+"/surrounding", parameters...)
}

// TestSurrounding holds the neighbours of every event against the whole list, for
// events of which many have the same time, and for every thing they can have in common.
func TestSurrounding(t *testing.T) {
	s, x := madeUpServer(120)
	for i := range x.events {
		e := &x.events[i]
		e.Time = event.At(testNow.Add(-time.Duration(i/30+1)*time.Minute), 0)
		e.SourceIP = fmt.Sprintf("203.0.113.%d", i%5)
		e.Origin.Source = []string{"edge", "inner"}[i%2]
		e.Identity.SessionAttributes = event.Object(fmt.Sprintf(`{"creationDate":"2026-11-29T0%d:00:00Z","mfaAuthenticated":"true"}`, i%3))
	}
	h := s.Handler()
	all := decode[EventPage](t, get(t, h, searchTarget("sort", "asc", "limit", "1000")))
	var list []event.Event
	for _, stored := range all.Events {
		list = append(list, must(event.ParseJSON(stored))(t))
	}
	actor := func(e event.Event) string { return e.Identity.Type + e.Identity.UserName + e.Identity.AccountID }
	for by, key := range map[string]func(e event.Event) string{
		"":            func(event.Event) string { return "" },
		"any":         func(event.Event) string { return "" },
		"actor":       actor,
		"sourceIp":    func(e event.Event) string { return e.SourceIP },
		"resource":    func(e event.Event) string { return e.ResourceName },
		"accessKey":   func(e event.Event) string { return e.Identity.AccessKeyID },
		"session":     func(e event.Event) string { return actor(e) + string(e.Identity.SessionAttributes) },
		"agentSource": func(e event.Event) string { return e.Origin.Agent + e.Origin.Source },
	} {
		const n = 4
		for i := 0; i < len(list); i += 7 {
			e := list[i]
			at := surroundingTarget(e.ID, "by", by, "n", fmt.Sprint(n))
			if key(e) == "" && by != "" && by != "any" {
				if p := get(t, h, at).problem(t, http.StatusBadRequest); p.Parameter != "by" {
					t.Errorf("%s: %+v", at, p)
				}
				continue
			}
			var before, after []string
			for j := range list {
				if key(list[j]) != key(e) || by == "resource" && list[j].ResourceType != e.ResourceType {
					continue
				}
				if j < i {
					before = append(before, list[j].ID)
				} else if j > i {
					after = append(after, list[j].ID)
				}
			}
			got := decode[Surrounding](t, get(t, h, at))
			if got.MoreBefore != (len(before) > n) || got.MoreAfter != (len(after) > n) || (got.Query == "") != (by == "" || by == "any") {
				t.Errorf("%s: more before %v, after %v, query %q", at, got.MoreBefore, got.MoreAfter, got.Query)
			}
			before, after = before[max(0, len(before)-n):], after[:min(n, len(after))]
			if diff := cmp.Diff([][]string{before, after}, [][]string{ids(t, got.Before), ids(t, got.After)}); diff != "" {
				t.Errorf("%s: before and after (-want +got):\n%s", at, diff)
			}
			if string(got.Event) != string(e.AppendJSON(nil)) {
				t.Errorf("%s: the event is %s", at, got.Event)
			}
			if got.Query != "" { // it finds the event and its neighbours
				if found := decode[EventPage](t, get(t, h, searchTarget("query", got.Query, "limit", "0"))); found.Total < 1+len(before)+len(after) {
					t.Errorf("%s: %q finds %d", at, got.Query, found.Total)
				}
			}
		}
	}
	// A query narrows the neighbours.
	got := decode[Surrounding](t, get(t, h, surroundingTarget(list[60].ID, "query", "eventRW: Write")))
	for _, stored := range append(got.Before, got.After...) {
		if e := must(event.ParseJSON(stored))(t); e.RW != event.Write {
			t.Errorf("%s is a %s", e.ID, e.RW)
		}
	}
}

func TestSurroundingProblems(t *testing.T) {
	s, x := madeUpServer(2)
	x.events[0].Identity = event.Identity{Type: "anonymous", Trust: event.TrustNone}
	h := s.Handler()
	for at, want := range map[string]struct {
		status    int
		parameter string
	}{
		surroundingTarget("none"):                                  {http.StatusNotFound, "eventId"},
		surroundingTarget(x.events[0].ID, "by", "mood"):            {http.StatusBadRequest, "by"},
		surroundingTarget(x.events[0].ID, "by", "actor"):           {http.StatusBadRequest, "by"},
		surroundingTarget(x.events[0].ID, "by", "session"):         {http.StatusBadRequest, "by"},
		surroundingTarget(x.events[0].ID, "n", "0"):                {http.StatusBadRequest, "n"},
		surroundingTarget(x.events[0].ID, "n", "101"):              {http.StatusBadRequest, "n"},
		surroundingTarget(x.events[0].ID, "query", "("):            {http.StatusBadRequest, "query"},
		surroundingTarget(strings.Repeat("x", 257), "by", "actor"): {http.StatusBadRequest, "eventId"},
	} {
		if p := get(t, h, at).problem(t, want.status); p.Parameter != want.parameter {
			t.Errorf("%.200s: %+v", at, p)
		}
	}
}
