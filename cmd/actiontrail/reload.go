package main

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
)

// lookEvery is how often the files are looked at. What is found must be the same
// twice: an editor writes a file in several steps, and a deployment several files.
const lookEvery = 500 * time.Millisecond

// reload is what became of the configuration since the process started.
type reload struct {
	changing sync.Mutex // held by who takes up another one

	mu       sync.Mutex
	loaded   *config.Config // whose trails run
	at       time.Time
	problem  string // why what the files say now does not run; "": it does
	restarts []string
}

func (r *reload) status() api.ConfigurationStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return api.ConfigurationStatus{Hash: r.loaded.Hash, LoadedAt: r.at.UTC(), LastError: r.problem, NeedsRestart: r.restarts}
}

// watchConfig takes up what changes in the files of the configuration, and looks
// at them when the process gets a SIGHUP, until ctx ends.
func (a *aggregation) watchConfig(ctx context.Context) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	taken := a.stamp
	last := taken
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			a.reloadConfig(ctx)
			continue
		case <-tick.C:
		}
		now, err := config.Stamp(a.paths...)
		if err != nil {
			now = err.Error()
		}
		if now == last && now != taken {
			taken = now
			a.reloadConfig(ctx)
		}
		last = now
	}
}

// reloadConfig reads the files again and has their trails run. Whatever is wrong,
// all stays as it is, and log, status and audit say what and where.
func (a *aggregation) reloadConfig(ctx context.Context) {
	r := &a.reloaded
	r.changing.Lock()
	defer r.changing.Unlock()
	cfg, err := a.loadAll("", nil)
	if err == nil {
		r.mu.Lock()
		same := cfg.Hash == r.loaded.Hash && r.problem == ""
		r.mu.Unlock()
		if same {
			return
		}
		err = a.apply(ctx, cfg.Trails, nil)
	}
	if err != nil {
		a.refuseConfig(ctx, err)
		return
	}
	a.takenUp(ctx, cfg)
}

// takenUp notes that the trails of a configuration run.
func (a *aggregation) takenUp(ctx context.Context, cfg *config.Config) {
	r := &a.reloaded
	restarts := a.cfg.NeedsRestart(cfg)
	r.mu.Lock()
	r.loaded, r.at, r.problem, r.restarts = cfg, time.Now(), "", restarts
	r.mu.Unlock()
	a.log.Info("configuration is taken up", "trails", len(cfg.Trails), "files", len(cfg.Files))
	if len(restarts) > 0 {
		a.log.Warn("some of what has changed in the configuration needs a restart", "blocks", strings.Join(restarts, ", "))
	}
	a.reportChanges(ctx)
}

func (a *aggregation) refuseConfig(ctx context.Context, why error) {
	r := &a.reloaded
	r.mu.Lock()
	told := r.problem == why.Error()
	r.problem = why.Error()
	r.mu.Unlock()
	if told {
		return
	}
	a.log.Error("the configuration is wrong, and what ran before goes on", "error", why)
	e := event.Event{Name: "ConfigurationRefused", ResourceType: "Actiontrail::Configuration", ErrorCode: "ConfigurationRefused", ErrorMessage: event.Text(why.Error())}
	if err := a.system.Report(ctx, e, true); err != nil && ctx.Err() == nil {
		a.log.Warn("the audit does not take that a configuration was refused", "error", err)
	}
}
