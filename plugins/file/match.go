package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// seen is a regular file as one scan sees it.
type seen struct {
	path string
	real string // where path leads, if it is a symbolic link, else ""
	info fs.FileInfo
}

// errSymlink is the fault of a path that is a link, while links are not followed.
var errSymlink = errors.New("it is a symbolic link, and links are not followed: name the file it leads to, or write symlinks = true")

// match is the regular files that the globs find. Of several names of one file
// the one where it is known counts, else the first that is no link.
func (s *Source) match() map[inode]seen {
	found := map[inode]seen{}
	links := map[string]inode{} // not followed
	s.broken = map[string]error{}
	for _, pattern := range s.config.Paths {
		for _, path := range s.glob(pattern) {
			if s.excluded(path) {
				continue
			}
			f, err := s.look(path)
			if err != nil {
				if !errors.Is(err, fs.ErrNotExist) {
					s.broken[path] = err
				}
				continue
			}
			if !f.info.Mode().IsRegular() {
				continue
			}
			n := s.inodeOf(path, f.info)
			if f.real != "" && !s.config.Symlinks {
				links[path] = inodeOf(f.info)
				continue
			}
			if f.real != "" && s.config.Identity == IdentityPath {
				n = pathInode(f.real)
			}
			other, t := found[n], s.byInode[n]
			if other.info == nil || t != nil && t.path == path || other.real != "" && f.real == "" && (t == nil || t.path != other.path) {
				found[n] = f
			}
		}
	}
	s.refuseLinks(links, found)
	return found
}

// refuseLinks tells of links to files that are not read under their own name.
func (s *Source) refuseLinks(links map[string]inode, found map[inode]seen) {
	if len(links) == 0 {
		return
	}
	read := make(map[inode]bool, len(found))
	for _, f := range found {
		read[inodeOf(f.info)] = true
	}
	for path, n := range links {
		if !read[n] {
			s.broken[path] = errSymlink
		}
	}
}

// look is the file that a path leads to.
func (s *Source) look(path string) (seen, error) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return seen{path: path, info: info}, err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return seen{}, err
	}
	info, err = os.Stat(real)
	return seen{path: path, real: real, info: info}, err
}

func (s *Source) glob(pattern string) []string {
	if !strings.ContainsAny(pattern, `*?[{\`) {
		return []string{pattern}
	}
	var options []doublestar.GlobOption
	if !s.config.Symlinks {
		options = append(options, doublestar.WithNoFollow())
	}
	paths, err := doublestar.FilepathGlob(pattern, options...)
	if err != nil {
		s.broken[pattern] = err
	}
	return paths
}

// wanted tells whether a path is one of those to be read.
func (s *Source) wanted(path string) bool {
	for _, pattern := range s.config.Paths {
		if doublestar.PathMatchUnvalidated(pattern, path) {
			return !s.excluded(path)
		}
	}
	return false
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
		if !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, seen{path: filepath.Join(dir, e.Name()), info: info})
		}
	}
	folders[dir] = files
	return files
}

// inodeOf is what a file is told apart by.
func (s *Source) inodeOf(path string, info fs.FileInfo) inode {
	if s.config.Identity == IdentityPath {
		return pathInode(path)
	}
	return inodeOf(info)
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

// series is a name without its numbers: the targets of a link that is set to the
// newest of them, app.7.log and app.8.log, have it in common.
func series(name string) string {
	var b strings.Builder
	digits := false
	for _, r := range name {
		if r >= '0' && r <= '9' {
			if !digits {
				b.WriteByte('0')
			}
			digits = true
			continue
		}
		digits = false
		b.WriteRune(r)
	}
	return b.String()
}
