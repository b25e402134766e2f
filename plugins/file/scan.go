package file

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// mtimeDone is for how long nobody must have written to a file that still has its
// path before it counts as finished: a file of a day that is over, say.
const mtimeDone = time.Hour

// scan looks at the folders: which files are there, where the known ones have
// gone, which have more to read.
func (s *Source) scan() {
	now := time.Now()
	s.scanned, s.rescan = now, false
	folders := map[string][]seen{} // listed in this scan
	matches := s.match()
	byPath := make(map[string]seen, len(matches))
	for _, m := range matches {
		byPath[m.path] = m
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
			if !t.copy {
				left = append(left, t)
			}
			if !was {
				t.grown = now // its writer has as long to finish as after a write
			}
		}
		s.departed(t)
	}
	added := append(s.unmet(left, matches, byPath, folders), s.unmetZips(left, folders)...)
	for n, m := range matches {
		if s.byInode[n] != nil || containsInode(added, n) || zipName(m.path) && !s.wantedZip(m) {
			continue
		}
		if t := s.newTail(m, m.path); t != nil {
			s.sinceWhen(t, now)
			added = append(added, t)
		}
	}
	slices.SortFunc(added, byAge)
	for _, t := range added {
		t.grown = now
		t.after = s.predecessor(t)
		s.tails, s.byInode[t.inode] = append(s.tails, t), t
	}
	for _, t := range slices.Clone(s.tails) { // settle forgets some
		if t.copyOf != nil {
			s.judge(t, now)
		}
		_, succeeded := byPath[t.file]
		s.settle(t, succeeded, now)
	}
	s.watch()
}

// byAge orders files by when they were made; of those made in one tick, the rotated ones come first.
func byAge(a, b *tail) int {
	if c := cmp.Compare(a.born, b.born); c != 0 || a.away == b.away {
		return cmp.Or(c, cmp.Compare(a.path, b.path))
	}
	if a.away {
		return -1
	}
	return 1
}

// departed has it told that a file has left its path.
func (s *Source) departed(t *tail) {
	switch {
	case t.away && t.missing.IsZero(), !t.missing.IsZero() && t.fd != nil && s.reachable(t):
		t.leave()
	case t.missing.IsZero() && t.gone && !t.away:
		t.gone = false // it is back
		t.meet()
	}
}

// find brings t in line with what is there.
func (s *Source) find(t *tail, matches map[inode]seen, folders map[string][]seen, now time.Time) {
	m, ok := matches[t.inode]
	if t.matched = ok; !ok {
		m, ok = s.sibling(t, folders)
	}
	if !ok && t.fd != nil { // in no place that we know of, but ours until it is closed
		if info, err := t.fd.Stat(); err == nil {
			m, ok = seen{path: t.path, real: t.real, info: info}, true
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
	t.path, t.real = m.path, m.real
	if size, modified := m.info.Size(), m.info.ModTime(); size != t.size || !modified.Equal(t.modified) {
		t.verify = t.verify || size <= t.size
		t.reopen = t.byPath
		t.size, t.modified, t.grown = size, modified, now
		if t.copyOf == nil && t.rest == nil {
			t.ready, t.final = true, false
		}
	}
	if t.err != nil || t.retry {
		t.ready, t.retry = true, false
	}
}

// sibling looks for a file that no glob finds: where it was, then in the folders
// of its paths. A file that is not open is only taken for the same if its first
// line is, because its inode may have been given to another.
func (s *Source) sibling(t *tail, folders map[string][]seen) (seen, bool) {
	paths, dirs := []string{t.path}, []string{filepath.Dir(t.file), filepath.Dir(t.path)}
	if t.real != "" {
		paths, dirs = append(paths, t.real), append(dirs, filepath.Dir(t.real))
	}
	for _, path := range paths {
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && s.inodeOf(path, info) == t.inode && s.same(t, seen{path: path, info: info}) {
			return seen{path: path, info: info}, true
		}
	}
	for _, dir := range dirs {
		for _, f := range s.list(dir, folders) {
			if s.inodeOf(f.path, f.info) == t.inode && s.same(t, f) {
				return f, true
			}
		}
	}
	return seen{}, false
}

func (s *Source) same(t *tail, f seen) bool {
	if t.zip != nil {
		return t.id == "" || s.sniffed(f).hash == hashOf(t.id)
	}
	if t.fd != nil || f.path == t.path && f.info.Size() == t.size && f.info.ModTime().Equal(t.modified) {
		return true
	}
	if !t.byPath && t.born != 0 {
		if born, still := bornAt(f.path, t.inode); !still || born != 0 && born != t.born {
			return false
		}
	}
	if t.id == "" {
		return true
	}
	fd, err := os.Open(f.path)
	if err != nil {
		return true // forbidden for now: opening it will tell
	}
	defer fd.Close()
	same, err := t.recognises(fd)
	return same || err != nil
}

// unmet is the files that were made and rotated away between two scans, or while
// the agent was down, so that no glob ever found them: beside a file that has
// left its path, named like a rotated file of that path, and younger. Every scan
// looks for them, because one may fall between two renames.
func (s *Source) unmet(left []*tail, matches map[inode]seen, byPath map[string]seen, folders map[string][]seen) []*tail {
	var unmet []*tail
	if s.config.Identity == IdentityPath {
		return nil
	}
	add := func(t *tail, f seen, before int64) {
		n := inodeOf(f.info)
		if _, found := matches[n]; found || s.byInode[n] != nil || s.excluded(f.path) {
			return
		}
		born, still := bornAt(f.path, n)
		s.rescan = s.rescan || !still
		if !still || born <= t.born || t.born == 0 || before > 0 && born > before || slices.ContainsFunc(unmet, func(u *tail) bool { return u.inode == n }) || s.copied(t.file, f.path) {
			return
		}
		if u := s.newTail(f, t.file); u != nil {
			u.away = true
			unmet = append(unmet, u)
		}
	}
	for _, t := range left {
		for _, f := range s.list(filepath.Dir(t.file), folders) {
			if rotatedName(filepath.Base(t.file), filepath.Base(f.path)) {
				add(t, f, 0)
			}
		}
		now, ok := byPath[t.file]
		if !ok || now.real == "" {
			continue
		}
		// A link that was set to several targets since the last scan.
		limit, _ := bornAt(now.real, inodeOf(now.info))
		for _, f := range s.list(filepath.Dir(now.real), folders) {
			if limit > 0 && series(f.path) == series(now.real) {
				add(t, f, limit)
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
	hash := headHash(head)
	return slices.ContainsFunc(s.tails, func(t *tail) bool { return t.file == path && hashOf(t.key()) == hash })
}

// newTail is a tail of a file that was not known; nil when a rotation has moved it
// in the meantime: the next scan, which follows at once, finds it.
func (s *Source) newTail(f seen, file string) *tail {
	t := s.tailAt(f, file)
	if t.byPath {
		return t
	}
	born, still := bornAt(cmp.Or(f.real, f.path), t.inode)
	if !still {
		s.rescan = true
		return nil
	}
	t.born = born
	return t
}

func (s *Source) tailAt(f seen, file string) *tail {
	t := &tail{
		rules: &s.rules, inode: s.inodeOf(f.path, f.info), byPath: s.config.Identity == IdentityPath, path: f.path, real: f.real, open: &s.open,
		ready: true, fresh: true, matched: f.path == file, durable: true,
		size: f.info.Size(), modified: f.info.ModTime(),
	}
	if t.byPath && f.real != "" {
		t.inode = pathInode(f.real)
	}
	t.file, t.generation, t.known = file, s.generation, t.size
	if zipName(f.path) { // how much is in it nobody knows
		t.zip, t.known = &zipped{moved: true}, 0
	}
	return t
}

// sinceWhen sets what of a file that a glob has found for the first time counts:
// of one that was there at the very first start, or that nobody has written to
// for long, perhaps only what comes later. That is remembered from now on.
func (s *Source) sinceWhen(t *tail, now time.Time) {
	if !t.byPath {
		t.since = now.Add(-clockTick).UnixNano()
	}
	old := s.config.IgnoreOlder > 0 && now.Sub(t.modified) > s.config.IgnoreOlder
	if t.size > 0 && (s.fromEnd || old) {
		t.skip = true
		t.meet()
	}
}

// predecessor is the file that was at the path of t just before it.
func (s *Source) predecessor(t *tail) *tail {
	var last *tail
	for _, p := range s.tails {
		if p != t && p.file == t.file && (p.away || !p.missing.IsZero()) && p.born <= t.born && (last == nil || p.born >= last.born) {
			if p.copyOf == nil {
				p.ready = true // it may have grown since it was last looked at
			}
			last = p
		}
	}
	return last
}
