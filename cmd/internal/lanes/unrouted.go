package lanes

import (
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// unrouted is what a lane's mappers learn of requests that no route names.
type unrouted struct {
	rules   string // their name; empty: there are none
	learned *mapper.Unrouted
}

func unroutedOf(s *config.Source) unrouted {
	u := unrouted{learned: s.Mapper.Unrouted}
	if s.Mapper.Rules != nil {
		u.rules = s.Mapper.Rules.Name
	}
	return u
}

// tell puts the routes that are proposed into a report.
func (u *unrouted) tell(r *wire.SourceReport) {
	proposals, all := u.learned.Top(wire.MaxProposals)
	r.Mapper, r.Proposed = u.rules, all
	for _, p := range proposals {
		r.Proposals = append(r.Proposals, wire.ProposalReport{Pattern: p.Pattern, Ignore: p.Ignore, Service: p.Service, Action: p.Action, RW: p.RW,
			ResourceType: p.ResourceType, ResourceName: p.ResourceName, Count: p.Count, Example: p.Example})
	}
}
