package aggregator

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/internal/wire"
)

// What is worth a warning. Nothing of it loses a line.
const (
	oldSpool   = 5 * time.Minute // age of the oldest batch in a spool
	fullSpool  = 0.8             // of its bound
	wrongClock = 5 * time.Second // off from the aggregator's
)

// AgentStatus is what is known of one agent: of its last report, and of what the
// stream holds of it. Times are of the aggregator's clock.
type AgentStatus struct {
	AgentName
	State       AgentState
	Reported    bool      // since this process began; else Program, Started and ClockOffset are not known
	LastSeen    time.Time // when its last report came; without one, when the stream took its newest batch. Zero: not known
	Program     string    // version
	Started     time.Time // its process
	ClockOffset time.Duration
	Refused     uint64 // reports under its name that were not taken, since this process began
	RefusedWhy  string // the last of them
	Warnings    []string
	Sources     []AgentSource // by name
}

// AgentSource is what is known of one source of an agent.
type AgentSource struct {
	SourceStatus // what the index's follower has seen
	State        AgentState
	Reported     bool              // the agent told of it; else Report is zero
	Report       wire.SourceReport // its times moved to the aggregator's clock
	Lag          time.Duration     // age, at the report, of the oldest line that waits to be read or acknowledged
	SpoolAge     time.Duration     // age, at the report, of the oldest batch in the spool
	LastSeen     time.Time         // when a record was last read, else when the stream took its newest batch
	Warnings     []string
}

// Agents are all agents that ever were, by account and name: those of the last
// reports, and those that only their batches tell of.
func (f *Fleet) Agents(sources []SourceStatus) []AgentStatus {
	now := f.now()
	all := map[AgentName]*AgentStatus{}
	of := func(name AgentName) *AgentStatus {
		a := all[name]
		if a == nil {
			a = &AgentStatus{AgentName: name, State: AgentNeverSeen}
			all[name] = a
		}
		return a
	}
	if f.cfg.Enrolled != nil {
		for _, name := range f.cfg.Enrolled() {
			of(name)
		}
	}
	f.mu.Lock()
	for name, m := range f.members {
		m.describe(of(name), f.stateOf(m, now))
	}
	f.mu.Unlock()
	for _, s := range sources {
		a := of(AgentName{s.Account, s.Agent})
		a.source(s.Source).SourceStatus = s
		if !a.Reported && s.StoredAt.After(a.LastSeen) {
			a.LastSeen = s.StoredAt
		}
		if a.State == AgentNeverSeen { // it sends batches, and no reports: an older one, or one that is gone
			a.State = AgentSilent
		}
	}
	list := make([]AgentStatus, 0, len(all))
	for _, a := range all {
		a.finish()
		list = append(list, *a)
	}
	slices.SortFunc(list, func(a, b AgentStatus) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Agent, b.Agent))
	})
	return list
}

// stateOf is an agent's state now. Who was live when the process before this one
// ended is silent until it reports.
func (f *Fleet) stateOf(m *member, now time.Time) AgentState {
	if m.state == AgentLive && (m.report == nil || f.late(m, now)) {
		return AgentSilent
	}
	return m.state
}

func (m *member) describe(a *AgentStatus, state AgentState) {
	a.State, a.LastSeen, a.Refused, a.RefusedWhy = state, m.seen, m.refused, m.why
	r := m.report
	if r == nil {
		return
	}
	a.Reported, a.Program, a.ClockOffset = true, r.Program, r.Time.Sub(m.seen)
	// Times of the agent's clock are worth what they are from the time of the report.
	moved := func(t time.Time) time.Time {
		if t.IsZero() {
			return t
		}
		return m.seen.Add(t.Sub(r.Time))
	}
	age := func(t time.Time) time.Duration {
		if t.IsZero() {
			return 0
		}
		return max(r.Time.Sub(t), 0)
	}
	a.Started = moved(r.Started)
	for _, told := range r.Sources {
		s := a.source(told.Source)
		s.Reported, s.Lag, s.SpoolAge = true, age(told.Oldest), age(told.Spool.Oldest)
		told.Oldest, told.Spool.Oldest, told.LastSeen, told.ErrorTime = moved(told.Oldest), moved(told.Spool.Oldest), moved(told.LastSeen), moved(told.ErrorTime)
		s.Report, s.LastSeen = told, told.LastSeen
	}
}

// source is the agent's source of this name, which is made when there is none.
func (a *AgentStatus) source(name string) *AgentSource {
	i, found := slices.BinarySearchFunc(a.Sources, name, func(s AgentSource, name string) int { return cmp.Compare(s.Source, name) })
	if !found {
		a.Sources = slices.Insert(a.Sources, i, AgentSource{SourceStatus: SourceStatus{Account: a.Account, Agent: a.Agent, Source: name}})
	}
	return &a.Sources[i]
}

// finish gives each source its state, and warns of what will hurt later.
func (a *AgentStatus) finish() {
	if off := a.ClockOffset; off.Abs() >= wrongClock {
		direction := "ahead"
		if off < 0 {
			direction = "behind"
		}
		a.warn("the clock of its machine is %s %s: times of events read without a time of their own are off as much", off.Abs().Round(time.Second), direction)
	}
	if a.Refused > 0 {
		a.warn("%d reports under its name were refused, the last one as: %s", a.Refused, a.RefusedWhy)
	}
	for i := range a.Sources {
		s := &a.Sources[i]
		if s.LastSeen.IsZero() {
			s.LastSeen = s.StoredAt
		}
		seen := s.LastBatch > 0 || s.Report.LastBatch > 0 || !s.LastSeen.IsZero()
		switch {
		case !seen:
			s.State = AgentNeverSeen
		case a.Reported && !s.Reported: // its agent does not read it any more
			s.State = AgentStopped
		default:
			s.State = a.State
		}
		s.finish()
	}
}

func (a *AgentStatus) warn(format string, args ...any) {
	a.Warnings = append(a.Warnings, fmt.Sprintf(format, args...))
}

func (s *AgentSource) finish() {
	spool := s.Report.Spool
	if s.SpoolAge >= oldSpool {
		s.warn("%d batches wait in the spool, the oldest for %s: NATS does not take them; nothing is lost", spool.Batches, s.SpoolAge.Round(time.Second))
	}
	if spool.MaxBytes > 0 && float64(spool.Bytes) >= fullSpool*float64(spool.MaxBytes) {
		s.warn("the spool is %d %% full: when it is full reading stops, and the logs must outlive that", 100*spool.Bytes/spool.MaxBytes)
	}
	if s.Report.Gaps > 0 {
		s.warn("%d times lines were lost before they could be read: search eventName: SourceGap", s.Report.Gaps)
	}
	if s.Gaps > 0 {
		s.warn("%d times batch numbers were missing: search eventName: BatchGap", s.Gaps)
	}
	if s.Quarantined > 0 {
		s.warn("%d batches are in quarantine: search eventName: BatchRefused", s.Quarantined)
	}
}

func (s *AgentSource) warn(format string, args ...any) {
	s.Warnings = append(s.Warnings, fmt.Sprintf(format, args...))
}
