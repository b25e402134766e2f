package agent

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/internal/wire"
)

const (
	// ReportEvery is how often an agent tells how it fares.
	ReportEvery = 10 * time.Second
	// reportAgain is how soon it tries again when a report could not be sent.
	reportAgain = time.Second
	// farewellTimeout is how long a process that stops may take to say so.
	farewellTimeout = 2 * time.Second
)

// Reporter tells how an agent fares: every ten seconds, and at once when it
// starts, stops, or something in it begins or ceases to fail. The reports are
// signed with the agent's key: a login to NATS is not enough to speak for it.
type Reporter struct {
	Account, Agent string
	Key            Key
	Program        string // version
	Run            uint64 // see NextRun
	Sources        func() []wire.SourceReport
	Send           func(ctx context.Context, account, agent string, report []byte) error
	Every          time.Duration // 0: ReportEvery
	Log            *slog.Logger

	once    sync.Once
	changed chan struct{}
	number  uint64
	started time.Time
}

// Changed asks for a report now. It never blocks.
func (r *Reporter) Changed() {
	r.init()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *Reporter) init() { r.once.Do(func() { r.changed = make(chan struct{}, 1) }) }

// Report sends reports until ctx ends, and then the last one, which says that
// the agent has stopped on purpose. A report that cannot be sent is no error of
// the agent's: what it reads is in the spool, and the next report tells all.
func (r *Reporter) Report(ctx context.Context) {
	r.init()
	r.started = time.Now()
	every := r.Every
	if every == 0 {
		every = ReportEvery
	}
	failing := false
	for {
		wait := every
		err := r.send(ctx, false)
		if err != nil {
			wait = min(wait, reportAgain)
			if !failing && ctx.Err() == nil {
				r.Log.Warn("the state of the agent cannot be reported; trying on", "error", err)
			}
		}
		failing = err != nil
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-r.changed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			r.farewell(ctx)
			return
		}
	}
}

func (r *Reporter) farewell(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewellTimeout)
	defer cancel()
	if err := r.send(ctx, true); err != nil {
		r.Log.Warn("the stop of the agent could not be reported: it will be shown as silent", "error", err)
	}
}

func (r *Reporter) send(ctx context.Context, stopped bool) error {
	r.number++
	report := wire.Report{Account: r.Account, Agent: r.Agent, Key: r.Key.Public, Run: r.Run, Number: r.number, Program: r.Program,
		Started: r.started, Stopped: stopped, Sources: r.Sources(), Time: time.Now()}
	message, err := wire.SealReport(report, r.Key)
	if err != nil {
		return fmt.Errorf("report %d: %w", r.number, err)
	}
	return r.Send(ctx, r.Account, r.Agent, message)
}
