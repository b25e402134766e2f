package aggregator

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

const (
	fleetVersion = 1
	// saveEvery is how often the file is written when nobody's state changes: it
	// bounds which reports could be played back after a restart.
	saveEvery = time.Minute
)

// fleetFile is what the file of a fleet holds.
type fleetFile struct {
	Version int          `json:"version"`
	Agents  []fleetAgent `json:"agents"`
	Untold  []change     `json:"untold,omitempty"`
}

type fleetAgent struct {
	Account string     `json:"account"`
	Agent   string     `json:"agent"`
	Key     string     `json:"key"`
	State   AgentState `json:"state"`
	Seen    time.Time  `json:"seen"`
	Run     uint64     `json:"run"`
	Number  uint64     `json:"number"`
}

// OpenFleet reads the file of a fleet, which need not exist yet.
func OpenFleet(cfg FleetConfig) (*Fleet, error) {
	f := &Fleet{cfg: cfg, wake: make(chan struct{}, 1), members: map[AgentName]*member{}}
	f.deaf = f.now() // who is there needs its time to be heard
	data, err := os.ReadFile(cfg.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	} else if err != nil {
		return nil, err
	}
	var kept fleetFile
	if err := decodeKept(data, &kept, &kept.Version, fleetVersion); err != nil {
		return nil, fmt.Errorf("%s: %w: remove it; agents are then known again as they report", cfg.Path, err)
	}
	for _, a := range kept.Agents {
		f.members[AgentName{a.Account, a.Agent}] = &member{key: a.Key, state: a.State, seen: a.Seen, run: a.Run, number: a.Number}
	}
	f.untold = kept.Untold
	return f, nil
}

// settle keeps what has changed, and tells the audit of it. It is kept first: what
// is told again after a crash is the same event.
func (f *Fleet) settle(ctx context.Context) error {
	if err := f.save(false); err != nil {
		return err
	}
	for {
		f.mu.Lock()
		if len(f.untold) == 0 {
			f.mu.Unlock()
			return f.save(false)
		}
		c := f.untold[0]
		f.mu.Unlock()
		if err := f.cfg.System.agentChanged(ctx, c); err != nil {
			return err
		}
		f.mu.Lock()
		f.untold, f.dirty = f.untold[1:], true
		f.mu.Unlock()
	}
}

// Save writes down what is known, for the next process.
func (f *Fleet) Save() error { return f.save(true) }

// save writes the file when something has changed, and each minute anyway; always: in any case.
func (f *Fleet) save(always bool) error {
	f.mu.Lock()
	now := f.now()
	if !always && !f.dirty && now.Sub(f.saved) < saveEvery || len(f.members) == 0 {
		f.mu.Unlock()
		return nil
	}
	kept := fleetFile{Version: fleetVersion, Untold: slices.Clone(f.untold)}
	for name, m := range f.members {
		kept.Agents = append(kept.Agents, fleetAgent{name.Account, name.Agent, m.key, m.state, m.seen.UTC(), m.run, m.number})
	}
	f.dirty, f.saved = false, now
	f.mu.Unlock()
	slices.SortFunc(kept.Agents, func(a, b fleetAgent) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Agent, b.Agent))
	})
	data, err := json.MarshalIndent(kept, "", "  ")
	if err == nil {
		err = durable.WriteFile(f.cfg.Path, append(data, '\n'))
	}
	if err != nil {
		f.mu.Lock()
		f.dirty = true
		f.mu.Unlock()
		return fmt.Errorf("state of the agents: %w", err)
	}
	return nil
}

// agentChanged reports that an agent fell silent or returned. The id is made of
// who and when, so that a second report after a crash would be the same event.
func (s *System) agentChanged(ctx context.Context, c change) error {
	e := event.Event{Name: "AgentReturned", ResourceType: "Actiontrail::Agent", ResourceName: c.Agent, Time: event.At(c.At, 3)}
	facts := map[string]any{"account": c.Account, "agent": c.Agent, "key": c.Key, "state": string(c.State), "lastReport": c.Seen.UTC().Format(time.RFC3339)}
	if c.State == AgentSilent {
		e.Name, e.ErrorCode = "AgentSilent", "AgentSilent"
		e.ErrorMessage = fmt.Sprintf("no report of agent %s/%s since %s: it, its machine or its way to NATS is down", c.Account, c.Agent, facts["lastReport"])
	}
	parameters, err := event.NewObject(facts)
	if err != nil {
		return err
	}
	e.RequestParameters = parameters
	base := event.NewIDBase(s.Key, SystemSource, "agents/"+c.Account+"/"+c.Agent+"/"+e.Name, 0)
	e.ID = base.ID(c.At.UnixMilli())
	return s.put(ctx, e, 0, true)
}
