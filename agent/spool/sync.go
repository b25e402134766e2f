package spool

import (
	"fmt"
	"time"
)

// syncLoop makes what was appended durable: at once, or every SyncEvery. What
// comes while a sync runs waits for the next one, so that a slow disk makes
// larger groups and not a longer queue. While one batch follows the other they are
// gathered: an fsync for each wakes other threads so often that it takes a tenth
// of what their lines cost.
func (s *Spool) syncLoop() {
	var last time.Time
	for {
		select {
		case <-s.quit:
			return
		case <-s.written:
		}
		wait, hurried := s.cfg.SyncEvery-time.Since(last), (<-chan struct{})(nil)
		if s.cfg.SyncEvery == 0 {
			wait, hurried = GatherFor, s.hurried
		}
		if !s.gather(wait, hurried) {
			return
		}
		last = time.Now()
		if s.syncNow(false) != nil {
			return // Durable tells it to both loops of the lane
		}
	}
}

// gather waits so long, or until it is hurried; false when the spool is closed.
func (s *Spool) gather(wait time.Duration, hurried <-chan struct{}) bool {
	if wait <= 0 {
		return true
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-s.quit:
		return false
	case <-hurried:
	case <-t.C:
	}
	return true
}

// syncNow makes all that is written durable. All of it is in the newest segment.
// When all of it is already, it syncs only when told to, for the file's length.
func (s *Spool) syncNow(always bool) error {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.mu.Lock()
	g, next, end, clean, failed := s.newest(), s.next, int64(0), s.synced == s.next, s.failed
	if g != nil {
		end = g.end
	}
	s.mu.Unlock()
	if clean && !always || failed != nil {
		return failed
	}
	if err := s.cfg.Disk.Sync(g.f); err != nil {
		return s.fail(g, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.synced, s.syncedEnd = next, end
	s.notify()
	return nil
}

// fail ends the work of the spool after a sync that failed. Of what was written
// nobody knows what the disk has, and a second sync may lie: it is cut off, to be
// read and written again. Nobody was told of it.
func (s *Spool) fail(g *segment, err error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if e := g.f.Truncate(s.syncedEnd); e != nil {
		err = fmt.Errorf("%w; and cut it back: %w", err, e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = fmt.Errorf("sync %s: %w", g.path, err)
	s.notify()
	return s.failed
}
