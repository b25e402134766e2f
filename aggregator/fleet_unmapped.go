package aggregator

import (
	"cmp"
	"slices"

	"github.com/actiontrail/actiontrail/internal/wire"
)

// Limits of what is told of requests without a route: it is a list of work.
const (
	mostUnmapped  = 50 // mappers, or sources without one
	mostProposals = 50 // of each
)

// Unmapped are the requests that no route of one mapper names, on whatever agents
// have it, and the routes that are proposed for them.
type Unmapped struct {
	Account   string
	Mapper    string      // empty: none; then all Sources have one name
	Sources   []AgentLane // in the order of agent and source
	Events    uint64      // that no route names, in all
	Proposed  int         // how many proposals there are, at least
	Proposals []Proposal  // of most requests first
}

// AgentLane is a source of an agent.
type AgentLane struct{ Agent, Source string }

// Proposal is one, with the requests of all agents that propose it.
type Proposal struct {
	wire.ProposalReport
	Agents int
}

// UnmappedOf joins what agents propose for the same mapper. A source without one
// stands for those of its name on other agents. What is stopped proposes nothing.
func UnmappedOf(agents []AgentStatus) []Unmapped {
	var all []*Unmapped
	byRules := map[[3]string]*Unmapped{}
	for i := range agents {
		for j := range agents[i].Sources {
			s := &agents[i].Sources[j]
			if len(s.Report.Proposals) == 0 || s.State == AgentStopped {
				continue
			}
			rules := [3]string{s.Account, s.Report.Mapper, s.Source}
			if s.Report.Mapper != "" {
				rules[2] = ""
			}
			u := byRules[rules]
			if u == nil {
				u = &Unmapped{Account: s.Account, Mapper: s.Report.Mapper}
				byRules[rules] = u
				all = append(all, u)
			}
			u.take(s)
		}
	}
	list := make([]Unmapped, 0, min(len(all), mostUnmapped))
	slices.SortFunc(all, func(a, b *Unmapped) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Mapper, b.Mapper), cmp.Compare(a.Sources[0].Source, b.Sources[0].Source))
	})
	for _, u := range all[:min(len(all), mostUnmapped)] {
		slices.SortFunc(u.Proposals, func(a, b Proposal) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Pattern, b.Pattern))
		})
		u.Proposed = max(u.Proposed, len(u.Proposals))
		u.Proposals = u.Proposals[:min(len(u.Proposals), mostProposals)]
		list = append(list, *u)
	}
	return list
}

func (u *Unmapped) take(s *AgentSource) {
	u.Sources = append(u.Sources, AgentLane{s.Agent, s.Source})
	u.Events += s.Report.Unmapped
	u.Proposed = max(u.Proposed, s.Report.Proposed)
	for _, p := range s.Report.Proposals {
		i := slices.IndexFunc(u.Proposals, func(had Proposal) bool { return had.Pattern == p.Pattern })
		if i < 0 {
			u.Proposals = append(u.Proposals, Proposal{ProposalReport: p})
			i = len(u.Proposals) - 1
		} else {
			u.Proposals[i].Count += p.Count
		}
		u.Proposals[i].Agents++
	}
}
