package file

import (
	"cmp"
	"slices"
)

// Status tells how the source fares, for status pages.
type Status struct {
	Files  []FileStatus // by path
	Faults []Fault      // of paths, folders and globs that are no file yet; by path
	Notify bool         // the kernel sends news of all folders
	Open   int          // descriptors held
	Gaps   uint64       // times that records were lost before they could be read, since the source was made
}

// FileStatus tells of one file.
type FileStatus struct {
	ID         string // "" until the first line is complete
	Path       string // where it is now
	File       string // where it was first met: Position.File of its records
	Generation uint64
	Size       int64
	Offset     int64 // read up to here
	Lag        int64 // bytes that are not read yet
	Open       bool
	Gone       bool  // found nowhere
	Err        error // why it cannot be read at present
}

// Fault is something that cannot be looked at.
type Fault struct {
	Path string
	Err  error
}

// Status may be called by any goroutine.
func (s *Source) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	var st Status
	for _, t := range s.tails {
		f := FileStatus{ID: t.key(), Path: t.path, File: t.file, Generation: t.generation, Size: t.size, Offset: t.offset, Open: t.fd != nil, Gone: !t.missing.IsZero(), Err: t.err}
		if t.fd != nil { // while nobody reads, nobody scans either
			if info, err := t.fd.Stat(); err == nil {
				f.Size = info.Size()
			}
		}
		if t.zip != nil { // how much more comes out of it nobody knows
			f.Size = f.Offset
			if t.zip.done != t.size {
				f.Size += t.size
			}
		}
		f.Lag = max(0, f.Size-f.Offset)
		st.Files = append(st.Files, f)
	}
	for path, err := range s.broken {
		st.Faults = append(st.Faults, Fault{path, err})
	}
	slices.SortFunc(st.Files, func(a, b FileStatus) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(st.Faults, func(a, b Fault) int { return cmp.Compare(a.Path, b.Path) })
	st.Open, st.Gaps = s.open, s.gaps
	st.Notify = s.watcher != nil && !s.polling
	return st
}
