package aggregator

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// SilentAfter is how long after its last report an agent counts as silent: two
// and a half reports.
const SilentAfter = 25 * time.Second

// AgentState is how an agent, or one of its sources, stands.
type AgentState string

// States of an agent.
const (
	AgentLive      AgentState = "live"
	AgentSilent    AgentState = "silent"    // no report has come for SilentAfter, and it did not say that it stops
	AgentNeverSeen AgentState = "neverSeen" // enrolled or declared, but nothing came of it yet
	AgentStopped   AgentState = "stopped"   // on purpose, as it said itself
)

// Keys tells whether the key of a lane owns the lane's account and agent; *Agents
// is one. An error that is no *Refusal is one of the disk: nothing is known then.
type Keys interface {
	Check(l event.Lane, at time.Time) error
}

// AgentName is an agent, whatever its key.
type AgentName struct{ Account, Agent string }

// FleetConfig says what a fleet is made of.
type FleetConfig struct {
	Path        string // of the file in which it is kept
	Keys        Keys
	Enrolled    func() []AgentName // who may send, whether it has or not; nil: only who has is known
	System      *System            // is told who falls silent and who returns
	Connected   func() bool        // whether reports can be heard at all
	SilentAfter time.Duration      // 0: SilentAfter
	Now         func() time.Time
	Log         *slog.Logger
}

// Fleet knows how the agents fare: the last report of each, and since when none
// came. What must not be forgotten is in a small file: who was there, in which
// state, and the number of its last report, so that an old one is not taken for a
// new one after a restart either.
type Fleet struct {
	cfg  FleetConfig
	wake chan struct{} // somebody's state has changed

	mu      sync.Mutex
	members map[AgentName]*member
	untold  []change  // not in the audit yet, oldest first
	dirty   bool      // the file lacks a change
	saved   time.Time // when it was last written
	deaf    time.Time // the last moment at which no report could be heard
	refused uint64
	warned  time.Time // when a refused report was last logged
}

// member is an agent of which something came.
type member struct {
	key     string
	state   AgentState // live, silent or stopped
	seen    time.Time  // when its last report came
	run     uint64     // of its last report
	number  uint64
	report  *wire.Report // nil: none came since this process began
	refused uint64
	why     string // the last one was refused
}

// change is a state that the audit is to know of.
type change struct {
	Account string     `json:"account"`
	Agent   string     `json:"agent"`
	Key     string     `json:"key"`
	State   AgentState `json:"state"` // silent, or what it is now that it has returned
	At      time.Time  `json:"at"`
	Seen    time.Time  `json:"seen"` // its last report before that
}

// Refused counts the reports that were not taken, from whomever.
func (f *Fleet) Refused() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refused
}

// Hear takes a report that came for an agent. What is forged, or older than what
// is known, is refused, counted and shown; it changes nothing else.
func (f *Fleet) Hear(account, agent string, message []byte) {
	if err := f.take(account, agent, message); err != nil {
		f.refuse(AgentName{account, agent}, err)
	}
}

func (f *Fleet) take(account, agent string, message []byte) error {
	r, err := wire.OpenReport(message)
	if err != nil {
		return err
	}
	name := AgentName{account, agent}
	if r.Account != account || r.Agent != agent {
		return &Refusal{WrongSubject, fmt.Errorf("a report of %s/%s under %s/%s", r.Account, r.Agent, account, agent)}
	}
	if err := f.cfg.Keys.Check(event.Lane{Account: account, Agent: agent, Key: r.Key}, f.now()); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.members[name]
	if m == nil || m.key != r.Key { // a new one, or the name was given to another key
		m = &member{key: r.Key}
		f.members[name] = m
	}
	if r.Run < m.run || r.Run == m.run && r.Number <= m.number {
		return fmt.Errorf("old report: number %d of run %d, after number %d of run %d", r.Number, r.Run, m.number, m.run)
	}
	state, seen := AgentLive, m.seen
	if r.Stopped {
		state = AgentStopped
	}
	m.run, m.number, m.report, m.seen = r.Run, r.Number, &r, f.now()
	f.set(name, m, state, seen)
	return nil
}

// set changes an agent's state. seen is when its last report came, but for the one that changes it.
func (f *Fleet) set(name AgentName, m *member, state AgentState, seen time.Time) {
	if m.state == state {
		return
	}
	if state == AgentSilent || m.state == AgentSilent {
		f.untold = append(f.untold, change{name.Account, name.Agent, m.key, state, f.now(), seen})
	}
	m.state, f.dirty = state, true
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// warnEvery is how often refused reports are logged: whoever forges them must not fill the log.
const warnEvery = time.Minute

func (f *Fleet) refuse(name AgentName, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused++
	if m := f.members[name]; m != nil {
		m.refused++
		m.why = err.Error()
	}
	if now := f.now(); now.Sub(f.warned) >= warnEvery {
		f.warned = now
		f.cfg.Log.Warn("report of an agent refused", "account", name.Account, "agent", name.Agent, "error", err)
	}
}

// look finds who has fallen silent. While reports cannot be heard nobody does:
// that says nothing of the agents.
func (f *Fleet) look() {
	now := f.now()
	connected := f.cfg.Connected == nil || f.cfg.Connected()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !connected {
		f.deaf = now
	}
	for name, m := range f.members {
		if m.state == AgentLive && f.late(m, now) {
			f.set(name, m, AgentSilent, m.seen)
		}
	}
}

func (f *Fleet) late(m *member, now time.Time) bool {
	since := m.seen
	if f.deaf.After(since) {
		since = f.deaf
	}
	return now.Sub(since) >= f.silentAfter()
}

func (f *Fleet) silentAfter() time.Duration {
	if f.cfg.SilentAfter > 0 {
		return f.cfg.SilentAfter
	}
	return SilentAfter
}

func (f *Fleet) now() time.Time {
	if f.cfg.Now != nil {
		return f.cfg.Now()
	}
	return time.Now()
}

// Run watches the agents until ctx ends.
func (f *Fleet) Run(ctx context.Context) {
	tick := time.NewTicker(f.silentAfter() / 25)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.look()
		case <-f.wake:
		}
		err := f.settle(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			f.cfg.Log.Warn("changes of agents are not in the audit yet; trying on", "error", err)
		}
		failing = err != nil
	}
}
