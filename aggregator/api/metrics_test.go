package api

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestMetrics(t *testing.T) {
	s, _ := madeUpServer(1)
	s.Ready = func() []string { return []string{"the disk is full"} }
	status := madeUpStatus(testNow)
	status.Sources = append(status.Sources, SourceStatus{Agent: "gw-\"2\\\n", Source: "edge\xff", Account: "prod", Gaps: 7})
	s.Status = func(context.Context) Status { return status }
	h := s.Handler()
	for range 3 {
		get(t, h, "/api/v1/events")
	}
	get(t, h, searchTarget("limit", "x"))
	get(t, h, "/api/v1/nothing")
	got := get(t, h, "/metrics")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Fatalf("status %d, %v", got.status, got.header)
	}
	text := string(got.body)
	for _, want := range []string{
		`actiontrail_info{version="v0.1.0"} 1`,
		`actiontrail_ready 0`,
		`actiontrail_source_last_batch{account="prod",agent="gw-1",source="edge"} 812`,
		`actiontrail_source_gaps_total{account="prod",agent="gw-\"2\\\n",source="edge` + "\uFFFD" + `"} 7`,
		`actiontrail_follower_lag_seconds{follower="security",kind="trail"} 2.5`,
		`actiontrail_trail_failing{trail="security"} 1`,
		`actiontrail_trail_failing{trail="all"} 0`,
		`actiontrail_agent_state{account="prod",agent="gw-1",state="live"} 1`,
		`actiontrail_agent_state{account="prod",agent="gw-2",state="live"} 0`,
		`actiontrail_agent_state{account="prod",agent="gw-2",state="silent"} 1`,
		`actiontrail_agent_last_report_age_seconds{account="prod",agent="gw-1"} 4`,
		`actiontrail_agent_clock_offset_seconds{account="prod",agent="gw-1"} -1.5`,
		`actiontrail_source_lag_bytes{account="prod",agent="gw-1",source="edge"} 4096`,
		`actiontrail_source_spool_bytes{account="prod",agent="gw-1",source="edge"} 2048`,
		`actiontrail_source_spool_oldest_seconds{account="prod",agent="gw-1",source="edge"} 3`,
		`actiontrail_source_unmapped_total{account="prod",agent="gw-1",source="edge"} 100`,
		`actiontrail_trail_owed_batches{trail="all"} 0`,
		`actiontrail_trail_owed_events{trail="all"} 0`,
		`actiontrail_index_damaged 1`,
		`actiontrail_disk_free_bytes 1.099511627776e+12`,
		`actiontrail_api_calls_total{action="SearchEvents",status="200"} 3`,
		`actiontrail_api_calls_total{action="SearchEvents",status="400"} 1`,
		`actiontrail_api_calls_total{action="UnknownOperation",status="404"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	expositionIsValid(t, text)
}

// expositionIsValid tells of lines that a scraper would refuse: families stand
// together under their HELP and TYPE, and no series comes twice.
func expositionIsValid(t *testing.T, text string) {
	t.Helper()
	sample := regexp.MustCompile(`^([a-z_]+)(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\})? (\S+)$`)
	family, seen := "", map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
			family, _, _ = strings.Cut(rest, " ")
			if seen[family] {
				t.Errorf("%s comes twice", family)
			}
			seen[family] = true
			continue
		}
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			if name != family || kind != "gauge" && kind != "counter" || (kind == "counter") != strings.HasSuffix(name, "_total") {
				t.Errorf("after %s: %s", family, line)
			}
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil || m[1] != family {
			t.Errorf("no sample of %s: %s", family, line)
			continue
		}
		series, _, _ := strings.Cut(line, "} ")
		if seen[series] {
			t.Errorf("%s comes twice", series)
		}
		seen[series] = true
	}
}

// TestMetricsTime: durations are those of the clock that the server was given.
func TestMetricsTime(t *testing.T) {
	s, _ := madeUpServer(0)
	now := testNow
	s.Now = func() time.Time { now = now.Add(250 * time.Millisecond); return now }
	h := s.Handler()
	get(t, h, "/api/v1/status")
	if text := string(get(t, h, "/metrics").body); !strings.Contains(text, `actiontrail_api_seconds_total{action="GetStatus",status="200"} 0.25`+"\n") {
		t.Errorf("no quarter of a second in %s", text)
	}
}
