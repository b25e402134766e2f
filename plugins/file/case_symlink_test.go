package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/plugins"
)

// link makes name lead to target, as ln -sfn does.
func (w *world) link(target, name string) {
	w.t.Helper()
	w.ok(os.Symlink(target, w.path(name+".tmp")))
	w.rename(name+".tmp", name)
}

func TestCase16TruncatedThroughALink(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Symlinks = true
		w.ok(os.Mkdir(w.path("data"), 0o750))
		w.write("data/a", "a1\na2\n")
		w.link("data/a", "a.log")
		w.start()
		w.want("a1", "a2")
		w.ok(os.WriteFile(w.path("a.log"), []byte("b1\n"), 0))
		w.want("a1", "a2", "b1")
		w.evidence("SourceTruncated a.log 0-6")
		w.restart()
		w.write("data/a", "b2\n")
		w.want("a1", "a2", "b1", "b2")
	})
}

func TestCase17LinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.ok(os.Mkdir(w.path("data"), 0o750))
		w.write("data/a", "secret\n")
		w.link("data/a", "a.log")
		w.link("data/a", "current")
		w.link("nowhere", "dangling.log")
		w.config.Paths = append(w.config.Paths, w.path("current"))
		w.write("b.log", "b1\n")
		w.link("b.log", "c.log") // read under its own name
		w.start()
		w.want("b1")
		faults := w.source.Status().Faults
		if len(faults) != 2 || faults[0].Path != w.path("a.log") || faults[1].Path != w.path("current") {
			t.Fatalf("faults %v", faults)
		}
		for _, f := range faults {
			if !errors.Is(f.Err, errSymlink) || !strings.Contains(f.Err.Error(), "symlinks = true") {
				t.Errorf("%s: %v", f.Path, f.Err)
			}
		}
		w.stop()
		w.config.Symlinks = true
		w.start()
		w.want("b1", "secret")
		if f := w.source.Status().Faults; len(f) > 0 {
			t.Errorf("faults %v", f)
		}
	})
}

func TestCase18LinkRetargeted(t *testing.T) {
	t.Parallel()
	const targets, lines = 30, 100
	both(t, func(t *testing.T, w *world) {
		w.config.Symlinks = true
		w.config.Paths = []string{w.path("current")}
		w.ok(os.Mkdir(w.path("data"), 0o750))
		var want []string
		for i := range targets {
			name := fmt.Sprintf("data/app.%d.log", i)
			w.write(name, "")
			w.link(name, "current")
			switch {
			case i == 0:
				w.start()
				w.until("met", func() bool { return w.marks() == 1 })
			case i%10 == 0:
				w.restart()
			case i%10 == 3:
				w.until("some", func() bool { return len(w.records) >= (i-1)*lines })
			}
			w.tick()
			w.write(name, numbered(i*lines, lines))
			want = append(want, strings.Split(strings.TrimSuffix(numbered(i*lines, lines), "\n"), "\n")...)
		}
		if w.born("current") == 0 && w.source.tails[0].born == 0 {
			t.Skip("this file system does not tell when a file was made")
		}
		w.until("read", func() bool { return len(w.records) >= len(want) })
		w.nothing()
		w.same(want...)
		files := map[string]bool{}
		for _, r := range w.records {
			files[r.Pos.FileID] = true
			if r.Pos.File != w.path("current") {
				t.Fatalf("read as %+v", r.Pos)
			}
		}
		if len(files) != targets {
			t.Errorf("%d files", len(files))
		}
		for _, f := range w.facts {
			if f.Evidence.Name != plugins.SourceRotated {
				t.Errorf("told %+v", f.Evidence)
			}
		}
	})
}

// The agent is down meanwhile: where the link led is in the mark.
func TestCase18LinkRetargetedWhileDown(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Symlinks = true
		w.config.Paths = []string{w.path("current")}
		for _, dir := range []string{"monday", "tuesday"} {
			w.ok(os.Mkdir(w.path(dir), 0o750))
		}
		w.write("monday/log", "a1\n")
		w.link("monday/log", "current")
		w.start()
		w.want("a1")
		w.stop()
		w.write("monday/log", "a2\n")
		w.write("tuesday/log", "b1\n")
		w.link("tuesday/log", "current")
		w.start()
		w.want("a1", "a2", "b1")
		w.write("monday/log", "a3\n")
		w.want("a1", "a2", "b1", "a3")
		w.evidence("SourceRotated current 3-6")
	})
}

func TestCase19LinkRemoved(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Symlinks = true
		w.ok(os.Mkdir(w.path("data"), 0o750))
		w.write("data/a", "a1\n")
		w.link("data/a", "a.log")
		w.start()
		w.want("a1")
		w.ok(os.Remove(w.path("a.log")))
		w.write("data/a", "a2\n")
		w.want("a1", "a2")
		w.restart()
		w.write("data/a", "a3\n")
		w.want("a1", "a2", "a3")
		w.evidence("SourceRotated a.log 3-" + fmt.Sprint(w.facts[0].Evidence.To))
	})
}

func TestCase20FileAndItsLink(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{IdentityInode, IdentityPath} {
		both(t, func(t *testing.T, w *world) {
			w.config.Symlinks, w.config.Identity = true, kind
			w.write("b.log", "1\n")
			w.link("b.log", "a.log")
			w.link(w.path("b.log"), "c.log")
			w.ok(os.Link(w.path("b.log"), w.path("d.log")))
			if kind == IdentityPath { // by their paths, two hard links are two files
				w.ok(os.Remove(w.path("d.log")))
			}
			w.start()
			w.want("1")
			if p := w.last().Pos.File; p != w.path("b.log") {
				t.Errorf("read as %s", filepath.Base(p))
			}
			w.write("a.log", "2\n")
			w.want("1", "2")
			w.restart()
			w.write("c.log", "3\n")
			w.want("1", "2", "3")
			if w.marks() != 1 {
				t.Errorf("marks %q", w.cursor)
			}
			w.evidence()
		})
	}
}
