package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// reply is an answer that was read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// madeUpServer answers over n events, one a minute before testNow.
func madeUpServer(n int) (*Server, *fakeIndex) {
	x := &fakeIndex{events: madeUp(n, testNow, time.Minute)}
	return &Server{Index: x, Now: func() time.Time { return testNow }, Trails: madeUpTrails(testNow), Agents: madeUpAgents(testNow),
		Status: func(context.Context) Status { return madeUpStatus(testNow) }}, x
}

// call calls h as a client on this machine would. Headers are name, value, name, value …
// What is answered must be as openapi.yaml says.
func call(t testing.TB, h http.Handler, method, target string, headers ...string) reply {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	r.Host = "localhost:8320"
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	got := reply{w.Code, w.Result().Header, w.Body.Bytes()}
	conforms(t, r, got)
	return got
}

func get(t testing.TB, h http.Handler, target string, headers ...string) reply {
	t.Helper()
	return call(t, h, http.MethodGet, target, headers...)
}

// searchTarget is the search with these parameters: name, value, name, value …
func searchTarget(parameters ...string) string { return target("/api/v1/events", parameters...) }

func target(path string, parameters ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		v.Add(parameters[i], parameters[i+1])
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// decode reads a 200 in JSON.
func decode[T any](t testing.TB, r reply) T {
	t.Helper()
	var v T
	if r.status != http.StatusOK {
		t.Fatalf("status %d: %s", r.status, r.body)
	}
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	return v
}

// problem reads an answer that must be an RFC 9457 problem with this status.
func (r reply) problem(t testing.TB, status int) Problem {
	t.Helper()
	var p Problem
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("a problem has Content-Type %q", got)
	}
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	if p.Status != status || !strings.HasPrefix(p.Type, problemPrefix) || p.Title == "" {
		t.Errorf("problem is %+v, want its status %d, a type and a title", p, status)
	}
	return p
}

// ids are those of the events on a page.
func ids(t testing.TB, events []json.RawMessage) []string {
	t.Helper()
	var out []string
	for _, raw := range events {
		e, err := event.ParseJSON(raw)
		if err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		out = append(out, e.ID)
	}
	return out
}

// idsOf are those of events, which madeUp gives newest first.
func idsOf(events []event.Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.ID)
	}
	return out
}

// must fails the test on an error: must(f())(t).
func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
