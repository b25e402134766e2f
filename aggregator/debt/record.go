package debt

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Recording is a part of the stream that is being recorded. One goroutine has
// one at a time, and ends it with Commit or Abandon.
type Recording struct {
	d    *Debt
	s    section
	size int
}

// Begin begins to record what comes after this seq.
func (d *Debt) Begin(after uint64) *Recording {
	d.mu.Lock()
	defer d.mu.Unlock()
	since := d.since()
	if since.IsZero() {
		since = d.cfg.Now().UTC().Truncate(time.Millisecond)
	}
	return &Recording{d: d, s: section{trail: d.cfg.Trail, filter: d.cfg.Filter, since: since, after: after}}
}

// Size is about how many bytes the record will have.
func (r *Recording) Size() int { return r.size }

// Add takes what the stream has next: all batches that follow, resends and forks
// too, as who pays looks at them the way a follower does. The index has these
// batches: its position is not before the last one. What it does not give back
// exactly, as it refused an event or had it before, is kept in the record itself.
func (r *Recording) Add(ctx context.Context, batches []event.Batch) error {
	entries := make([]entry, len(batches))
	lines := make([][]byte, len(batches))
	sums := make([][]event.Hash, len(batches))
	ordered := make([]bool, len(batches)) // by the index in their origin, as the wire has them
	for i := range batches {
		b := &batches[i]
		e := &entries[i]
		e.head, e.events = *b, uint64(len(b.Events))
		e.head.Events = nil
		e.lo, e.hi = times(b.Events)
		ordered[i] = true
		for k := range b.Events {
			ordered[i] = ordered[i] && b.Events[k].Origin.Index == uint64(k)
			from := len(lines[i])
			lines[i] = b.Events[k].AppendJSON(lines[i])
			sums[i] = append(sums[i], sha256.Sum256(lines[i][from:]))
			lines[i] = append(lines[i], '\n')
		}
		e.digest = sha256.Sum256(lines[i])
	}
	r.d.begins(entries) // before it is asked: what it has must not expire afterwards
	there, err := r.d.has(ctx, entries, sums)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		if e.events > 0 && !(there[i] && ordered[i]) {
			if len(lines[i]) > mostKept {
				return fmt.Errorf("batch %d of %s has %d bytes of events, more than a debt can keep", e.head.Number, e.head.Lane, len(lines[i]))
			}
			e.kept = s2.Encode(nil, lines[i])
		}
		r.size += 128 + len(e.kept)
	}
	r.s.batches = append(r.s.batches, entries...)
	return nil
}

// times are the first and the last eventTime; everything, when an event has none.
func times(events []event.Event) (lo, hi int64) {
	lo, hi = math.MaxInt64, math.MinInt64
	for i := range events {
		t := events[i].Time
		if t.IsZero() || t.Nanos == math.MinInt64 {
			return math.MinInt64, math.MaxInt64
		}
		lo, hi = min(lo, t.Nanos), max(hi, t.Nanos)
	}
	return lo, hi
}

// begins has the index keep what these batches have.
func (d *Debt) begins(entries []entry) {
	d.mu.Lock()
	for i := range entries {
		if entries[i].events > 0 {
			d.begun = min(d.begun, entries[i].lo)
		}
	}
	d.mu.Unlock()
	d.hold()
}

// Commit makes the record durable: what was added is all that the stream has
// after the begin and up to this seq. When it returns nil, and not before, the
// stream may forget that. After an error nothing is recorded.
func (r *Recording) Commit(ctx context.Context, to uint64) error {
	defer r.Abandon()
	r.s.to = to
	if n := len(r.s.batches); to <= r.s.after || n > 0 && r.s.batches[n-1].head.Seq > to {
		return fmt.Errorf("what trail %s owes cannot be recorded up to seq %d", r.d.cfg.Trail, to)
	}
	if !r.d.Status().Owing {
		r.d.cfg.Log.Warn("trail holds back too much of the stream: from now on it owes, and is paid from the index when its bucket is back", "trail", r.d.cfg.Trail, "after", r.s.after)
		r.d.cfg.Report(ctx, "TrailOwing", map[string]any{"since": r.s.since.Format(time.RFC3339Nano), "after": fmt.Sprint(r.s.after)})
	}
	path := filepath.Join(r.d.cfg.Dir, sectionName(r.s.after, to))
	if err := r.d.cfg.step("write"); err != nil {
		return err
	}
	data := r.s.encode()
	if share := r.d.cfg.Share; share != nil {
		if err := share(ctx, filepath.Base(path), data); err != nil {
			return fmt.Errorf("record what trail %s owes: %w", r.d.cfg.Trail, err)
		}
	}
	if err := durable.WriteFile(path, data); err != nil {
		if e := os.Remove(path); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
		return fmt.Errorf("record what trail %s owes: %w", r.d.cfg.Trail, err)
	}
	if err := r.d.cfg.step("written"); err != nil {
		return err
	}
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	r.d.sections = append(r.d.sections, r.s.stored(path))
	return nil
}

// Abandon forgets what was added and not committed.
func (r *Recording) Abandon() {
	r.d.mu.Lock()
	r.d.begun = math.MaxInt64
	r.d.mu.Unlock()
	r.d.hold()
}
