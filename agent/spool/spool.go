// Package spool is the agent's durable queue of batches. The spool is the
// checkpoint: a batch and the cursor after it are one record, fsynced before the
// source is told that its records are safe. Records never change; what the
// stream has acknowledged is removed by whole segments, but never the newest
// segment, which holds the cursor. docs/format/spool.md has the bytes.
package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// Defaults.
const (
	// DefaultMaxBytes bounds a spool. When it is full the agent stops reading.
	DefaultMaxBytes = 1 << 30
	// SegmentBytes is when a new segment is begun: small, so that what is acknowledged is soon removed.
	SegmentBytes = 8 << 20
)

// Config says where a spool is.
type Config struct {
	Dir      string
	MaxBytes int64  // of records not acknowledged; 0: DefaultMaxBytes
	Machine  string // identity of this machine: a spool found under another one begins a new epoch
	Now      func() time.Time
}

// Errors that callers decide by.
var (
	ErrFull = errors.New("the spool is full: reading stops until the stream takes batches again")
	// ErrNoSpace is wrapped when the disk refuses a write; the spool goes on when there is room.
	ErrNoSpace = errors.New("the disk does not take the batch")
)

// Spool is one lane's queue. Append is for one goroutine, Next and Release for
// one other, the rest for any.
type Spool struct {
	cfg   Config
	lock  *durable.Lock
	mu    sync.Mutex
	wake  chan struct{} // closed and made anew when a record comes or goes
	state state
	lane  Link           // of the newest record, or where its epoch begins
	at    plugins.Cursor // after the newest record

	segments []*segment // oldest first; the last one takes records
	next     uint64     // ordinal of the next record
	sent     uint64     // ordinal of the first record that is not acknowledged
	pending  int64      // bytes of records from sent on
	suspect  bool       // an append failed: the end of the file is not known
	damage   []string

	record  []byte // of Append, to be used again
	message []byte // of Next, the same
}

type segment struct {
	path    string
	f       *os.File
	first   uint64 // ordinal of entries[0]
	end     int64  // offset behind the last good record
	entries []entry
}

// Open opens the spool of a folder, or makes it.
func Open(cfg Config) (*Spool, error) {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	if err := durable.MkdirAll(cfg.Dir); err != nil {
		return nil, err
	}
	lock, err := durable.LockDir(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	s := &Spool{cfg: cfg, lock: lock, wake: make(chan struct{})}
	if err := s.recover(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the files. Everything appended is on the disk already.
func (s *Spool) Close() error {
	err := s.lock.Close()
	for _, g := range s.segments {
		err = errors.Join(err, g.f.Close())
	}
	return err
}

// Epoch is the epoch of the next batch.
func (s *Spool) Epoch() uint64 { s.mu.Lock(); defer s.mu.Unlock(); return s.state.Epoch }

// Last is the newest batch: number 0 when its epoch has none yet, the hash then
// that of the last batch of the epoch before.
func (s *Spool) Last() Link { s.mu.Lock(); defer s.mu.Unlock(); return s.lane }

// Cursor is the place after the newest batch; nil when there never was one.
func (s *Spool) Cursor() plugins.Cursor { s.mu.Lock(); defer s.mu.Unlock(); return s.at }

// Damage names what was found damaged when the spool was opened, and where it was set aside.
func (s *Spool) Damage() []string { return s.damage }

// Pending tells how many batches, and bytes of them, are not acknowledged.
func (s *Spool) Pending() (batches uint64, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next - s.sent, s.pending
}

// Append makes a batch durable, with the cursor in its header. nil = on the
// disk; an error = not in the spool: append the same message again. ErrFull
// when it would exceed the bound.
func (s *Spool) Append(message []byte) error {
	header, hash, err := wire.ReadHeader(message)
	if err != nil {
		return err
	}
	s.mu.Lock()
	full := s.pending > 0 && s.pending+int64(len(message)) > s.cfg.MaxBytes
	last, epoch := s.lane, s.state.Epoch
	s.mu.Unlock()
	switch {
	case full:
		return ErrFull
	case header.Lane.Epoch != epoch || header.Number != last.Number+1 || header.Prev != last.Hash:
		return fmt.Errorf("batch %d of epoch %d does not follow batch %d of epoch %d", header.Number, header.Lane.Epoch, last.Number, epoch)
	}
	g, err := s.room(header.Snapshot)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	s.record = appendRecord(s.record[:0], message)
	if _, err = g.f.WriteAt(s.record, g.end); err == nil {
		err = durable.Sync(g.f)
	}
	if err != nil {
		s.suspect = true // what of it is in the file is unknown; the next append cuts it off
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(g, header, hash, int64(len(s.record)), s.now())
	s.notify()
	return nil
}

// add enters a record that is on the disk.
func (s *Spool) add(g *segment, h wire.Header, hash event.Hash, length int64, at time.Time) {
	if h.Snapshot {
		s.at = nil
	}
	s.at = s.at.Merge(cursorOf(h))
	s.lane = Link{h.Lane.Epoch, h.Number, hash}
	h.Cursor = nil
	g.entries = append(g.entries, entry{g.end, length, h, at})
	g.end += length
	s.pending += length
	s.next++
}

func cursorOf(h wire.Header) plugins.Cursor {
	c := make(plugins.Cursor, len(h.Cursor))
	for i, m := range h.Cursor {
		c[i] = plugins.Mark{Key: m.Key, Value: m.Value}
	}
	return c
}

// room is the segment for the next record. A segment begins with a snapshot, so
// that older ones can go.
func (s *Spool) room(snapshot bool) (*segment, error) {
	s.mu.Lock()
	var g *segment
	if n := len(s.segments); n > 0 {
		g = s.segments[n-1] // never removed while it is the newest
	}
	s.mu.Unlock()
	if g != nil {
		if s.suspect {
			if err := g.f.Truncate(g.end); err != nil {
				return nil, err
			}
			if err := durable.Sync(g.f); err != nil {
				return nil, err
			}
			s.suspect = false
		}
		if g.end < SegmentBytes || !snapshot {
			return g, nil
		}
	}
	g = &segment{path: filepath.Join(s.cfg.Dir, segmentName(s.next)), first: s.next, end: headSize}
	if err := durable.CreateFile(g.path, appendHead(nil)); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	var err error
	if g.f, err = os.OpenFile(g.path, os.O_RDWR, 0); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = append(s.segments, g)
	return g, nil
}

// WantsSnapshot tells that the next batch should carry the whole cursor: it will begin a segment.
func (s *Spool) WantsSnapshot() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.segments)
	return n == 0 || s.segments[n-1].end >= SegmentBytes || len(s.segments[n-1].entries) == 0
}

func (s *Spool) notify() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// Batch is a record of the spool, to be published.
type Batch struct {
	Header  wire.Header // without its cursor
	Message []byte      // the bytes as they were appended
}

// Next is the first batch that is not acknowledged; it blocks until there is
// one. The same batch comes again until it is released. Its bytes are good until
// the next Next; one goroutine calls it.
func (s *Spool) Next(ctx context.Context) (Batch, error) {
	for {
		s.mu.Lock()
		g, e, ok := s.find(s.sent)
		wake := s.wake
		s.mu.Unlock()
		if ok {
			message, err := readRecord(g.f, e.offset, e.offset+e.length, s.message)
			s.message = message
			if err != nil {
				return Batch{}, fmt.Errorf("%s at byte %d: %w", g.path, e.offset, err)
			}
			return Batch{e.header, message}, nil
		}
		select {
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		case <-wake:
		}
	}
}

func (s *Spool) find(ordinal uint64) (*segment, entry, bool) {
	for _, g := range s.segments {
		if i := ordinal - g.first; ordinal >= g.first && i < uint64(len(g.entries)) {
			return g, g.entries[i], true
		}
	}
	return nil, entry{}, false
}

// Changed is closed when a record has come or gone.
func (s *Spool) Changed() <-chan struct{} { s.mu.Lock(); defer s.mu.Unlock(); return s.wake }

// Release tells that the batch which Next gives is in the stream. Segments that
// are wholly acknowledged are removed, except the newest. What is released is
// not written down: at the next start the stream itself tells.
func (s *Spool) Release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, e, ok := s.find(s.sent)
	if !ok {
		return errors.New("release: nothing is pending")
	}
	s.sent++
	s.pending -= e.length
	s.notify()
	return s.removeSent()
}

func (s *Spool) removeSent() error {
	for len(s.segments) > 1 && s.segments[1].first <= s.sent {
		g := s.segments[0]
		if err := os.Remove(g.path); err != nil {
			return err
		}
		s.segments = s.segments[1:]
		if err := g.f.Close(); err != nil {
			return err
		}
	}
	return nil
}
