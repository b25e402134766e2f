package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/internal/bus"
)

// agentsName is the table of agents in the aggregator's folder.
const agentsName = "agents.json"

// agentsEvery is how soon a change of the table takes effect at the embedded server.
const agentsEvery = time.Second

// enrolOwn enrols a key of this very process. Whoever runs it has the table as
// well, so no more proof is needed.
func (a *aggregation) enrolOwn(name string, key agent.Key) error {
	if err := a.agents.Enrol(a.cfg.Agent.Account, name, key.Public, aggregator.ThisHouse, true, time.Now()); err != nil {
		return fmt.Errorf("enrol %s, which is part of this process: %w", name, err)
	}
	return nil
}

// elsewhere are the agents that may come by the network.
func (a *aggregation) elsewhere() ([]bus.Agent, error) {
	table, err := a.agents.List()
	return remoteAgents(table), err
}

func remoteAgents(table []aggregator.Enrolment) []bus.Agent {
	var all []bus.Agent
	for _, e := range table {
		if e.Revoked.IsZero() && e.How != aggregator.ThisHouse {
			all = append(all, bus.Agent{Account: e.Account, Name: e.Agent, Key: e.Key})
		}
	}
	return all
}

// watchAgents brings what the keys commands change to the embedded server, and reports revocations.
func (a *aggregation) watchAgents(ctx context.Context) {
	tick := time.NewTicker(agentsEvery)
	defer tick.Stop()
	before, err := a.agents.List()
	for told := ""; ; {
		if text := fmt.Sprint(err); err != nil && text != told {
			a.log.Error("the table of agents is not in effect", "error", err)
			told = text
		} else if err == nil {
			told = ""
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err = a.applyAgents(ctx, &before)
	}
}

func (a *aggregation) applyAgents(ctx context.Context, before *[]aggregator.Enrolment) error {
	if a.lease != nil && a.hasStream() && a.conn.Connected() {
		if err := a.mergeAgents(ctx); err != nil {
			return err
		}
	}
	table, err := a.agents.List()
	if err != nil {
		return err
	}
	if a.nats != nil {
		if err := a.nats.SetAgents(remoteAgents(table)); err != nil {
			return err
		}
	}
	_, here := a.leads() // who reports
	for _, e := range table {
		if !here || e.Revoked.IsZero() || revokedIn(*before, e) {
			continue
		}
		a.log.Warn("agent revoked", "agent", e.Agent, "account", e.Account, "key", e.Key)
		parameters, err := event.NewObject(map[string]any{"account": e.Account, "agent": e.Agent, "key": e.Key})
		if err != nil {
			return err
		}
		if err := a.system.Report(ctx, event.Event{Name: "AgentRevoked", ResourceType: "Actiontrail::Agent", ResourceName: e.Agent,
			Time: event.At(e.Revoked, 3), RequestParameters: parameters}, false); err != nil {
			return err
		}
	}
	*before = table
	return nil
}

func revokedIn(table []aggregator.Enrolment, e aggregator.Enrolment) bool {
	for _, old := range table {
		if old.Account == e.Account && old.Agent == e.Agent && old.Key == e.Key {
			return !old.Revoked.IsZero()
		}
	}
	return false
}

// serveRecovery answers agents that have lost their spool.
func (a *aggregation) serveRecovery(ctx context.Context) {
	failed := func(err error) { a.log.Warn("agents that have lost their spool are not served", "error", err) }
	if err := backoff.Retry(ctx, failed, func() error { return a.conn.ServeRecovery(ctx) }); err != nil && !errors.Is(err, context.Canceled) {
		a.log.Error("agents that have lost their spool are not served", "error", err)
	}
}
