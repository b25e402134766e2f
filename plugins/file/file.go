// Package file reads records from log files: one record a line.
//
// Files are found by globs and followed for as long as they exist. What is read
// of a file is told by its identity, not by its name: device, inode and a hash of
// the first complete line. So a file that is rotated away is read to its end under
// its new name, also when that matches no glob and also when it happened while
// the agent was down; the file that takes its place is read from its beginning.
// A file that was truncated or rewritten is read again from its beginning, in its
// next generation.
//
// What is lost, and that a file was rotated or truncated, the source tells as
// evidence among the records.
//
// Every file has a mark in the cursor (docs/format/file-mark.md). Between scans
// the source waits for news of the kernel, and where there are none it polls.
package file

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/fsnotify/fsnotify"

	"github.com/actiontrail/actiontrail/plugins"
)

// Defaults of Config, and what follows from Poll.
const (
	DefaultMaxLine = 1 << 20
	DefaultPoll    = 500 * time.Millisecond
	DefaultMaxOpen = 256

	// slowPoll is how many times Poll a scan is apart from the next while the kernel sends news: it may forget some.
	slowPoll = 10
	// quietPolls is how many times Poll a rotated or deleted file must not have changed before it counts as finished.
	quietPolls = 10
	// scansAPoll is how many scans there are in one Poll at most.
	scansAPoll = 10
	// clockTick is by how much the stamps of a file system may be behind the clock.
	clockTick = 20 * time.Millisecond
)

// Where a source begins when it is started for the very first time. Files that
// appear later are always read from their beginning.
const (
	StartBeginning = "beginning"
	StartEnd       = "end"
)

// What a file is told apart by.
const (
	IdentityInode = "inode"
	IdentityPath  = "path" // for file systems whose inodes change; a rotated file must not be found by Paths then
)

// Config says which files are read, and how.
type Config struct {
	Paths   []string      // globs of files: * ? [a-z] {a,b} and ** for any number of folders
	Exclude []string      // globs of files to leave out; one without a slash is of names, in any folder
	Start   string        // StartBeginning (also ""), or StartEnd
	MaxLine int64         // longest record in bytes, longer ones are cut; 0: DefaultMaxLine
	Poll    time.Duration // time between scans where the kernel sends no news; 0: DefaultPoll
	// Compressed has gzip files read that the globs find, as logs of their own. Without
	// it they are left out; what a followed log was compressed to is read in any case.
	Compressed bool
	NoNotify   bool          // only poll: for file systems whose news do not reach this machine, such as NFS
	Encoding   string        // of text: utf-8 (also ""), utf-16le, utf-16be, gbk, gb18030, big5, shift_jis, latin1, windows-1250 to -1258; a byte order mark has the last word
	Delimiter  string        // end of a line; "": "\n", to which a "\r" before it belongs
	LongLines  string        // what is done with lines longer than MaxLine: LongCut (also ""), or LongSplit
	FlushAfter time.Duration // so long a line without its end waits for it, then it is a record; 0: until it is clear that nobody completes it
	Multiline  *Multiline    // nil: a record a line
	Log        *slog.Logger  // told of truncations and of files that vanished; nil: nobody

	Symlinks    bool          // follow symbolic links; without, a path that is one is a fault
	Identity    string        // IdentityInode (also ""), or IdentityPath
	IgnoreOlder time.Duration // of a file that nobody has written to for so long when it is met, only what comes later is read; 0: no such limit
	MaxOpen     int           // descriptors held at a time, but for deleted files that are not read to their end; 0: DefaultMaxOpen
}

// Source is a plugins.Source of the lines of files.
type Source struct {
	config Config
	rules  rules
	quiet  time.Duration
	log    *slog.Logger

	mu      sync.Mutex // held by all but waiting; Status is for other goroutines
	page    *page
	tails   []*tail // in the order in which they were met
	byInode map[inode]*tail
	turn    int // the tail that reads next
	next    plugins.Cursor
	fromEnd bool // the scan under way is the very first
	broken  map[string]error
	scanned time.Time
	rescan  bool // do not wait for the poll
	watcher *fsnotify.Watcher
	watched map[string]bool
	sniffs  map[inode]sniff // gzip files that are not read
	polling bool            // the kernel refused to send news of a folder

	open       int    // descriptors held
	turns      uint64 // turns given
	gaps       uint64 // told
	generation uint64 // with which a file begins: above that of every file that is gone
}

// New checks the configuration; nothing is opened.
func New(c Config) (*Source, error) {
	c.Paths, c.Exclude = slices.Clone(c.Paths), slices.Clone(c.Exclude)
	if len(c.Paths) == 0 {
		return nil, errors.New("no paths: name the files to read, such as /var/log/nginx/*.log")
	}
	for _, patterns := range [][]string{c.Paths, c.Exclude} {
		for _, p := range patterns {
			if !doublestar.ValidatePathPattern(p) || p == "" {
				return nil, fmt.Errorf("path %q: not a glob: escape a literal [ or { with a backslash", p)
			}
		}
	}
	for i, p := range c.Paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", p, err)
		}
		c.Paths[i] = abs
	}
	switch c.Start {
	case "":
		c.Start = StartBeginning
	case StartBeginning, StartEnd:
	default:
		return nil, fmt.Errorf("start %q: want %q or %q", c.Start, StartBeginning, StartEnd)
	}
	if c.MaxLine == 0 {
		c.MaxLine = DefaultMaxLine
	}
	if c.Poll == 0 {
		c.Poll = DefaultPoll
	}
	switch c.Identity {
	case "":
		c.Identity = IdentityInode
	case IdentityInode, IdentityPath:
	default:
		return nil, fmt.Errorf("identity %q: want %q or %q", c.Identity, IdentityInode, IdentityPath)
	}
	if c.MaxOpen == 0 {
		c.MaxOpen = DefaultMaxOpen
	}
	if c.MaxLine < 0 || c.Poll < 0 || c.IgnoreOlder < 0 || c.MaxOpen < 0 {
		return nil, errors.New("max_line, poll, ignore_older and max_open must not be negative")
	}
	rules, err := c.rules()
	if err != nil {
		return nil, err
	}
	s := &Source{config: c, rules: rules, quiet: c.Poll * quietPolls, log: c.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

// Open implements plugins.Source. It may be called again after Close.
func (s *Source) Open(ctx context.Context, at plugins.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reset()
	s.page = newPage(s.config.MaxLine)
	s.page.rules = s.rules
	s.byInode, s.watched, s.sniffs = map[inode]*tail{}, map[string]bool{}, map[inode]sniff{}
	if at.Value(startKey) == nil {
		s.next = plugins.Cursor{{Key: startKey, Value: encodeStart(0)}}
		s.fromEnd = s.config.Start == StartEnd && len(at) == 0
	}
	if err := s.resume(at); err != nil {
		return err
	}
	if !s.config.NoNotify {
		// Without a watcher (too few are left to this user) the source polls.
		if w, err := fsnotify.NewBufferedWatcher(0); err == nil {
			s.watcher = w
		} else {
			s.log.Warn("no news of files from the kernel, polling", "error", err)
		}
	}
	s.scan()
	s.fromEnd = false
	return ctx.Err()
}

// Read implements plugins.Source. The records are good until the next Read.
func (s *Source) Read(ctx context.Context) (plugins.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return plugins.Batch{}, err
		}
		b, busy := s.step()
		if len(b.Records) > 0 || len(b.Next) > 0 {
			return b, nil
		}
		if !busy {
			s.wait(ctx)
		}
	}
}

// step reads what is there. It is busy when there is more to do right now.
func (s *Source) step() (b plugins.Batch, busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.news()
	s.flush(time.Now())
	if !time.Now().Before(s.due()) {
		s.scan()
	}
	s.page.reset()
	count, first := len(s.tails), s.turn
	for k := 0; k < count && !s.page.full() && s.roomForFacts(); k++ {
		i := (first + k) % count
		t := s.tails[i]
		if t.after != nil && !t.after.ready && !t.after.retry {
			t.after = nil // read to its end, or not to be read at present
		}
		if len(t.facts) > 0 && !s.hand(t) {
			busy = true
			break
		}
		if !t.ready || t.after != nil || t.copyOf != nil {
			continue
		}
		s.turn = (i + 1) % count
		s.read(t)
		s.hand(t)
		busy = busy || t.ready
	}
	for _, t := range s.tails {
		s.move(t)
	}
	b = plugins.Batch{Records: s.page.records, Next: s.next}
	s.next = nil // handed out for good: callers keep it
	return b, busy
}

// read gives one tail its turn. An error holds back only this file, until the next scan.
func (s *Source) read(t *tail) {
	s.turns++
	if t.turn = s.turns; t.fd == nil && !s.room(t) {
		t.ready, t.retry = false, true
		return
	}
	if t.zip != nil {
		s.finishRead(t, s.readZip(t))
		return
	}
	known := t.id != ""
	identified, err := t.prepare(s.page)
	if err == nil && identified {
		if !known && t.was != "" && t.offset == 0 {
			s.strays(t)
		}
		if t.after != nil {
			return
		}
		if t.fresh {
			if o := s.copiedFrom(t); o != nil {
				t.waitFor(o)
				s.rescan = true
				return
			}
			t.fresh = false
		}
		err = t.read(s.page, s.roomForFacts)
	}
	s.finishRead(t, err)
}

// finishRead does what follows from the outcome of a turn.
func (s *Source) finishRead(t *tail, err error) {
	switch {
	case t.zip != nil && t.zip.refused:
		s.refuse(t)
		err = nil
	case errors.Is(err, errChanged):
		s.changed(t)
		err = nil
	case errors.Is(err, errReplaced), errors.Is(err, fs.ErrNotExist):
		s.rescan, t.retry, t.ready, err = true, true, false, nil
	case err != nil:
		t.ready = false
		if t.err == nil || t.err.Error() != err.Error() {
			s.log.Warn("cannot read file, trying again", "file", t.path, "error", err)
		}
	case t.rest != nil && !t.ready:
		if t.ready = !s.roomForFacts(); !t.ready {
			s.finish(t, false)
		}
	}
	t.err = err
}

// move hands out the mark of a tail that has moved. What it says must not be
// durable before the facts are, nor without them.
func (s *Source) move(t *tail) {
	if !t.dirty || t.key() == "" || len(t.facts) > 0 {
		return
	}
	if t.where = cmp.Or(t.real, t.path); t.where == t.file {
		t.where = ""
	}
	if t.zip != nil && t.zip.moved && t.id != "" {
		t.zip.moved = false
		s.next = append(s.next, zipMark(t.inode, t.zip.done, t.id))
	}
	t.dirty, t.durable, t.sent = false, false, t.encode()
	s.next = append(s.next, plugins.Mark{Key: t.key(), Value: t.sent})
	if t.id != "" && t.was != "" {
		if t.was != t.id {
			s.next = append(s.next, plugins.Mark{Key: t.was})
		}
		t.was = ""
	}
}

// wait returns when there is something to do, or ctx has ended.
func (s *Source) wait(ctx context.Context) {
	s.mu.Lock()
	timer := time.NewTimer(time.Until(s.sooner(s.due())))
	s.mu.Unlock()
	defer timer.Stop()
	var events <-chan fsnotify.Event
	var faults <-chan error
	if s.watcher != nil {
		events, faults = s.watcher.Events, s.watcher.Errors
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-faults:
			s.mu.Lock()
			s.rescan = true
			s.mu.Unlock()
			return
		case e := <-events:
			s.mu.Lock()
			some := s.heard(e)
			s.mu.Unlock()
			if some {
				return
			}
		}
	}
}

// Committed implements plugins.Source: the marks of files that are gone may be
// removed once they are durable.
func (s *Source) Committed(_ context.Context, at plugins.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tails {
		if !t.durable && !t.dirty && bytes.Equal(at.Value(t.key()), t.sent) {
			t.durable = true
		}
	}
	return nil
}

// Close implements plugins.Source.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reset()
}

func (s *Source) reset() error {
	for _, t := range s.tails {
		t.close()
	}
	var err error
	if s.watcher != nil {
		err = s.watcher.Close()
	}
	s.tails, s.byInode, s.watcher, s.watched, s.next, s.broken = nil, nil, nil, nil, nil, nil
	s.turn, s.polling, s.rescan, s.open, s.generation = 0, false, false, 0, 0
	return err
}
