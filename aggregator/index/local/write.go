package local

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

const dayNanos = 24 * int64(time.Hour)

// dayOf is the UTC day of a time, in days since 1970.
func dayOf(nanos int64) int64 {
	day := nanos / dayNanos
	if nanos%dayNanos < 0 {
		day--
	}
	return day
}

// maxClasses is how many classes there can be beside the default one.
const maxClasses = 255

// oldestDays are the first days that retention keeps at this time, by the number of the class.
func (x *Index) oldestDays(now time.Time) []int64 {
	days := make([]int64, 1+len(x.cfg.Classes))
	for n := range days {
		days[n] = math.MinInt64
		if keep := x.cfg.Classes.Retention(n, x.cfg.Retention); keep > 0 {
			days[n] = dayOf(nanos(now.Add(-keep)))
		}
	}
	return days
}

// Write stores batches, with one write and one sync.
func (x *Index) Write(ctx context.Context, batches []event.Batch) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.store(ctx, batches, true); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range batches {
		x.position.Advance(&batches[i])
	}
	return nil
}

// store writes the new events of batches to the WAL, and with heads the batches
// themselves, which move the position at a replay; then into memory. The caller holds writing.
func (x *Index) store(ctx context.Context, batches []event.Batch, heads bool) error {
	x.asked.Add(1)
	defer x.asked.Add(-1)
	if err := ctx.Err(); err != nil {
		return err
	}
	if x.isClosed() {
		return errClosed
	}
	if err := x.makeRoom(ctx); err != nil {
		return err
	}
	records, err := x.newRecords(batches)
	if err != nil {
		return err
	}
	if !heads {
		for _, r := range records {
			r.batches = nil
		}
	}
	x.packed = x.packed[:0]
	for _, r := range records {
		if x.packed, err = r.appendTo(x.packed, x.wal.mark); err != nil {
			return err
		}
	}
	if err := x.wal.append(x.packed); err != nil {
		return err
	}
	m := x.current
	if m.first.IsZero() {
		m.first = x.cfg.Now()
	}
	m.walBytes.Store(x.wal.end)
	m.mu.Lock()
	for _, r := range records {
		from := 0
		for i, b := range r.blocks {
			m.addBlock(r.block(i), b.events-from)
			first := len(m.times)
			for k, e := range r.events[from:b.events] {
				m.add(e, k, x.cfg.Classes.Of(e))
			}
			m.addValues(&r.values[i], first)
			from = b.events
		}
	}
	for i := range batches {
		m.seqs.Add(batches[i].Seq)
	}
	m.mu.Unlock()
	x.body.reset()
	if cap(x.packed) > keepBuffer {
		x.packed = nil
	}
	return nil
}

func (x *Index) isClosed() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.closed
}

// newRecords are the records for the batches: one, unless they are large.
// Events that the index has, or that are older than what is kept, are left out.
func (x *Index) newRecords(batches []event.Batch) ([]*body, error) {
	oldest := x.keptDays(x.cfg.Now())
	if x.taken == nil || len(x.taken) > keepTaken {
		x.taken = map[place]bool{}
	}
	clear(x.taken)
	taken := x.taken
	w := x.body
	w.reset()
	records := []*body{w}
	for i := range batches {
		if w.size >= splitBody {
			w.endBlock()
			w = &body{docs: w.docs}
			records = append(records, w)
		}
		w.batches = append(w.batches, &batches[i])
		for k := range batches[i].Events {
			e := &batches[i].Events[k]
			at := place{e.Time.Nanos, e.ID}
			if dayOf(at.nanos) < oldest[x.cfg.Classes.Of(e)] || taken[at] {
				continue
			}
			known, err := x.has(at)
			if err != nil {
				return nil, err
			}
			if known {
				continue
			}
			taken[at] = true
			w.add(e)
		}
	}
	w.endBlock()
	return records, nil
}

// keepTaken is how many events a Write has whose room is used again.
const keepTaken = 10_000

// has tells whether the index has the event. Only the writer calls it.
func (x *Index) has(at place) (bool, error) {
	if x.current.has(at.id, at.nanos) {
		return true, nil
	}
	x.mu.RLock()
	full, segments := x.full, x.segments
	x.mu.RUnlock()
	for _, m := range full {
		if m.has(at.id, at.nanos) {
			return true, nil
		}
	}
	for _, s := range segments {
		if at.nanos < s.foot.Lo || at.nanos > s.foot.Hi || !s.acquire() {
			continue
		}
		known, err := s.has(at)
		s.release()
		var bad *damageError
		if errors.As(err, &bad) {
			if err := x.setAside(bad); err != nil {
				return false, err
			}
			continue
		}
		if known || err != nil {
			return known, err
		}
	}
	return false, nil
}

// makeRoom has the WAL ready to take a Write: after a failure, or when the
// memory is full, that is a new one. It waits while the memory before is built.
func (x *Index) makeRoom(ctx context.Context) error {
	if x.wal.broken == nil && !x.isFull() {
		return nil
	}
	if err := x.waitBuilt(ctx); err != nil {
		return fmt.Errorf("the memory is full, and the segments of the one before cannot be built: %w", err)
	}
	return x.cut()
}

// emptyMemory is a memory for a new WAL: one whose events are in segments, if
// there is one that no query reads any more.
func (x *Index) emptyMemory(number uint64) *memory {
	x.mu.Lock()
	defer x.mu.Unlock()
	m := x.spent
	if x.spent = nil; m == nil || m.readers.Load() > 0 {
		return newMemory(x.codec, number)
	}
	m.reset(number)
	return m
}

func (x *Index) isFull() bool {
	m := x.current
	return len(m.times) >= x.cfg.SegmentEvents || int64(m.bytes()) >= x.cfg.MemoryBytes/memoryParts
}

// cut begins a new WAL and memory, and has the old one built into segments.
func (x *Index) cut() error {
	old := x.current
	w, err := createWAL(x.cfg.disk, x.cfg.Dir, x.wal.number+1, x.wal.end)
	if err != nil {
		return fmt.Errorf("begin a new WAL: %w", err)
	}
	err = x.wal.close()
	if x.wal.broken != nil {
		err = nil // said already, and nothing in it is missed
	}
	old.end = x.wal.end
	x.wal = w
	m := x.emptyMemory(w.number)
	m.walBytes.Store(w.end)
	x.mu.Lock()
	old.position = x.position.Clone()
	x.full = append(x.full[:len(x.full):len(x.full)], old)
	x.current = m
	x.mu.Unlock()
	x.startBuild()
	return err
}
