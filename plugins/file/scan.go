package file

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/actiontrail/actiontrail/plugins"
)

// seen is a regular file as one scan sees it.
type seen struct {
	path string
	info fs.FileInfo
}

// scan looks at the folders: which files are there, where the known ones have
// gone, which have more to read.
func (s *Source) scan() {
	now := time.Now()
	s.scanned, s.rescan = now, false
	folders := map[string][]seen{} // listed in this scan
	matches := s.match()
	byPath := make(map[string]inode, len(matches))
	for n, m := range matches {
		byPath[m.path] = n
	}
	var left []*tail // have left the path by which they were matched
	for _, t := range s.tails {
		was := t.away || !t.missing.IsZero()
		if s.departedTo(t, matches[t.inode], folders) {
			continue
		}
		s.find(t, matches, folders, now)
		if !t.missing.IsZero() && t.fd == nil {
			s.adopt(t, folders)
		}
		if t.away = t.path != t.file; t.away || !t.missing.IsZero() {
			left = append(left, t)
			if !was {
				t.grown = now // its writer has as long to finish as after a write
			}
		}
	}
	added := append(s.unmet(left, matches, folders), s.unmetZips(left, folders)...)
	for n, m := range matches {
		if s.byInode[n] != nil || containsInode(added, n) || zipName(m.path) && !s.wantedZip(m) {
			continue
		}
		if t := s.newTail(m, m.path); t != nil {
			added = append(added, t)
		}
	}
	slices.SortFunc(added, func(a, b *tail) int { // of those born in one tick, the rotated ones first
		if c := cmp.Compare(a.born, b.born); c != 0 || a.away == b.away {
			return cmp.Or(c, cmp.Compare(a.path, b.path))
		} else if a.away {
			return -1
		}
		return 1
	})
	for _, t := range added {
		t.grown = now
		t.fromEnd = s.fromEnd
		t.after = s.predecessor(t)
		s.tails, s.byInode[t.inode] = append(s.tails, t), t
	}
	for _, t := range slices.Clone(s.tails) { // settle forgets some
		_, succeeded := byPath[t.file]
		s.settle(t, succeeded, now)
	}
	s.watch()
}

// match is the regular files that the globs find. Of several names of one file
// the one where it is known counts, else the first.
func (s *Source) match() map[inode]seen {
	found := map[inode]seen{}
	s.broken = map[string]error{}
	for _, pattern := range s.config.Paths {
		paths, err := doublestar.FilepathGlob(pattern)
		if err != nil {
			s.broken[pattern] = err
		}
		for _, path := range paths {
			if s.excluded(path) {
				continue
			}
			info, err := os.Stat(path)
			if err != nil {
				if !errors.Is(err, fs.ErrNotExist) {
					s.broken[path] = err
				}
				continue
			}
			if !info.Mode().IsRegular() {
				continue
			}
			n := inodeOf(info)
			if t := s.byInode[n]; found[n].info == nil || t != nil && t.path == path {
				found[n] = seen{path, info}
			}
		}
	}
	return found
}

// excluded tells whether a path is left out: a pattern with a slash is of whole
// paths, another of names.
func (s *Source) excluded(path string) bool {
	for _, pattern := range s.config.Exclude {
		name := path
		if !strings.ContainsRune(pattern, filepath.Separator) {
			name = filepath.Base(path)
		}
		if doublestar.PathMatchUnvalidated(pattern, name) {
			return true
		}
	}
	return false
}

// find brings t in line with what is there.
func (s *Source) find(t *tail, matches map[inode]seen, folders map[string][]seen, now time.Time) {
	m, ok := matches[t.inode]
	if t.matched = ok; !ok {
		m, ok = s.sibling(t, folders)
	}
	if !ok && t.fd != nil { // in no place that we know of, but ours until it is closed
		if info, err := t.fd.Stat(); err == nil {
			m, ok = seen{t.path, info}, true
			if t.missing.IsZero() {
				t.missing = now
			}
		}
	} else if ok {
		t.missing = time.Time{}
	}
	if !ok {
		if t.missing.IsZero() {
			t.missing = now
		}
		return
	}
	t.path = m.path
	if size, modified := m.info.Size(), m.info.ModTime(); size != t.size || !modified.Equal(t.modified) {
		t.size, t.modified, t.grown = size, modified, now
		t.ready, t.final = true, false
	}
	if t.err != nil || t.retry {
		t.ready, t.retry = true, false
	}
}

// sibling looks for a file that no glob finds: where it was, then in the folders
// of its paths. A file that is not open is only taken for the same if its first
// line is, because its inode may have been given to another.
func (s *Source) sibling(t *tail, folders map[string][]seen) (seen, bool) {
	if info, err := os.Lstat(t.path); err == nil && inodeOf(info) == t.inode && s.same(t, t.path, info) {
		return seen{t.path, info}, true
	}
	for _, dir := range []string{filepath.Dir(t.file), filepath.Dir(t.path)} {
		for _, f := range s.list(dir, folders) {
			if inodeOf(f.info) == t.inode && s.same(t, f.path, f.info) {
				return f, true
			}
		}
	}
	return seen{}, false
}

func (s *Source) same(t *tail, path string, info fs.FileInfo) bool {
	if t.zip != nil {
		return t.id == "" || s.sniffed(seen{path, info}).hash == hashOf(t.id)
	}
	if t.fd == nil && t.id == "" {
		born, still := bornAt(path, t.inode)
		return t.born == 0 || still && born == t.born
	}
	if t.fd != nil || path == t.path && info.Size() == t.size && info.ModTime().Equal(t.modified) {
		return true
	}
	fd, err := os.Open(path)
	if err != nil {
		return true // forbidden for now: opening it will tell
	}
	defer fd.Close()
	same, err := t.recognises(fd)
	return same || err != nil
}

// list is the regular files in a folder.
func (s *Source) list(dir string, folders map[string][]seen) []seen {
	files, ok := folders[dir]
	if ok {
		return files
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.broken[dir] = err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, seen{filepath.Join(dir, e.Name()), info})
		}
	}
	folders[dir] = files
	return files
}

// unmet is the files that were made and rotated away between two scans, or while
// the agent was down, so that no glob ever found them: beside a file that has
// left its path, named like a rotated file of that path, and younger. Every scan
// looks for them, because one may fall between two renames.
func (s *Source) unmet(left []*tail, matches map[inode]seen, folders map[string][]seen) []*tail {
	var unmet []*tail
	for _, t := range left {
		for _, f := range s.list(filepath.Dir(t.file), folders) {
			n := inodeOf(f.info)
			if _, found := matches[n]; found || s.byInode[n] != nil || s.excluded(f.path) || !rotatedName(filepath.Base(t.file), filepath.Base(f.path)) {
				continue
			}
			born, still := bornAt(f.path, n)
			s.rescan = s.rescan || !still
			if !still || born <= t.born || t.born == 0 || slices.ContainsFunc(unmet, func(u *tail) bool { return u.inode == n }) || s.copied(t.file, f.path) {
				continue
			}
			if u := s.newTail(f, t.file); u != nil {
				u.away = true
				unmet = append(unmet, u)
			}
		}
	}
	return unmet
}

// copied tells whether a file begins as one that is or was at path: copytruncate
// leaves such files, and their lines have been read.
func (s *Source) copied(path, sibling string) bool {
	fd, err := os.Open(sibling)
	if err != nil {
		return false
	}
	defer fd.Close()
	head, whole, err := readHead(fd, s.rules.headEnd())
	if err != nil || !whole {
		return false
	}
	hash := hashOf(fileID(inode{}, head))
	return slices.ContainsFunc(s.tails, func(t *tail) bool { return t.file == path && hashOf(t.key()) == hash })
}

// rotatedName tells whether name is what a rotation makes of base: access.log
// becomes access.log.1, access.log-20261121, access.log.old, access-2026-11-21.log or
// access.1.log; not access.log.1.gz, whose lines were read before it was compressed.
func rotatedName(base, name string) bool {
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	rest, ok := strings.CutPrefix(name, base)
	if !ok {
		if rest, ok = strings.CutPrefix(name, stem); ok {
			rest, ok = strings.CutSuffix(rest, ext)
		}
	}
	if !ok || len(rest) < 2 || !strings.ContainsRune(".-_", rune(rest[0])) {
		return false
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip":
		return false
	}
	return rest[1:] == "old" || rest[1] >= '0' && rest[1] <= '9'
}

// newTail is a tail of a file that was not known; nil when a rotation has moved it
// in the meantime: the next scan, which follows at once, finds it.
func (s *Source) newTail(f seen, file string) *tail {
	born, still := bornAt(f.path, inodeOf(f.info))
	if !still {
		s.rescan = true
		return nil
	}
	t := &tail{rules: &s.rules, inode: inodeOf(f.info), path: f.path, ready: true, matched: f.path == file, durable: true, size: f.info.Size(), modified: f.info.ModTime()}
	if zipName(f.path) {
		t.zip = &zipped{moved: true}
	}
	t.file, t.born = file, born
	return t
}

// predecessor is the file that was at the path of t just before it.
func (s *Source) predecessor(t *tail) *tail {
	var last *tail
	for _, p := range s.tails {
		if p != t && p.file == t.file && (p.away || !p.missing.IsZero()) && p.born <= t.born && (last == nil || p.born >= last.born) {
			p.ready = true // it may have grown since it was last looked at
			last = p
		}
	}
	return last
}

// settle closes files that nobody writes to any more, after their last half line
// has been read, and forgets those that are gone once their last mark is durable.
func (s *Source) settle(t *tail, succeeded bool, now time.Time) {
	missing := !t.missing.IsZero()
	if t.zip != nil && !missing {
		s.settleZip(t, now)
		return
	}
	quiet := now.Sub(t.grown) >= s.quiet && (!missing || now.Sub(t.missing) >= s.quiet)
	if !quiet || t.ready || !missing && !(t.away && succeeded) {
		return
	}
	if t.fd != nil && t.zip == nil && t.offset < t.size && !t.final {
		t.final, t.ready = true, true
		return
	}
	t.close()
	t.retry = t.retry && !missing
	if missing && !t.dirty && t.durable && s.reachable(t) && !s.adopt(t, map[string][]seen{}) {
		s.forget(t)
	}
}

// forget drops a file that is gone; the next Read removes its mark.
func (s *Source) forget(t *tail) {
	s.tails = slices.DeleteFunc(s.tails, func(o *tail) bool { return o == t })
	delete(s.byInode, t.inode)
	if t.sent != nil {
		s.next = append(s.next, plugins.Mark{Key: t.key()})
	}
	if t.zip != nil {
		s.next = append(s.next, plugins.Mark{Key: zipMarkKey(t.inode)})
	}
	s.log.Info("file is gone", "file", t.path, "read", t.offset)
}

// reachable tells whether the folder of a missing file is there, on the same file
// system: an unmounted or forbidden folder does not mean that its files are gone.
func (s *Source) reachable(t *tail) bool {
	dir := filepath.Dir(t.file)
	if s.broken[dir] != nil {
		return false
	}
	info, err := os.Stat(dir)
	return errors.Is(err, fs.ErrNotExist) || err == nil && inodeOf(info).dev == t.inode.dev
}
