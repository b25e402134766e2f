package file

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// Of a log that is rotated by copytruncate, the lines that were written since it
// was last read are in the copy. They are read there, as lines of the log; the
// copy itself is not read as a file of its own, whatever it is called.

// looks is how many more scans a copy is looked for that was not found.
const looks = 2

// changed begins the end of a generation: the file is no longer what was read. What
// is left of the generation is looked for in a copy.
func (s *Source) changed(t *tail) {
	if t.rest != nil { // nor is the copy
		s.finish(t, true)
		return
	}
	if t.id != "" {
		copy, fd := s.findCopy(t)
		if fd != nil {
			t.copied, t.copyPath, t.inCopy = s.inodeOf(copy.path, copy.info), copy.path, true
		} else if fd = t.old; fd != nil { // the path leads to another file: what it led to is still open
			if same, err := t.holds(fd); err != nil || !same {
				fd = nil
			}
		}
		if fd != nil {
			if t.old != nil && fd != t.old {
				t.old.Close()
			}
			t.rest, t.old = fd, nil
		}
	}
	if t.rest == nil && t.id != "" && t.looked < looks { // while files are renamed, a folder may not show all of them
		if !t.lookedAt.Equal(s.scanned) {
			t.looked, t.lookedAt = t.looked+1, s.scanned
		}
		t.ready, t.retry, s.rescan = false, true, true
		return
	}
	if t.rest == nil {
		s.finish(t, true)
		return
	}
	t.ready, t.final, t.taking = true, true, taking{scanned: t.offset, average: t.average}
	c := s.byInode[t.copied]
	known := t.inCopy && c != nil && c.copies(t) && c.copyOf != t
	if info, err := t.rest.Stat(); known || err == nil && info.Size() <= t.offset {
		s.finish(t, false)
	}
}

// finish ends the generation: it tells what is known of its end, and the file is
// read from its beginning. lost says that what was left of it was found nowhere.
func (s *Source) finish(t *tail, lost bool) {
	read := t.offset
	if t.inCopy {
		t.since = max(t.since, bornOf(t.rest))
	}
	switch {
	case read < t.known && t.id == "" && s.likelyCopied(t): // that is read as a file of its own: nothing was read here
	case read < t.known:
		t.lost(t.known, fmt.Sprintf("the file was truncated or rewritten when %d bytes of it had not been read, and no copy of it was found that has them", t.known-read))
	case lost && t.unsure && !t.finished:
		t.lost(-1, "the file was truncated or rewritten while it was not looked at, and no copy of it was found: nobody can know whether it had more lines")
	}
	told := read > 0 || len(t.facts) > 0
	why := "the file was truncated or rewritten and is read from its beginning"
	if t.inCopy {
		why = "the file was copied and truncated: its rest was read in the copy, and it is read from its beginning; whether lines were written between copy and truncation nobody can know"
		s.release(t)
	}
	if t.rest != nil {
		t.rest.Close()
		t.rest, t.inCopy = nil, false
	}
	t.rewind()
	if told {
		t.tell(t.generation, 0, plugins.Evidence{Name: plugins.SourceTruncated, From: 0, To: read, Why: why})
		s.log.Warn("file was truncated or rewritten, reading it from its beginning", "file", t.path, "generation", t.generation)
	}
}

// likelyCopied tells of a file of which not even the first line is known whether there
// is a younger one that may hold what it held.
func (s *Source) likelyCopied(t *tail) bool {
	for _, f := range s.siblings(t) {
		born, still := bornAt(f.path, inodeOf(f.info))
		if (!still || born >= max(t.since, t.born)) && f.info.Size() >= t.known {
			return true
		}
	}
	return false
}

// findCopy looks for the copy of a file that was truncated, and opens it: beside
// it, named like a rotated file of it, made since this generation began, with
// the same first line and the same bytes before the offset. A copy that was made
// before our last read is shorter than what was read: then nothing is missing in it.
func (s *Source) findCopy(t *tail) (seen, *os.File) {
	var found seen
	var open *os.File
	var made int64
	for _, f := range s.siblings(t) {
		fd, err := os.Open(f.path)
		if err != nil {
			continue
		}
		f.info, err = fd.Stat() // another file may have the name by now
		born := bornOf(fd)
		if err != nil || !s.copyOf(t, f, fd, born) || open != nil && born >= made {
			fd.Close()
			continue
		}
		if open != nil {
			open.Close()
		}
		found, open, made = f, fd, born
	}
	return found, open
}

func (s *Source) copyOf(t *tail, f seen, fd *os.File, born int64) bool {
	n := s.inodeOf(f.path, f.info)
	other := s.byInode[n]
	if n == t.inode || other != nil && other.copyOf != t && !other.fresh && !other.copies(t) {
		return false
	}
	if born != 0 && born < max(t.since, t.born) || born == t.since && n == t.copied {
		return false
	}
	same, err := t.holds(fd)
	if err == nil && f.info.Size() < t.offset {
		same, err = t.recognises(fd)
	}
	return same && err == nil
}

// copies tells whether t was found to be a copy of o before o was truncated.
func (t *tail) copies(o *tail) bool { return t.copy && t.file == o.file }

// siblings are the files beside t that are named like rotated files of it, as they are now.
func (s *Source) siblings(t *tail) []seen {
	var found []seen
	folders := map[string][]seen{}
	names := []string{t.file}
	if t.real != "" && t.real != t.file {
		names = append(names, t.real)
	}
	for _, name := range names {
		for _, f := range s.list(filepath.Dir(name), folders) {
			if rotatedName(filepath.Base(name), filepath.Base(f.path)) && !s.excluded(f.path) {
				found = append(found, f)
			}
		}
	}
	return found
}

// release lets go of the copy whose lines have been read as those of t. If it
// is one of the files to be read, what is written to it from now on is.
func (s *Source) release(t *tail) {
	c := s.byInode[t.copied]
	info, err := t.rest.Stat()
	if err != nil || c != nil && c.copies(t) && c.copyOf != t {
		return
	}
	if c == nil {
		if !s.wanted(t.copyPath) {
			return
		}
		c = s.tailAt(seen{path: t.copyPath, info: info}, t.copyPath)
		c.born = bornOf(t.rest)
		s.tails, s.byInode[c.inode] = append(s.tails, c), c
	}
	s.skipCopy(c, t, t.rest, min(info.Size(), max(t.offset, c.offset)))
}

// skipCopy makes c go on at an offset, everything before which has been read of t.
func (s *Source) skipCopy(c, t *tail, fd *os.File, offset int64) {
	c.copyOf, c.fresh, c.skip = nil, false, false
	head, whole, err := readHead(fd, s.rules.headEnd())
	if err != nil || !whole && offset == 0 {
		return
	}
	if c.id == "" {
		c.id = fileID(c.inode, head)
	}
	c.offset, c.scanned, c.known = offset, offset, offset
	if err := c.note(fd); err != nil {
		c.offset, c.scanned, c.known, c.overlap = 0, 0, 0, 0
		return
	}
	c.file, c.away, c.copy, c.gone, c.facts = t.file, true, true, true, nil // a copy has not left a path; and its mark moves with that of t
	c.dirty, c.ready = true, true
}

// strays finds copies of generations that came and went unseen, between two reads
// or while the agent was down: they are read before what is there now, which begins
// otherwise. A copy whose lines are known is not younger than since.
func (s *Source) strays(t *tail) {
	if t.since == 0 || t.byPath {
		return
	}
	var strays []*tail
	for _, f := range s.siblings(t) {
		fd, err := os.Open(f.path)
		if err != nil {
			continue
		}
		if f.info, err = fd.Stat(); err != nil {
			fd.Close()
			continue
		}
		if n := inodeOf(f.info); n == t.inode || n == t.copied || s.byInode[n] != nil {
			fd.Close()
			continue
		}
		born := bornOf(fd)
		line, whole, err := readHead(fd, s.rules.headEnd())
		if err == nil && whole && headHash(line) == hashOf(t.id) { // a copy of what is there now?
			var sum, now uint32
			if sum, err = overlapAt(fd, f.info.Size()); err == nil {
				now, err = overlapAt(t.fd, f.info.Size())
			}
			if err == nil && sum == now {
				err = errChanged
			} else if errors.Is(err, errChanged) {
				err = nil
			}
		}
		fd.Close()
		if err != nil || !whole || born <= max(t.since, t.born) { // not whole: it is being made of what is there now
			continue
		}
		c := s.tailAt(f, f.path)
		c.born, c.matched = born, false
		if !slices.ContainsFunc(strays, func(o *tail) bool { return o.inode == c.inode }) {
			strays = append(strays, c)
		}
	}
	slices.SortFunc(strays, byAge)
	for i, c := range strays {
		if i > 0 {
			c.after = strays[i-1]
		}
		t.after, t.since = c, max(t.since, c.born)
		s.tails, s.byInode[c.inode] = append(s.tails, c), c
	}
}

// copiedFrom is the file of which c, not read yet, seems to be a copy.
func (s *Source) copiedFrom(c *tail) *tail {
	for _, o := range s.tails {
		if o == c || o.copyOf != nil || filepath.Dir(o.file) != filepath.Dir(c.path) ||
			!rotatedName(filepath.Base(o.file), filepath.Base(c.path)) || o.born != 0 && c.born != 0 && c.born < o.born {
			continue
		}
		fd, err := os.Open(o.path) // it may have been truncated since it was last looked at
		if err != nil {
			if o.id != "" && hashOf(o.id) == hashOf(c.id) {
				return o
			}
			continue
		}
		head, _, err := readHead(fd, s.rules.headEnd())
		intact, err2 := o.holds(fd)
		fd.Close()
		if err == nil && headHash(head) == hashOf(c.id) && !o.away || o.id != "" && hashOf(o.id) == hashOf(c.id) && (!o.away || err2 == nil && !intact) {
			return o
		}
	}
	return nil
}

// waitFor has t wait until it is clear whether it is a copy of o.
func (t *tail) waitFor(o *tail) {
	t.copyOf, t.copyAt = o, o.generation
	t.ready, o.ready = false, true // if o was truncated meanwhile, it finds the copy now
}

// judge decides about a file that waits: of a copy that nobody truncates after,
// somebody's own, what is like the original is passed over, and it waits on.
func (s *Source) judge(c *tail, now time.Time) {
	o := c.copyOf
	free := func() { c.copyOf, c.fresh, c.ready = nil, false, true }
	switch {
	case s.byInode[o.inode] != o:
		free()
		return
	case o.rest == nil && o.generation != c.copyAt: // and it was not the copy, but may be one of what is there now
		c.copyOf, c.ready = nil, true
		return
	case o.rest != nil || o.ready:
		return
	case !o.missing.IsZero(): // copied, or renamed where inodes do not tell, and deleted
		s.inherit(c, o)
		return
	case now.Sub(c.grown) < s.quiet || c.size == c.judged:
		return
	case now.Sub(o.grown) < s.quiet && c.size > o.offset:
		return // it was written to after the copy was made
	}
	fd, err := os.Open(c.path)
	if err != nil {
		free() // reading it will tell
		return
	}
	defer fd.Close()
	size := min(c.size, o.offset)
	if same, err := sameBefore(fd, o, size); err != nil || !same || size == 0 {
		free()
		return
	}
	if c.size > size { // more than the original has
		s.skipCopy(c, o, fd, size)
		return
	}
	start, err := lineStart(fd, size, c.rules)
	if err != nil || start == 0 {
		free()
		return
	}
	s.skipCopy(c, o, fd, start)
	c.copyOf, c.ready, c.judged = o, false, size
}

// inherit has c go on where o, which is gone, was read to.
func (s *Source) inherit(c, o *tail) {
	c.copyOf, c.fresh, c.ready = nil, false, true
	fd, err := os.Open(c.path)
	if err != nil {
		return
	}
	defer fd.Close()
	info, err := fd.Stat()
	if err != nil {
		return
	}
	if same, err := o.holds(fd); err == nil && same {
		s.skipCopy(c, o, fd, o.offset)
		if o.known <= info.Size() {
			o.finished, o.dirty = true, true
		}
	}
}

// sameBefore tells whether the bytes of r before an offset are those of t, beyond the first line.
func sameBefore(r io.ReaderAt, t *tail, offset int64) (bool, error) {
	head, whole, err := readHead(r, t.rules.headEnd())
	if err != nil || !whole || offset <= int64(len(head))+1 && offset < t.offset {
		return false, err
	}
	sum, err := overlapAt(r, offset)
	if err != nil {
		return false, err
	}
	if offset == t.offset {
		return sum == t.overlap, nil
	}
	fd, err := os.Open(t.path)
	if err != nil {
		return false, err
	}
	defer fd.Close()
	other, err := overlapAt(fd, offset)
	if errors.Is(err, errChanged) {
		return false, nil
	}
	return sum == other, err
}
