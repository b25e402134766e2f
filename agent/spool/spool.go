// Package spool is the agent's durable queue of batches. The spool is the
// checkpoint: a batch and the cursor after it are one record, fsynced before the
// source is told that its records are safe. Records never change; what the
// stream has acknowledged is removed by whole segments, but never the newest
// segment, which holds the cursor. docs/format/spool.md has the bytes.
package spool

import (
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
	// GatherFor is how long a batch waits for its fsync while the next one is on its way.
	GatherFor = 100 * time.Millisecond
)

// Config says where a spool is.
type Config struct {
	Dir      string
	MaxBytes int64  // of records not acknowledged; 0: DefaultMaxBytes
	Machine  string // identity of this machine: a spool found under another one begins a new epoch
	// SyncEvery is how long a record may wait for its fsync, so that many share one.
	// 0: an fsync begins as soon as the one before has ended, for all that came meanwhile,
	// unless more is on its way, see Append.
	SyncEvery time.Duration
	Now       func() time.Time // nil: time.Now
	Disk      Disk             // nil: the machine's
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
	wake  chan struct{} // closed and made anew when a record has become durable or has gone
	state state
	lane  Link           // of the newest record, or where its epoch begins
	at    plugins.Cursor // after the newest record

	segments  []*segment // oldest first; the last one takes records
	next      uint64     // ordinal of the next record
	synced    uint64     // ordinal of the first record that may not be on the disk yet, and
	syncedEnd int64      // its offset in the newest segment
	sent      uint64     // ordinal of the first record that is not acknowledged
	sentIn    *segment   // where record sent was last looked for, and
	sentAt    int64      // its offset there
	pending   int64      // bytes of records from sent on
	suspect   bool       // an append failed: the end of the file is not known
	damage    []string
	failed    error // of a sync: nothing goes on before the spool is opened again

	writing sync.Mutex    // held while the newest segment is written or cut
	syncing sync.Mutex    // held while it is synced
	written chan struct{} // a record waits for its sync, and
	hurried chan struct{} // one of them is not to wait for more
	quit    chan struct{}
	quitted sync.Once
	syncer  sync.WaitGroup

	record  []byte // of Append, to be used again
	message []byte // of Next, the same
}

// segment is a file of the spool. Its records are not listed: a spool of many
// small batches would need more memory than the agent may have.
type segment struct {
	path  string
	f     *os.File
	first uint64 // ordinal of its first record
	count uint64 // of records
	end   int64  // offset behind the last good record
	times []stamp
}

// Open opens the spool of a folder, or makes it.
func Open(cfg Config) (*Spool, error) {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Disk == nil {
		cfg.Disk = systemDisk{}
	}
	if err := durable.MkdirAll(cfg.Dir); err != nil {
		return nil, err
	}
	lock, err := durable.LockDir(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	s := &Spool{cfg: cfg, lock: lock, wake: make(chan struct{}), written: make(chan struct{}, 1), hurried: make(chan struct{}, 1), quit: make(chan struct{})}
	if err := s.recover(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.syncer.Go(s.syncLoop)
	return s, nil
}

// Close closes the files. A record that waited for its sync is synced by the next Open.
func (s *Spool) Close() error {
	s.quitted.Do(func() { close(s.quit) })
	s.syncer.Wait()
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

// Room tells whether so many bytes more will be taken. One batch always is when there is no other.
func (s *Spool) Room(bytes int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending == 0 || s.pending+bytes <= s.cfg.MaxBytes
}

// Durable tells how many batches have been appended in all, since the folder was
// made, and how many of them, the first ones, are on the disk. The error is that
// of a sync: the spool must be opened again.
func (s *Spool) Durable() (appended, durable uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next, s.synced, s.failed
}

// Append writes a batch, with the cursor in its header, behind the others. nil =
// it will be durable soon, and Durable tells when; an error = not in the spool:
// append the same message again. ErrFull when it would exceed the bound. more tells
// that the next batch is about to come: this one may wait GatherFor to share its fsync.
func (s *Spool) Append(message []byte, more bool) error {
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
		signal(s.hurried) // what waits is to be published, which makes room
		return ErrFull
	case header.Lane.Epoch != epoch || header.Number != last.Number+1 || header.Prev != last.Hash:
		return fmt.Errorf("batch %d of epoch %d does not follow batch %d of epoch %d", header.Number, header.Lane.Epoch, last.Number, epoch)
	}
	if err := s.write(header, hash, message); err != nil {
		return err
	}
	signal(s.written)
	if !more {
		signal(s.hurried)
	}
	return nil
}

func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default: // it was told already
	}
}

func (s *Spool) write(header wire.Header, hash event.Hash, message []byte) error {
	g, err := s.room(header.Snapshot)
	if err != nil {
		return err
	}
	if err := s.cut(g); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, _, err := s.Durable(); err != nil {
		return err // and the file was cut
	}
	s.record = appendRecord(s.record[:0], message)
	if _, err = s.cfg.Disk.WriteAt(g.f, s.record, g.end); err != nil {
		s.suspect = true // what of it is in the file is unknown; the next append cuts it off
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(g, header, hash, int64(len(s.record)), s.cfg.Now())
	return nil
}

// add enters a record that was written at this time.
func (s *Spool) add(g *segment, h wire.Header, hash event.Hash, length int64, at time.Time) {
	if h.Snapshot {
		s.at = nil
	}
	s.at = s.at.Merge(cursorOf(h))
	s.lane = Link{h.Lane.Epoch, h.Number, hash}
	g.stamp(at)
	g.count++
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

// cut removes what a write that failed may have left behind the last good record.
func (s *Spool) cut(g *segment) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if !s.suspect {
		return nil
	}
	if _, _, err := s.Durable(); err != nil {
		return err
	}
	if err := g.f.Truncate(g.end); err != nil {
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	s.suspect = false
	return nil
}

// newest is the segment that takes records, nil when there is none. It is never removed.
func (s *Spool) newest() *segment {
	if len(s.segments) == 0 {
		return nil
	}
	return s.segments[len(s.segments)-1]
}

// room is the segment for the next record. A segment begins with a snapshot, so
// that older ones can go, and after the one before is on the disk.
func (s *Spool) room(snapshot bool) (*segment, error) {
	s.mu.Lock()
	g := s.newest()
	s.mu.Unlock()
	if g != nil {
		if g.end < SegmentBytes || !snapshot {
			return g, nil
		}
		if err := s.cut(g); err != nil {
			return nil, err
		}
		if err := s.syncNow(true); err != nil {
			return nil, err
		}
	}
	g, err := s.newSegment()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments, s.syncedEnd = append(s.segments, g), headSize
	return g, nil
}

func (s *Spool) newSegment() (*segment, error) {
	g := &segment{path: filepath.Join(s.cfg.Dir, segmentName(s.next)), first: s.next, end: headSize}
	if err := durable.CreateFile(g.path, appendHead(nil)); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	var err error
	if g.f, err = os.OpenFile(g.path, os.O_RDWR, 0); err != nil {
		return nil, err
	}
	return g, nil
}

// WantsSnapshot tells that the next batch should carry the whole cursor: it will begin a segment.
func (s *Spool) WantsSnapshot() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.newest()
	return g == nil || g.end >= SegmentBytes || g.count == 0
}
