package lanes

import (
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/plugins/file"
)

// A file does not tell when its bytes were written. What it had grown to, looked
// at each second, does: bytes behind the size of a moment were written after it.
const (
	lookEvery = time.Second
	maxLooks  = 256 // of one file; beyond it every other one is forgotten, and an age is told as more than it is
)

// lag knows since when the unread bytes of a source's files wait.
type lag struct {
	mu    sync.Mutex
	files map[string]*growth // by id and path
}

// look notes the sizes of now, and tells how many bytes are not read yet and
// since when the oldest of them may wait; zero when there are none.
func (l *lag) look(now time.Time, files []file.FileStatus) (bytes int64, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	there := make(map[string]*growth, len(files))
	for _, f := range files {
		key := f.ID + "\x00" + f.Path
		g := l.files[key]
		if g == nil {
			g = &growth{met: now}
		}
		there[key] = g
		g.look(now, f.Size, f.Offset)
		if f.Lag <= 0 {
			continue
		}
		bytes += f.Lag
		if at := g.since(f.Offset); since.IsZero() || at.Before(since) {
			since = at
		}
	}
	l.files = there
	return bytes, since
}

// growth is how a file grew, as far as it is not read.
type growth struct {
	met   time.Time
	looks []look // oldest first, of growing sizes
}

// look is the last moment at which a file had this size.
type look struct {
	at   time.Time
	size int64
}

func (g *growth) look(now time.Time, size, offset int64) {
	n := len(g.looks)
	switch {
	case n > 0 && g.looks[n-1].size == size:
		g.looks[n-1].at = now
	case n > 0 && g.looks[n-1].size > size: // truncated
		g.met, g.looks = now, append(g.looks[:0], look{now, size})
	default:
		g.looks = append(g.looks, look{now, size})
	}
	read := 0 // of those that all is read of, only the last one tells something
	for read+1 < len(g.looks) && g.looks[read+1].size <= offset {
		read++
	}
	g.looks = g.looks[read:]
	if len(g.looks) > maxLooks {
		for i := range maxLooks / 2 {
			g.looks[i] = g.looks[2*i]
		}
		g.looks = append(g.looks[:maxLooks/2], g.looks[maxLooks:]...)
	}
}

// since is a moment before which no byte from offset on was written; of a file
// that was longer than that when it was met, the moment when it was.
func (g *growth) since(offset int64) time.Time {
	at := g.met
	for _, l := range g.looks {
		if l.size > offset {
			break
		}
		at = l.at
	}
	return at
}
