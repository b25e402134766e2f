package main

import (
	"slices"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

// sealedAgents are the agents that the index has taken batches of, with their
// epochs: an archive carries their keys, so that it can be verified by itself.
func (a *aggregation) sealedAgents() []archive.Agent {
	type name struct{ account, agent, key string }
	at := map[name]int{}
	var all []archive.Agent
	lanes := a.index.Position().Lanes
	sorted := make([]event.Lane, 0, len(lanes))
	for l := range lanes {
		sorted = append(sorted, l)
	}
	slices.SortFunc(sorted, event.Lane.Compare)
	for _, l := range sorted {
		n := name{l.Account, l.Agent, l.Key}
		i, known := at[n]
		if !known {
			i = len(all)
			at[n] = i
			all = append(all, archive.Agent{Account: l.Account, Agent: l.Agent, Key: l.Key})
		}
		if !slices.Contains(all[i].Epochs, l.Epoch) {
			all[i].Epochs = append(all[i].Epochs, l.Epoch)
		}
	}
	for i := range all {
		slices.Sort(all[i].Epochs)
	}
	return all
}
