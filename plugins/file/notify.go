package file

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/fsnotify/fsnotify"
)

// watch asks for news of the folders in which files are or may appear. Where the
// kernel refuses, the source polls more often.
func (s *Source) watch() {
	if s.watcher == nil {
		return
	}
	s.polling = false
	for _, dir := range s.folders() {
		if s.watched[dir] {
			continue
		}
		if err := s.watcher.Add(dir); err != nil {
			if !errors.Is(err, os.ErrNotExist) {
				s.broken[dir] = err
			}
			s.polling = true
			continue
		}
		s.watched[dir] = true
	}
}

func (s *Source) folders() []string {
	var dirs []string
	for _, pattern := range s.config.Paths {
		if found, err := doublestar.FilepathGlob(filepath.Dir(pattern)); err == nil {
			dirs = append(dirs, found...)
		}
		for base, _ := doublestar.SplitPattern(pattern); ; base = filepath.Dir(base) { // what is missing may be made
			if info, err := os.Stat(base); err == nil && info.IsDir() {
				dirs = append(dirs, base)
				break
			}
			if base == filepath.Dir(base) {
				break
			}
		}
	}
	for _, t := range s.tails {
		dirs = append(dirs, filepath.Dir(t.file))
		if t.real != "" {
			dirs = append(dirs, filepath.Dir(t.real))
		}
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	return slices.DeleteFunc(dirs, func(dir string) bool { info, err := os.Stat(dir); return err != nil || !info.IsDir() })
}

// heard takes one piece of news, and tells whether there is something to do.
func (s *Source) heard(e fsnotify.Event) bool {
	if e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) {
		delete(s.watched, e.Name)
	}
	if e.Has(fsnotify.Create) || e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) || e.Has(fsnotify.Chmod) {
		s.rescan = true
		return true
	}
	for _, t := range s.tails {
		if t.path == e.Name || t.real == e.Name {
			if t.copyOf == nil {
				t.ready = true
			}
			return true
		}
	}
	return false // of a file that is not followed
}

// news takes what has been heard while nobody was waiting.
func (s *Source) news() {
	if s.watcher == nil {
		return
	}
	for range 64 {
		select {
		case e := <-s.watcher.Events:
			s.heard(e)
		case <-s.watcher.Errors: // the kernel's queue overflowed
			s.rescan = true
		default:
			return
		}
	}
}

// due is when the next scan is to be.
func (s *Source) due() time.Time {
	switch {
	case s.rescan: // news come in swarms
		return s.scanned.Add(s.config.Poll / scansAPoll)
	case s.watcher == nil || s.polling:
		return s.scanned.Add(s.config.Poll)
	}
	return s.scanned.Add(s.config.Poll * slowPoll)
}
