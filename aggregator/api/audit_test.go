package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// audited is a server whose calls are kept.
func audited(t *testing.T) (*Server, *[]Call) {
	t.Helper()
	s, _ := madeUpServer(5)
	var calls []Call
	s.Audit = func(_ context.Context, c Call) error { calls = append(calls, c); return nil }
	return s, &calls
}

func TestAuditOfEveryCall(t *testing.T) {
	s, calls := audited(t)
	s.Tokens = oneToken(testToken)
	h := s.Handler()
	with := []string{"Authorization", "Bearer " + testToken, "User-Agent", "tester/1"}
	id := madeUp(1, testNow, time.Minute)[0].ID
	for name, c := range map[string]struct {
		method, target string
		headers        []string
		want           Call
	}{
		"search": {"GET", searchTarget("query", "eventRW: *", "limit", "2"), with,
			Call{Action: "SearchEvents", Route: "/api/v1/events", Parameters: map[string]string{"query": "eventRW: *", "limit": "2"}, Authenticated: true, Token: "tester", Status: 200, Events: 2}},
		"export": {"GET", searchTarget("limit", "3"), append([]string{"Accept", ndjson}, with...),
			Call{Action: "SearchEvents", Route: "/api/v1/events", Parameters: map[string]string{"limit": "3"}, Authenticated: true, Token: "tester", Status: 200, Events: 3}},
		"event": {"GET", "/api/v1/events/" + id, with,
			Call{Action: "GetEvent", Route: "/api/v1/events/{eventId}", Parameters: map[string]string{"eventId": id}, Authenticated: true, Token: "tester", Status: 200, Events: 1}},
		"head": {"HEAD", "/api/v1/events/" + id, with,
			Call{Action: "GetEvent", Route: "/api/v1/events/{eventId}", Parameters: map[string]string{"eventId": id}, Authenticated: true, Token: "tester", Status: 200}},
		"values": {"GET", "/api/v1/fields/eventName/values", with,
			Call{Action: "ListFieldValues", Route: "/api/v1/fields/{field}/values", Parameters: map[string]string{"field": "eventName"}, Authenticated: true, Token: "tester", Status: 200}},
		"histogram": {"GET", "/api/v1/histogram", with, Call{Action: "GetHistogram", Route: "/api/v1/histogram", Authenticated: true, Token: "tester", Status: 200}},
		"status":    {"GET", "/api/v1/status", with, Call{Action: "GetStatus", Route: "/api/v1/status", Authenticated: true, Token: "tester", Status: 200}},
		"trails":    {"GET", "/api/v1/trails", with, Call{Action: "ListTrails", Route: "/api/v1/trails", Authenticated: true, Token: "tester", Status: 200}},
		"trail": {"GET", "/api/v1/trails/all", with,
			Call{Action: "GetTrail", Route: "/api/v1/trails/{name}", Parameters: map[string]string{"name": "all"}, Authenticated: true, Token: "tester", Status: 200}},
		"wrong parameter": {"GET", searchTarget("nope", "x"), with,
			Call{Action: "SearchEvents", Route: "/api/v1/events", Parameters: map[string]string{"nope": "x"}, Authenticated: true, Token: "tester", Status: 400, Problem: Problem{Type: problemInvalid, Parameter: "nope"}}},
		"no token": {"GET", "/api/v1/status", with[2:],
			Call{Action: "GetStatus", Route: "/api/v1/status", Status: 401, Problem: Problem{Type: problemToken}}},
		"wrong token": {"GET", "/api/v1/status", []string{"Authorization", "Bearer x", "User-Agent", "tester/1"},
			Call{Action: "GetStatus", Route: "/api/v1/status", Status: 401, Problem: Problem{Type: problemToken}}},
		"unknown": {"GET", "/api/v1/nothing", with,
			Call{Action: "UnknownOperation", Route: "/api/v1/nothing", Authenticated: true, Token: "tester", Status: 404, Problem: Problem{Type: problemNotFound}}},
		"write": {"DELETE", "/api/v1/agents", with,
			Call{Action: "UnknownOperation", Route: "/api/v1/agents", Authenticated: true, Token: "tester", Write: true, Status: 405, Problem: Problem{Type: problemMethod}}},
	} {
		t.Run(name, func(t *testing.T) {
			*calls = nil
			got := call(t, h, c.method, c.target, c.headers...)
			if len(*calls) != 1 {
				t.Fatalf("audited %d times", len(*calls))
			}
			c.want.Method, c.want.RemoteAddr, c.want.UserAgent, c.want.Time = c.method, "192.0.2.1", "tester/1", testNow
			audit := (*calls)[0]
			opts := cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Call{}, "ID"), cmpopts.IgnoreFields(Problem{}, "Title", "Status", "Detail", "Hint")}
			if diff := cmp.Diff(c.want, audit, opts); diff != "" {
				t.Errorf("audit (-want +got):\n%s", diff)
			}
			if audit.ID == "" || audit.ID != got.header.Get("X-Request-Id") || audit.Status != got.status {
				t.Errorf("id %q and status %d, the answer has %q and %d", audit.ID, audit.Status, got.header.Get("X-Request-Id"), got.status)
			}
		})
	}
	*calls = nil
	for _, path := range []string{"/", "/healthz", "/readyz", "/metrics"} {
		get(t, h, path, with...)
	}
	if len(*calls) > 0 {
		t.Errorf("audited what is no call of the API: %+v", *calls)
	}
}

// TestAuditOfForeignHost: an attempt by DNS rebinding is on record.
func TestAuditOfForeignHost(t *testing.T) {
	s, calls := audited(t)
	get(t, s.Handler(), "/api/v1/events", "Host", "evil.example")
	if len(*calls) != 1 || (*calls)[0].Status != http.StatusMisdirectedRequest || (*calls)[0].Route != "/api/v1/events" {
		t.Errorf("audited %+v", *calls)
	}
}

// TestAuditFails: a read is answered all the same, a write is not.
func TestAuditFails(t *testing.T) {
	s, _ := madeUpServer(1)
	s.Audit = func(context.Context, Call) error { return errors.New("spool is full at /var/lib/x") }
	h := s.Handler()
	if got := get(t, h, "/api/v1/events"); got.status != http.StatusOK {
		t.Errorf("a read is refused: %d %s", got.status, got.body)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		got := call(t, h, method, "/api/v1/trails/all")
		if p := got.problem(t, http.StatusServiceUnavailable); p.Type != problemUnaudited || strings.Contains(string(got.body), "spool") {
			t.Errorf("%s: problem %+v", method, p)
		}
	}
}

// TestWriteAnsweredAfterAudit: of a write nothing is sent before its audit, of a read all is.
func TestWriteAnsweredAfterAudit(t *testing.T) {
	for method, before := range map[string]bool{http.MethodGet: true, http.MethodPost: false} {
		s, _ := madeUpServer(1)
		w := httptest.NewRecorder()
		w.Code = 0
		s.Audit = func(ctx context.Context, _ Call) error {
			if sent := w.Body.Len() > 0; sent != before {
				t.Errorf("%s: sent before the audit: %t", method, sent)
			}
			if _, ok := ctx.Deadline(); !ok {
				t.Errorf("%s: the audit may take for ever", method)
			}
			return nil
		}
		r := httptest.NewRequest(method, "/api/v1/nothing", nil)
		r.Host = "localhost"
		s.Handler().ServeHTTP(w, r)
		reply{w.Code, w.Result().Header, w.Body.Bytes()}.problem(t, http.StatusNotFound)
	}
}

// TestAuditOutlivesClient: that somebody asked is recorded although they left.
func TestAuditOutlivesClient(t *testing.T) {
	s, _ := madeUpServer(1)
	var got Call
	s.Audit = func(ctx context.Context, c Call) error {
		if got = c; ctx.Err() != nil {
			t.Error("the audit ends with the client's connection")
		}
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest(http.MethodGet, "/api/v1/events", nil).WithContext(ctx)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("panic %v: an empty answer looks like a whole one", p)
		}
		if got.Status != statusClientGone || w.Body.Len() > 0 || w.Flushed {
			t.Errorf("audited as %d, sent %q", got.Status, w.Body)
		}
	}()
	s.Handler().ServeHTTP(w, r)
}

// TestWriteBrokenOff: a change that breaks off is not answered as if it had been made.
func TestWriteBrokenOff(t *testing.T) {
	h := &handlers{Server: &Server{}, now: time.Now, log: slog.New(slog.DiscardHandler), counts: newCounts()}
	w := httptest.NewRecorder()
	defer func() {
		if p := recover(); p != http.ErrAbortHandler || w.Body.Len() > 0 {
			t.Errorf("panic %v, sent %q", p, w.Body)
		}
	}()
	h.audited(unknownOperation, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeBody(w, http.StatusOK, "text/plain", []byte("done"))
		panic(http.ErrAbortHandler)
	})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/v1/x", nil))
}

func TestAuditIsBounded(t *testing.T) {
	s, calls := audited(t)
	long := "x" + strings.Repeat("é", 30_000) // no character ends at an even byte
	parameters := []string{"query", long, long, "x"}
	for i := range 100 {
		parameters = append(parameters, strings.Repeat("p", i+1), long[:201])
	}
	get(t, s.Handler(), searchTarget(parameters...), "User-Agent", long)
	get(t, s.Handler(), "/api/v1/"+long)
	for _, c := range *calls {
		if !utf8.ValidString(c.UserAgent) || !utf8.ValidString(c.Route) {
			t.Error("a text is cut within a character")
		}
		size := len(c.UserAgent) + len(c.Route) + len(c.Problem.Error())
		for k, v := range c.Parameters {
			size += len(k) + len(v)
			if len(v) > maxAuditedValue+len("…") || len(k) > maxAuditedValue+len("…") || !utf8.ValidString(v) {
				t.Errorf("a parameter has %d bytes", len(v))
			}
		}
		if size > 40*maxAuditedValue || len(c.Parameters) > 32 {
			t.Errorf("audited with %d bytes, %d parameters", size, len(c.Parameters))
		}
	}
}
