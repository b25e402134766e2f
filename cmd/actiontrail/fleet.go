package main

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/config"
)

// openFleet opens what is known of the agents, and begins to hear their reports.
func (a *aggregation) openFleet() error {
	fleet, err := aggregator.OpenFleet(aggregator.FleetConfig{Path: filepath.Join(a.dir, "fleet.json"), Keys: a.agents, System: a.system, Enrolled: a.enrolled,
		Connected: a.conn.Connected, SilentAfter: a.pace.silent, Log: a.log})
	if err != nil {
		return err
	}
	stop, err := a.conn.HearReports(fleet.Hear)
	if err != nil {
		return err
	}
	a.fleet = fleet
	a.closeLater(func() { // after this machine's agent has said that it stops
		stop()
		if err := fleet.Save(); err != nil {
			a.log.Warn("the state of the agents is not kept", "error", err)
		}
	})
	return nil
}

// enrolled are the agents elsewhere that may send, whether they ever have or not. A
// table that cannot be read is told of by watchAgents.
func (a *aggregation) enrolled() (names []aggregator.AgentName) {
	table, err := a.agents.List()
	if err != nil {
		return nil
	}
	for _, e := range table {
		if e.Revoked.IsZero() && e.How != aggregator.ThisHouse {
			names = append(names, aggregator.AgentName{Account: e.Account, Agent: e.Agent})
		}
	}
	return names
}

// aggregatorNames are those of aggregators, see aggregatorName.
var aggregatorNames = regexp.MustCompile("^" + config.AggregatorName + "(-[a-z2-7]{8})?$")

// sourcesOfAgents are the sources that batches came from, without those of aggregators.
func (a *aggregation) sourcesOfAgents() []aggregator.SourceStatus {
	return slices.DeleteFunc(a.follower.Sources(), func(s aggregator.SourceStatus) bool { return aggregatorNames.MatchString(s.Agent) })
}

// agentStatus is what GET /api/v1/agents shows.
func (a *aggregation) agentStatus(context.Context) []api.AgentStatus {
	known := a.fleet.Agents(a.sourcesOfAgents())
	all := make([]api.AgentStatus, len(known))
	for i, k := range known {
		s := api.AgentStatus{Account: k.Account, Agent: k.Agent, State: api.AgentState(k.State), Version: k.Program, StartedAt: k.Started, LastSeen: k.LastSeen,
			RefusedReports: k.Refused, Warnings: k.Warnings}
		if !k.LastSeen.IsZero() {
			s.LastSeenSeconds = max(time.Since(k.LastSeen), time.Millisecond).Round(time.Millisecond).Seconds()
		}
		if k.Reported {
			offset := k.ClockOffset.Seconds()
			s.ClockOffsetSeconds = &offset
		}
		for j := range k.Sources {
			s.Sources = append(s.Sources, agentSource(&k.Sources[j]))
		}
		all[i] = s
	}
	return all
}

func agentSource(k *aggregator.AgentSource) api.AgentSource {
	r := &k.Report
	s := api.AgentSource{Source: k.Source, State: api.AgentState(k.State), Failing: r.Failing, LastSeen: k.LastSeen, LastBatch: k.LastBatch,
		LagBytes: r.LagBytes, LagSeconds: k.Lag.Seconds(),
		Spool:  api.SpoolStatus{Bytes: r.Spool.Bytes, MaxBytes: r.Spool.MaxBytes, Batches: r.Spool.Batches, OldestSeconds: k.SpoolAge.Seconds()},
		Events: r.Events, Published: r.Published, Gaps: k.Gaps, SourceGaps: r.Gaps, Ignored: r.Ignored, Unparsed: k.Unparsed, Unmapped: r.Unmapped,
		Quarantined: k.Quarantined, LastError: r.LastError, LastErrorTime: r.ErrorTime, Warnings: k.Warnings}
	if k.Reported {
		// An epoch of its own begins at 1 again: the agent knows its newest batch.
		s.LastBatch, s.Unparsed = r.LastBatch, r.Unparsed
	}
	for _, f := range r.Recognised {
		s.Recognised = append(s.Recognised, api.RecognisedFormat{Format: f.Format, Why: f.Why, Records: f.Records})
	}
	if r.Events > 0 {
		s.UnmappedRate = min(float64(r.Unmapped)/float64(r.Events), 1)
	}
	return s
}

func countAgents(all []aggregator.AgentStatus) (n api.AgentCounts) {
	for _, a := range all {
		switch a.State {
		case aggregator.AgentLive:
			n.Live++
		case aggregator.AgentSilent:
			n.Silent++
		case aggregator.AgentNeverSeen:
			n.NeverSeen++
		case aggregator.AgentStopped:
			n.Stopped++
		}
	}
	return n
}
