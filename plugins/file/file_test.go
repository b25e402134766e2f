package file

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

func TestConformance(t *testing.T) {
	for _, poll := range []bool{false, true} {
		w := newWorld(t, poll)
		var want []string
		for f := range 7 {
			var b strings.Builder
			for i := range 700 {
				line := fmt.Sprintf("file %d line %d %s", f, i, strings.Repeat("x", i*i%300))
				fmt.Fprintf(&b, "%s\n", line)
				want = append(want, line)
			}
			w.write(fmt.Sprintf("%d.log", f), b.String()+"half a line")
		}
		sourcetest.Run(t, sourcetest.Harness{Want: want, New: func(t testing.TB) plugins.Source {
			s, err := New(w.config)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []Config{
		{},
		{Paths: []string{""}},
		{Paths: []string{"/var/log/[a.log"}},
		{Paths: []string{"a"}, Exclude: []string{"{a"}},
		{Paths: []string{"a"}, Start: "middle"},
		{Paths: []string{"a"}, MaxLine: -1},
		{Paths: []string{"a"}, Poll: -1},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

func TestFollow(t *testing.T) {
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

func TestIdentityIsAsDocumented(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "hello\nworld\n")
	w.start()
	w.want("hello", "world")
	info, err := os.Stat(w.path("a.log"))
	w.ok(err)
	n := inodeOf(info)
	// printf hello | sha256sum
	if got, want := w.last().Pos.FileID, fmt.Sprintf("%d-%d-2cf24dba5fb0a30e", n.dev, n.ino); got != want {
		t.Errorf("FileID %s, want %s", got, want)
	}
}

func TestPathsAndExclude(t *testing.T) {
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

func TestFolderMadeLater(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{filepath.Join(w.dir, "later", "*.log")}
		w.start()
		w.nothing()
		w.ok(os.Mkdir(w.path("later"), 0o750))
		w.write("later/a.log", "a1\n")
		w.want("a1")
	})
}

func TestStartAtEnd(t *testing.T) {
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
func TestStartAtEndWithoutFiles(t *testing.T) {
	w := newWorld(t, true)
	w.config.Start = StartEnd
	w.start()
	w.nothing()
	w.stop()
	w.write("a.log", "a1\n")
	w.start()
	w.want("a1")
}

func TestFirstLineIsNotComplete(t *testing.T) {
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

// Every file gets its turn while one has much to read.
func TestFairTurns(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", numbered(0, 50000))
	w.write("b.log", numbered(0, 50000))
	w.write("c.log", "c1\n")
	w.start()
	for range 4 {
		w.ok(w.step(t.Context()))
	}
	read := map[string]int{}
	for _, r := range w.records {
		read[filepath.Base(r.Pos.File)]++
	}
	if read["a.log"] < 1000 || read["b.log"] < 900 || read["c.log"] != 1 {
		t.Errorf("after four reads: %v", read)
	}
}

func TestForbidden(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		if os.Geteuid() == 0 { // who may read everything: be nobody, in this thread
			const nobody = 65534
			for dir := w.dir; strings.Contains(dir, "TestForbidden"); dir = filepath.Dir(dir) {
				w.ok(os.Chown(dir, nobody, nobody))
			}
			runtime.LockOSThread()
			w.ok(unix.Setfsuid(nobody))
			defer func() { w.ok(unix.Setfsuid(0)); runtime.UnlockOSThread() }()
		}
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

func TestStatus(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "a1\na2")
	w.start()
	w.want("a1")
	w.write("a.log", "more") // nobody reads: Status looks by itself
	got := w.source.Status()
	want := Status{Files: []FileStatus{{ID: w.last().Pos.FileID, Path: w.path("a.log"), File: w.path("a.log"), Size: 9, Offset: 3, Lag: 6, Open: true}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	done := make(chan struct{})
	go func() { // -race looks on
		defer close(done)
		for range 200 {
			w.source.Status()
		}
	}()
	w.write("a.log", numbered(0, 3000))
	w.until("all read", func() bool { return len(w.records) == 3001 })
	<-done
}
