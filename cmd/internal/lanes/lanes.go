// Package lanes builds an agent from a configuration: a lane for each source.
package lanes

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/file"
	"github.com/actiontrail/actiontrail/plugins/host"
	httpsource "github.com/actiontrail/actiontrail/plugins/http"
	"github.com/actiontrail/actiontrail/plugins/mapper"
	"github.com/actiontrail/actiontrail/plugins/push"
)

// Folder is the agent's part of the data folder. It holds the key, the spools and
// the lock.
const Folder = "agent"

// Lanes are the lanes of one agent.
type Lanes struct {
	agent    agent.Agent
	files    map[string]*file.Source       // by name of the source
	lags     map[string]*lag               // the same
	plugins  map[string]*host.Source       // by name of the source; those have no files
	posted   map[string]*httpsource.Source // the same
	unrouted []unrouted                    // of each lane, in their order
	brought  map[string]brought            // the same
	reporter *agent.Reporter               // nil: there is no source, so nothing to report
}

// New makes the lanes that cfg declares, which sign with key. dir is the agent's part of the data folder.
// makers are for the kinds of sources that not every agent links.
func New(cfg *config.Config, dir string, key agent.Key, stream agent.Stream, r Reports, log *slog.Logger, makers ...Maker) (*Lanes, error) {
	machine := agent.Machine()
	var hashKey []byte
	if path := cfg.Agent.HashKey; path != "" {
		var err error
		if hashKey, err = agent.ReadHashKey(path); err != nil {
			return nil, fmt.Errorf("key for the hashes of API keys: %w", err)
		}
	}
	l := &Lanes{agent: agent.Agent{Log: log}, files: map[string]*file.Source{}, lags: map[string]*lag{}, plugins: map[string]*host.Source{}, posted: map[string]*httpsource.Source{}, brought: map[string]brought{}}
	for _, s := range cfg.Sources {
		s.Mapper.HashKey, s.Mapper.Unrouted = hashKey, &mapper.Unrouted{}
		l.unrouted = append(l.unrouted, unroutedOf(&s))
		source, err := l.source(&s, makers, log.With("source", s.Name))
		if err != nil {
			return nil, fmt.Errorf("%s: source %s: %w", s.Place, s.Name, err)
		}
		m, err := mapper.New(s.Mapper)
		if err != nil {
			return nil, fmt.Errorf("%s: source %s: %w", s.Place, s.Name, err)
		}
		var second agent.Mapper
		if runtime.GOMAXPROCS(0) > 1 {
			if second, err = mapper.New(s.Mapper); err != nil {
				return nil, fmt.Errorf("%s: source %s: %w", s.Place, s.Name, err)
			}
		}
		l.agent.Lanes = append(l.agent.Lanes, &agent.Lane{
			Account: cfg.Agent.Account, Agent: cfg.Agent.Name, Name: s.Name, Key: key, Machine: machine,
			Source: source, Mapper: m, Second: second, Stream: stream,
			Dir: filepath.Join(dir, "spool"), SpoolBytes: cfg.Agent.SpoolBytes, SyncEvery: cfg.Agent.SpoolSync, Log: log,
		})
	}
	if len(l.agent.Lanes) > 0 {
		l.reportBy(r, cfg.Agent.Account, cfg.Agent.Name, dir, key, log)
	}
	return l, nil
}

// source makes the source that a lane reads.
func (l *Lanes) source(s *config.Source, makers []Maker, log *slog.Logger) (plugins.Source, error) {
	switch s.Kind {
	case "plugin":
		l.plugins[s.Name] = pluginSource(s, log)
		return l.plugins[s.Name], nil
	case "http":
		source, err := httpsource.New(httpConfig(s, log))
		if err != nil {
			return nil, err
		}
		l.posted[s.Name] = source
		return source, nil
	case "file":
		source, err := file.New(fileConfig(s, log))
		if err != nil {
			return nil, err
		}
		l.files[s.Name], l.lags[s.Name] = source, &lag{}
		return source, nil
	}
	source, err := newSource(s, makers, log)
	if err != nil {
		return nil, err
	}
	if b, ok := source.(brought); ok {
		l.brought[s.Name] = b
	}
	return source, nil
}

// Run runs the agent until ctx ends, and reports how it fares.
func (l *Lanes) Run(ctx context.Context) {
	if l.reporter == nil {
		l.agent.Run(ctx)
		return
	}
	reportCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var beside sync.WaitGroup
	beside.Go(func() { l.reporter.Report(reportCtx) })
	beside.Go(func() { l.watchLag(reportCtx) })
	l.agent.Run(ctx)
	stop() // only now: the last report tells what is left in the spools
	beside.Wait()
}

// watchLag looks at the files often enough to know since when unread lines wait.
func (l *Lanes) watchLag(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.Status()
		}
	}
}

func fileConfig(s *config.Source, log *slog.Logger) file.Config {
	r := &s.Records
	c := file.Config{
		Paths: s.Paths, Exclude: s.Exclude, Start: s.Start, MaxLine: s.MaxLine, Log: log,
		Symlinks: s.Symlinks, Identity: s.Identity, IgnoreOlder: s.IgnoreOlder, MaxOpen: s.MaxOpen,
		Encoding: r.Encoding, Delimiter: r.Delimiter, LongLines: r.LongLines, FlushAfter: r.FlushAfter, Compressed: r.Compressed,
	}
	if m := r.Multiline; m != nil {
		c.Multiline = &file.Multiline{Start: m.Start, Continue: m.Continue, MaxLines: m.MaxLines, Timeout: m.Timeout}
	}
	return c
}

// Status is how a lane and what it reads fare.
type Status struct {
	agent.LaneStatus
	Files    file.Status        // of a source of files
	Plugin   error              // why the process of a plugin does not run; nil: it does, or it is none
	Posted   *httpsource.Status // nil: nobody posts its records
	Brought  *push.Status       // nil: nobody brings its records, or they are Posted
	LagBytes int64              // of the files, not read yet; of what was posted or brought, not durable yet
	Oldest   time.Time          // no line that waits to be read, spooled or acknowledged is older; zero: none waits
}

// Status is that of all lanes, in the order of the configuration.
func (l *Lanes) Status() []Status {
	now := time.Now()
	all := make([]Status, len(l.agent.Lanes))
	for i, lane := range l.agent.Lanes {
		s := Status{LaneStatus: lane.Status()}
		if p := l.plugins[lane.Name]; p != nil {
			if fares := p.Status(); !fares.Running {
				s.Plugin = fares.Err
			}
		} else if p := l.posted[lane.Name]; p != nil {
			posted := p.Status()
			s.Posted, s.LagBytes, s.Oldest = &posted, posted.Bytes, posted.Oldest
		} else if p := l.brought[lane.Name]; p != nil {
			brought := p.Status()
			s.Brought, s.LagBytes, s.Oldest = &brought, brought.Bytes, brought.Oldest
		} else if l.files[lane.Name] != nil {
			s.Files = l.files[lane.Name].Status()
			s.LagBytes, s.Oldest = l.lags[lane.Name].look(now, s.Files.Files)
		}
		for _, t := range []time.Time{s.Began, s.PendingOldest} {
			if !t.IsZero() && (s.Oldest.IsZero() || t.Before(s.Oldest)) {
				s.Oldest = t
			}
		}
		all[i] = s
	}
	return all
}
