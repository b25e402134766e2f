// Package debt keeps what a trail owes to its archive while its bucket cannot be
// reached. What the trail lacks is recorded on disk, batch by batch, without the
// events: the index has those. Then the stream may forget the batches. When the
// bucket is back they are put together again, exactly as the stream had them.
package debt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Index is the index from which a debt is paid.
type Index interface {
	Position() event.Position
	Search(ctx context.Context, q index.Query) (index.Page, error)
	index.Keeper
}

// Config says whose debt it is, and where it is kept.
type Config struct {
	Trail  string
	Filter string // of the trail: what is recorded from now on is paid with it
	Dir    string // of this debt alone; made when it is needed
	Index  Index
	Now    func() time.Time
	// Report tells the audit: TrailOwing before anything is recorded, and TrailPaid
	// before the last of it is forgotten. After a crash it may tell again. nil: nobody is told.
	Report func(ctx context.Context, name string, parameters map[string]any)
	// Share and Unshare are told of a record before it counts, and after it does no
	// longer: the aggregator that takes over needs it. nil: there is no other one.
	Share   func(ctx context.Context, file string, data []byte) error
	Unshare func(ctx context.Context, file string) error
	Log     *slog.Logger

	part int                // batches of a part; 0: partBatches
	step func(string) error // is asked before each step that changes the folder; nil: go on
}

// Debt is what one trail owes. Any goroutine may use it; one records, and one pays.
type Debt struct {
	cfg Config

	mu       sync.Mutex
	sections []stored // in the order of the stream
	begun    int64    // eventTime from which on a section that is being recorded needs the index; MaxInt64: there is none
	loaded   *section // that was paid from last
	lost     map[uint64]uint64
}

// stored is a section on disk.
type stored struct {
	path      string
	after, to uint64
	since     time.Time
	batches   uint64
	events    uint64
	oldest    int64 // eventTime of the oldest event that the index has; MaxInt64: it needs none
	err       error // why it cannot be read
}

// Status tells how large a debt is.
type Status struct {
	Owing     bool
	Since     time.Time // when the trail began to owe
	After, To uint64    // the part of the stream: after < seq ≤ to
	Batches   uint64    // recorded and not all paid
	Events    uint64
}

const sectionSuffix = ".debt"

// Open reads what is owed. A damaged record is an error when it is to be paid, not now.
func Open(cfg Config) (*Debt, error) {
	if cfg.Trail == "" || cfg.Dir == "" || cfg.Index == nil || cfg.Now == nil || cfg.Log == nil {
		return nil, errors.New("a debt needs a trail, a folder, an index, a clock and a log")
	}
	if cfg.step == nil {
		cfg.step = func(string) error { return nil }
	}
	if cfg.part == 0 {
		cfg.part = partBatches
	}
	if cfg.Report == nil {
		cfg.Report = func(context.Context, string, map[string]any) {}
	}
	d := &Debt{cfg: cfg, begun: math.MaxInt64, lost: map[uint64]uint64{}}
	if err := durable.MkdirAll(cfg.Dir); err != nil {
		return nil, fmt.Errorf("make the folder of what trail %s owes: %w", cfg.Trail, err)
	}
	if err := d.Reload(); err != nil {
		return nil, err
	}
	return d, nil
}

// Reload reads the folder again: another aggregator has recorded or paid.
func (d *Debt) Reload() error {
	cfg := &d.cfg
	if err := durable.RemoveTemporary(cfg.Dir); err != nil {
		return fmt.Errorf("clear the folder of what trail %s owes: %w", cfg.Trail, err)
	}
	files, err := os.ReadDir(cfg.Dir)
	if err != nil {
		return fmt.Errorf("read what trail %s owes: %w", cfg.Trail, err)
	}
	var sections []stored
	for _, f := range files {
		var after, to uint64
		if _, err := fmt.Sscanf(f.Name(), "%d-%d"+sectionSuffix, &after, &to); err != nil || f.Name() != sectionName(after, to) {
			continue
		}
		sections = append(sections, d.look(filepath.Join(cfg.Dir, f.Name()), after, to))
	}
	// A record that failed though it was made may lie within the next one.
	slices.SortFunc(sections, func(a, b stored) int { return cmp.Or(cmp.Compare(a.after, b.after), cmp.Compare(a.to, b.to)) })
	d.mu.Lock()
	d.sections, d.loaded, d.lost = sections, nil, map[uint64]uint64{}
	d.mu.Unlock()
	d.hold()
	if s := d.Status(); s.Owing {
		cfg.Log.Warn("trail owes batches to its archive", "trail", cfg.Trail, "since", s.Since, "batches", s.Batches, "after", s.After, "to", s.To)
	}
	return nil
}

func sectionName(after, to uint64) string {
	return fmt.Sprintf("%020d-%020d%s", after, to, sectionSuffix)
}

// look notes what is to be known of a section without paying it.
func (d *Debt) look(path string, after, to uint64) stored {
	s, err := d.read(path, after, to)
	if err != nil {
		return stored{path: path, after: after, to: to, oldest: math.MinInt64, err: err}
	}
	return s.stored(path)
}

func (s *section) stored(path string) stored {
	out := stored{path: path, after: s.after, to: s.to, since: s.since, batches: uint64(len(s.batches)), oldest: math.MaxInt64}
	for i := range s.batches {
		e := &s.batches[i]
		out.events += e.events
		if e.kept == nil && e.events > 0 {
			out.oldest = min(out.oldest, e.lo)
		}
	}
	return out
}

func (d *Debt) read(path string, after, to uint64) (*section, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read what trail %s owes: %w", d.cfg.Trail, err)
	}
	s, err := decodeSection(data)
	if err == nil && (s.trail != d.cfg.Trail || s.after != after || s.to != to) {
		err = fmt.Errorf("it is of trail %s, seq %d to %d", s.trail, s.after, s.to)
	}
	if err != nil {
		return nil, fmt.Errorf("what trail %s owes: %s: %w; restore it from a copy, or remove it: its batches are then sealed as a gap", d.cfg.Trail, path, err)
	}
	return s, nil
}

// To is the seq up to which the stream may forget what the trail lacks; 0: nothing is owed.
func (d *Debt) To() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.to()
}

func (d *Debt) to() (to uint64) {
	for _, s := range d.sections {
		to = max(to, s.to)
	}
	return to
}

// Status is how large the debt is now.
func (d *Debt) Status() Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.sections) == 0 {
		return Status{}
	}
	s := Status{Owing: true, Since: d.since(), After: d.sections[0].after, To: d.to()}
	for _, x := range d.sections {
		s.Batches += x.batches
		s.Events += x.events
	}
	return s
}

// since is when the trail began to owe; zero: it does not, or nobody can read it.
func (d *Debt) since() time.Time {
	for _, s := range d.sections {
		if s.err == nil {
			return s.since
		}
	}
	return time.Time{}
}

// hold has the index keep what is owed.
func (d *Debt) hold() {
	d.mu.Lock()
	defer d.mu.Unlock()
	oldest := d.begun
	for _, s := range d.sections {
		oldest = min(oldest, s.oldest)
	}
	from := time.Time{}
	if oldest < math.MaxInt64 {
		from = time.Unix(0, oldest).UTC()
	}
	d.cfg.Index.Keep("trail "+d.cfg.Trail, from)
}

// SetFilter says with which filter is paid what is recorded from now on.
func (d *Debt) SetFilter(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cfg.Filter = text
}

// Release lets the index forget what is owed: the trail is no more. What is
// recorded stays, and is held again by the next Open.
func (d *Debt) Release() { d.cfg.Index.Keep("trail "+d.cfg.Trail, time.Time{}) }

// Settle forgets what is in the archive: the trail has everything up to this
// seq. After an error call it again.
func (d *Debt) Settle(ctx context.Context, seq uint64) error {
	d.mu.Lock()
	paid := d.to() <= seq && len(d.sections) > 0
	since, lost := d.since(), uint64(0)
	for _, n := range d.lost {
		lost += n
	}
	d.mu.Unlock()
	if paid {
		d.cfg.Report(ctx, "TrailPaid", map[string]any{"since": since.Format(time.RFC3339Nano), "to": fmt.Sprint(seq), "lost": fmt.Sprint(lost)})
	}
	forgotten, err := d.forget(ctx, seq)
	if forgotten == 0 {
		return err
	}
	d.hold()
	if paid && err == nil {
		d.cfg.Log.Info("trail has paid what it owed", "trail", d.cfg.Trail, "since", since, "lost", lost)
	}
	return err
}

// forget removes the sections that end at or before seq, the oldest first.
func (d *Debt) forget(ctx context.Context, seq uint64) (n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.sections) > 0 && d.sections[0].to <= seq {
		s := d.sections[0]
		if err := d.cfg.step("remove"); err != nil {
			return n, err
		}
		if d.cfg.Unshare != nil { // first: a file that is here alone is shared again
			if err := d.cfg.Unshare(ctx, filepath.Base(s.path)); err != nil {
				return n, fmt.Errorf("forget what trail %s has paid: %w", d.cfg.Trail, err)
			}
		}
		if err := os.Remove(s.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return n, fmt.Errorf("forget what trail %s has paid: %w", d.cfg.Trail, err)
		}
		d.sections = d.sections[1:]
		n++
	}
	if len(d.sections) == 0 {
		d.loaded, d.lost = nil, map[uint64]uint64{}
	}
	return n, nil
}
