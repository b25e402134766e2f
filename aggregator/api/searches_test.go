package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator"
)

func searchPath(name string) string { return "/api/v1/searches/" + url.PathEscape(name) }

// send is a call with a body.
func send(t *testing.T, h http.Handler, method, target, contentType, body string) reply {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "localhost"
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	got := reply{w.Code, w.Result().Header, w.Body.Bytes()}
	conforms(t, r, got)
	return got
}

func searchesServer(t *testing.T) (*Server, string) {
	t.Helper()
	s, _ := madeUpServer(1)
	path := filepath.Join(t.TempDir(), "searches.json")
	s.Searches = must(aggregator.OpenSearches(path))(t)
	return s, path
}

// TestSearches are kept, listed, replaced and forgotten, and are there after a restart.
func TestSearches(t *testing.T) {
	s, path := searchesServer(t)
	h := s.Handler()
	first := SavedSearch{Query: "eventRW: Write", From: "now-7d/d", To: "now", Sort: SavedSearchSortAsc, Fields: []string{"eventTime", "requestParameters.InstanceId"},
		Description: "who writes", View: json.RawMessage(`{"columns":[1,2]}`)}
	kept := decode[SavedSearch](t, send(t, h, http.MethodPut, searchPath("写入 of ci?"), "application/json; charset=utf-8", string(must(json.Marshal(first))(t))))
	want := first
	want.Name, want.UpdatedAt = "写入 of ci?", testNow
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if got := send(t, h, http.MethodPut, searchPath("a"), "application/json", `{"query":"","name":"a","view":null}`); got.status != http.StatusOK {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	s.Searches = must(aggregator.OpenSearches(path))(t)
	h = s.Handler()
	if diff := cmp.Diff(want, decode[SavedSearch](t, get(t, h, searchPath(want.Name)))); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
	send(t, h, http.MethodPut, searchPath("a"), "application/json", `{"query":"errorCode: *"}`)
	all := decode[SearchList](t, get(t, h, "/api/v1/searches"))
	if diff := cmp.Diff([]SavedSearch{{Name: "a", Query: "errorCode: *", UpdatedAt: testNow}, want}, all.Searches); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	if gone := decode[SavedSearch](t, call(t, h, http.MethodDelete, searchPath("a"))); gone.Query != "errorCode: *" {
		t.Errorf("deleted %+v", gone)
	}
	call(t, h, http.MethodDelete, searchPath("a")).problem(t, http.StatusNotFound)
	get(t, h, searchPath("a")).problem(t, http.StatusNotFound)
}

func TestSearchProblems(t *testing.T) {
	s, _ := searchesServer(t)
	h := s.Handler()
	for name, c := range map[string]struct {
		path, contentType, body string
		status                  int
		parameter               string
	}{
		"text":           {searchPath("a"), "text/plain", `{"query":""}`, http.StatusUnsupportedMediaType, ""},
		"no type":        {searchPath("a"), "", `{"query":""}`, http.StatusUnsupportedMediaType, ""},
		"no JSON":        {searchPath("a"), "application/json", `query`, http.StatusBadRequest, "body"},
		"two":            {searchPath("a"), "application/json", `{"query":""}{}`, http.StatusBadRequest, "body"},
		"unknown member": {searchPath("a"), "application/json", `{"query":"","colour":"red"}`, http.StatusBadRequest, "body"},
		"bad query":      {searchPath("a"), "application/json", `{"query":"eventName: ("}`, http.StatusBadRequest, "query"},
		"bad from":       {searchPath("a"), "application/json", `{"query":"","from":"last week"}`, http.StatusBadRequest, "body"},
		"bad to":         {searchPath("a"), "application/json", `{"query":"","to":"x"}`, http.StatusBadRequest, "body"},
		"bad sort":       {searchPath("a"), "application/json", `{"query":"","sort":"up"}`, http.StatusBadRequest, "body"},
		"bad field":      {searchPath("a"), "application/json", `{"query":"","fields":["nope"]}`, http.StatusBadRequest, "body"},
		"bad view":       {searchPath("a"), "application/json", `{"query":"","view":[]}`, http.StatusBadRequest, "body"},
		"other name":     {searchPath("a"), "application/json", `{"query":"","name":"b"}`, http.StatusBadRequest, "body"},
		"slash":          {searchPath("a/b"), "application/json", `{"query":""}`, http.StatusBadRequest, "name"},
		"long name":      {searchPath(strings.Repeat("é", 101)), "application/json", `{"query":""}`, http.StatusBadRequest, "name"},
		"long query":     {searchPath("a"), "application/json", `{"query":"` + strings.Repeat("a", 16385) + `"}`, http.StatusBadRequest, "body"},
		"large":          {searchPath("a"), "application/json", `{"query":"","view":{"a":"` + strings.Repeat("a", aggregator.MaxSearchBytes) + `"}}`, http.StatusRequestEntityTooLarge, "body"},
	} {
		p := send(t, h, http.MethodPut, c.path, c.contentType, c.body).problem(t, c.status)
		if p.Parameter != c.parameter || p.Detail == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if all := decode[SearchList](t, get(t, h, "/api/v1/searches")); len(all.Searches) != 0 {
		t.Errorf("kept %+v", all)
	}
	s.Searches = nil
	if got := send(t, s.Handler(), http.MethodPut, searchPath("a"), "application/json", `{"query":""}`); got.status != http.StatusNotImplemented {
		t.Errorf("status %d where none can be kept", got.status)
	}
}

// TestSearchesAreAudited before the answer: who changed what, and that it failed.
func TestSearchesAreAudited(t *testing.T) {
	s, _ := searchesServer(t)
	var calls []Call
	s.Audit = func(_ context.Context, c Call) error { calls = append(calls, c); return nil }
	h := s.Handler()
	send(t, h, http.MethodPut, searchPath("a"), "application/json", `{"query":""}`)
	call(t, h, http.MethodDelete, searchPath("a"))
	call(t, h, http.MethodDelete, searchPath("a"))
	if len(calls) != 3 {
		t.Fatalf("%d calls are audited", len(calls))
	}
	for i, want := range []Call{{Action: "PutSearch", Status: 200}, {Action: "DeleteSearch", Status: 200}, {Action: "DeleteSearch", Status: 404}} {
		if c := calls[i]; c.Action != want.Action || c.Status != want.Status || !c.Write || c.Parameters["name"] != "a" {
			t.Errorf("call %d is audited as %+v", i, c)
		}
	}
	s.Audit = func(context.Context, Call) error { return errors.New("disk full") }
	send(t, s.Handler(), http.MethodPut, searchPath("a"), "application/json", `{"query":""}`).problem(t, http.StatusServiceUnavailable)
}

// TestCheckQuery: what is understood is printed so that it is understood again.
func TestCheckQuery(t *testing.T) {
	s, _ := madeUpServer(0)
	h := s.Handler()
	check := func(q string) QueryCheck {
		return decode[QueryCheck](t, get(t, h, target("/api/v1/query/check", "query", q)))
	}
	for _, q := range []string{"", "eventRW: Write", "( eventRW:Write and ( not errorCode:* ) )", "eventTime >= now-7d/d", `"a b"`} {
		got := check(q)
		if !got.Valid || len(got.Warnings) != 0 || (got.Canonical == "") != (q == "") {
			t.Errorf("%s: %+v", q, got)
		}
		if again := check(got.Canonical); again.Canonical != got.Canonical || !again.Valid {
			t.Errorf("%s: %q, and of that %q", q, got.Canonical, again.Canonical)
		}
	}
	if got := check(`userIdentity.userName: "é" and (`); got.Valid || got.Canonical != "" || got.Error.Detail == "" || got.Error.Position == nil || *got.Error.Position != 32 {
		t.Errorf("%+v", got)
	}
}

// TestCompleteQuery: fields, values with counts, leaves; places count characters.
func TestCompleteQuery(t *testing.T) {
	s, _ := madeUpServer(30)
	h := s.Handler()
	complete := func(parameters ...string) []QueryCompletionItem {
		return decode[QueryCompletion](t, get(t, h, target("/api/v1/query/complete", parameters...))).Items
	}
	find := func(items []QueryCompletionItem, label string) *QueryCompletionItem {
		for i := range items {
			if items[i].Label == label {
				return &items[i]
			}
		}
		return nil
	}
	if f := find(complete("query", `resourceName: "é" and eventNa`), "eventName"); f == nil || f.Kind != QueryCompletionItemKindField || f.Start != 22 || f.End != 29 || f.Detail == "" {
		t.Errorf("field %+v", f)
	}
	if v := find(complete("query", "eventName: Stop"), "StopInstance"); v == nil || v.Kind != QueryCompletionItemKindValue || v.Count == 0 || v.Start != 11 {
		t.Errorf("value %+v", v)
	}
	if v := find(complete("query", "eventName: Stop", "from", "now-1s"), "StopInstance"); v != nil {
		t.Errorf("value of another time %+v", v)
	}
	if l := find(complete("query", "requestParameters.Inst and eventName: a", "at", "22"), "requestParameters.InstanceId"); l == nil || l.Count == 0 {
		t.Errorf("leaf %+v", l)
	}
	for _, item := range complete("query", "eventName: Stop", "at", "0") {
		if item.Kind == QueryCompletionItemKindValue {
			t.Errorf("a value at the beginning: %+v", item)
		}
	}
	for parameter, value := range map[string]string{"at": "4", "from": "x"} {
		if p := get(t, h, target("/api/v1/query/complete", "query", "é\"é", parameter, value)).problem(t, http.StatusBadRequest); p.Parameter != parameter {
			t.Errorf("%+v", p)
		}
	}
}
