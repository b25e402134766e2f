package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

// catalogue answers what fields and event ask for.
func catalogue(t *testing.T, asked *[]*http.Request) string {
	t.Helper()
	answer := func(w http.ResponseWriter, r *http.Request, v any) {
		*asked = append(*asked, r)
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}
	at := 0
	warnings := api.Warnings{{Detail: "an event has no field \"nmae\"\x1b[2J", Hint: "did you mean eventName?", Position: &at}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/fields", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, api.FieldList{Total: 12, Warnings: warnings, Incomplete: []string{"segment 7 is damaged"}, Fields: []api.FieldInfo{
			{Name: "eventName", Kind: "keyword", Count: 12, Description: "what was done"}, {Name: "requestParameters.=cmd\x1b[2J", Kind: "keyword", Leaf: true, Count: 3}}})
	})
	mux.HandleFunc("GET /api/v1/fields/{field}/values", func(w http.ResponseWriter, r *http.Request) {
		v := api.FieldValues{Field: r.PathValue("field"), Values: []api.ValueCount{}}
		if v.Field == "eventName" {
			v.Incomplete = []string{"segment 7 is damaged"}
			v.Having, v.Values = 8, []api.ValueCount{{Value: "StopInstance", Count: 5}, {Value: "=cmd\x1b[2J", Count: 1}}
		}
		answer(w, r, v)
	})
	mux.HandleFunc("GET /api/v1/events/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != "1" {
			w.WriteHeader(404)
			answer(w, r, api.Problem{Title: "Not found", Status: 404, Detail: "there is no such event"})
			return
		}
		answer(w, r, json.RawMessage(`{"userIdentity":{"userName":"al\u001b[2Jice"},"eventName":"Stop","eventId":"1","eventVersion":1,"requestParameters":{"Ids":["i-1","i-2"],"a":{"b":true}}}`))
	})
	mux.HandleFunc("GET /api/v1/events/{id}/surrounding", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, api.Surrounding{Event: api.Event(hostileEvents[1]), Before: []api.Event{api.Event(hostileEvents[2])}, After: []api.Event{api.Event(hostileEvents[0])},
			MoreAfter: true, Query: "userIdentity.userName: bob"})
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func TestFields(t *testing.T) {
	var asked []*http.Request
	server := catalogue(t, &asked)
	out, note, err := runClient(t, "fields", "--query", "nmae: x", "--server", server)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "field-list.txt", out)
	golden(t, "field-list-notes.txt", note)
	if q := asked[0].URL.Query(); q.Get("query") != "nmae: x" || q.Has("leaves") {
		t.Errorf("asked %v", q)
	}
	out, note, err = runClient(t, "fields", "eventName", "--prefix", "S", "--limit", "3", "--from", "now-1d", "--server", server)
	if want := "VALUE         EVENTS  SHARE\nStopInstance  5       62.5%\n=cmd\\x1b[2J   1       12.5%\n"; err != nil || out != want || note != "warning: events may be missing in this answer: segment 7 is damaged\n8 events have eventName from now-1d to now\n" {
		t.Errorf("%v\n%s%s", err, out, note)
	}
	if q := asked[1].URL.Query(); q.Get("prefix") != "S" || q.Get("limit") != "3" || q.Get("from") != "now-1d" {
		t.Errorf("asked %v", q)
	}
	for form, want := range map[string]string{
		"csv":    "VALUE,EVENTS,SHARE\nStopInstance,5,62.5%\n'=cmd\x1b[2J,1,12.5%\n",
		"ndjson": `{"count":5,"value":"StopInstance"}` + "\n" + `{"count":1,"value":"=cmd\u001b[2J"}` + "\n",
	} {
		if out, _, err := runClient(t, "fields", "eventName", "-o", form, "--server", server); err != nil || out != want {
			t.Errorf("%s: %v\n%s", form, err, out)
		}
	}
	var values api.FieldValues
	if out, _, err = runClient(t, "fields", "eventName", "-o", "json", "--server", server); err != nil || json.Unmarshal([]byte(out), &values) != nil || values.Having != 8 {
		t.Errorf("%v\n%s", err, out)
	}
	if out, note, err = runClient(t, "fields", "nothing\x1b", "--server", server); err != nil || out != "" || note != "no event has nothing\\x1b in the last 90 days\n" {
		t.Errorf("%v, %q, %q", err, out, note)
	}
	for _, args := range [][]string{{"fields", "--limit", "0"}, {"fields", "--prefix", "x"}, {"fields", "a", "b"}} {
		if _, _, err := runClient(t, append(args, "--server", server)...); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

func TestEvent(t *testing.T) {
	var asked []*http.Request
	server := catalogue(t, &asked)
	out, _, err := runClient(t, "event", "1", "--server", server)
	want := "eventId                1\neventName              Stop\nuserIdentity.userName  al\\x1b[2Jice\neventVersion           1\nrequestParameters.Ids  i-1\nrequestParameters.Ids  i-2\nrequestParameters.a.b  true\n"
	if err != nil || strings.Join(strings.Fields(out), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, form := range []string{"json", "ndjson"} {
		var e struct{ EventName string }
		if out, _, err := runClient(t, "event", "1", "-o", form, "--server", server); err != nil || json.Unmarshal([]byte(out), &e) != nil || e.EventName != "Stop" || (strings.Count(out, "\n") == 1) == (form == "json") {
			t.Errorf("%s: %v\n%s", form, err, out)
		}
	}
	if _, _, err := runClient(t, "event", "2", "--server", server); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "there is no such event") {
		t.Errorf("%v", err)
	}
	out, note, err := runClient(t, "event", "1", "--surrounding", "--by", "actor", "--server", server)
	if err != nil || note != "there are more after those\nactiontrail search 'userIdentity.userName: bob' finds all of them\n" {
		t.Errorf("%v, %q", err, note)
	}
	golden(t, "surrounding.txt", out)
	if q := asked[len(asked)-1].URL.Query(); q.Get("by") != "actor" || q.Get("n") != "10" {
		t.Errorf("asked %v", q)
	}
	if out, _, err := runClient(t, "event", "1", "--surrounding=2", "-o", "ndjson", "--server", server); err != nil || strings.Count(out, "\n") != 3 {
		t.Errorf("%v\n%s", err, out)
	}
	for _, args := range [][]string{{"event"}, {"event", "1", "--by", "nobody"}, {"event", "1", "--by", "actor"}} {
		if _, _, err := runClient(t, append(args, "--server", server)...); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

// TestWarnings: what the server says of a query is shown under it, and is safe.
func TestWarnings(t *testing.T) {
	server := canned(t, nil)
	for _, command := range []string{"search", "tail", "export"} {
		args := []string{command, "not nmae: x", "--server", server}
		if command == "search" {
			args = append(args, "-o", "ndjson")
		}
		_, note, _ := runClient(t, args...)
		if want := "warning: an event has no field \"nmae\"\n  not nmae: x\n      ^\ndid you mean eventName?\n"; !strings.HasPrefix(note, want) {
			t.Errorf("%s: %q", command, note)
		}
	}
}
