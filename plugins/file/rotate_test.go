package file

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRotatedNameMatchesTheGlobToo(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("a.log*")}
		w.write("a.log.1", "old\n")
		w.tick()
		w.write("a.log", "a1\n")
		w.start()
		w.want("old", "a1")
		w.rename("a.log.1", "a.log.2")
		w.rename("a.log", "a.log.1")
		w.write("a.log", "b1\n")
		w.want("old", "a1", "b1")
		w.restart()
		w.want("old", "a1", "b1")
	})
}

func TestRotatedAndDeletedWhileDown(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "a1\n")
	w.start()
	w.want("a1")
	w.stop()
	w.ok(os.Remove(w.path("a.log")))
	w.write("keep.log", "k1\n") // or the inode might be given again
	w.write("a.log", "b1\n")
	w.start()
	w.until("read", func() bool { return len(w.records) == 3 })
	w.until("forgotten", func() bool { return w.marks() == 2 })
}

// A half line that is taken back is no truncation: none of it was read.
func TestHalfLineTakenBack(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "a1\nhalf a li")
	w.start()
	w.want("a1")
	w.ok(os.Truncate(w.path("a.log"), 3))
	w.write("a.log", "a2\na3\n")
	w.want("a1", "a2", "a3")
	if p := w.last().Pos; p.Generation != 0 {
		t.Errorf("generation %d", p.Generation)
	}
}

func loadWriter(path string, lines, rotations int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	var pending []byte
	for i := range lines {
		pending = fmt.Appendf(pending, "line %d %s\n", i, strings.Repeat("x", i%100))
		rotate := (i+1)%(lines/(rotations+1)) == 0 && i+1 < lines
		if i%7 == 0 || rotate || i+1 == lines {
			half := len(pending) / 2
			if rotate || i%3 > 0 {
				half = len(pending)
			}
			if _, err := f.Write(pending[:half]); err != nil {
				return err
			}
			if _, err := f.Write(pending[half:]); err != nil {
				return err
			}
			pending = pending[:0]
		}
		if rotate {
			for n := rotations; n > 0; n-- {
				if err := os.Rename(fmt.Sprintf("%s.%d", path, n-1), fmt.Sprintf("%s.%d", path, n)); err != nil && !errors.Is(err, os.ErrNotExist) {
					return err
				}
			}
			if err := os.Rename(path, path+".0"); err != nil {
				return err
			}
			old := f
			if f, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640); err != nil {
				return err
			}
			if err := old.Close(); err != nil {
				return err
			}
		}
	}
	return f.Close()
}

func TestRotatedName(t *testing.T) {
	for name, want := range map[string]bool{
		"access.log.1": true, "access.log-20261121": true, "access.log.old": true, "access-2026-11-21.log": true, "access.1.log": true, "access.log.2026": true,
		"access.log": false, "access.log.1.gz": false, "access_ssl.log": false, "access.log.pos": false, "error.log.1": false, "access.txt": false, "access.log1": false,
	} {
		if got := rotatedName("access.log", name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if !rotatedName("syslog", "syslog.1") || rotatedName("syslog", "syslogd") {
		t.Error("names without an extension")
	}
}

// A half line has ten polls to be completed, even if there is a successor.
func TestHalfLineOfRotatedFileIsCompletedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.write("a.log", "a1\nhalf")
		w.start()
		w.want("a1")
		w.idle(2 * quietPolls) // the time counts from the rename
		w.rename("a.log", "a.log.1")
		w.write("a.log", "b1\n")
		w.want("a1", "b1")
		w.idle(quietPolls - 7)
		w.write("a.log.1", " a")
		w.idle(quietPolls - 3)
		w.write("a.log.1", " line\n")
		w.want("a1", "b1", "half a line")
		w.stop()
	})
}

// A path leads elsewhere before the file found there could be opened.
func TestRenamedBetweenScanAndOpen(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "a1\n")
		w.start()
		w.rename("a.log", "a.log.1")
		w.write("a.log", "b1\n")
		w.want("a1", "b1")
	})
}

// Without the kernel's news nothing would be seen here in time.
func TestNews(t *testing.T) {
	w := newWorld(t, false)
	w.config.Poll = 5 * time.Second
	w.write("a.log", "a1\n")
	w.start()
	w.until("read", func() bool { return len(w.records) == 1 })
	w.write("a.log", "a2\n")
	w.until("read", func() bool { return len(w.records) == 2 })
	w.write("b.log", "b1\n")
	w.until("read", func() bool { return len(w.records) == 3 })
	if !w.source.Status().Notify {
		t.Error("status says that there are no news")
	}
}
