package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// recover reads the folder: the state, then every record of every segment. A
// record that was being written when the process died is cut off: it was never
// acknowledged, its lines are read again. A record damaged later ends the queue
// there: it and what follows is set aside, and the lines are read again from the
// cursor before; where the stream holds the batches already, Begin goes on from there.
func (s *Spool) recover() error {
	if err := durable.RemoveTemporary(s.cfg.Dir); err != nil {
		return err
	}
	st, found, err := readState(s.cfg.Dir)
	if err != nil {
		return err
	}
	s.state = st
	paths, err := filepath.Glob(filepath.Join(s.cfg.Dir, "*"+segmentSuffix))
	if err != nil {
		return err
	}
	slices.Sort(paths)
	for i, path := range paths {
		whole, err := s.load(path, i == len(paths)-1)
		if err != nil {
			return err
		}
		if !whole {
			for _, later := range paths[i+1:] {
				if err := s.setAside(later, "follows a damaged segment"); err != nil {
					return err
				}
			}
			break
		}
	}
	if len(s.segments) > 0 {
		s.sent = s.segments[0].first
		g := s.newest()
		if err := s.writeAgain(g); err != nil {
			return err
		}
		if err := s.cfg.Disk.Sync(g.f); err != nil {
			return fmt.Errorf("sync %s: %w", g.path, err)
		}
		s.synced, s.syncedEnd = s.next, g.end
	}
	switch {
	case !found:
		return s.newEpoch(s.lane)
	case s.lane.Epoch != st.Epoch: // the epoch has no batch yet
		s.lane = Link{st.Epoch, 0, st.Follows.Hash}
	}
	if st.Machine != s.cfg.Machine {
		return s.newEpoch(s.lane)
	}
	return nil
}

// writeAgain writes each record of the newest segment in its place, as it stands there. A
// process that was killed may have left some unsynced; and after a sync that failed the
// system may hold what it could not write for written, so that the next sync does nothing.
func (s *Spool) writeAgain(g *segment) error {
	var message []byte
	for at := int64(headSize); at < g.end; at += int64(len(s.record)) {
		var err error
		if message, err = readRecord(g.f, at, g.end, message); err == nil {
			s.record = appendRecord(s.record[:0], message)
			_, err = s.cfg.Disk.WriteAt(g.f, s.record, at)
		}
		if err != nil {
			return fmt.Errorf("write %s again at byte %d: %w", g.path, at, err)
		}
	}
	return nil
}

// load enters the records of a segment; false: it was damaged, and what was good of it is kept.
func (s *Spool) load(path string, newest bool) (whole bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	info, err := f.Stat()
	if err != nil {
		return false, errors.Join(err, f.Close())
	}
	first, err := firstOf(path)
	if err != nil {
		return false, errors.Join(fmt.Errorf("%s: the name of a segment is a number", path), f.Close())
	}
	head := make([]byte, headSize)
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return false, errors.Join(err, f.Close())
	}
	if err := checkHead(head); err != nil {
		if string(head[:4]) == magic { // another version: never a guess
			return false, errors.Join(fmt.Errorf("%s %w", path, err), f.Close())
		}
		return false, errors.Join(f.Close(), s.setAside(path, err.Error()))
	}
	if len(s.segments) == 0 {
		s.next = first
	}
	g := &segment{path: path, f: f, first: first, end: headSize}
	if first != s.next { // a segment between them is gone
		return false, errors.Join(f.Close(), s.setAside(path, fmt.Sprintf("begins at record %d, %d was expected", first, s.next)))
	}
	s.segments = append(s.segments, g)
	var message []byte
	for {
		message, err = readRecord(f, g.end, info.Size(), message)
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		var header wire.Header
		var hash event.Hash
		if err == nil {
			header, hash, err = wire.ReadHeader(message)
		} else if !errors.Is(err, errTorn) && !errors.Is(err, errDamage) {
			return false, fmt.Errorf("%s at byte %d: %w", path, g.end, err)
		}
		if err == nil {
			s.add(g, header, hash, recordHead+int64(len(message)), info.ModTime())
			continue
		}
		if torn := newest && errors.Is(err, errTorn); !torn {
			s.damage = append(s.damage, fmt.Sprintf("%s at byte %d: %v", path, g.end, err))
			if err := copyAside(f, path, g.end, info.Size()); err != nil {
				return false, err
			}
		}
		if err := f.Truncate(g.end); err != nil {
			return false, err
		}
		return false, s.cfg.Disk.Sync(f)
	}
}

// copyAside keeps the damaged end of a segment beside it.
func copyAside(f *os.File, path string, from, to int64) error {
	rest := make([]byte, to-from)
	if _, err := f.ReadAt(rest, from); err != nil {
		return err
	}
	return durable.WriteFile(fmt.Sprintf("%s.%d%s", path, from, damagedSuffix), rest)
}

func (s *Spool) setAside(path, why string) error {
	s.damage = append(s.damage, fmt.Sprintf("%s: %s, set aside as %s", path, why, filepath.Base(path)+damagedSuffix))
	return os.Rename(path, path+damagedSuffix)
}

// newEpoch begins an epoch after this batch. Batches of the one before that are
// still in the spool stay in it, and are published as they are.
func (s *Spool) newEpoch(after Link) error {
	epoch, err := drawEpoch()
	if err != nil {
		return err
	}
	st := state{version, epoch, s.cfg.Machine, after}
	if err := st.write(s.cfg.Dir); err != nil {
		return err
	}
	s.state, s.lane = st, Link{epoch, 0, after.Hash}
	return nil
}

// NewEpoch begins an epoch after a batch found in the stream, at its cursor:
// the spool had lost its end. Call it before the first Append.
func (s *Spool) NewEpoch(after Link, at plugins.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.newEpoch(after); err != nil {
		return err
	}
	s.at = at
	return nil
}

// Sent tells how far the stream has this lane: it releases every batch up to
// the number, of this epoch. It returns the hash kept for that number, and false
// when the spool has no such batch. Call it before the first Next.
func (s *Spool) Sent(epoch, number uint64) (hash event.Hash, found bool, err error) {
	if err := s.syncNow(false); err != nil {
		return hash, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	upTo := s.sent
	err = s.walk(func(ordinal uint64, header wire.Header, own event.Hash) {
		if header.Lane.Epoch != epoch || header.Number > number {
			return
		}
		upTo = ordinal + 1
		if header.Number == number {
			hash, found = own, true
		}
	})
	if err != nil {
		return hash, false, err
	}
	return hash, found, s.skip(upTo)
}

// Follows tells whether the batch after the one with this hash is in the spool.
// If so those before it are released: the stream has them. Call it before the first Next.
func (s *Spool) Follows(hash event.Hash) (found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	upTo := s.sent
	err = s.walk(func(ordinal uint64, header wire.Header, _ event.Hash) {
		if header.Prev == hash && !found {
			upTo, found = ordinal, true
		}
	})
	if err != nil || !found {
		return false, err
	}
	return true, s.skip(upTo)
}

// SentAll releases every batch: the stream is ahead of the spool. Call it before the first Next.
func (s *Spool) SentAll() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.skip(s.next)
}

// walk reads the headers of all records.
func (s *Spool) walk(fn func(ordinal uint64, h wire.Header, hash event.Hash)) error {
	var message []byte
	for _, g := range s.segments {
		ordinal := g.first
		for off := int64(headSize); off < g.end; ordinal++ {
			var err error
			if message, err = readRecord(g.f, off, g.end, message); err != nil {
				return fmt.Errorf("%s at byte %d: %w", g.path, off, err)
			}
			off += recordHead + int64(len(message))
			header, hash, err := wire.ReadHeader(message)
			if err != nil {
				return fmt.Errorf("%s: %w", g.path, err)
			}
			fn(ordinal, header, hash)
		}
	}
	return nil
}

// skip releases the batches before an ordinal.
func (s *Spool) skip(to uint64) error {
	for s.sent < to {
		if err := s.pass(); err != nil {
			return err
		}
	}
	s.notify()
	return s.removeSent()
}
