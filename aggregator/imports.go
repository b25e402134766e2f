package aggregator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

const (
	// importsVersion is the version of the file.
	importsVersion = 1
	// mostImports may be there at once.
	mostImports = 20
	// importGroup is how many events are given to the index at once.
	importGroup = 1000
	// importLook is how often it is looked whether there is something to do.
	importLook = time.Second
	// archiveRetry is how long after it could not read an archive it tries again.
	archiveRetry = time.Minute
)

// Errors of Imports.
var (
	ErrTooManyImports = errors.New("too many imports are there: remove one")
	ErrNoImport       = errors.New("there is no such import")
)

// Import is a period of an archive whose events are in the index again, for a while.
type Import struct {
	ID      string        `json:"id"`
	Archive OtherArchive  `json:"archive"`
	From    time.Time     `json:"from"` // eventTime
	To      time.Time     `json:"to"`
	Late    time.Duration `json:"late"`  // how long after To an event of the period may have been sealed
	Until   time.Time     `json:"until"` // retention removes them then
	Made    time.Time     `json:"made"`
	Read    int           `json:"read"`    // objects whose events are in the index
	Of      int           `json:"of"`      // objects that may have such events; 0: not known yet
	Events  uint64        `json:"events"`  // of the period in them
	Done    bool          `json:"done"`    // all are in the index
	Failed  string        `json:"failed"`  // why it was given up; "": it was not
	Waiting string        `json:"waiting"` // why it waits; "": it does not
}

// Imports brings events of archives into the index, one import after the other, and
// keeps what was asked for in a file (docs/format/imports.md). The index keeps the
// events of an import until its time is over or it is removed; then retention
// removes what it does not keep itself.
type Imports struct {
	Index index.Importer
	Open  OpenOther
	Now   func() time.Time
	Log   *slog.Logger

	path  string
	mu    sync.Mutex
	all   []Import
	share Share
}

type importsFile struct {
	Version int      `json:"version"`
	Imports []Import `json:"imports"`
}

// OpenImports reads the file, and has the index keep what was imported: before it
// is flushed for the first time.
func OpenImports(path string, x index.Importer, open OpenOther, now func() time.Time, log *slog.Logger) (*Imports, error) {
	m := &Imports{Index: x, Open: open, Now: now, Log: log, path: path}
	return m, m.Reload(nil)
}

// Reload reads the file again, which another aggregator has written; from now on
// changes are told to share first.
func (m *Imports) Reload(share Share) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.share = share
	var file importsFile
	data, err := os.ReadFile(m.path)
	if err == nil {
		err = decodeKept(data, &file, &file.Version, importsVersion)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("imports in %s: %w; move the file away, and ask for them again: what is there already is not brought twice", m.path, err)
	}
	for _, i := range m.all {
		if !slices.ContainsFunc(file.Imports, func(o Import) bool { return o.ID == i.ID }) {
			m.Index.Keep("import "+i.ID, time.Time{})
		}
	}
	m.all = file.Imports
	for i := range m.all {
		m.keep(&m.all[i])
	}
	return nil
}

func (m *Imports) keep(i *Import) { m.Index.Keep("import "+i.ID, i.From) }

// List are all imports, in their order.
func (m *Imports) List() []Import {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.all)
}

// Add keeps a request durably. It is done by and by.
func (m *Imports) Add(i Import) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.all) >= mostImports {
		return ErrTooManyImports
	}
	if err := m.write(append(slices.Clone(m.all), i)); err != nil {
		return err
	}
	m.keep(&i)
	return nil
}

// Remove has the index keep the events of an import no longer.
func (m *Imports) Remove(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.remove(id)
}

// remove is Remove; the caller holds mu.
func (m *Imports) remove(id string) error {
	at := slices.IndexFunc(m.all, func(i Import) bool { return i.ID == id })
	if at < 0 {
		return ErrNoImport
	}
	if err := m.write(slices.Delete(slices.Clone(m.all), at, at+1)); err != nil {
		return err
	}
	m.Index.Keep("import "+id, time.Time{})
	return nil
}

// write keeps all; the caller holds mu.
func (m *Imports) write(all []Import) error {
	if err := writeKept(m.path, importsFile{importsVersion, all}, m.share); err != nil {
		return fmt.Errorf("imports: %w", err)
	}
	m.all = all
	return nil
}

// change changes an import, if it is still there.
func (m *Imports) change(id string, change func(*Import)) (there bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Clone(m.all)
	at := slices.IndexFunc(all, func(i Import) bool { return i.ID == id })
	if at < 0 {
		return false, nil
	}
	change(&all[at])
	return true, m.write(all)
}

// Run imports what is asked for, and ends what has had its time, until ctx ends.
func (m *Imports) Run(ctx context.Context) {
	tick := time.NewTicker(importLook)
	defer tick.Stop()
	waits := map[string]time.Time{} // until when an import that could not read its archive waits
	for {
		if err := m.expire(); err != nil {
			m.Log.Error("an import whose time is over stays", "error", err)
		}
		for _, i := range m.List() {
			if i.Done || i.Failed != "" || m.Now().Before(waits[i.ID]) || ctx.Err() != nil {
				continue
			}
			err := m.run(ctx, i)
			if err == nil || ctx.Err() != nil {
				continue
			}
			m.Log.Warn("an import does not go on", "id", i.ID, "error", err)
			waits[i.ID] = m.Now().Add(archiveRetry)
			if _, err := m.change(i.ID, func(i *Import) {
				if i.Waiting = err.Error(); forGood(err) {
					i.Failed, i.Waiting = err.Error(), ""
				}
			}); err != nil {
				m.Log.Error("why an import does not go on is not kept", "id", i.ID, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (m *Imports) expire() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range slices.Clone(m.all) {
		if !m.Now().Before(i.Until) {
			if err := m.remove(i.ID); err != nil {
				return err
			}
			m.Log.Info("an import has had its time", "id", i.ID)
		}
	}
	return nil
}

// run imports from the first object on that is not in the index.
func (m *Imports) run(ctx context.Context, i Import) error {
	c, identities, err := i.Archive.Contents(ctx, m.Open)
	if err != nil {
		return err
	}
	period := archive.Period{From: i.From, To: i.To, Late: i.Late}
	var wanted []*archive.SealedObject
	for k := range c.Objects {
		if c.Objects[k].Within(period) {
			wanted = append(wanted, &c.Objects[k])
		}
	}
	for n := i.Read; n < len(wanted); n++ {
		events, err := m.object(ctx, c, wanted[n], period, identities)
		if err != nil {
			return fmt.Errorf("archive %s: %w", i.Archive.Place, err)
		}
		there, err := m.change(i.ID, func(i *Import) {
			i.Read, i.Of, i.Waiting = n+1, len(wanted), ""
			i.Events += events
		})
		if err != nil || !there || !m.Now().Before(i.Until) {
			return err
		}
	}
	_, err = m.change(i.ID, func(i *Import) { i.Of, i.Done, i.Waiting = len(wanted), true, "" })
	return err
}

// object imports the events of one object.
func (m *Imports) object(ctx context.Context, c *archive.Contents, o *archive.SealedObject, period archive.Period, identities archive.Identities) (events uint64, err error) {
	var some []event.Event
	flush := func() error {
		if len(some) == 0 {
			return nil
		}
		if err := m.Index.Import(ctx, some); err != nil {
			return fmt.Errorf("give the index events: %w", err)
		}
		some = some[:0]
		return nil
	}
	err = c.Read(ctx, o, identities, func(e *event.Event) error {
		if !period.Has(e.Time.Std()) {
			return nil
		}
		events++
		if some = append(some, *e); len(some) < importGroup {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	return events, err
}
