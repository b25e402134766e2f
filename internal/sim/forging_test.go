package sim

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
)

const edgeSubject = "events.prod.gw-1.edge"

// enrolments is the table of the house, as the keys commands open it.
func (h *house) enrolments() *aggregator.Agents {
	h.t.Helper()
	agents, err := aggregator.OpenAgents(filepath.Join(h.dir, "agents.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	return agents
}

func (h *house) reasons() (reasons []aggregator.Reason) {
	h.t.Helper()
	kept, err := h.quarantine.List()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, q := range kept {
		reasons = append(reasons, q.Reason)
	}
	return reasons
}

// runs runs a lane until its lines are in the stream, and fails when that takes too long.
func (h *house) runs(lane *agent.Lane) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	if err := lane.Run(ctx); err != nil {
		h.t.Fatalf("%v; %+v", err, lane.Status())
	}
}

// At the end of the agent's subject are things that others brought there: an
// acknowledgement that was led there by a reply subject, and batches that say
// that they are of this agent, whose cursor is far beyond, signed with another
// key. An agent that has lost its spool must not believe them, or it would pass over lines.
func TestForgeriesDoNotLeadTheAgentAstray(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprint("spool lost ", lost), func(t *testing.T) { t.Parallel(); forgeries(t, lost) })
	}
}

func forgeries(t *testing.T, lost bool) {
	h, dir := newHouse(t), t.TempDir()
	h.read(dir, "m1", 10)
	h.exactly(10)
	h.read(t.TempDir(), "m1", 40) // another folder: the same names, another key
	if _, _, err := h.conn.Publish(t.Context(), edgeSubject, "", []byte(`{"stream":"EVENTS","seq":2}`)); err != nil {
		t.Fatal(err)
	}
	if lost {
		if err := os.RemoveAll(filepath.Join(dir, "spool")); err != nil {
			t.Fatal(err)
		}
	}
	h.runs(h.laneOf(dir, "m1", 20))
	h.exactly(20)
	h.until("the refusals", func() bool { return len(h.reasons()) > 1 })
	for i, why := range h.reasons() {
		want := aggregator.UnknownKey
		if i == len(h.reasons())-1 {
			want = aggregator.NotABatch
		}
		if why != want {
			t.Errorf("refusal %d: %s, want %s", i, why, want)
		}
	}
}

// A key is exchanged while batches of the old one still wait in the spool: both
// are good for a while, and no line is lost or doubled.
func TestKeyRotated(t *testing.T) {
	t.Parallel()
	h, dir := newHouse(t), t.TempDir()
	h.read(dir, "m1", 15)
	h.exactly(15) // the name is taken by its first key: a key enrolled before would make that one a stranger's
	if err := os.Remove(filepath.Join(dir, agent.KeyName)); err != nil {
		t.Fatal(err)
	}
	key, err := agent.LoadKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.enrolments().Enrol("prod", "gw-1", key.Public, aggregator.ByOperator, true, time.Now()); err != nil {
		t.Fatal(err)
	}
	h.read(dir, "m1", 30)
	h.exactly(30)
	if got := h.lanesOf("gw-1"); got != 2 {
		t.Errorf("%d lanes, want one for each key", got)
	}
	if s := h.follower.Status(); s.Gaps > 0 || s.Quarantined > 0 {
		t.Errorf("%d gaps, %d quarantined", s.Gaps, s.Quarantined)
	}
	// The key alone is left of the new agent: its own batches count, not those of the old key.
	if err := os.RemoveAll(filepath.Join(dir, "spool")); err != nil {
		t.Fatal(err)
	}
	h.read(dir, "m1", 40)
	h.exactly(40)
}

// What a revoked key sent before counts, what it sends after goes into quarantine and is kept there.
func TestRevokedKey(t *testing.T) {
	t.Parallel()
	h, dir := newHouse(t), t.TempDir()
	h.read(dir, "m1", 10)
	h.exactly(10)
	if _, err := h.enrolments().Revoke("prod", "gw-1", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	h.read(dir, "m1", 20)
	h.until("the refusal", func() bool { return len(h.reasons()) > 0 })
	for _, why := range h.reasons() {
		if why != aggregator.RevokedKey {
			t.Errorf("refused for %s", why)
		}
	}
	if lines, _ := h.lines(); len(lines) != 10 {
		t.Errorf("%d lines in the index, want those from before", len(lines))
	}
}

// An agent with no rights but its own loses its spool: it cannot read the stream,
// and finds its place with the help of the aggregator.
func TestSpoolLostWithOwnRightsOnly(t *testing.T) {
	t.Parallel()
	dir, own := t.TempDir(), t.TempDir()
	key, err := agent.LoadKey(own)
	if err != nil {
		t.Fatal(err)
	}
	me := bus.Agent{Account: "prod", Name: "gw-1", Key: key.Public}
	server, err := embedded.Start(embedded.Config{Dir: filepath.Join(dir, "nats"), Listen: "127.0.0.1:0", MaxBytes: 64 << 20, Agents: []bus.Agent{me}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	core, err := bus.Connect(bus.Config{Name: "aggregator", Server: server})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(core.Close)
	if err := core.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: 32 << 20}); err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, dir: dir, conn: core, index: &held{}}
	h.startAggregator()
	h.start(func(ctx context.Context) {
		if err := core.ServeRecovery(ctx); err != nil {
			t.Error(err)
		}
	})
	conn, err := bus.Connect(bus.Config{Name: "gw-1", Servers: []string{"nats://" + server.Addr()}, Login: &bus.Login{Public: key.Public, Sign: key.Sign}, Inbox: me.Inbox()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	h.until("a connection", conn.Connected)
	read := func(n int) {
		lane := h.laneOf(own, "m1", n)
		lane.Stream = conn
		h.runs(lane)
	}
	read(20)
	// Something else is last on the subject: without help the agent would find nothing.
	if _, _, err := core.Publish(t.Context(), edgeSubject, "", []byte(`{"stream":"EVENTS","seq":2}`)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(own, "spool")); err != nil {
		t.Fatal(err)
	}
	read(30)
	h.exactly(30)
}
