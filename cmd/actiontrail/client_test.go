package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

// runClient executes a command line against a root that holds only the commands of these files.
func runClient(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	root := &cobra.Command{Use: "actiontrail", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(newSearchCommand(), newTailCommand(), newExportCommand(), newFieldsCommand(), newEventCommand(), newTrailCommand(), newAgentsCommand(), newValidateCommand())
	var out, note bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&note)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return out.String(), note.String(), err
}

func exitCode(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.Code
	}
	return -1
}

// canned is a server that answers one page of events, lines of events and two trails.
func canned(t *testing.T, asked *[]*http.Request) string {
	t.Helper()
	trails := []api.TrailStatus{
		{Name: "all", State: api.TrailStatusStateRunning, Deliver: []api.Delivery{{Kind: "file", Target: "./data/archive"}}, Events: 812, Objects: 9, Bytes: 4096, Seq: 77,
			LastDelivery: time.Date(2026, 11, 29, 11, 59, 0, 0, time.UTC)},
		{Name: "security", State: api.TrailStatusStateFailing, Where: "eventRW: Write", Deliver: []api.Delivery{{Kind: "file", Target: "/mnt/worm"}}, LagBatches: 10, LagSeconds: 2.5,
			LastError: "no space left\x1b[2J on device", LastErrorTime: time.Date(2026, 11, 29, 11, 59, 30, 0, time.UTC)},
	}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, media string, v any) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("GET /api/v1/events", func(w http.ResponseWriter, r *http.Request) {
		if asked != nil {
			*asked = append(*asked, r)
		}
		q := r.URL.Query()
		position := 10
		switch {
		case q.Get("query") == "漢字 and (":
			answer(w, 400, "application/problem+json", api.Problem{Title: "Invalid query", Status: 400, Parameter: "query", Detail: "a value is missing", Hint: "write a field or a word after \"(\"", Position: &position})
		case q.Get("query") == "none":
			answer(w, 200, "application/json", api.EventPage{Events: []api.Event{}})
		case q.Get("query") == "many": // as many pages of one event as there are letters in the cursor's way to cc
			answer(w, 200, "application/json", api.EventPage{Total: 3, Events: []api.Event{api.Event(hostileEvents[len(q.Get("cursor"))])}, Cursor: map[string]string{"": "c", "c": "cc"}[q.Get("cursor")]})
		case r.Header.Get("Accept") == "application/json":
			page := api.EventPage{Total: len(hostileEvents), Events: []api.Event{}}
			for _, e := range hostileEvents {
				page.Events = append(page.Events, api.Event(e))
			}
			answer(w, 200, "application/json", page)
		case q.Get("query") == "broken":
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write([]byte(hostileEvents[0] + "\n"))
		default:
			_, _ = w.Write([]byte(strings.Join(hostileEvents, "\n") + "\n"))
		}
	})
	mux.HandleFunc("GET /api/v1/query/check", func(w http.ResponseWriter, r *http.Request) {
		check := api.QueryCheck{Valid: true}
		if at := 4; r.URL.Query().Get("query") == "not nmae: x" {
			check.Warnings = api.Warnings{{Detail: "an event has no field \"nmae\"", Hint: "did you mean eventName?", Position: &at}}
		}
		answer(w, 200, "application/json", check)
	})
	mux.HandleFunc("GET /api/v1/trails", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, "application/json", api.TrailList{Trails: trails})
	})
	mux.HandleFunc("GET /api/v1/trails/{name}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("name") != "all" {
			answer(w, 404, "application/problem+json", api.Problem{Title: "Not found", Status: 404, Detail: "there is no trail \"x\"", Hint: "there are all, security"})
			return
		}
		answer(w, 200, "application/json", trails[0])
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// hostileEvents are canonical events of people who know that somebody will look at them.
var hostileEvents = []string{
	`{"eventId":"1","eventVersion":1,"eventType":"ApiCall","eventName":"StopInstance","serviceName":"Ecs","eventTime":"2026-11-29T11:59:01.123456Z","sourceIpAddress":"203.0.113.7","userAgent":"aliyun-cli/3.0.1 (linux)","resourceName":"i-bp1","userIdentity":{"type":"ram-user","userName":"alice","trust":"verified"}}`,
	`{"eventId":"2","eventVersion":1,"eventType":"ConsoleSignin","eventName":"ConsoleSignin","serviceName":"AasSub","eventTime":"2026-11-29T11:58:00Z","sourceIpAddress":"2001:db8::1","userAgent":"Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36","errorCode":"Forbidden.RAM","userIdentity":{"type":"basic","userName":"bob","trust":"claimed"}}`,
	"{\"eventId\":\"3\",\"eventVersion\":1,\"eventType\":\"ApiCall\",\"eventName\":\"Delete\\u001b[2JBucket\",\"serviceName\":\"Oss\",\"eventTime\":\"2026-11-29T11:57:00Z\",\"userAgent\":\"\\u001b]0;owned\\u0007\",\"resourceName\":\"漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字\",\"userIdentity\":{\"userName\":\"mal\u009b31mlory\u202egnp\\nroot\",\"trust\":\"verified\"}}",
}

func TestSearchPrintsATable(t *testing.T) {
	var asked []*http.Request
	server := canned(t, &asked)
	out, note, err := runClient(t, "search", "eventName: *", "--from", "now-1h", "--server", server)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", out)
	if want := "3 events from now-1h to now\n"; note != want {
		t.Errorf("note %q, want %q", note, want)
	}
	q := asked[0].URL.Query()
	if q.Get("query") != "eventName: *" || q.Get("from") != "now-1h" || q.Get("to") != "" || q.Get("limit") != "100" {
		t.Errorf("asked %v", q)
	}
	if out, note, err = runClient(t, "search", "none", "--server", server); err != nil || out != "" || !strings.Contains(note, "no event matches") {
		t.Errorf("nothing found: %q, %q, %v; want exit 0", out, note, err)
	}
}

func TestSearchPrintsStoredEvents(t *testing.T) {
	server := canned(t, nil)
	lines := strings.Join(hostileEvents, "\n") + "\n"
	if out, _, err := runClient(t, "search", "x", "-o", "ndjson", "--server", server); err != nil || out != lines {
		t.Errorf("ndjson: %v\n%s", err, cmp.Diff(lines, out))
	}
	out, _, err := runClient(t, "search", "x", "-o", "json", "--server", server)
	if err != nil {
		t.Fatal(err)
	}
	var events []json.RawMessage
	if err := json.Unmarshal([]byte(out), &events); err != nil || len(events) != 3 {
		t.Fatalf("not an array of 3: %v\n%s", err, out)
	}
	for i, e := range events {
		if string(e) != hostileEvents[i] {
			t.Errorf("event %d was changed: %s", i, e)
		}
	}
}

func TestSearchFailures(t *testing.T) {
	server := canned(t, nil)
	page := httptest.NewServer(http.NotFoundHandler())
	defer page.Close()
	locked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(401)
		_, _ = w.Write([]byte(`{"title":"A token is needed","status":401}`))
	}))
	defer locked.Close()
	empty := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"nobody there", []string{"search", "--server", "http://127.0.0.1:1"}, []string{"cannot reach http://127.0.0.1:1", "is `actiontrail server` running?"}},
		{"another server", []string{"search", "--server", page.URL}, []string{page.URL, "404", "--server"}},
		{"needs a token", []string{"search", "--server", locked.URL}, []string{locked.URL, "--token-file"}},
		{"bad address", []string{"search", "--server", "localhost:8320"}, []string{"--server", "localhost:8320"}},
		{"bad form", []string{"search", "-o", "yaml"}, []string{"-o yaml", "ndjson"}},
		{"empty token", []string{"search", "--token-file", empty}, []string{"does not hold one token"}},
		{"bad limit", []string{"search", "--limit", "-1"}, []string{"--limit"}},
		{"fields of a count", []string{"search", "--count", "--fields", "eventName"}, []string{"--fields"}},
		{"two answers", []string{"search", "--count", "--histogram"}, []string{"exclude each other"}},
		{"interval of nothing", []string{"search", "--interval", "5m"}, []string{"--interval"}},
		{"bad sort", []string{"search", "--sort", "up"}, []string{"--sort up", "asc"}},
		{"bad colour", []string{"search", "--color", "blue"}, []string{"--color blue", "never"}},
		{"hasty watch", []string{"search", "--watch=1ms"}, []string{"--watch=1ms is too short"}},
		{"watch of an array", []string{"search", "--watch", "-o", "json"}, []string{"--watch is for"}},
		// The mark stands under the tenth character, which begins in column 10 + 2 for the wide ones + 2 of indent.
		{"bad query", []string{"search", "漢字 and (", "--server", server}, []string{"invalid query: a value is missing\n  漢字 and (\n            ^\nwrite a field"}},
		{"broken off", []string{"search", "broken", "-o", "ndjson", "--server", server}, []string{"broke off", "not whole"}},
		{"broken off in an array", []string{"search", "broken", "-o", "json", "--server", server}, []string{"broke off"}},
		{"no such trail", []string{"trail", "status", "x", "--server", server}, []string{server, "there is no trail"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := runClient(t, tt.args...)
			if exitCode(err) != exitUsage {
				t.Errorf("exit code %d (%v), want %d", exitCode(err), err, exitUsage)
			}
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not hold %q", err, want)
				}
			}
		})
	}
}

func TestClientStopsWhenInterrupted(t *testing.T) {
	begun := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-begun; cancel() }()
	cmd := newSearchCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"--server", server.URL})
	if err := cmd.ExecuteContext(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestTrails(t *testing.T) {
	server := canned(t, nil)
	out, _, err := runClient(t, "trail", "list", "--server", server)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "trails.txt", out)
	if out, _, err = runClient(t, "trail", "status", "--server", server); err != nil {
		t.Fatal(err)
	}
	golden(t, "trail-status.txt", out)
	out, _, err = runClient(t, "trail", "status", "all", "-o", "json", "--server", server)
	var one api.TrailStatus
	if err != nil || json.Unmarshal([]byte(out), &one) != nil || one.Name != "all" {
		t.Errorf("%v: %s", err, out)
	}
}
