package file

import (
	"os"
	"testing"

	"github.com/actiontrail/actiontrail/plugins"
)

func (w *world) inode(name string) inode {
	w.t.Helper()
	info, err := os.Stat(w.path(name))
	w.ok(err)
	return inodeOf(info)
}

func (w *world) born(name string) int64 {
	w.t.Helper()
	born, still := bornAt(w.path(name), w.inode(name))
	if !still {
		w.t.Fatalf("%s has moved", name)
	}
	return born
}

// A log that is empty when the agent meets it, and filled and rotated away while
// the agent is down, has lines that no glob finds: its mark must be there before its first line is.
func TestEmptyFileIsFilledAndRotatedWhileDown(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("a.log")}
		w.write("a.log.1", "from before the first start\n")
		w.tick()
		w.write("a.log", "")
		w.start()
		w.until("met", func() bool { return w.cursor.Value(metID(w.inode("a.log"))) != nil })
		w.stop()
		w.rename("a.log.1", "a.log.2")
		w.write("a.log", "a1\na2\n")
		w.rename("a.log", "a.log.1")
		w.write("a.log", "b1\n")
		w.tick()
		w.rename("a.log", "a.log.3")
		w.write("a.log", "c1\n")
		w.start()
		w.until("read", func() bool { return len(w.records) >= 4 })
		w.want("a1", "a2", "b1", "c1")
		w.until("identified", func() bool { return w.marks() == 3 })
		w.restart()
		w.want("a1", "a2", "b1", "c1")
	})
}

// The inode of a file that was only met may be given to one that is none of ours.
func TestInodeOfAMetFileIsUsedAgainElsewhere(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "")
	w.start()
	w.until("met", func() bool { return w.marks() == 1 })
	w.stop()
	n := w.inode("a.log")
	mark := place{born: 1, file: w.path("a.log")}
	w.cursor = w.cursor.Merge(plugins.Cursor{{Key: metID(n), Value: mark.encode()}}) // made at another time than the file that has the inode now
	w.rename("a.log", "foreign")
	w.write("foreign", "not ours\n")
	w.start()
	w.write("a.log", "ours\n")
	w.want("ours")
}

func TestHalfFirstLineIsReadOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "a")
		w.start()
		w.until("met", func() bool { return w.cursor.Value(metID(w.inode("a.log"))) != nil })
		w.restart()
		w.write("a.log", "1\na2\n")
		w.want("a1", "a2")
		if w.marks() != 1 || w.cursor.Value(metID(w.inode("a.log"))) != nil {
			t.Errorf("marks %q", w.cursor)
		}
	})
}
