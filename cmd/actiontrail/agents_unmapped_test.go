package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/wire"
)

func knownUnmapped() []aggregator.Unmapped {
	return []aggregator.Unmapped{
		{Account: "prod", Mapper: "shop", Sources: []aggregator.AgentLane{{Agent: "gw-1", Source: "edge"}, {Agent: "gw-2", Source: "edge"}}, Events: 12345, Proposed: 53, Proposals: []aggregator.Proposal{
			{ProposalReport: wire.ProposalReport{Pattern: "GET /orders/{order}", Service: "Orders", Action: "GetOrder", ResourceType: "Orders::Order", ResourceName: "order", Count: 12000, Example: "/orders/17\x1b[2J"}, Agents: 2},
			{ProposalReport: wire.ProposalReport{Pattern: "POST /orders/search", Service: "Orders", Action: "SearchOrders", RW: "Read", Count: 300, Example: "/orders/search"}, Agents: 1},
			{ProposalReport: wire.ProposalReport{Pattern: "GET /healthz", Ignore: true, Count: 45, Example: "/healthz"}, Agents: 1},
		}},
		{Account: "prod", Sources: []aggregator.AgentLane{{Agent: "gw-3", Source: "admin"}}, Events: 1, Proposed: 1, Proposals: []aggregator.Proposal{
			{ProposalReport: wire.ProposalReport{Pattern: "POST /login", Service: "Login", Action: "Login", Count: 1, Example: "/login"}, Agents: 1},
		}},
	}
}

func unmappedServer(t *testing.T, known []aggregator.Unmapped) string {
	t.Helper()
	list := api.AgentList{Agents: []api.AgentStatus{{Account: "prod", Agent: "gw-2"}, {Account: "prod", Agent: "gw-3"}}}
	for i := range known {
		list.Unmapped = append(list.Unmapped, unmappedRequests(&known[i]))
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := json.NewEncoder(w).Encode(list); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAgentsUnmapped(t *testing.T) {
	server := unmappedServer(t, knownUnmapped())
	out, _, err := runClient(t, "agents", "--unmapped", "--server", server)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "agents_unmapped.txt", out)
	if out, _, err = runClient(t, "agents", "gw-3", "--unmapped", "--server", server); err != nil || strings.Contains(out, "orders") || !strings.Contains(out, "mapper \"admin\" {") {
		t.Errorf("of one agent: %v\n%s", err, out)
	}
	var list []api.UnmappedRequests
	if out, _, err = runClient(t, "agents", "--unmapped", "-o", "json", "--server", server); err != nil || json.Unmarshal([]byte(out), &list) != nil || len(list) != 2 || len(list[0].Routes) != 3 {
		t.Errorf("as JSON: %v\n%s", err, out)
	}
	if out, note, err := runClient(t, "agents", "--unmapped", "--server", unmappedServer(t, nil)); err != nil || out != "" || !strings.Contains(note, "nothing to propose") {
		t.Errorf("of nothing: %q, %q, %v", out, note, err)
	}
}

// An agent that is not what it seems puts nothing but routes into what is copied.
func TestUnmappedOfAHostileAgent(t *testing.T) {
	evil := "x\"\n}\nsource \"file\" \"evil\" {}\n"
	good := wire.ProposalReport{Pattern: "GET /orders/{order}", Service: evil, Action: evil + "${x}", RW: "Read", ResourceType: evil, ResourceName: "order", Count: 1, Example: evil}
	k := aggregator.Unmapped{Account: "prod", Sources: []aggregator.AgentLane{{Agent: "gw-1", Source: "edge"}}, Proposals: []aggregator.Proposal{{ProposalReport: good}}}
	for _, change := range []func(*wire.ProposalReport){
		func(p *wire.ProposalReport) { p.Pattern = evil },
		func(p *wire.ProposalReport) { p.ResourceName = "order }\n" + evil },
		func(p *wire.ProposalReport) { p.RW = evil },
		func(p *wire.ProposalReport) { p.Pattern = "GET /orders/{id}"; p.ResourceName = "id" }, // the same requests again
	} {
		p := good
		change(&p)
		k.Proposals = append(k.Proposals, aggregator.Proposal{ProposalReport: p})
	}
	u := unmappedRequests(&k)
	if len(u.Routes) != 1 {
		t.Errorf("%d routes: %+v", len(u.Routes), u.Routes)
	}
	file := filepath.Join(t.TempDir(), "x.hcl")
	if err := os.WriteFile(file, []byte(u.Hcl), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatalf("%v\nof\n%s", err, u.Hcl)
	}
	if len(c.Sources) != 0 || len(c.Mappers) != 1 || len(c.Mappers[0].Rules.Routes) != 1 {
		t.Errorf("%d sources and %d mappers of\n%s", len(c.Sources), len(c.Mappers), u.Hcl)
	}
}

// TestAgentTellsUnmapped: an agent and a server as processes. What the agent's
// mapper lacks is told with the lines for it; once they are there as they were
// printed, nothing is lacking.
func TestAgentTellsUnmapped(t *testing.T) {
	b := newBox(t, "")
	nats := realtest.FreeAddr(t)
	server := filepath.Join(b.dir, "server.hcl")
	if err := os.WriteFile(server, fmt.Appendf(nil, "nats {\n  listen = %q\n}\n", nats), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(b.dir, "agent-gw-1")
	(&site{t: t}).must("keys", "agent", "gw-1", "--account", "prod", "--data", b.data, "--out", folder)
	configure := func(routes string) {
		t.Helper()
		text := fmt.Sprintf("agent {\n  name = \"gw-1\"\n  account = \"prod\"\n  nats {\n    servers = [%q]\n    nkey = %q\n  }\n}\nsource \"file\" \"edge\" {\n  paths = [%q]\n  format = \"nginx\"\n  mapper = \"shop\"\n}\nmapper \"shop\" {\n%s}\n",
			"nats://"+nats, filepath.Join(folder, "agent.nk"), b.log(), routes)
		if err := os.WriteFile(b.config(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lines := func() {
		t.Helper()
		b.write(2) // POST /v1/instances/{id}/stop
		f, err := os.OpenFile(b.log(), os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for i, r := range []string{`GET /v1/orders/17?token=sk_live_4eC39HqLyjWDarjtT1zdp7dc`, `GET /v1/orders/18`, `GET /v1/orders/19`, `DELETE /v1/orders/18`, `POST /reset/ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ`, `GET /healthz`} {
			fmt.Fprintf(f, "192.0.2.1 - - [%s] \"%s HTTP/1.1\" 200 2 \"-\" \"test/%d\"\n", time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700"), r, i)
		}
	}
	const mapped = "  route \"POST /v1/instances/{id}/stop\" {\n    action = \"StopInstance\"\n  }\n"
	configure(mapped)
	env := []string{asProgram + "=1", withHaste + "=1"}
	b.server = realtest.Start(t, env, os.Args[0], "server", "--config", server, "--data", b.data, "--listen", b.addr)
	b.ready()
	lines()
	agent := realtest.Start(t, env, os.Args[0], "agent", "--config", b.config(), "--data", filepath.Join(b.dir, "agent"))
	told := func(what string, ok func(list api.AgentList) bool) api.AgentList {
		t.Helper()
		var list api.AgentList
		realtest.Until(t, realtest.Patience, what, func() bool {
			list = api.AgentList{}
			code, body := b.get("/api/v1/agents", nil)
			return code == http.StatusOK && json.Unmarshal([]byte(body), &list) == nil && ok(list)
		})
		return list
	}
	list := told("the agent to tell what has no route", func(list api.AgentList) bool {
		return len(list.Unmapped) == 1 && list.Unmapped[0].Events == 6 && len(list.Unmapped[0].Routes) == 4
	})
	if u := list.Unmapped[0]; u.Mapper != "shop" || u.Account != "prod" || len(u.Sources) != 1 || u.Sources[0] != "gw-1/edge" || u.Routes[0].Pattern != "GET /v1/orders/{order}" || u.Routes[0].Count != 3 {
		t.Errorf("told %+v", u)
	}
	out, _, err := runClient(t, "agents", "--unmapped", "--server", "http://"+b.addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# account prod: 6 requests without a route, of gw-1/edge", `into mapper "shop"`, "# 3 times, such as /v1/orders/17\n", `route "GET /v1/orders/{order}" {`, `action   = "DeleteOrder"`, "such as /reset/***", `ignore "GET /healthz" {}`} {
		if !strings.Contains(out, want) {
			t.Errorf("%s is not in\n%s", want, out)
		}
	}
	for _, secret := range []string{"sk_live", "ghp_", "stop"} {
		if strings.Contains(out, secret) {
			t.Errorf("%s is in\n%s", secret, out)
		}
	}

	agent.Kill()
	configure(mapped + out)
	lines()
	agent.Again()
	told("the new routes to take all", func(list api.AgentList) bool {
		if len(list.Agents) != 1 || len(list.Agents[0].Sources) != 1 {
			return false
		}
		s := list.Agents[0].Sources[0]
		return list.Agents[0].State == api.AgentStateLive && len(list.Unmapped) == 0 && s.Unmapped == 0 && s.Ignored > 0 && s.Events >= 7
	})
	b.found("eventName: DeleteOrder and resourceName: 18")
}
