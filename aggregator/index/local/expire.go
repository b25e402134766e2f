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
	x.buildErr = nil
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
	old := len(x.current.times) > 0 && now.Sub(x.current.first) >= x.cfg.CutAfter
	if idle && (x.isFull() || old) && x.wal.broken == nil {
		err = errors.Join(err, x.cut())
	}
	if x.cfg.Retention > 0 {
		_, e := x.dropBefore(x.oldestDay(now))
		err = errors.Join(err, e)
	}
	return err
}

// Expire removes the days that end before this time, wherever their events are.
func (x *Index) Expire(ctx context.Context, before time.Time) (int, error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.isClosed() {
		return 0, errClosed
	}
	day := dayOf(nanos(before))
	old := func(m *memory) bool { return len(m.times) > 0 && dayOf(m.lo) < day }
	if old(x.current) {
		if err := x.waitBuilt(ctx); err != nil {
			return 0, err
		}
		if err := x.cut(); err != nil {
			return 0, err
		}
	}
	if err := x.waitBuilt(ctx); err != nil {
		return 0, err
	}
	return x.dropBefore(day)
}

// dropBefore removes the segments of days before this one, but for those that are to be kept.
func (x *Index) dropBefore(day int64) (events int, err error) {
	x.saving.Lock()
	defer x.saving.Unlock()
	day = x.keptFrom(day)
	x.mu.RLock()
	var keep, gone []*segment
	for _, s := range x.segments {
		if s.foot.Day < day {
			gone = append(gone, s)
			events += s.foot.Events
		} else {
			keep = append(keep, s)
		}
	}
	next := x.manifest.clone()
	x.mu.RUnlock()
	if len(gone) == 0 {
		return 0, nil
	}
	next.Segments = make([]segmentEntry, len(keep))
	for i, s := range keep {
		next.Segments[i] = s.entry()
	}
	if err := x.save(next, func() { x.segments = keep }); err != nil {
		return 0, err
	}
	for _, s := range gone {
		if e := os.Remove(s.path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
		s.release()
	}
	return events, err
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
	next.Damaged = append(next.Damaged, damageEntry{File: name, Reason: lostReason(bad.reason, s.foot.Events), Lost: s.seqs})
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
