package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// agents asks a server for its agents.
func (b *box) agents() []api.AgentStatus {
	var list api.AgentList
	code, body := b.get("/api/v1/agents", nil)
	if code != http.StatusOK || json.Unmarshal([]byte(body), &list) != nil {
		return nil
	}
	return list.Agents
}

// await waits until there is this one agent, and it is in this state.
func (b *box) await(state api.AgentState) api.AgentStatus {
	b.t.Helper()
	var last []api.AgentStatus
	realtest.Until(b.t, realtest.Patience, "the agent to be "+string(state), func() bool {
		last = b.agents()
		return len(last) == 1 && last[0].State == state
	})
	return last[0]
}

// TestAgentKilled: an agent and a server as processes. Killed by -9 the agent is
// silent, started again it is live, told to stop it is stopped; a server that is
// killed knows it still.
func TestAgentKilled(t *testing.T) {
	b := newBox(t, "")
	nats := realtest.FreeAddr(t)
	config := filepath.Join(b.dir, "server.hcl")
	if err := os.WriteFile(config, fmt.Appendf(nil, "nats {\n  listen = %q\n}\n", nats), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(b.dir, "agent-gw-1")
	(&site{t: t}).must("keys", "agent", "gw-1", "--account", "prod", "--data", b.data, "--out", folder)
	text := fmt.Sprintf("agent {\n  name = \"gw-1\"\n  account = \"prod\"\n  nats {\n    servers = [%q]\n    nkey = %q\n  }\n}\nsource \"file\" \"edge\" {\n  paths = [%q]\n  format = \"nginx\"\n}\n", "nats://"+nats, filepath.Join(folder, "agent.nk"), b.log())
	if err := os.WriteFile(b.config(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{asProgram + "=1", withHaste + "=1"}
	b.server = realtest.Start(t, env, os.Args[0], "server", "--config", config, "--data", b.data, "--listen", b.addr)
	b.ready()
	b.await(api.AgentStateNeverSeen) // it is enrolled
	b.write(10)
	agent := realtest.Start(t, env, os.Args[0], "agent", "--config", b.config(), "--data", filepath.Join(b.dir, "agent"))
	b.await(api.AgentStateLive)
	b.indexed()
	var source api.AgentSource
	realtest.Until(t, realtest.Patience, "the agent to report what it has read", func() bool {
		if all := b.agents(); len(all) == 1 && len(all[0].Sources) == 1 {
			source = all[0].Sources[0]
		}
		return source.Published >= 10 && source.Spool.Batches == 0
	})
	if source.Source != "edge" || source.LagBytes != 0 || source.LagSeconds != 0 || source.Unmapped != 10 || source.UnmappedRate != 1 || source.Failing || source.LastSeen.IsZero() || source.Spool.MaxBytes != 1<<30 {
		t.Errorf("source %+v", source)
	}

	agent.Kill()
	silent := b.await(api.AgentStateSilent)
	if silent.LastSeenSeconds < 3 || silent.Version == "" || len(silent.Sources) != 1 {
		t.Errorf("silent: %+v", silent)
	}
	b.found("eventName: AgentSilent and resourceName: gw-1 and errorCode: AgentSilent")
	if code, body := b.get("/metrics", nil); code != http.StatusOK || !strings.Contains(body, `actiontrail_agent_state{account="prod",agent="gw-1",state="silent"} 1`) {
		t.Errorf("metrics: %d", code)
	}
	agent.Again()
	b.await(api.AgentStateLive)
	b.found("eventName: AgentReturned and resourceName: gw-1")

	b.server.Kill()
	b.server.Again()
	b.ready()
	b.await(api.AgentStateLive)
	agent.Signal(syscall.SIGTERM)
	if err := agent.Wait(); err != nil {
		t.Errorf("the agent ended with %v", err)
	}
	b.await(api.AgentStateStopped)
	b.server.Signal(syscall.SIGTERM)
	if err := b.server.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	b.server.Again()
	b.ready()
	if a := b.await(api.AgentStateStopped); a.LastSeen.IsZero() || len(a.Sources) != 1 {
		t.Errorf("after a restart: %+v", a)
	}
}

func (b *box) found(query string) {
	b.t.Helper()
	realtest.Until(b.t, realtest.Patience, query, func() bool { return b.total(query) > 0 })
}

// The agent within a server reports like any other, and a restart of both is no alarm.
func TestAgentOfTheServer(t *testing.T) {
	b := newBox(t, "")
	b.write(10)
	b.start()
	for range 2 {
		a := b.await(api.AgentStateLive)
		if a.Agent != "gw-1" || len(a.Sources) != 1 || a.Version == "" || a.ClockOffsetSeconds == nil || len(a.Warnings) > 0 {
			t.Errorf("agent %+v", a)
		}
		b.indexed()
		b.server.Signal(syscall.SIGTERM)
		if err := b.server.Wait(); err != nil {
			t.Fatalf("the server ended with %v", err)
		}
		if kept, err := os.ReadFile(filepath.Join(b.data, aggregatorFolder, "fleet.json")); err != nil || !strings.Contains(string(kept), `"state": "stopped"`) {
			t.Errorf("%v: %s", err, kept)
		}
		b.start()
	}
	b.await(api.AgentStateLive)
	if n := b.total("eventName: (AgentSilent or AgentReturned)"); n != 0 {
		t.Errorf("%d alarms of an agent that was never gone", n)
	}
}
