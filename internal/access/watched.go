package access

import "os"

// watched tells when files have changed. Its owner keeps it for one goroutine at a time.
type watched struct {
	paths []string
	seen  []os.FileInfo
}

// changed looks at the files. When it returns true, what was read before is old.
func (w *watched) changed() (bool, error) {
	now := make([]os.FileInfo, len(w.paths))
	same := len(w.seen) == len(now)
	for i, path := range w.paths {
		info, err := os.Stat(path)
		if err != nil {
			w.seen = nil
			return true, err
		}
		if now[i] = info; same {
			was := w.seen[i]
			same = os.SameFile(was, info) && was.Size() == info.Size() && was.ModTime().Equal(info.ModTime()) && was.Mode() == info.Mode()
		}
	}
	w.seen = now
	return !same, nil
}

// forget makes the next look find a change.
func (w *watched) forget() { w.seen = nil }
