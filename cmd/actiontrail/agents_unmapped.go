package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/config/write"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// unmapped is what GET /api/v1/agents shows of requests that no route names.
func (a *aggregation) unmapped(context.Context) []api.UnmappedRequests {
	known := aggregator.UnmappedOf(a.fleet.Agents(a.sourcesOfAgents()))
	all := make([]api.UnmappedRequests, 0, len(known))
	for i := range known {
		if u := unmappedRequests(&known[i]); len(u.Routes) > 0 {
			all = append(all, u)
		}
	}
	return all
}

func unmappedRequests(k *aggregator.Unmapped) api.UnmappedRequests {
	u := api.UnmappedRequests{Account: k.Account, Mapper: k.Mapper, Events: k.Events, Proposed: k.Proposed}
	for _, s := range k.Sources {
		u.Sources = append(u.Sources, s.Agent+"/"+s.Source)
	}
	var proposals []mapper.Proposal
	seen := map[string]bool{}
	for _, p := range k.Proposals {
		proposal := mapper.Proposal{Pattern: p.Pattern, Ignore: p.Ignore, Service: p.Service, Action: p.Action, RW: p.RW,
			ResourceType: p.ResourceType, ResourceName: p.ResourceName, Count: p.Count, Example: p.Example}
		// An agent says what it likes; what is copied into a configuration is a route, and no other takes the same requests.
		shape, err := proposal.Check()
		if err != nil || seen[shape] {
			continue
		}
		seen[shape] = true
		proposals = append(proposals, proposal)
		u.Routes = append(u.Routes, api.ProposedRoute{Pattern: p.Pattern, Ignore: p.Ignore, Service: p.Service, Action: p.Action, Count: p.Count,
			Example: p.Example, Agents: p.Agents, Hcl: string(write.Route(&proposal))})
	}
	if k.Mapper == "" {
		u.Hcl = string(write.Mapper(k.Sources[0].Source, proposals))
		return u
	}
	texts := make([]string, len(u.Routes))
	for i := range u.Routes {
		texts[i] = u.Routes[i].Hcl
	}
	u.Hcl = strings.Join(texts, "\n")
	return u
}

// printUnmapped prints what is proposed as a configuration has it: all else is comments.
func printUnmapped(s screen, note io.Writer, asJSON bool, list api.AgentList) error {
	if asJSON {
		return printJSON(s, list.Unmapped)
	}
	if len(list.Unmapped) == 0 {
		fmt.Fprintln(note, "nothing to propose: every request has a route, or none was read since the agents were started")
		return nil
	}
	for i, u := range list.Unmapped {
		if i > 0 {
			fmt.Fprintln(s.w)
		}
		where := fmt.Sprintf("into mapper %q", u.Mapper)
		if u.Mapper == "" {
			name := u.Sources[0][strings.LastIndexByte(u.Sources[0], '/')+1:]
			where = fmt.Sprintf("a mapper of their own; give the sources mapper = %q", name)
		}
		fmt.Fprintf(s.w, "# account %s: %s without a route, of %s\n", visible(u.Account), count(u.Events, "request"), visible(strings.Join(u.Sources, ", ")))
		if more := u.Proposed - len(u.Routes); more > 0 {
			fmt.Fprintf(s.w, "# %s more are proposed once these are there\n", count(more, "route"))
		}
		if _, err := fmt.Fprintf(s.w, "# %s\n%s", where, u.Hcl); err != nil {
			return err
		}
	}
	return nil
}
