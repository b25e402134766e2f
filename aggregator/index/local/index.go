// Package local is the embedded index: one folder, one process, no service
// beside it. What is written goes to a WAL and into memory; a full memory
// becomes immutable segment files, one for each UTC day of eventTime. A manifest
// names them, and holds the position. docs/format/segment.md has the files byte for byte.
package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Config says where an index is, and what bounds it.
type Config struct {
	Dir string // made when it is missing; one process has it at a time
	// SegmentEvents is how many events the memory holds before it becomes segments; 0: 32,768.
	SegmentEvents int
	// MemoryBytes is about how much events that are not in segments may take: those of
	// the memory, those of the one before, whose segments are built, and what that takes. The
	// memory becomes segments when it has a quarter of it; 0: 256 MiB.
	MemoryBytes int64
	// CutAfter is how long events stay in memory and WAL at most; 0: 6 hours.
	CutAfter time.Duration
	// Retention is how long events are kept, by whole UTC days; 0: for ever.
	// What is older is not taken in, and removed when it becomes so.
	Retention time.Duration
	// Classes have segments and a retention of their own. Events that were cut into
	// segments before a class was declared stay with the class they had then; those
	// of a class that is not declared any more are kept as long as the default one's.
	Classes index.Classes
	// Expiring is told of what retention is about to remove; an error keeps it, and
	// it is tried again. nil: nobody is told. It must not call the index.
	Expiring func(ctx context.Context, e index.Expired) error
	// Begin is the position of an index that is made: what is before it is given by Refill.
	Begin event.Position
	Now   func() time.Time // nil: time.Now

	disk       disk // for tests; the zero value is the real one
	mergedMost int  // events of a merged segment, for tests; 0: mergedMost
}

// GCPercent is how a program that has an index may set GOGC to need less memory. Most
// of what an index has in memory are tables without pointers, so to collect garbage more often costs it little.
const GCPercent = 50

// Index is an index in a folder. It implements index.Index.
type Index struct {
	cfg   Config
	lock  *durable.Lock
	codec *codec
	salt  salt // of the marks in its segments

	writing sync.Mutex // held by whoever changes memory, WAL or the set of days
	wal     *wal
	retryAt time.Time        // when Flush tries a failed build again
	told    map[expired]bool // of what Expiring was told
	taken   map[place]bool   // events of the batches that are written, to be used again
	body    *body            // of the record that is written, and the record, to be used again
	packed  []byte
	packer  *docWriter // of the segments, for the one build that there is
	sorting sorting    // for that too

	asked   atomic.Int64         // how many wait for an answer
	saving  sync.Mutex           // held while the manifest is changed; taken before mu
	keeping sync.Mutex           // guards kept; taken last
	kept    map[string]time.Time // by whom, the time from which on events stay; guarded by keeping
	mu      sync.RWMutex
	// Guarded by mu, and replaced, never changed in place:
	manifest  *manifest
	segments  []*segment
	full      []*memory // oldest first, waiting to become segments
	current   *memory
	spent     *memory // whose events are in segments now, to be used again; nil: none
	position  event.Position
	behind    uint64        // a batch that the index held before damage put the position back; 0: none is known
	building  chan struct{} // closed when the build ends; nil: none
	buildErr  error         // of the last build, until it is reported
	next      uint64        // number of the next segment, when it is more than the manifest's
	flushed   time.Time     // when Flush was called last
	merging   *merging      // nil: nothing is merged
	mergeErr  error         // of the last merge, until it is reported
	mergeAt   time.Time     // before that nothing is merged, after a failure
	mergeWait time.Duration // from the last failure to that; 0: it did not fail
	closed    bool
}

var (
	_ index.Index    = (*Index)(nil)
	_ index.Keeper   = (*Index)(nil)
	_ index.Importer = (*Index)(nil)
)

// Position is what the index holds durably.
func (x *Index) Position() event.Position {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.position.Clone()
}

var errClosed = errors.New("the index is closed")

// query calls fn with the parts that may have events of the window, and why some
// may be missing. When a segment turns out to be damaged, it is set aside and fn
// is called again.
func (x *Index) query(q index.Query, fn func(parts []part, missing []string) error) error {
	x.asked.Add(1)
	defer x.asked.Add(-1)
	for {
		parts, missing, release, err := x.parts(q)
		if err != nil {
			return err
		}
		err = fn(parts, missing)
		release()
		var bad *damageError
		if !errors.As(err, &bad) {
			return err
		}
		if err := x.setAside(bad); err != nil {
			return err
		}
	}
}

// parts are a consistent moment of the index: each event is in one of them.
func (x *Index) parts(q index.Query) (parts []part, missing []string, release func(), err error) {
	first, last := window(q)
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return nil, nil, nil, errClosed
	}
	var held []*segment
	var read []*memory
	for _, s := range x.segments {
		if overlaps(s, first, last) {
			s.acquire() // it is in the list, so it is not gone
			held = append(held, s)
			parts = append(parts, s)
		}
	}
	for _, m := range append(slices.Clone(x.full), x.current) {
		if v := m.view(); overlaps(v, first, last) {
			m.readers.Add(1)
			read = append(read, m)
			parts = append(parts, v)
		}
	}
	return parts, x.missing(first, last), func() {
		for _, s := range held {
			s.release()
		}
		for _, m := range read {
			m.readers.Add(-1)
		}
	}, nil
}

// Stats describe the index.
func (x *Index) Stats() index.Stats {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var st index.Stats
	note := func(lo, hi int64, n int) {
		if n == 0 {
			return
		}
		if t := time.Unix(0, lo).UTC(); st.Oldest.IsZero() || t.Before(st.Oldest) {
			st.Oldest = t
		}
		if t := time.Unix(0, hi).UTC(); st.Newest.IsZero() || t.After(st.Newest) {
			st.Newest = t
		}
		st.Events += n
	}
	for _, s := range x.segments {
		st.Bytes += s.size()
		note(s.foot.Lo, s.foot.Hi, s.foot.Events)
	}
	for _, m := range append(slices.Clone(x.full), x.current) {
		v := m.view()
		note(v.lo, v.hi, v.count())
		st.Bytes += m.walBytes.Load()
	}
	st.Segments = len(x.segments)
	if x.merging != nil {
		st.Merging = x.merging.what
	}
	for _, d := range x.manifest.Damaged {
		st.Damaged = append(st.Damaged, d.File+": "+d.Reason)
	}
	return st
}

// save makes the change to the manifest durable, and then has it done to what
// is in memory, in one step for readers. The caller holds saving.
func (x *Index) save(m *manifest, done func()) error {
	x.mu.RLock()
	m.Next = max(m.Next, x.next)
	x.mu.RUnlock()
	b, err := m.encode()
	if err != nil {
		return err
	}
	if err := x.cfg.disk.writeFile(filepath.Join(x.cfg.Dir, manifestName), b); err != nil {
		return fmt.Errorf("write the manifest of the index: %w", err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.manifest = m
	done()
	return nil
}

// Close ends the index. What was written is durable already. Queries that run go on to their end.
func (x *Index) Close() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.mu.Lock()
	if x.closed {
		x.mu.Unlock()
		return nil
	}
	x.closed = true
	building := x.building
	x.mu.Unlock()
	if building != nil {
		<-building
	}
	x.endMerge()
	x.mu.Lock()
	defer x.mu.Unlock()
	var err error
	if x.wal != nil {
		err = x.wal.close()
	}
	for _, s := range x.segments {
		s.release()
	}
	x.segments = nil
	return errors.Join(err, x.lock.Close())
}
