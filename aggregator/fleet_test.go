package aggregator

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// fleetWorld is a fleet with a clock of its own and an agent that can report to it.
type fleetWorld struct {
	t         *testing.T
	dir       string
	agents    *Agents
	system    *System
	fleet     *Fleet
	now       time.Time
	connected bool
	key       nkeys.KeyPair
	report    wire.Report // the last one sent
}

func newFleetWorld(t *testing.T) *fleetWorld {
	w := &fleetWorld{t: t, dir: t.TempDir(), system: openedAt(t, nil), now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), connected: true, key: newUser(t)}
	var err error
	if w.agents, err = OpenAgents(filepath.Join(w.dir, "agents.json")); err != nil {
		t.Fatal(err)
	}
	w.system.Now = func() time.Time { return w.now }
	w.report = wire.Report{Account: "prod", Agent: "gw-1", Key: public(t, w.key), Run: 1, Program: "v1", Started: w.now, Sources: []wire.SourceReport{{Source: "edge"}}}
	w.restart()
	return w
}

func newUser(t *testing.T) nkeys.KeyPair {
	t.Helper()
	key, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func public(t *testing.T, key nkeys.KeyPair) string {
	t.Helper()
	p, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// restart opens the fleet as a new process would, after the old one was killed.
func (w *fleetWorld) restart() {
	w.t.Helper()
	var err error
	w.fleet, err = OpenFleet(FleetConfig{Path: filepath.Join(w.dir, "fleet.json"), Keys: w.agents, System: w.system,
		Connected: func() bool { return w.connected }, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
}

// send reports, signed by the key.
func (w *fleetWorld) send(r wire.Report, key nkeys.KeyPair) error {
	w.t.Helper()
	m, err := wire.SealReport(r, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.fleet.take("prod", "gw-1", m)
}

// reports has the agent report after so long.
func (w *fleetWorld) reports(after time.Duration, stopped bool) {
	w.t.Helper()
	w.now = w.now.Add(after)
	w.report.Number++
	w.report.Time, w.report.Stopped = w.now, stopped
	if err := w.send(w.report, w.key); err != nil {
		w.t.Fatal(err)
	}
}

// told settles, and gives what came into the audit.
func (w *fleetWorld) told() (events []event.Event) {
	w.t.Helper()
	done := make(chan error, 1)
	go func() { done <- w.fleet.settle(w.t.Context()) }()
	for {
		w.system.mu.Lock()
		waits := len(w.system.queue) > 0
		w.system.mu.Unlock()
		if waits {
			e, _ := commit(w.t, w.system)
			events = append(events, e...)
		}
		select {
		case err := <-done:
			if err != nil {
				w.t.Fatal(err)
			}
			return events
		case <-w.t.Context().Done():
			w.t.Fatal("settle does not end")
		case <-time.After(time.Millisecond):
		}
	}
}

// passes lets time pass, looking each second.
func (w *fleetWorld) passes(d time.Duration) {
	for range int(d / time.Second) {
		w.now = w.now.Add(time.Second)
		w.fleet.look()
	}
}

func (w *fleetWorld) want(state AgentState) {
	w.t.Helper()
	all := w.fleet.Agents(nil)
	if len(all) != 1 || all[0].State != state {
		w.t.Fatalf("agents %+v, want one that is %s", all, state)
	}
}

func names(events []event.Event) string {
	var all []string
	for _, e := range events {
		all = append(all, e.Name+" "+e.ResourceName)
	}
	return strings.Join(all, ", ")
}

func (w *fleetWorld) wantTold(want string) []event.Event {
	w.t.Helper()
	got := w.told()
	if names(got) != want {
		w.t.Fatalf("told %q, want %q", names(got), want)
	}
	return got
}

// An agent that reports is live, one that does not for 25 seconds is silent, and each change is told once.
func TestSilentAndReturned(t *testing.T) {
	w := newFleetWorld(t)
	w.reports(0, false)
	w.want(AgentLive)
	w.passes(24 * time.Second)
	w.want(AgentLive)
	w.wantTold("")
	last := w.now.Add(-24 * time.Second)
	w.passes(time.Second)
	w.want(AgentSilent)
	e := w.wantTold("AgentSilent gw-1")[0]
	if e.ErrorCode != "AgentSilent" || !strings.Contains(e.ErrorMessage, last.Format(time.RFC3339)) || e.Time != event.At(w.now, 3) {
		t.Errorf("event %+v", e)
	}
	w.passes(time.Hour)
	w.wantTold("")
	w.reports(time.Second, false)
	w.want(AgentLive)
	if e := w.wantTold("AgentReturned gw-1")[0]; e.ErrorCode != "" {
		t.Errorf("event %+v", e)
	}
	w.reports(10*time.Second, false)
	w.wantTold("")
}

// Who says that it stops is stopped, without an alarm, for as long as it likes.
func TestStoppedIsNoAlarm(t *testing.T) {
	w := newFleetWorld(t)
	w.reports(0, false)
	w.reports(time.Second, true)
	w.want(AgentStopped)
	w.passes(time.Hour)
	w.want(AgentStopped)
	w.told()
	w.restart()
	w.passes(time.Hour)
	w.want(AgentStopped)
	w.report.Run, w.report.Number = 2, 0
	w.reports(time.Second, false)
	w.want(AgentLive)
	w.wantTold("")
}

// After a restart of the aggregator who was live is silent until it reports, and
// the alarm gives it time for that.
func TestFleetIsNotForgotten(t *testing.T) {
	w := newFleetWorld(t)
	w.reports(0, false)
	w.wantTold("")
	w.now = w.now.Add(time.Hour) // down for long
	w.restart()
	w.want(AgentSilent)
	w.passes(20 * time.Second)
	w.wantTold("")
	w.reports(0, false)
	w.want(AgentLive)
	w.wantTold("")

	w.restart()
	w.passes(25 * time.Second)
	w.wantTold("AgentSilent gw-1")
	w.restart()
	w.passes(time.Minute)
	w.wantTold("")
	w.want(AgentSilent)
	w.reports(0, false)
	w.wantTold("AgentReturned gw-1")
}

// A change that was kept when the process died before it was told is told by the
// next one; told twice it is the same event.
func TestChangesAreToldAcrossACrash(t *testing.T) {
	w := newFleetWorld(t)
	w.reports(0, false)
	w.passes(25 * time.Second)
	if err := w.fleet.save(false); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(w.dir, "fleet.json"))
	if err != nil {
		t.Fatal(err)
	}
	w.restart()
	first := w.wantTold("AgentSilent gw-1")
	if err := os.WriteFile(filepath.Join(w.dir, "fleet.json"), kept, 0o600); err != nil { // killed before this was written down
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
	w.restart()
	second := w.wantTold("AgentSilent gw-1")
	if first[0].ID != second[0].ID || first[0].Time != second[0].Time {
		t.Errorf("told as two events: %s at %s and %s at %s", first[0].ID, first[0].Time, second[0].ID, second[0].Time)
	}
	w.restart()
	w.wantTold("")
	w.reports(0, false)
	w.passes(25 * time.Second)
	if third := w.told(); len(third) != 2 || third[1].ID == first[0].ID {
		t.Errorf("the next silence is told as %s", names(third))
	}
}

// Who cannot hear does not say that others are silent.
func TestDeafIsNotSilent(t *testing.T) {
	w := newFleetWorld(t)
	w.reports(0, false)
	w.connected = false
	w.passes(time.Hour)
	w.want(AgentLive)
	w.connected = true
	w.passes(24 * time.Second)
	w.wantTold("")
	w.passes(2 * time.Second)
	w.wantTold("AgentSilent gw-1")
}

// Forged and old reports change nothing, not even when they would look good.
func TestReportsRefused(t *testing.T) {
	w := newFleetWorld(t)
	w.report.Run, w.report.Number = 5, 10
	w.reports(0, false)
	w.told()
	thief := newUser(t)
	at := func(run, number uint64) wire.Report {
		r := w.report
		r.Run, r.Number, r.Stopped = run, number, true
		return r
	}
	other := at(6, 1)
	other.Key = public(t, thief)
	misnamed := at(6, 1)
	misnamed.Agent = "gw-2"
	w.now = w.now.Add(10 * time.Second)
	for name, forged := range map[string]struct {
		report wire.Report
		key    nkeys.KeyPair
		is     func(error) bool
	}{
		"signed by another key":  {at(6, 1), thief, func(err error) bool { return errors.Is(err, wire.ErrSignature) }},
		"another key's own":      {other, thief, func(err error) bool { r := (*Refusal)(nil); return errors.As(err, &r) && r.Reason == UnknownKey }},
		"another agent's name":   {misnamed, w.key, func(err error) bool { r := (*Refusal)(nil); return errors.As(err, &r) && r.Reason == WrongSubject }},
		"the same again":         {at(5, 11), w.key, func(err error) bool { return strings.Contains(err.Error(), "old report") }},
		"an older number":        {at(5, 3), w.key, func(err error) bool { return strings.Contains(err.Error(), "old report") }},
		"a run before":           {at(4, 99), w.key, func(err error) bool { return strings.Contains(err.Error(), "old report") }},
		"a run before, and live": {at(4, 100), w.key, func(err error) bool { return strings.Contains(err.Error(), "old report") }},
	} {
		m, err := wire.SealReport(forged.report, forged.key)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.fleet.take("prod", "gw-1", m); err == nil || !forged.is(err) {
			t.Errorf("%s: %v", name, err)
		}
		w.fleet.Hear("prod", "gw-1", m)
	}
	w.fleet.Hear("prod", "nobody", []byte("x"))
	a := w.fleet.Agents(nil)
	if len(a) != 1 || a[0].State != AgentLive || !a[0].LastSeen.Equal(w.now.Add(-10*time.Second)) || a[0].Refused != 7 || len(a[0].Warnings) != 1 || w.fleet.Refused() != 8 {
		t.Errorf("agents %+v, %d refused in all", a, w.fleet.Refused())
	}
	// Neither are they taken by the next process.
	if err := w.fleet.Save(); err != nil {
		t.Fatal(err)
	}
	w.restart()
	for _, old := range []wire.Report{at(5, 11), at(4, 99)} {
		if err := w.send(old, w.key); err == nil {
			t.Errorf("report %d of run %d is taken after a restart", old.Number, old.Run)
		}
	}
}

// A name that is given to another key begins anew: the old key's numbers say nothing of it.
func TestNameOfAnotherKey(t *testing.T) {
	w := newFleetWorld(t)
	w.report.Run = 1 << 40
	w.reports(0, false)
	w.key = newUser(t)
	if err := w.agents.Enrol("prod", "gw-1", public(t, w.key), ByOperator, true, time.Now()); err != nil {
		t.Fatal(err)
	}
	w.report.Key, w.report.Run, w.report.Number = public(t, w.key), 1, 0
	w.reports(0, false)
	w.want(AgentLive)
}

func TestFleetFileDamaged(t *testing.T) {
	for text, want := range map[string]string{"{": "remove it", `{"version":9}`: "version 9", `{"version":1,"agents":[],"more":1}`: "more"} {
		path := filepath.Join(t.TempDir(), "fleet.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenFleet(FleetConfig{Path: path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The file is written on a change, and else once a minute.
func TestFleetIsKept(t *testing.T) {
	w := newFleetWorld(t)
	number := func() uint64 {
		var kept fleetFile
		data, err := os.ReadFile(filepath.Join(w.dir, "fleet.json"))
		if err != nil || json.Unmarshal(data, &kept) != nil || len(kept.Agents) != 1 {
			t.Fatalf("%v: %s", err, data)
		}
		return kept.Agents[0].Number
	}
	for i, step := range []struct {
		after time.Duration
		kept  uint64
	}{{0, 1}, {10 * time.Second, 1}, {10 * time.Second, 1}, {40 * time.Second, 4}, {10 * time.Second, 4}} {
		w.reports(step.after, false)
		w.told()
		if got := number(); got != step.kept {
			t.Errorf("after report %d: %d is kept, want %d", i+1, got, step.kept)
		}
	}
}
