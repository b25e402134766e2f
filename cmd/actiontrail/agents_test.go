package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

func knownAgents() []api.AgentStatus {
	at := time.Date(2026, 11, 29, 11, 59, 0, 0, time.UTC)
	offset := -7.25
	return []api.AgentStatus{
		{Account: "prod", Agent: "gw-1", State: api.AgentStateLive, Version: "v0.2.0", StartedAt: at.Add(-time.Hour), LastSeen: at, LastSeenSeconds: 4, ClockOffsetSeconds: &offset,
			Warnings: []string{"the clock of its machine is 7s behind"},
			Sources: []api.AgentSource{
				{Source: "edge", State: api.AgentStateLive, LastSeen: at, LastBatch: 812, Events: 123456, Published: 123450, LagBytes: 12800, LagSeconds: 1.2,
					Spool: api.SpoolStatus{Bytes: 5 << 20, MaxBytes: 1 << 30, Batches: 7, OldestSeconds: 400}, Unmapped: 1234, UnmappedRate: 0.01, Unparsed: 2, Ignored: 40,
					Recognised: []api.RecognisedFormat{{Format: "nginx-combined", Why: "address, user, [time]", Records: 1234}, {Format: "caddy", Why: "JSON with ts", Records: 3}},
					Warnings:   []string{"7 batches wait in the spool, the oldest for 6m40s: NATS does not take them; nothing is lost"}},
				{Source: "app", State: api.AgentStateLive, Failing: true, SourceGaps: 1, Gaps: 1, LastError: "open /var/log/app\x1b[2J.log: permission denied", LastErrorTime: at},
				{Source: "new", State: api.AgentStateNeverSeen, LastError: "/var/log/none: no such file or directory"},
			}},
		{Account: "prod", Agent: "gw-2-with-a-long-name", State: api.AgentStateSilent, LastSeen: at.Add(-time.Hour), LastSeenSeconds: 3600,
			Sources: []api.AgentSource{{Source: "edge", State: api.AgentStateSilent, LastSeen: at.Add(-time.Hour), LastBatch: 3}}},
		{Account: "test", Agent: "gw-1", State: api.AgentStateStopped, Version: "v0.2.0", StartedAt: at, LastSeen: at, LastSeenSeconds: 200_000},
		{Account: "test", Agent: "gw-3", State: api.AgentStateNeverSeen},
	}
}

func agentServer(t *testing.T, agents []api.AgentStatus) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/agents" {
			t.Errorf("asked for %s", r.URL)
		}
		if err := json.NewEncoder(w).Encode(api.AgentList{Agents: agents}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAgents(t *testing.T) {
	server := agentServer(t, knownAgents())
	out, note, err := runClient(t, "agents", "--server", server)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "agents.txt", out)
	if !strings.Contains(note, "2 warnings") {
		t.Errorf("note %q", note)
	}
	if out, _, err = runClient(t, "agents", "gw-1", "--server", server); err != nil {
		t.Fatal(err)
	}
	golden(t, "agents-one.txt", out)
	var list []api.AgentStatus
	out, _, err = runClient(t, "agents", "test/gw-1", "-o", "json", "--server", server)
	if err != nil || json.Unmarshal([]byte(out), &list) != nil || len(list) != 1 || list[0].State != api.AgentStateStopped {
		t.Errorf("%v: %s", err, out)
	}
	_, _, err = runClient(t, "agents", "gw-9", "--server", server)
	if exitCode(err) != exitUsage || !strings.Contains(err.Error(), "it knows prod/gw-1, prod/gw-2-with-a-long-name, test/gw-1, test/gw-3") {
		t.Errorf("an agent that is not there: %v", err)
	}
}

func TestNoAgents(t *testing.T) {
	server := agentServer(t, []api.AgentStatus{})
	if out, note, err := runClient(t, "agents", "--server", server); err != nil || out != "" || !strings.Contains(note, "declare a source") {
		t.Errorf("%q, %q, %v", out, note, err)
	}
	if out, _, err := runClient(t, "agents", "-o", "json", "--server", server); err != nil || strings.TrimSpace(out) != "[]" {
		t.Errorf("%q, %v", out, err)
	}
	if _, _, err := runClient(t, "agents", "gw-1", "--server", server); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "none yet") {
		t.Errorf("%v", err)
	}
}

func TestAgentsFitTheTerminal(t *testing.T) {
	rows := agentRows(knownAgents())
	var b bytes.Buffer
	if err := newTable(screen{w: &b, width: 120, terminal: true}, agentColumns, rows).print(rows); err != nil {
		t.Fatal(err)
	}
	golden(t, "agents-120.txt", b.String())
	for line := range strings.Lines(b.String()) {
		if n := textWidth(strings.TrimSuffix(line, "\n")); n > 120 {
			t.Errorf("a line takes %d columns: %s", n, line)
		}
	}
}

func TestQuantities(t *testing.T) {
	for n, want := range map[int64]string{0: "0B", 999: "999B", 1000: "1KiB", 1024: "1KiB", 1536: "1.5KiB", 12800: "12.5KiB", 1 << 20: "1MiB", 999 << 20: "999MiB", 1 << 30: "1GiB", 5 << 40: "5TiB", 5000 << 40: "5000TiB"} {
		if got := byteCount(n); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
	}
	for s, want := range map[float64]string{0: "0s", 1.9: "1s", 119: "119s", 120: "2m", 7199: "119m", 7200: "2h", 200_000: "2d"} {
		if got := span(s); got != want {
			t.Errorf("%v seconds: %s, want %s", s, got, want)
		}
	}
}
