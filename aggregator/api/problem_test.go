package api

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestProblems(t *testing.T) {
	s, _ := madeUpServer(3)
	h := s.Handler()
	histogram := func(parameters ...string) string { return target("/api/v1/histogram", parameters...) }
	values := func(field string, parameters ...string) string {
		return target("/api/v1/fields/"+field+"/values", parameters...)
	}
	for name, c := range map[string]struct {
		target         string
		parameter      string
		detail, hinted string // parts of them
	}{
		"no such parameter":       {searchTarget("q", "x"), "q", "no such parameter", "query, from, to"},
		"misspelt case":           {searchTarget("Query", "x"), "Query", "no such parameter", ""},
		"takes none":              {target("/api/v1/status", "query", "x"), "query", "", "takes no parameters"},
		"twice":                   {searchTarget("query", "a", "query", "b"), "query", "more than once", ""},
		"percent":                 {"/api/v1/events?query=%zz", "", "cannot be read", "percent-encode"},
		"semicolon":               {"/api/v1/events?limit=1;sort=asc", "", "cannot be read", ""},
		"limit no number":         {searchTarget("limit", "many"), "limit", `"many" is not a number`, ""},
		"limit empty":             {searchTarget("limit", ""), "limit", "", ""},
		"limit negative":          {searchTarget("limit", "-1"), "limit", "negative", ""},
		"limit too large":         {searchTarget("limit", "10001"), "limit", "more than a page", "application/x-ndjson"},
		"limit beyond integers":   {searchTarget("limit", "99999999999999999999"), "limit", "not a number in range", ""},
		"sort":                    {searchTarget("sort", "up"), "sort", `"up" is no order`, "asc or desc"},
		"from":                    {searchTarget("from", "yesterday"), "from", "yesterday", "RFC 3339"},
		"to":                      {searchTarget("to", "soon"), "to", "soon", "date math"},
		"from after to":           {searchTarget("from", "now", "to", "now-1h"), "from", "empty", "before to"},
		"from is to":              {searchTarget("from", "2026-11-29T10:00:00Z", "to", "2026-11-29T10:00:00Z"), "from", "empty", ""},
		"from out of range":       {searchTarget("from", "1500-01-01"), "from", "out of range", ""},
		"unknown field":           {searchTarget("fields", "eventName,nope"), "fields", `"nope"`, "docs/format"},
		"field in another case":   {searchTarget("fields", "EventName"), "fields", "EventName", "did you mean eventName?"},
		"field without its head":  {searchTarget("fields", "userName"), "fields", "userName", "userIdentity.userName"},
		"empty field":             {searchTarget("fields", "eventName,"), "fields", `""`, ""},
		"too many fields":         {searchTarget("fields", strings.Repeat("eventId,", 100)+"eventId"), "fields", "101 fields", "100"},
		"cursor":                  {searchTarget("cursor", "AAAA"), "cursor", "not a cursor", "unchanged"},
		"query too long":          {searchTarget("query", strings.Repeat("a", maxLengths["query"]+1)), "query", "16385 bytes", "16384"},
		"cursor too long":         {searchTarget("cursor", strings.Repeat("A", 1025)), "cursor", "1025", "1024"},
		"histogram, from":         {histogram("from", "x"), "from", "", ""},
		"histogram, interval":     {histogram("interval", "5 minutes"), "interval", "5 minutes", "5m"},
		"histogram, interval 0":   {histogram("interval", "0s"), "interval", "", ""},
		"histogram, interval now": {histogram("interval", "9999999999999w"), "interval", "", ""},
		"histogram, too many":     {histogram("interval", "1s", "from", "now-1d"), "interval", "86400 buckets of 1s", "at most 2000"},
		"histogram, limit":        {histogram("limit", "1"), "limit", "no such parameter", "interval"},
		"values, field":           {values("nope"), "field", `"nope"`, ""},
		"values, object":          {values("requestParameters"), "field", "object", "requestParameters.InstanceId"},
		"values, time":            {values("eventTime"), "field", "time", "histogram"},
		"values, limit 0":         {values("eventName", "limit", "0"), "limit", "out of range", "1 to 1000"},
		"values, limit 1001":      {values("eventName", "limit", "1001"), "limit", "out of range", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := get(t, h, c.target).problem(t, http.StatusBadRequest)
			if p.Parameter != c.parameter || !strings.Contains(p.Detail, c.detail) || !strings.Contains(p.Hint, c.hinted) || p.Detail == "" {
				t.Errorf("problem %+v", p)
			}
			if p.Type != problemInvalid || p.Position != nil {
				t.Errorf("type %s, position %v", p.Type, p.Position)
			}
		})
	}
}

// TestQueryProblems: the position of a mistake counts characters, not bytes.
func TestQueryProblems(t *testing.T) {
	s, _ := madeUpServer(3)
	h := s.Handler()
	for _, path := range []string{"/api/v1/events", "/api/v1/histogram", "/api/v1/fields/eventName/values"} {
		for q, position := range map[string]int{
			`eventName: (`:                     12,
			`) x`:                              0,
			`userIdentity.userName: "é" and (`: 32,
			`eventRW: Write and`:               18,
		} {
			p := get(t, h, target(path, "query", q)).problem(t, http.StatusBadRequest)
			if p.Type != problemQuery || p.Parameter != "query" || p.Detail == "" || p.Position == nil {
				t.Errorf("%s: problem %+v", q, p)
				continue
			}
			if *p.Position != position {
				t.Errorf("%s: position %d, want %d: %s", q, *p.Position, position, p.Detail)
			}
		}
	}
}

// TestQueryWarnings: a field that no event has is no mistake, but told with the name that was probably meant.
func TestQueryWarnings(t *testing.T) {
	s, _ := madeUpServer(3)
	h := s.Handler()
	for _, path := range []string{"/api/v1/events", "/api/v1/histogram", "/api/v1/fields", "/api/v1/fields/eventName/values", "/api/v1/query/check"} {
		got := decode[struct{ Warnings Warnings }](t, get(t, h, target(path, "query", `userIdentity.userName: "é" or EventName: x`)))
		if len(got.Warnings) != 1 {
			t.Errorf("%s: warnings %+v", path, got.Warnings)
			continue
		}
		if w := got.Warnings[0]; w.Position == nil || *w.Position != 30 || w.Length != 9 || !strings.Contains(w.Hint, "eventName") {
			t.Errorf("%s: warning %+v", path, w)
		}
		if got := get(t, h, target(path, "query", "eventName: *")); strings.Contains(string(got.body), "warnings") {
			t.Errorf("%s of a good query: %.300s", path, got.body)
		}
	}
}

// TestProblemIsShort: what is quoted of a call is cut, in the answer as in the audit.
func TestProblemIsShort(t *testing.T) {
	s, _ := madeUpServer(1)
	long := strings.Repeat("é", 20_000)
	for _, at := range []string{searchTarget(long, "x"), searchTarget("from", long), searchTarget("sort", long), searchTarget("limit", long),
		searchTarget("fields", long), target("/api/v1/histogram", "interval", long), "/api/v1/none/" + long, "/api/v1/trails/" + long} {
		if got := get(t, s.Handler(), at); got.status < 400 || len(got.body) > 3*maxAuditedValue {
			t.Errorf("status %d, %d bytes: %.80s…", got.status, len(got.body), got.body)
		}
	}
}

func TestNoSuchRoute(t *testing.T) {
	s, _ := madeUpServer(1)
	h := s.Handler()
	for _, path := range []string{"/api/v1/nothing", "/api/", "/api/v2/events", "/nothing.js", "/page/search.js", "/api/v1/events/a/b"} {
		if p := get(t, h, path).problem(t, http.StatusNotFound); p.Type != problemNotFound || !strings.Contains(p.Detail, path) {
			t.Errorf("%s: problem %+v", path, p)
		}
	}
	for _, path := range []string{"/api/v1/events", "/api/v1/status", "/api/v1/events/x", "/", "/healthz", "/metrics"} {
		for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodPut, http.MethodOptions} {
			got := call(t, h, method, path)
			if p := got.problem(t, http.StatusMethodNotAllowed); p.Type != problemMethod || got.header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: problem %+v, Allow %q", method, path, p, got.header.Get("Allow"))
			}
		}
	}
}

func TestProblemError(t *testing.T) {
	err := error(problemParameter("limit", "it is negative", "leave it out"))
	if got, want := err.Error(), "Invalid parameter (limit): it is negative (leave it out)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var p Problem
	if !errors.As(err, &p) || p.Parameter != "limit" {
		t.Errorf("problem %+v", p)
	}
}
