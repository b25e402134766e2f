package lanes

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/agent/spool"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// Reports says how an agent tells how it fares.
type Reports struct {
	Send    func(ctx context.Context, account, agent string, report []byte) error
	Program string        // version
	Every   time.Duration // 0: agent.ReportEvery
}

// reportBy makes the reporter of the agent whose data is in dir.
func (l *Lanes) reportBy(r Reports, account, name, dir string, key agent.Key, log *slog.Logger) {
	run, err := agent.NextRun(dir, time.Now())
	if err != nil { // on a full disk an agent must be heard all the more
		log.Warn("reports may be refused should the clock be set back", "error", err)
	}
	l.reporter = &agent.Reporter{Account: account, Agent: name, Key: key, Program: r.Program, Run: run, Sources: l.reports, Send: r.Send, Every: r.Every, Log: log}
	for _, lane := range l.agent.Lanes {
		lane.Changed = l.reporter.Changed
	}
}

// reports are the lanes as a report tells of them.
func (l *Lanes) reports() []wire.SourceReport {
	all := l.Status()
	reports := make([]wire.SourceReport, len(all))
	for i, s := range all {
		r := &reports[i]
		*r = wire.SourceReport{Source: l.agent.Lanes[i].Name, Epoch: s.Epoch, LastBatch: s.LastBatch,
			Events: s.Events, Published: s.Published, Ignored: s.Ignored, Unparsed: s.Unparsed, Unmapped: s.Unmapped, Gaps: s.Gaps,
			LagBytes: s.LagBytes, Oldest: s.Oldest,
			Spool:    wire.SpoolReport{Bytes: s.PendingBytes, MaxBytes: l.agent.Lanes[i].SpoolBytes, Batches: s.PendingBatches, Oldest: s.PendingOldest},
			LastSeen: s.LastSeen, Failing: s.Failing, LastError: s.LastError, ErrorTime: s.LastErrorAt}
		for _, f := range s.Recognised {
			r.Recognised = append(r.Recognised, wire.RecognisedReport{Format: f.Format, Why: f.Why, Records: f.Records})
		}
		l.unrouted[i].tell(r)
		if r.Spool.MaxBytes == 0 {
			r.Spool.MaxBytes = spool.DefaultMaxBytes
		}
		if err := s.fault(); err != nil && !s.Failing {
			r.LastError, r.ErrorTime = err.Error(), time.Time{}
		}
	}
	return reports
}

// fault is the first thing that a source cannot read at present.
func (s *Status) fault() error {
	if s.Plugin != nil {
		return s.Plugin
	}
	for _, f := range s.Files.Faults {
		return fmt.Errorf("%s: %w", f.Path, f.Err)
	}
	for _, f := range s.Files.Files {
		if f.Err != nil {
			return fmt.Errorf("%s: %w", f.Path, f.Err)
		}
	}
	return nil
}
