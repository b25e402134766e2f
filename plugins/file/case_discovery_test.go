package file

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestCase42GlobMatchesLater(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{filepath.Join(w.dir, "later", "*.log")}
		w.start()
		w.nothing()
		w.ok(os.Mkdir(w.path("later"), 0o750))
		w.write("later/a.log", "a1\n")
		w.want("a1")
	})
}

func TestCase42RecursiveAndExcluded(t *testing.T) {
	w := newWorld(t, true)
	w.config.Paths = []string{filepath.Join(w.dir, "**", "*.log"), filepath.Join(w.dir, "a.*")}
	w.config.Exclude = []string{"skip*", filepath.Join(w.dir, "deep", "no", "**")}
	for _, d := range []string{"deep/yes", "deep/no", "folder.log"} {
		w.ok(os.MkdirAll(w.path(d), 0o750))
	}
	for _, f := range []string{"a.log", "skipped.log", "other.txt", "deep/yes/b.log", "deep/no/c.log", "deep/skip.log"} {
		w.write(f, f+"\n")
	}
	w.start()
	w.want("a.log", "deep/yes/b.log")
}

func TestCase44StartAtEnd(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Start = StartEnd
		w.write("a.log", numbered(0, 20000)+"half ")
		w.write("empty.log", "")
		w.start()
		w.nothing()
		w.write("a.log", "line\n")
		w.want("half line")
		w.write("b.log", "b1\n") // later: from its beginning
		w.want("half line", "b1")
		w.restart()
		w.write("c.log", "c1\n")
		w.want("half line", "b1", "c1")
		w.write("empty.log", "e1\n")
		w.want("half line", "b1", "c1", "e1")
	})
}

// The first start is remembered even if there was no file then.
func TestCase44StartAtEndWithoutFiles(t *testing.T) {
	w := newWorld(t, true)
	w.config.Start = StartEnd
	w.start()
	w.nothing()
	w.stop()
	w.write("a.log", "a1\n")
	w.start()
	w.want("a1")
}

func TestCase45PermissionGrantedLater(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.beNobody("TestCase45")
		w.write("a.log", "a1\n")
		w.write("b.log", "b1\n")
		w.ok(os.Chmod(w.path("a.log"), 0))
		w.start()
		w.want("b1")
		if f := w.source.Status().Files[0]; f.Err == nil || f.Path != w.path("a.log") {
			t.Errorf("status %+v", f)
		}
		w.ok(os.Chmod(w.path("a.log"), 0o640))
		w.want("b1", "a1")
		if f := w.source.Status().Files[0]; f.Err != nil {
			t.Errorf("status %+v", f)
		}
	})
}

func TestCase41CreatedAfterTheStart(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "a1\na2\r\n")
		w.start()
		w.want("a1", "a2")
		w.write("a.log", "a3\n")
		w.want("a1", "a2", "a3")
		w.write("b.log", "b1\n") // made later
		w.want("a1", "a2", "a3", "b1")
		got := w.records[1].Pos
		want := plugins.Position{File: w.path("a.log"), FileID: got.FileID, Offset: 3, Length: 2}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if n := w.marks(); n != 2 {
			t.Errorf("%d marks, want 2: %q", n, w.cursor)
		}
		w.restart()
		w.write("b.log", "b2\n")
		w.want("a1", "a2", "a3", "b1", "b2")
	})
}

func TestCase42RelativePath(t *testing.T) {
	w := newWorld(t, true)
	t.Chdir(w.dir)
	w.config.Paths = []string{"sub/../*.log"}
	w.write("a.log", "a1\n")
	w.start()
	w.want("a1")
	if p := w.last().Pos.File; p != w.path("a.log") {
		t.Errorf("read as %s", p)
	}
}

func TestCase43IgnoredAsTooOld(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.IgnoreOlder = 24 * time.Hour
		old := time.Now().Add(-25 * time.Hour)
		for _, name := range []string{"a.log", "b.log", "c.log", "half.log"} {
			w.write(name, "old\n")
		}
		w.write("half.log", "ha")
		for _, name := range []string{"a.log", "b.log", "c.log", "half.log"} {
			w.ok(os.Chtimes(w.path(name), old, old))
		}
		w.write("young.log", "young\n")
		w.start()
		w.want("young")
		w.write("a.log", "a1\n")
		w.want("young", "a1")
		w.write("half.log", "lf\n")
		w.want("young", "a1", "half")
		w.stop()
		w.write("b.log", "b1\n")
		w.rename("c.log", "c.log.1")
		w.write("c.log.1", "c1\n")
		w.write("c.log", "c2\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 6 })
		w.nothing()
		w.same("young", "a1", "half", "b1", "c1", "c2")
	})
}

// Written to after it was seen, and before it was opened.
func TestCase43WrittenToBeforeItIsOpened(t *testing.T) {
	w := newWorld(t, true)
	w.config.IgnoreOlder = time.Hour
	w.write("a.log", "old\n")
	old := time.Now().Add(-2 * time.Hour)
	w.ok(os.Chtimes(w.path("a.log"), old, old))
	w.start() // has scanned, and opened nothing
	w.write("a.log", "new\n")
	w.want("new")
	if p := w.last().Pos; p.Offset != 4 {
		t.Errorf("read as %+v", p)
	}
}

// The first start is over once a mark is durable; until then it comes again.
func TestCase44CrashBeforeTheFirstMarks(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Start = StartEnd
		for i := range 20 {
			w.write(fmt.Sprintf("%d.log", i), numbered(0, 100))
		}
		w.start()
		_, err := w.source.Read(t.Context()) // handed out, and never durable
		w.ok(err)
		w.write("0.log", "lost with the crash: nobody had said where the end is\n")
		w.restart()
		w.ok(w.step(t.Context())) // the first batch knows all files, read or not
		if w.marks() != 20 {
			t.Errorf("%d marks: %q", w.marks(), w.cursor)
		}
		w.write("1.log", "new\n")
		w.restart()
		w.want("new")
	})
}

// A file that could not be opened at the first start was there all the same.
func TestCase44ForbiddenAtTheFirstStart(t *testing.T) {
	w := newWorld(t, true)
	w.config.Start = StartEnd
	w.beNobody("TestCase44")
	w.write("a.log", "old\n")
	w.ok(os.Chmod(w.path("a.log"), 0))
	w.start()
	w.nothing()
	w.stop()
	w.ok(os.Chmod(w.path("a.log"), 0o640))
	w.write("a.log", "new\n")
	w.start()
	w.want("new")
}

func TestCase46MoreFilesThanDescriptors(t *testing.T) {
	t.Parallel()
	const files, most = 200, 16
	both(t, func(t *testing.T, w *world) {
		w.config.MaxOpen = most
		var want []string
		add := func(round int) {
			for f := range files {
				line := fmt.Sprintf("file %d round %d", f, round)
				w.write(fmt.Sprintf("%d.log", f), line+"\n")
				want = append(want, line)
			}
		}
		read := func() {
			w.t.Helper()
			w.until("all read", func() bool {
				if n := w.descriptors(); n > most {
					t.Fatalf("%d files are open", n)
				}
				return len(w.records) >= len(want)
			})
		}
		add(0)
		w.start()
		read()
		add(1)
		read()
		w.restart()
		add(2)
		read()
		w.nothing()
		w.same(want...)
		if st := w.source.Status(); st.Open > most || st.Open != w.open() {
			t.Errorf("status tells %d of %d open files", st.Open, w.open())
		}
		w.evidence()
	})
}

// Some have much to read, and still every file gets its turn.
func TestCase46EveryFileGetsItsTurn(t *testing.T) {
	w := newWorld(t, true)
	w.config.MaxOpen = 2
	for f := range 6 {
		w.write(fmt.Sprintf("%d.log", f), numbered(0, 20000))
	}
	w.start()
	for range 12 {
		w.ok(w.step(t.Context()))
	}
	turns := map[string]int{}
	for _, r := range w.records {
		turns[r.Pos.File]++
	}
	if len(turns) != 6 {
		t.Errorf("%d files of 6 were read: %v", len(turns), turns)
	}
	w.until("read", func() bool { return len(w.records) == 6*20000 })
}

func TestCase47NoRegularFiles(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.ok(os.Mkdir(w.path("folder.log"), 0o750))
		w.ok(unix.Mkfifo(w.path("pipe.log"), 0o640))
		l, err := net.Listen("unix", w.path("s.log"))
		w.ok(err)
		defer l.Close()
		w.write("a.log", "a1\n")
		w.write("b.log", "b1\n")
		w.config.Paths = append(w.config.Paths, w.path("folder.log"), w.path("pipe.log"))
		w.start()
		w.until("read", func() bool { return len(w.records) == 2 })
		w.ok(os.Remove(w.path("b.log")))
		w.ok(unix.Mkfifo(w.path("b.log"), 0o640)) // where a file was
		w.write("a.log", "a2\n")
		w.until("read", func() bool { return len(w.records) == 3 })
		w.until("forgotten", func() bool { return w.marks() == 1 && w.descriptors() == 1 })
		w.ok(os.Remove(w.path("pipe.log")))
		w.write("pipe.log", "p1\n") // a file where a pipe was
		w.until("read", func() bool { return len(w.records) == 4 })
		w.same("a1", "b1", "a2", "p1")
	})
}
