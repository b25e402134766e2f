// Package lanes builds an agent from a configuration: a lane for each source.
package lanes

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins/file"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// Folder is the agent's part of the data folder. It holds the key, the spools and
// the lock.
const Folder = "agent"

// Lanes are the lanes of one agent.
type Lanes struct {
	agent agent.Agent
	files map[string]*file.Source // by name of the source
}

// New makes the lanes that cfg declares. dir is the agent's part of the data folder.
func New(cfg *config.Config, dir string, stream agent.Stream, log *slog.Logger) (*Lanes, error) {
	key, err := agent.LoadKey(dir)
	if err != nil {
		return nil, fmt.Errorf("key of the agent: %w", err)
	}
	machine := agent.Machine()
	l := &Lanes{agent: agent.Agent{Log: log}, files: map[string]*file.Source{}}
	for _, s := range cfg.Sources {
		source, err := file.New(file.Config{Paths: s.Paths, Exclude: s.Exclude, Start: s.Start, MaxLine: s.MaxLine, Log: log.With("source", s.Name)})
		if err != nil {
			return nil, fmt.Errorf("%s: source %s: %w", s.Place, s.Name, err)
		}
		m, err := mapper.New(s.Mapper)
		if err != nil {
			return nil, fmt.Errorf("%s: source %s: %w", s.Place, s.Name, err)
		}
		l.files[s.Name] = source
		l.agent.Lanes = append(l.agent.Lanes, &agent.Lane{
			Account: cfg.Agent.Account, Agent: cfg.Agent.Name, Name: s.Name, Key: key, Machine: machine,
			Source: source, Mapper: m, Stream: stream,
			Dir: filepath.Join(dir, "spool"), SpoolBytes: cfg.Agent.SpoolBytes, Log: log,
		})
	}
	return l, nil
}

// Run runs the agent until ctx ends.
func (l *Lanes) Run(ctx context.Context) { l.agent.Run(ctx) }

// Status is how a lane and its files fare.
type Status struct {
	agent.LaneStatus
	Files file.Status
}

// Status is that of all lanes, in the order of the configuration.
func (l *Lanes) Status() []Status {
	all := make([]Status, len(l.agent.Lanes))
	for i, lane := range l.agent.Lanes {
		all[i] = Status{lane.Status(), l.files[lane.Name].Status()}
	}
	return all
}
