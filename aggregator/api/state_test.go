package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStatus(t *testing.T) {
	s, _ := madeUpServer(0)
	got := decode[Status](t, get(t, s.Handler(), "/api/v1/status"))
	want := madeUpStatus(testNow)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

// TestStatusOfNothing has lists, not null: conforms sees null.
func TestStatusOfNothing(t *testing.T) {
	s := &Server{Index: &fakeIndex{}, Status: func(context.Context) Status {
		return Status{StartedAt: testNow, Trails: []TrailStatus{{Name: "new", State: TrailStatusStateRunning}}}
	}}
	got := get(t, s.Handler(), "/api/v1/status")
	if got.status != http.StatusOK || strings.Contains(string(got.body), "null") || strings.Contains(string(got.body), "0001-01-01") {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if got := get(t, s.Handler(), "/api/v1/trails"); string(got.body) != `{"trails":[]}`+"\n" {
		t.Errorf("no trails: %s", got.body)
	}
	p := get(t, s.Handler(), "/api/v1/trails/all").problem(t, http.StatusNotFound)
	if p.Hint != "there are no trails" {
		t.Errorf("problem %+v", p)
	}
}

func TestTrails(t *testing.T) {
	s, _ := madeUpServer(0)
	h := s.Handler()
	want := madeUpTrails(testNow)(context.Background())
	if diff := cmp.Diff(want, decode[TrailList](t, get(t, h, "/api/v1/trails")).Trails); diff != "" {
		t.Errorf("trails (-want +got):\n%s", diff)
	}
	for _, trail := range want {
		if diff := cmp.Diff(trail, decode[TrailStatus](t, get(t, h, "/api/v1/trails/"+trail.Name))); diff != "" {
			t.Errorf("trail %s (-want +got):\n%s", trail.Name, diff)
		}
	}
	p := get(t, h, "/api/v1/trails/secure").problem(t, http.StatusNotFound)
	if p.Parameter != "name" || !strings.Contains(p.Detail, `"secure"`) || !strings.Contains(p.Hint, "all, security") {
		t.Errorf("problem %+v", p)
	}
}

func TestAgents(t *testing.T) {
	s, _ := madeUpServer(0)
	want := madeUpAgents(testNow)(context.Background())
	if diff := cmp.Diff(want, decode[AgentList](t, get(t, s.Handler(), "/api/v1/agents")).Agents); diff != "" {
		t.Errorf("agents (-want +got):\n%s", diff)
	}
	there := testNow.In(time.FixedZone("CST", 8*3600))
	s.Agents = func(context.Context) []AgentStatus {
		return []AgentStatus{{Account: "prod", Agent: "gw-1", State: AgentStateNeverSeen, Sources: []AgentSource{{Source: "edge", State: AgentStateNeverSeen, LastSeen: there, LastErrorTime: there}}}}
	}
	got := get(t, s.Handler(), "/api/v1/agents") // get holds it against openapi.yaml: lists, not null
	if body := string(got.body); strings.Contains(body, "null") || strings.Contains(body, "0001-01-01") || strings.Contains(body, "+08:00") {
		t.Errorf("answer %s", body)
	}
	s.Agents = nil
	if got := get(t, s.Handler(), "/api/v1/agents"); string(got.body) != `{"agents":[],"unmapped":[]}`+"\n" {
		t.Errorf("no agents: %s", got.body)
	}
	unmapped := []UnmappedRequests{{Account: "prod", Mapper: "shop", Sources: []string{"gw-1/edge"}, Events: 9, Proposed: 60, Hcl: "ignore \"GET /x\" {}\n",
		Routes: []ProposedRoute{{Pattern: "GET /x", Ignore: true, Count: 9, Example: "/x", Agents: 1, Hcl: "ignore \"GET /x\" {}\n"}}}, {Account: "prod"}}
	s.Unmapped = func(context.Context) []UnmappedRequests { return unmapped }
	answer := decode[AgentList](t, get(t, s.Handler(), "/api/v1/agents")).Unmapped
	unmapped[1].Sources, unmapped[1].Routes = []string{}, []ProposedRoute{}
	if diff := cmp.Diff(unmapped, answer); diff != "" {
		t.Errorf("unmapped (-want +got):\n%s", diff)
	}
}

func TestHealth(t *testing.T) {
	s, _ := madeUpServer(0)
	var reasons []string
	s.Ready = func() []string { return reasons }
	h := s.Handler()
	expect := func(path string, status int, body string) {
		t.Helper()
		if got := get(t, h, path); got.status != status || body != "" && string(got.body) != body {
			t.Errorf("%s: status %d: %s", path, got.status, got.body)
		}
	}
	expect("/healthz", http.StatusOK, "ok\n")
	expect("/readyz", http.StatusOK, "ready\n")
	reasons = []string{"the index is behind", "the disk is full"}
	expect("/healthz", http.StatusOK, "ok\n") // not ready is no reason to be killed
	p := get(t, h, "/readyz").problem(t, http.StatusServiceUnavailable)
	if diff := cmp.Diff(reasons, p.Reasons); diff != "" || p.Type != problemNotReady {
		t.Errorf("problem %+v, reasons (-want +got):\n%s", p, diff)
	}
	s.Ready = nil
	expect("/readyz", http.StatusOK, "ready\n")
	if got := call(t, h, http.MethodHead, "/healthz"); got.status != http.StatusOK {
		t.Errorf("HEAD: status %d", got.status)
	}
}

// TestTimesAreUTC: whatever zone the machine is in. conforms asks for Z.
func TestTimesAreUTC(t *testing.T) {
	s, _ := madeUpServer(1)
	there := testNow.In(time.FixedZone("there", 8*3600))
	s.Now = func() time.Time { return there }
	s.Status = func(context.Context) Status {
		st := madeUpStatus(there)
		st.Index.Oldest, st.Index.Newest = there, there
		return st
	}
	s.Trails = madeUpTrails(there)
	h := s.Handler()
	histogramOf(t, h, "from", "now-1h")
	histogramOf(t, h)
	get(t, h, "/api/v1/status")
	get(t, h, "/api/v1/trails")
}
