package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// known is the configuration that the last start ran with, kept to tell what has changed since.
type known struct {
	Config string            `json:"config"` // hash
	Files  map[string]string `json:"files"`  // name to hash
	Trails map[string]string `json:"trails"` // name to hash
	Where  map[string]string `json:"where"`  // name of the trail to its filter
	// Parts are what deliveries take of their trails' events: trail to delivery to filter, of those that do not take all.
	Parts map[string]map[string]string `json:"parts,omitempty"`
}

func (a *aggregation) knownPath() string { return filepath.Join(a.dir, "known.json") }

func (a *aggregation) readKnown() (known, error) {
	var k known
	data, err := os.ReadFile(a.knownPath())
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	} else if err != nil {
		return k, err
	}
	if err := json.Unmarshal(data, &k); err != nil {
		return known{}, fmt.Errorf("%s: %w: remove it; every trail is then reported as new", a.knownPath(), err)
	}
	return k, nil
}

func (a *aggregation) current() known {
	a.reloaded.mu.Lock()
	cfg := a.reloaded.loaded
	a.reloaded.mu.Unlock()
	k := known{Config: cfg.Hash, Files: map[string]string{}, Trails: map[string]string{}, Where: map[string]string{}, Parts: map[string]map[string]string{}}
	for _, f := range cfg.Files {
		k.Files[f.Name] = f.Hash
	}
	for _, t := range a.trails.trails() {
		k.Trails[t.Name], k.Where[t.Name] = t.Hash, t.Where
		for i := range t.Deliver {
			if d := &t.Deliver[i]; d.Narrow != "" {
				if k.Parts[t.Name] == nil {
					k.Parts[t.Name] = map[string]string{}
				}
				k.Parts[t.Name][d.Name] = d.Narrow
			}
		}
	}
	return k
}

// reportStart makes events of the start, and of what has changed in the
// configuration since the one before. They are durable before the new state is:
// after a crash in between a change is reported again, never forgotten.
func (a *aggregation) reportStart(ctx context.Context) { a.report(ctx, serverEvent("StartServer")) }

// reportChanges makes events of what has changed in the configuration while the process runs.
func (a *aggregation) reportChanges(ctx context.Context) { a.report(ctx) }

func (a *aggregation) report(ctx context.Context, first ...event.Event) {
	failed := func(err error) {
		a.log.Warn("the start, or a change of the configuration, is not in the trail yet", "error", err)
	}
	a.reporting.Lock()
	defer a.reporting.Unlock()
	err := backoff.Retry(ctx, failed, func() error {
		before, err := a.readKnown()
		if err != nil {
			return err
		}
		now := a.current()
		for _, e := range append(first, changes(before, now)...) {
			if err := a.system.Report(ctx, e, true); err != nil {
				return err
			}
		}
		data, err := json.MarshalIndent(now, "", "  ")
		if err != nil {
			return err
		}
		return durable.WriteFile(a.knownPath(), append(data, '\n'))
	})
	if err != nil && ctx.Err() == nil {
		a.log.Error("the start, or a change of the configuration, could not be reported", "error", err)
	}
}

// reportStop makes an event of the stop, if the disk takes it in time.
func (a *aggregation) reportStop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := a.system.Report(ctx, serverEvent("StopServer"), true); err != nil {
		a.log.Warn("the stop could not be reported", "error", err)
	}
}

func serverEvent(name string) event.Event {
	return event.Event{Name: name, ResourceType: "Actiontrail::Server", ResourceName: hostName(), RequestParameters: object(map[string]any{"version": version})}
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return event.Text(name)
}

// changes are the events of what differs between two configurations.
func changes(before, now known) []event.Event {
	var all []event.Event
	if before.Config != "" && before.Config != now.Config {
		files := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(now.Files)) {
			if before.Files[name] != now.Files[name] {
				files[event.Text(name)] = now.Files[name]
			}
		}
		for name := range before.Files {
			if _, still := now.Files[name]; !still {
				files[event.Text(name)] = "removed"
			}
		}
		all = append(all, event.Event{Name: "UpdateConfiguration", ResourceType: "Actiontrail::Configuration", ResourceName: now.Config, RequestParameters: object(files)})
	}
	for _, name := range slices.Sorted(maps.Keys(now.Trails)) {
		switch old, there := before.Trails[name]; {
		case !there:
			all = append(all, trailEvent("CreateTrail", name, now.filters(name, "", map[string]any{})))
		case old != now.Trails[name]:
			all = append(all, trailEvent("UpdateTrail", name, before.filters(name, "Before", now.filters(name, "", map[string]any{}))))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.Trails)) {
		if _, still := now.Trails[name]; !still {
			all = append(all, trailEvent("DeleteTrail", name, before.filters(name, "", map[string]any{})))
		}
	}
	return all
}

// filters adds what a trail and its deliveries take.
func (k known) filters(trail, when string, to map[string]any) map[string]any {
	to["where"+when] = k.Where[trail]
	if len(k.Parts[trail]) > 0 {
		parts := map[string]any{}
		for name, where := range k.Parts[trail] {
			parts[name] = where
		}
		to["deliveries"+when] = parts
	}
	return to
}

func trailEvent(name, trail string, parameters map[string]any) event.Event {
	return event.Event{Name: name, ResourceType: "Actiontrail::Trail", ResourceName: trail, RequestParameters: object(parameters)}
}
