package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// settle closes files that nobody writes to any more, after their last half line
// has been read, and forgets those that are gone once their last mark is durable.
func (s *Source) settle(t *tail, succeeded bool, now time.Time) {
	if t.rest != nil || t.copyOf != nil && t.missing.IsZero() {
		return
	}
	missing := !t.missing.IsZero()
	if t.zip != nil && !missing {
		s.settleZip(t, now)
		return
	}
	if !missing && !t.ready && !t.finished && t.err == nil && t.id != "" && t.offset >= t.size && now.Sub(t.modified) >= mtimeDone {
		t.complete()
	}
	quiet := now.Sub(t.grown) >= s.quiet && (!missing || now.Sub(t.missing) >= s.quiet)
	if !quiet || t.ready || !missing && !(t.away && succeeded) {
		return
	}
	if t.fd != nil && t.zip == nil && t.offset < t.size && !t.final {
		t.final, t.ready = true, true
		return
	}
	if t.fd != nil && t.zip == nil && t.offset >= t.size && t.err == nil {
		t.complete()
	}
	t.close()
	t.retry = t.retry && !missing
	if missing && s.reachable(t) && !s.adopt(t, map[string][]seen{}) {
		s.forget(t)
	}
}

// complete remembers that nothing is lost when the file is gone.
func (t *tail) complete() {
	if t.known <= t.offset && !t.finished {
		t.finished = true
		t.meet()
	}
}

// forget drops a file that is gone, after what was lost of it has been told and
// its mark is durable; the next Read removes the mark.
func (s *Source) forget(t *tail) {
	if !t.finished {
		t.missed()
	}
	if t.dirty || !t.durable || len(t.facts) > 0 {
		return
	}
	s.drop(t)
	if t.sent != nil {
		s.next = append(s.next, plugins.Mark{Key: t.key()})
		if t.generation >= s.generation { // its identity may come again, its ids must not
			s.generation = t.generation + 1
			s.next = append(s.next, plugins.Mark{Key: startKey, Value: encodeStart(s.generation)})
		}
	}
	if t.zip != nil {
		s.next = append(s.next, plugins.Mark{Key: zipMarkKey(t.inode)})
	}
	s.log.Info("file is gone", "file", t.path, "read", t.offset)
}

func (s *Source) drop(t *tail) {
	s.tails = slices.DeleteFunc(s.tails, func(o *tail) bool { return o == t })
	if s.byInode[t.inode] == t {
		delete(s.byInode, t.inode)
	}
	for _, o := range s.tails {
		if o.after == t {
			o.after = nil
		}
	}
}

// reachable tells whether the folder of a missing file is there, on the same file
// system: an unmounted or forbidden folder does not mean that its files are gone.
// Of a folder that is not there, the one that it would be in tells.
func (s *Source) reachable(t *tail) bool {
	dir := filepath.Dir(t.file)
	if t.real != "" {
		dir = filepath.Dir(t.real)
	}
	for s.broken[dir] == nil {
		info, err := os.Stat(dir)
		if err == nil {
			return t.inode.dev == 0 || inodeOf(info).dev == t.inode.dev
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return false
		}
		dir = filepath.Dir(dir)
	}
	return false
}
