package file

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// The inode of a deleted file is given to another.
func TestCase21InodeUsedAgain(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "a1\n")
	w.start()
	w.want("a1")
	w.stop()
	// A rename over the old content is what cannot be told from a new file with the same inode.
	w.ok(os.WriteFile(w.path("a.log"), []byte("another file\nand more of it\n"), 0))
	w.rename("a.log", "b.log")
	w.start()
	w.want("a1", "another file", "and more of it")
	if p := w.last().Pos; p.FileID == w.records[0].Pos.FileID || p.File != w.path("b.log") {
		t.Errorf("the new file is read as %+v", p)
	}
	if w.marks() != 1 {
		t.Errorf("marks %q", w.cursor)
	}
}

// An unrelated file that no glob finds is not read because it has the inode of one that was.
func TestCase21InodeUsedAgainByAForeignFile(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "a1\n")
	w.start()
	w.want("a1")
	w.stop()
	w.ok(os.WriteFile(w.path("a.log"), []byte("secret\n"), 0))
	w.rename("a.log", "foreign.txt")
	w.start()
	w.want("a1")
	w.until("forgotten", func() bool { return w.marks() == 0 })
}

func TestCase22FirstLineIsNotComplete(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "on")
		w.start()
		w.want()
		if w.cursor.Value(metID(w.inode("a.log"))) == nil || w.marks() != 1 {
			t.Errorf("marks before the first line is complete: %q", w.cursor)
		}
		w.write("a.log", "e\n")
		w.want("one")
	})
}

// The file that has the inode now was made at another time: it is another file,
// even if it begins as the one before, which was deleted.
func TestCase21InodeUsedAgainWithTheSameBeginning(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "head\n")
	if w.born("a.log") == 0 {
		t.Skip("this file system does not tell when a file was made")
	}
	w.start()
	w.want("head")
	w.stop()
	key := w.last().Pos.FileID
	p, err := decodePlace(w.cursor.Value(key))
	w.ok(err)
	p.born-- // as if the one that was read had been deleted
	w.cursor = w.cursor.Merge(plugins.Cursor{{Key: key, Value: p.encode()}})
	w.write("a.log", "b1\n")
	w.start()
	w.want("head", "head", "b1")
	if p := w.last().Pos; p.Generation != 1 {
		t.Errorf("read as %+v", p)
	}
	w.evidence("SourceGap a.log 5--1", "SourceTruncated a.log 0-5")
}

// Files come and go, with the same first line, and the kernel gives the inode
// again: no place is told twice.
func TestCase21InodeUsedAgainAndAgain(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		var want []string
		w.start()
		for i := range 4 {
			w.write("a.log", fmt.Sprintf("head\n%d\n", i))
			want = append(want, "head", fmt.Sprint(i))
			w.want(want...) // fails on a place that comes twice
			w.ok(os.Remove(w.path("a.log")))
			w.until("forgotten", func() bool { return w.marks() == 0 })
			if i == 1 {
				w.restart()
			}
		}
		seen := map[string]bool{}
		for _, r := range w.records {
			place := fmt.Sprint(r.Pos.Generation, r.Pos.Offset)
			if seen[place] {
				t.Errorf("%+v would be the same event if the inode was", r.Pos)
			}
			seen[place] = true
		}
	})
}

// The first line grows in parts that are read one by one, up to what counts and beyond.
func TestCase22FirstLineGrows(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		line := strings.Repeat("x", headBytes+5000)
		w.start()
		for _, part := range []string{line[:1], line[1:100], line[100:headBytes], line[headBytes:]} {
			w.write("a.log", part)
			w.nothing()
			w.restart()
		}
		w.write("a.log", "\nnext\n")
		w.want(line, "next")
		w.restart()
		w.write("a.log", "last\n")
		w.want(line, "next", "last")
		if w.marks() != 1 {
			t.Errorf("marks %q", w.cursor)
		}
		w.evidence()
	})
}

func TestCase23TwoFilesWithTheSameFirstLine(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("*.log*")}
		w.write("a.log.1", "head\nold\n") // rotated before the first start
		w.tick()
		w.write("a.log", "head\na1\n")
		w.write("b.log", "head\nb1\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 6 })
		w.same("head", "old", "head", "a1", "head", "b1")
		w.rename("a.log.1", "a.log.2")
		w.rename("a.log", "a.log.1")
		w.write("a.log", "head\n")
		w.until("read", func() bool { return len(w.records) == 7 })
		w.restart()
		w.write("a.log", "c1\n")
		w.until("read", func() bool { return len(w.records) == 8 })
		w.idle(quietPolls)
		w.same("head", "old", "head", "a1", "head", "b1", "head", "c1")
		ids := map[string]bool{}
		for _, r := range w.records {
			ids[r.Pos.FileID] = true
		}
		if len(ids) != 4 || w.marks() != 4 {
			t.Errorf("ids %v, marks %q", ids, w.cursor)
		}
	})
}

// The same inode, the same size: the end differs, or only the beginning.
func TestCase24RewrittenInPlace(t *testing.T) {
	t.Parallel()
	rest := strings.Repeat("the same line\n", 10)
	for before, rewritten := range map[string]string{rest + "a3\n": rest + "b3\n", "a1\na2\n" + rest: "b1\na2\n" + rest} {
		for _, down := range []bool{false, true} {
			both(t, func(t *testing.T, w *world) {
				w.write("a.log", before)
				w.start()
				want := strings.Split(strings.TrimSuffix(before, "\n"), "\n")
				w.want(want...)
				if down {
					w.stop()
				}
				at, err := os.Stat(w.path("a.log"))
				w.ok(err)
				f, err := os.OpenFile(w.path("a.log"), os.O_WRONLY, 0)
				w.ok(err)
				_, err = f.WriteString(rewritten)
				w.ok(err)
				w.ok(f.Close())
				w.ok(os.Chtimes(w.path("a.log"), at.ModTime(), at.ModTime().Add(time.Second))) // or it may be within one tick
				if down {
					w.start()
				}
				w.want(append(want, strings.Split(strings.TrimSuffix(rewritten, "\n"), "\n")...)...)
				w.until("told", func() bool { return len(w.facts) > 0 })
				if f := w.facts[len(w.facts)-1]; f.Evidence.Name != plugins.SourceTruncated || f.Evidence.To != int64(len(before)) || f.Pos.Generation != 1 {
					t.Errorf("told %+v %+v", f.Pos, f.Evidence)
				}
			})
		}
	}
}

func TestCase25ChangeOfIdentityKeepsTheOffsets(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "a1\n")
		w.write("b.log", "b1\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 2 })
		id := w.last().Pos.FileID
		for i, kind := range []string{IdentityPath, IdentityInode, IdentityPath} {
			w.stop()
			w.config.Identity = kind
			w.write("b.log", fmt.Sprintf("b%d\n", i+2))
			w.start()
			w.until("read", func() bool { return len(w.records) == 3+i })
			w.nothing()
		}
		w.same("a1", "b1", "b2", "b3", "b4")
		if p := w.last().Pos; p.FileID != id || p.Offset != 9 || p.Generation != 0 {
			t.Errorf("read as %+v, was %s", p, id)
		}
		w.evidence()
	})
}

// After a restart of the machine a device may have another number.
func TestCase25DeviceHasAnotherNumber(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "a1\n")
		w.write("b.log", "b1\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 2 })
		w.stop()
		var other plugins.Cursor
		for _, m := range w.cursor { // written when it was another
			if n, err := parseFileID(m.Key); err == nil {
				m.Key = fmt.Sprintf("%d-%d-%s", n.dev+1, n.ino, hashOf(m.Key))
			}
			other = append(other, m)
		}
		w.cursor = other
		w.write("a.log", "a2\n")
		w.rename("a.log", "a.log.1")
		w.ok(os.Remove(w.path("b.log")))
		w.write("a.log", "c1\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 4 })
		w.same("a1", "b1", "a2", "c1")
		w.until("forgotten", func() bool { return w.marks() == 2 })
		w.restart()
		w.write("a.log.1", "a3\n")
		w.until("read", func() bool { return len(w.records) == 5 })
		w.nothing()
		w.same("a1", "b1", "a2", "c1", "a3")
	})
}

// Inodes do not tell anything: each start of the agent sees others.
func TestCase26IdentityByPath(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Identity = IdentityPath
		w.write("a.log", "a1\n")
		w.write("b.log", "b1\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 2 })
		w.replace("a.log") // the same content in another inode
		w.nothing()
		w.stop()
		w.replace("a.log")
		w.write("a.log", "a2\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 3 })
		w.ok(os.WriteFile(w.path("a.log"), []byte("c1\n"), 0))
		w.until("read", func() bool { return len(w.records) == 4 })
		w.nothing()
		w.same("a1", "b1", "a2", "c1")
		w.evidence("SourceTruncated a.log 0-6")
	})
}

// A rotation by renaming: the rest of the old file is read by its descriptor, or where it is now.
func TestCase26RotatedByPath(t *testing.T) {
	t.Parallel()
	for _, down := range []bool{false, true} {
		both(t, func(t *testing.T, w *world) {
			w.config.Identity = IdentityPath
			w.write("a.log", "a1\n")
			w.start()
			w.want("a1")
			if down {
				w.stop()
			}
			w.write("a.log", "a2\n")
			w.rename("a.log", "a.log.1")
			w.write("a.log", "b1\n")
			if down {
				w.start()
			}
			w.want("a1", "a2", "b1")
			w.evidence("SourceTruncated a.log 0-6")
			w.restart()
			w.write("a.log", "b2\n")
			w.want("a1", "a2", "b1", "b2")
		})
	}
}

// replace gives a file another inode, as a mount of some file systems does.
func (w *world) replace(name string) {
	w.t.Helper()
	b, err := os.ReadFile(w.path(name))
	w.ok(err)
	w.ok(os.WriteFile(w.path(name+".tmp"), b, 0o640))
	w.rename(name+".tmp", name)
}

// The other way round: the keys of the marks are made of paths.
func TestCase25FromPathsToInodes(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Identity = IdentityPath
		w.write("a.log", "a1\n")
		w.start()
		w.want("a1")
		w.stop()
		w.config.Identity = IdentityInode
		w.write("a.log", "a2\n")
		w.start()
		w.want("a1", "a2")
		w.rename("a.log", "a.log.1")
		w.write("a.log.1", "a3\n")
		w.write("a.log", "b1\n")
		w.want("a1", "a2", "a3", "b1")
		if a, b := w.records[0].Pos, w.records[2].Pos; a.FileID != b.FileID || b.Offset != 6 {
			t.Errorf("read as %+v and as %+v", a, b)
		}
	})
}
