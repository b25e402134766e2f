package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/durable"
)

const (
	// sharedMark says that what is shared counts, and not what a server has: the first leader has shared all.
	sharedMark = "shared"
	// shareTimeout bounds one change of what is shared.
	shareTimeout = 5 * time.Second
	// lazyEvery is how often what may be a little older is shared.
	lazyEvery = time.Second
)

// Files of the aggregator's folder that whoever takes over needs as they are: a change
// is shared before it counts.
var exactFiles = []string{"stops.json", "backfills.json", "imports.json"}

// Folders and files of which an older version does no harm: a receiver is told
// again, a checkpoint signs less, a change of the configuration is reported twice,
// what a destination has comes again.
var lazyFiles = []string{"known.json", "notify", logFolder, dispatchedFolder}

// errNotLeading refuses to change what the leader alone may.
var errNotLeading = errors.New("this server does not lead")

// sharing is what a leader shares with whoever takes over: its small files, through
// NATS. Each is changed only as this leader has last seen it, so that one that was
// overtaken changes nothing.
type sharing struct {
	a    *aggregation
	docs *bus.Shared
	lazy map[string]string // what was last shared, by name
}

// takeOver brings all that the leader before has shared, or shares what is here.
func (a *aggregation) takeOver(ctx context.Context) (*sharing, error) {
	docs, err := a.conn.Shared(ctx)
	if err != nil {
		return nil, err
	}
	s := &sharing{a: a, docs: docs, lazy: map[string]string{}}
	if err := a.mergeAgents(ctx); err != nil {
		return nil, err
	}
	if _, err := docs.Get(ctx, sharedMark); errors.Is(err, bus.ErrNone) {
		if err = s.begin(ctx); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	for _, name := range append(exactFiles, lazyFiles[0]) {
		if err := s.pull(ctx, name); err != nil {
			return nil, err
		}
	}
	for _, folder := range []string{"owing", "notify", logFolder, dispatchedFolder} {
		if _, err := s.pullFolder(ctx, folder); err != nil {
			return nil, err
		}
	}
	if _, err := s.pullTrails(ctx); err != nil {
		return nil, err
	}
	if err := errors.Join(a.stops.Reload(s.share), a.backfills.Reload(s.share), a.imports.Reload(s.share)); err != nil {
		return nil, err
	}
	a.sharing.Store(s)
	a.reloadConfig(ctx)
	for _, d := range a.trails.all() {
		if err := d.follower.Debt.Reload(); err != nil {
			return nil, err
		}
		if err := a.askBackfill(d); err != nil {
			return nil, err
		}
	}
	if remote, ok := a.index.(index.Remote); ok {
		remote.Forget()
	}
	return s, nil
}

// letGo ends what a leader may do.
func (a *aggregation) letGo() {
	a.sharing.Store(nil)
	for _, d := range a.trails.all() {
		d.renew(false) // what it has staged is not this server's to seal
	}
	refuse := func(string, []byte) error { return errNotLeading }
	if err := errors.Join(a.stops.Reload(refuse), a.backfills.Reload(refuse), a.imports.Reload(refuse)); err != nil {
		a.log.Error("what trails do is not known", "error", err)
	}
}

// begin shares all that is here, for the first time.
func (s *sharing) begin(ctx context.Context) error {
	for _, name := range []string{"stops.json", "backfills.json", "imports.json", "owing", "trails", "known.json", "notify", logFolder, dispatchedFolder} {
		err := s.walk(name, func(name string, data []byte) error {
			if _, err := s.docs.Get(ctx, name); err != nil && !errors.Is(err, bus.ErrNone) {
				return err
			}
			return s.docs.Put(ctx, name, data)
		})
		if err != nil {
			return fmt.Errorf("share what is here: %w", err)
		}
	}
	return s.docs.Put(ctx, sharedMark, []byte("1\n"))
}

// walk visits a file of the aggregator's folder, or all files in a folder below it.
func (s *sharing) walk(name string, visit func(name string, data []byte) error) error {
	root := filepath.Join(s.a.dir, name)
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(p) == durable.TemporarySuffix {
			return err
		}
		data, err := os.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		} else if err != nil {
			return err
		}
		relative, err := filepath.Rel(s.a.dir, p)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(relative), data)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// pull makes a file as it is shared.
func (s *sharing) pull(ctx context.Context, name string) error {
	data, err := s.docs.Get(ctx, name)
	if err != nil && !errors.Is(err, bus.ErrNone) {
		return err
	}
	at := filepath.Join(s.a.dir, filepath.FromSlash(name))
	if err != nil {
		if err := os.Remove(at); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if here, err := os.ReadFile(at); err == nil && bytes.Equal(here, data) {
		return nil
	}
	if err := durable.MkdirAll(filepath.Dir(at)); err != nil {
		return err
	}
	return durable.WriteFile(at, data)
}

// pullFolder makes a folder as it is shared.
func (s *sharing) pullFolder(ctx context.Context, folder string) (changed bool, err error) {
	names, err := s.docs.List(ctx, folder)
	if err != nil {
		return false, err
	}
	there := map[string]bool{}
	for _, name := range names {
		if path.Clean(name) != name || strings.Contains(name, "..") {
			return changed, fmt.Errorf("%q is shared, and is no name of a file", name)
		}
		there[name] = true
	}
	before := map[string]string{}
	if err := s.walk(folder, func(name string, data []byte) error {
		if before[name] = string(data); !there[name] {
			names = append(names, name) // to be removed
		}
		return nil
	}); err != nil {
		return changed, err
	}
	for _, name := range names {
		if err := s.pull(ctx, name); err != nil {
			return changed, err
		}
	}
	after := map[string]string{}
	err = s.walk(folder, func(name string, data []byte) error { after[name] = string(data); return nil })
	changed = len(before) != len(after)
	for name, data := range after {
		changed = changed || before[name] != data
	}
	return changed, err
}

// pullTrails brings the trails that were made through the API, once they are shared.
func (s *sharing) pullTrails(ctx context.Context) (changed bool, err error) {
	if _, err := s.docs.Get(ctx, sharedMark); errors.Is(err, bus.ErrNone) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return s.pullFolder(ctx, "trails")
}

// share is the aggregator.Share of a leader.
func (s *sharing) share(file string, data []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), shareTimeout)
	defer cancel()
	return s.docs.Put(ctx, file, data)
}

var _ aggregator.Share = (*sharing)(nil).share

// shareFile shares a file that is to be written, or with nil that it is to be removed.
// Alone, a server shares nothing.
func (a *aggregation) shareFile(ctx context.Context, name string, data []byte) error {
	if a.lease == nil {
		return nil
	}
	s := a.sharing.Load()
	if s == nil {
		return errNotLeading
	}
	ctx, cancel := context.WithTimeout(ctx, shareTimeout)
	defer cancel()
	if data == nil {
		if _, err := s.docs.Get(ctx, name); err != nil && !errors.Is(err, bus.ErrNone) {
			return err
		}
		return s.docs.Delete(ctx, name)
	}
	return s.docs.Put(ctx, name, data)
}

// run shares what may be a little older, until ctx ends.
func (s *sharing) run(ctx context.Context) {
	tick := time.NewTicker(lazyEvery)
	defer tick.Stop()
	for told := ""; ; {
		err := s.pushLazy(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != told {
			told = err.Error()
			s.a.log.Warn("how far receivers and checkpoints are is not shared", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *sharing) pushLazy(ctx context.Context) error {
	for _, name := range lazyFiles {
		err := s.walk(name, func(name string, data []byte) error {
			if was, ok := s.lazy[name]; ok && was == string(data) {
				return nil
			}
			if err := s.docs.Put(ctx, name, data); err != nil {
				return err
			}
			s.lazy[name] = string(data)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mergeAgents joins the tables of agents of all aggregators. Each runs it now and then,
// and before it refuses a key.
func (a *aggregation) mergeAgents(ctx context.Context) error {
	a.merging.Lock()
	defer a.merging.Unlock()
	ctx, cancel := context.WithTimeout(ctx, shareTimeout)
	defer cancel()
	docs, err := a.conn.Shared(ctx)
	if err != nil {
		return err
	}
	for {
		theirs, err := docs.Get(ctx, agentsName)
		if err != nil && !errors.Is(err, bus.ErrNone) {
			return err
		}
		all, err := a.agents.Merge(theirs)
		if err != nil {
			return fmt.Errorf("the shared table of agents: %w", err)
		}
		if bytes.Equal(all, theirs) {
			return nil
		}
		if err := docs.Put(ctx, agentsName, all); !errors.Is(err, bus.ErrOvertaken) {
			return err
		}
	}
}
