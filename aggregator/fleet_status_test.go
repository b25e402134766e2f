package aggregator

import (
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/wire"
)

// What the agent tells and what the stream holds are one picture: each agent once, each source once.
func TestFleetJoinsReportsAndBatches(t *testing.T) {
	w := newFleetWorld(t)
	w.fleet.cfg.Enrolled = func() []AgentName { return []AgentName{{"prod", "gw-1"}, {"prod", "gw-9"}} }
	stored := w.now.Add(-time.Hour)
	w.report.Sources = []wire.SourceReport{{Source: "edge", LastBatch: 12, LagBytes: 5}, {Source: "new"}}
	w.reports(0, false)
	all := w.fleet.Agents([]SourceStatus{
		{Account: "prod", Agent: "gw-1", Source: "edge", LastBatch: 10, StoredAt: stored, Gaps: 2, Quarantined: 1},
		{Account: "prod", Agent: "gw-1", Source: "dropped", LastBatch: 7, StoredAt: stored},
		{Account: "prod", Agent: "gw-0", Source: "edge", LastBatch: 3, StoredAt: stored},
		{Account: "prod", Agent: "gw-0", Source: "other", LastBatch: 3},
	})
	var got []string
	for _, a := range all {
		line := a.Agent + "=" + string(a.State)
		for _, s := range a.Sources {
			line += " " + s.Source + "=" + string(s.State)
		}
		got = append(got, line)
	}
	want := "gw-0=silent edge=silent other=silent\ngw-1=live dropped=stopped edge=live new=neverSeen\ngw-9=neverSeen"
	if strings.Join(got, "\n") != want {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	if !all[0].LastSeen.Equal(stored) || !all[1].LastSeen.Equal(w.now) || !all[2].LastSeen.IsZero() {
		t.Errorf("last seen %s, %s, %s", all[0].LastSeen, all[1].LastSeen, all[2].LastSeen)
	}
	edge := all[1].Sources[1]
	if edge.Gaps != 2 || edge.Report.LagBytes != 5 || len(edge.Warnings) != 2 || !edge.LastSeen.Equal(stored) {
		t.Errorf("edge %+v", edge)
	}
}

// Times of a wrong clock are moved, ages stay, and the offset is told.
func TestClockOfTheAgent(t *testing.T) {
	w := newFleetWorld(t)
	off := -time.Hour
	theirs := w.now.Add(off)
	w.report.Number, w.report.Time, w.report.Started = 1, theirs, theirs.Add(-time.Minute)
	w.report.Sources = []wire.SourceReport{{Source: "edge", LastSeen: theirs.Add(-2 * time.Second), Oldest: theirs.Add(-10 * time.Minute), ErrorTime: theirs.Add(-3 * time.Second),
		Spool: wire.SpoolReport{Bytes: 90, MaxBytes: 100, Batches: 4, Oldest: theirs.Add(-6 * time.Minute)}}}
	if err := w.send(w.report, w.key); err != nil {
		t.Fatal(err)
	}
	a := w.fleet.Agents(nil)[0]
	s := a.Sources[0]
	if a.ClockOffset != off || !a.Started.Equal(w.now.Add(-time.Minute)) || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "1h0m0s behind") {
		t.Errorf("agent %+v", a)
	}
	if !s.LastSeen.Equal(w.now.Add(-2*time.Second)) || !s.Report.ErrorTime.Equal(w.now.Add(-3*time.Second)) || s.Lag != 10*time.Minute || s.SpoolAge != 6*time.Minute {
		t.Errorf("source %+v", s)
	}
	if warnings := strings.Join(s.Warnings, "\n"); len(s.Warnings) != 2 || !strings.Contains(warnings, "the oldest for 6m0s") || !strings.Contains(warnings, "90 % full") {
		t.Errorf("warnings %q", s.Warnings)
	}
}
