package aggregator

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	// backfillsVersion is the version of the file, archiveBackfills that of one with requests from archives.
	backfillsVersion = 1
	archiveBackfills = 2
	// keptBackfills are the requests of a delivery that are shown after they are done.
	keptBackfills = 10
	// mostBackfills may wait for one delivery.
	mostBackfills = 20
)

// ErrTooManyBackfills refuses one more.
var ErrTooManyBackfills = errors.New("too many backfills wait for this delivery")

// Backfills keeps what was asked for, by delivery, in one file
// (docs/format/backfills.md). How far each is stands in the seals of its archive.
type Backfills struct {
	path string

	mu       sync.Mutex
	share    Share
	requests map[string][]BackfillRequest
}

type backfillsFile struct {
	Version    int                          `json:"version"`
	Deliveries map[string][]BackfillRequest `json:"deliveries"`
}

// OpenBackfills reads the file; without one nothing was asked for.
func OpenBackfills(path string) (*Backfills, error) {
	b := &Backfills{path: path}
	if err := b.Reload(nil); err != nil {
		return nil, err
	}
	return b, nil
}

// Reload reads the file again, which another aggregator has changed; from now on
// every change is shared, too.
func (b *Backfills) Reload(share Share) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.share = share
	var file backfillsFile
	data, err := os.ReadFile(b.path)
	if err == nil {
		if err = decodeKept(data, &file, &file.Version, backfillsVersion); err != nil && file.Version == archiveBackfills {
			file = backfillsFile{}
			err = decodeKept(data, &file, &file.Version, archiveBackfills)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("backfills in %s: %w; move the file away, and ask for them again: what is there already is not brought twice", b.path, err)
	}
	if b.requests = file.Deliveries; b.requests == nil {
		b.requests = map[string][]BackfillRequest{}
	}
	return nil
}

// Of are the requests of a delivery, in their order.
func (b *Backfills) Of(name string) []BackfillRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests[name])
}

// Add keeps a request durably. One of an id that is there stays as it is.
func (b *Backfills) Add(name string, r BackfillRequest) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.requests[name]
	waiting := 0
	for _, known := range all {
		if known.ID == r.ID {
			return nil
		}
		if !known.over() {
			waiting++
		}
	}
	if waiting >= mostBackfills {
		return ErrTooManyBackfills
	}
	for len(all) >= keptBackfills+waiting && len(all) > 0 && all[0].over() && all[0].Back == 0 {
		all = all[1:]
	}
	return b.write(name, append(slices.Clone(all), r))
}

// next is the oldest request that is not done; nil: there is none.
func (b *Backfills) next(name string) *BackfillRequest {
	for _, r := range b.Of(name) {
		if !r.over() {
			return &r
		}
	}
	return nil
}

// find is the request with an id; nil: there is none.
func (b *Backfills) find(name, id string) *BackfillRequest {
	for _, r := range b.Of(name) {
		if r.ID == id {
			return &r
		}
	}
	return nil
}

// failed notes why a request is given up.
func (b *Backfills) failed(name, id string, why error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Clone(b.requests[name])
	for i := range all {
		if all[i].ID == id {
			all[i].Failed = why.Error()
		}
	}
	return b.write(name, all)
}

func (b *Backfills) done(name, id string, from, to time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Clone(b.requests[name])
	for i := range all {
		if all[i].ID == id {
			all[i].From, all[i].To, all[i].Done = from, to, true
		}
	}
	return b.write(name, all)
}

// Forget drops all requests of a delivery that is no more.
func (b *Backfills) Forget(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests[name]) == 0 {
		return nil
	}
	return b.write(name, nil)
}

func (b *Backfills) write(name string, all []BackfillRequest) error {
	after := maps.Clone(b.requests)
	if after[name] = all; len(all) == 0 {
		delete(after, name)
	}
	version := backfillsVersion
	for _, requests := range after {
		if slices.ContainsFunc(requests, func(r BackfillRequest) bool { return r.Archive != nil }) {
			version = archiveBackfills
		}
	}
	if err := writeKept(b.path, backfillsFile{version, after}, b.share); err != nil {
		return fmt.Errorf("backfills: %w", err)
	}
	b.requests = after
	return nil
}
