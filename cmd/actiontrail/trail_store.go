package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Trails that are made through the API are kept as the configuration would have
// them: one block, in one file for each, below the data folder. They are read with
// the files of the configuration, so that all that is checked there is checked here.

// storeFolder is where they are.
func (a *aggregation) storeFolder() string { return filepath.Join(a.dir, "trails") }

// allPaths are the files of the configuration, and those of the store.
func (a *aggregation) allPaths() ([]string, error) {
	kept, err := filepath.Glob(filepath.Join(a.storeFolder(), "*.hcl"))
	return slices.Concat(a.paths, kept), err
}

// loadAll reads the configuration with the trails of the store, as if the file at
// path had this text (nil: as if it were not there); "": no other text.
func (a *aggregation) loadAll(path string, text []byte) (*config.Config, error) {
	paths, err := a.allPaths()
	if err != nil {
		return nil, err
	}
	if path == "" {
		return config.LoadKept(a.storeFolder(), nil, paths...)
	}
	return config.LoadKept(a.storeFolder(), map[string][]byte{path: text}, paths...)
}

// openStore has the process begin with the trails of the store, too.
func (a *aggregation) openStore() error {
	if err := durable.MkdirAll(a.storeFolder()); err != nil {
		return err
	}
	if err := durable.RemoveTemporary(a.storeFolder()); err != nil {
		return err
	}
	cfg, err := a.loadAll("", nil)
	if err != nil {
		return usageError("the configuration, with the trails that were made through the API, is wrong\n\n%w", err)
	}
	a.cfg.Trails = cfg.Trails
	a.reloaded.loaded = cfg
	return nil
}

// TrailText is the block of a trail.
func (c trailCalls) TrailText(_ context.Context, name string) (string, error) {
	t, err := c.trail(name)
	if err != nil {
		return "", err
	}
	return t.Text, nil
}

// PutTrail keeps a trail and has it run.
func (c trailCalls) PutTrail(ctx context.Context, name string, text []byte, asJSON bool) (string, error) {
	if err := c.mayChange(); err != nil {
		return "", err
	}
	create := name == ""
	if asJSON {
		if create {
			name = specName(text)
		}
		made, err := config.TrailText(name, text)
		if err != nil {
			return "", api.WrongTrail("body", err.Error(), "docs/guide/trails.md has its form")
		}
		text = made
	}
	declared, err := config.TrailName(text)
	switch {
	case err != nil:
		return "", api.WrongTrail("body", err.Error(), "")
	case create:
		name = declared
	case declared != name:
		return "", api.WrongTrail("body", "it declares trail "+declared+", not "+name, "")
	}
	if !event.ValidName(name) {
		return "", api.WrongTrail("name", "it is not a name", "names are 1 to 64 letters, digits, - and _")
	}
	if t, err := c.trail(name); err == nil {
		if create {
			return "", api.TrailConflict("there is a trail "+name, "PUT changes it")
		}
		if err := c.kept(t); err != nil {
			return "", err
		}
	}
	return name, c.keepTrail(ctx, name, text)
}

// DeleteTrail takes it away.
func (c trailCalls) DeleteTrail(ctx context.Context, name string) error {
	if err := c.mayChange(); err != nil {
		return err
	}
	t, err := c.trail(name)
	if err != nil {
		return err
	}
	if err := c.kept(t); err != nil {
		return err
	}
	if err := c.keepTrail(ctx, name, nil); err != nil {
		return err
	}
	for i := range t.Deliver {
		if err := c.backfills.Forget((&delivery{Delivery: t.Deliver[i], trail: t}).key()); err != nil {
			return err
		}
	}
	if _, stopped := c.stops.Stopped(name); !stopped {
		return nil
	}
	_, err = c.stops.Start(ctx, name, c.lastSeq) // another trail of this name begins as one that runs
	return err
}

// keepTrail changes the store and what runs: first all is checked, then it is
// durable, then it runs.
func (c trailCalls) keepTrail(ctx context.Context, name string, text []byte) error {
	c.reloaded.changing.Lock()
	defer c.reloaded.changing.Unlock()
	path := filepath.Join(c.storeFolder(), name+".hcl")
	cfg, err := c.loadAll(path, text)
	if m := (*config.Mistakes)(nil); errors.As(err, &m) {
		return api.WrongTrail("body", m.Error(), "")
	} else if err != nil {
		return err
	}
	err = c.apply(context.WithoutCancel(ctx), cfg.Trails, func() error {
		if err := c.shareFile(ctx, "trails/"+name+".hcl", text); err != nil {
			return err
		}
		if text == nil {
			return os.Remove(path)
		}
		return durable.WriteFile(path, text)
	})
	if errors.Is(err, archive.ErrForeign) {
		return api.WrongTrail("body", err.Error(), "")
	} else if err != nil {
		return err
	}
	c.takenUp(ctx, cfg)
	return nil
}

// trail is a trail that runs.
func (c trailCalls) trail(name string) (*config.Trail, error) {
	var names []string
	for _, t := range c.trails.trails() {
		if t.Name == name {
			return &t, nil
		}
		names = append(names, t.Name)
	}
	return nil, api.NoTrail(name, names)
}

// kept refuses to change a trail that is not in the store.
func (c trailCalls) kept(t *config.Trail) error {
	if filepath.Dir(t.File()) != c.storeFolder() {
		return api.TrailConflict("it is declared at "+t.Place, "change it there: the server takes that up by itself")
	}
	return nil
}
