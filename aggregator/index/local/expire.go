package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// Flush cuts a memory that is full or old, tries a failed build again, and
// removes the days that retention does not keep. An error of the build in the
// background is reported here, once.
func (x *Index) Flush(ctx context.Context, now time.Time) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.isClosed() {
		return errClosed
	}
	x.mu.Lock()
	idle := x.building == nil && len(x.full) == 0
	failed := x.buildErr
	failedMerge, wait := x.mergeErr, x.mergeWait
	x.buildErr, x.mergeErr, x.flushed = nil, nil, now
	again := x.building == nil && len(x.full) > 0
	x.mu.Unlock()
	var err error
	if failed != nil {
		x.retryAt = now.Add(retryBuild)
		err = fmt.Errorf("segments cannot be built, and are tried again in %v: %w", retryBuild, failed)
	}
	if again && failed == nil && !now.Before(x.retryAt) {
		x.startBuild()
	}
	due := len(x.current.times) > 0 && now.Sub(x.current.first) >= x.cfg.CutAfter
	days := x.keptDays(now)
	old := x.hasBefore(days)
	if idle && (x.isFull() || due || old) && x.wal.broken == nil {
		err = errors.Join(err, x.cut())
	}
	// While nothing old is in a memory what is older is whole files, and a day goes at
	// once; but when nothing can be written there must be room again.
	if !old || err != nil || now.Before(x.retryAt) || x.wal.broken != nil {
		_, e := x.dropBefore(ctx, days)
		err = errors.Join(err, e)
	}
	if failedMerge != nil {
		err = errors.Join(err, fmt.Errorf("segments cannot be merged, and are tried again in %v: %w", wait, failedMerge))
	}
	x.startMerge(now)
	return err
}

// hasBefore tells whether a memory has events of a class of before its day. The caller holds writing.
func (x *Index) hasBefore(days []int64) bool {
	x.mu.RLock()
	all := append(slices.Clone(x.full), x.current)
	x.mu.RUnlock()
	last := slices.Max(days)
	return slices.ContainsFunc(all, func(m *memory) bool {
		if len(m.times) == 0 || dayOf(m.lo) >= last {
			return false
		}
		for n, t := range m.times {
			if dayOf(t) < days[m.classes[n]] {
				return true
			}
		}
		return false
	})
}

// Expire removes the days that end before this time, wherever their events are.
func (x *Index) Expire(ctx context.Context, before time.Time) (int, error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.isClosed() {
		return 0, errClosed
	}
	days := make([]int64, 1+len(x.cfg.Classes))
	for n := range days {
		days[n] = dayOf(nanos(before))
	}
	if x.hasBefore(days) {
		if err := x.waitBuilt(ctx); err != nil {
			return 0, err
		}
		if x.hasBefore(days) {
			if err := x.cut(); err != nil {
				return 0, err
			}
		}
	}
	if err := x.waitBuilt(ctx); err != nil {
		return 0, err
	}
	return x.dropBefore(ctx, days)
}

// expired is a day of a class that is removed.
type expired struct {
	class string
	day   int64
}

// dropBefore removes the segments of days before those of their classes, but for
// what is to be kept. The caller holds writing, so that no day of a class comes in parts.
func (x *Index) dropBefore(ctx context.Context, days []int64) (events int, err error) {
	if err := x.tellExpiring(ctx, days); err != nil {
		return 0, err
	}
	x.saving.Lock()
	defer x.saving.Unlock()
	keep, gone := x.splitAt(days)
	if len(gone) == 0 {
		return 0, nil
	}
	x.mu.RLock()
	next := x.manifest.clone()
	x.mu.RUnlock()
	next.Segments = make([]segmentEntry, len(keep))
	for i, s := range keep {
		next.Segments[i] = s.entry()
	}
	if err := x.save(next, func() { x.segments = keep }); err != nil {
		return 0, err
	}
	for _, s := range gone {
		events += s.foot.Events
		if e := os.Remove(s.path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
		s.release()
	}
	return events, err
}

// splitAt tells which segments stay, and which are older than the days of their
// classes. The caller holds saving.
func (x *Index) splitAt(days []int64) (keep, gone []*segment) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, s := range x.segments {
		if s.foot.Day < x.keptFrom(days[x.cfg.Classes.Number(s.class)]) {
			gone = append(gone, s)
		} else {
			keep = append(keep, s)
		}
	}
	return keep, gone
}

// tellExpiring tells of what dropBefore would remove, of each day of a class once
// in the life of the process: the removal may fail and be tried again.
func (x *Index) tellExpiring(ctx context.Context, days []int64) error {
	if x.cfg.Expiring == nil {
		return nil
	}
	x.saving.Lock()
	_, gone := x.splitAt(days)
	x.saving.Unlock()
	all := map[expired]*index.Expired{}
	var order []expired
	for _, s := range gone {
		k := expired{s.class, s.foot.Day}
		if all[k] == nil {
			from := time.Unix(0, s.foot.Day*dayNanos).UTC()
			all[k] = &index.Expired{Class: s.class, From: from, To: from.AddDate(0, 0, 1)}
			order = append(order, k)
		}
		all[k].Events += s.foot.Events
		all[k].Bytes += s.size()
	}
	for _, k := range order {
		if x.told[k] {
			continue
		}
		if err := x.cfg.Expiring(ctx, *all[k]); err != nil {
			return fmt.Errorf("the removal of the events of %s cannot be told, and waits: %w", all[k].From.Format(time.DateOnly), err)
		}
		x.told[k] = true
	}
	return nil
}

// setAside takes a damaged segment out of the index. Its file stays, under
// another name, and Stats tells of it. Any goroutine may call it.
func (x *Index) setAside(bad *damageError) error {
	x.saving.Lock()
	defer x.saving.Unlock()
	s := bad.segment
	x.mu.RLock()
	i := slices.Index(x.segments, s)
	next := x.manifest.clone()
	x.mu.RUnlock()
	if i < 0 { // another query was faster
		return nil
	}
	name := filepath.Base(s.path)
	next.Segments = slices.DeleteFunc(next.Segments, func(e segmentEntry) bool { return e.File == name })
	next.Damaged = append(next.Damaged, damageEntry{File: name, Reason: lostReason(bad.reason, s.foot.Events), Lost: s.seqs, Gone: s.seqs == index.SeqRange{}})
	drop := func() { x.segments = slices.Delete(slices.Clone(x.segments), i, i+1) }
	if err := x.save(next, drop); err != nil {
		// A full disk is no reason to answer nothing: it is written down with the next change.
		x.mu.Lock()
		x.manifest = next
		drop()
		x.mu.Unlock()
	} else if err := os.Rename(s.path, s.path+damagedSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.release()
		return err
	}
	s.release()
	return nil
}
