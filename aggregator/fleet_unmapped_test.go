package aggregator

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/internal/wire"
)

// What many agents propose for one mapper is one list; other accounts, other
// mappers and sources without one have lists of their own.
func TestUnmappedOf(t *testing.T) {
	get := func(path string, n uint64) wire.ProposalReport {
		return wire.ProposalReport{Pattern: "GET " + path, Service: "S", Action: "A", Count: n, Example: path}
	}
	source := func(account, agent, name, mapper string, unmapped uint64, proposals ...wire.ProposalReport) AgentSource {
		return AgentSource{SourceStatus: SourceStatus{Account: account, Agent: agent, Source: name}, State: AgentLive,
			Report: wire.SourceReport{Source: name, Mapper: mapper, Unmapped: unmapped, Proposals: proposals, Proposed: len(proposals)}}
	}
	gone := source("prod", "gw-3", "edge", "shop", 1000, get("/gone", 1000))
	gone.State = AgentStopped
	many := source("prod", "gw-1", "old", "", 1, get("/old", 1))
	many.Report.Proposed = 70
	got := UnmappedOf([]AgentStatus{
		{AgentName: AgentName{"prod", "gw-1"}, Sources: []AgentSource{source("prod", "gw-1", "admin", "shop", 4, get("/a", 1), get("/b", 3)), source("prod", "gw-1", "edge", "shop", 7, get("/b", 5), get("/c", 2)), many}},
		{AgentName: AgentName{"prod", "gw-2"}, State: AgentSilent, Sources: []AgentSource{source("prod", "gw-2", "edge", "shop", 3, get("/c", 3)), source("prod", "gw-2", "old", "", 2, get("/old", 2)), source("prod", "gw-2", "new", "", 9, get("/old", 2))}},
		{AgentName: AgentName{"prod", "gw-3"}, Sources: []AgentSource{gone, source("prod", "gw-3", "quiet", "shop", 0)}},
		{AgentName: AgentName{"test", "gw-1"}, Sources: []AgentSource{source("test", "gw-1", "edge", "shop", 1, get("/a", 1))}},
	})
	want := []Unmapped{
		{Account: "prod", Mapper: "shop", Sources: []AgentLane{{"gw-1", "admin"}, {"gw-1", "edge"}, {"gw-2", "edge"}}, Events: 14, Proposed: 3,
			Proposals: []Proposal{{get("/b", 8), 2}, {get("/c", 5), 2}, {get("/a", 1), 1}}},
		{Account: "prod", Sources: []AgentLane{{"gw-2", "new"}}, Events: 9, Proposed: 1, Proposals: []Proposal{{get("/old", 2), 1}}},
		{Account: "prod", Sources: []AgentLane{{"gw-1", "old"}, {"gw-2", "old"}}, Events: 3, Proposed: 70, Proposals: []Proposal{{get("/old", 3), 2}}},
		{Account: "test", Mapper: "shop", Sources: []AgentLane{{"gw-1", "edge"}}, Events: 1, Proposed: 1, Proposals: []Proposal{{get("/a", 1), 1}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A large fleet has a list of work, not a flood.
func TestUnmappedOfManyAgents(t *testing.T) {
	var fleet []AgentStatus
	for i := range 200 {
		a := AgentStatus{AgentName: AgentName{"prod", fmt.Sprintf("gw-%d", i)}}
		for _, name := range []string{"shared", fmt.Sprintf("own-%d", i)} {
			s := a.source(name)
			s.State, s.Report = AgentLive, wire.SourceReport{Source: name, Unmapped: uint64(i + 1), Proposed: 1,
				Proposals: []wire.ProposalReport{{Pattern: fmt.Sprintf("GET /%d", i), Count: uint64(i + 1)}}}
		}
		fleet = append(fleet, a)
	}
	got := UnmappedOf(fleet)
	if len(got) != mostUnmapped || len(got[0].Sources) != 200 || len(got[0].Proposals) != mostProposals || got[0].Proposed != 200 || got[0].Proposals[0].Count != 200 || got[1].Events != 200 {
		t.Errorf("%d entries; the first has %d sources and %d of %d proposals", len(got), len(got[0].Sources), len(got[0].Proposals), got[0].Proposed)
	}
}
