package file

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/google/go-cmp/cmp"
)

func TestCase01RenameThenNewFile(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "a1\n")
		w.start()
		w.want("a1")
		w.rename("a.log", "gone elsewhere") // matches no glob, and looks like no rotated file
		w.write("gone elsewhere", "a2\n")
		w.write("a.log", "b1\n")
		w.want("a1", "a2", "b1")
		if f := w.records[1].Pos; f.File != w.path("a.log") || f.FileID != w.records[0].Pos.FileID {
			t.Errorf("after the rename: %+v", f)
		}
		w.write("gone elsewhere", "a3\n") // a writer that has not yet opened the new file
		w.want("a1", "a2", "b1", "a3")
		w.until("closed", func() bool { return w.open() == 1 })
		w.write("gone elsewhere", "a4\n") // after it was closed
		w.want("a1", "a2", "b1", "a3", "a4")
		if w.marks() != 2 {
			t.Errorf("marks %q", w.cursor)
		}
		w.ok(os.Remove(w.path("gone elsewhere")))
		w.until("forgotten", func() bool { return w.marks() == 1 })
		w.restart()
		w.want("a1", "a2", "b1", "a3", "a4")
	})
}

// What is left in the old file comes before the new file.
func TestCase01OldFileFirst(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", numbered(0, 10000))
	w.start()
	w.ok(w.step(t.Context()))
	w.rename("a.log", "a.log.1")
	w.write("a.log", numbered(10000, 10))
	w.want(strings.Split(strings.TrimSuffix(numbered(0, 10010), "\n"), "\n")...)
}

// TestCase04ManyRotations has a writer that writes, also in halves, and rotates,
// while the source is stopped and started at random batch boundaries.
func TestCase04ManyRotations(t *testing.T) {
	t.Parallel()
	const lines, rotations = 60000, 3
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "")
		w.start()
		w.until("met", func() bool { return w.marks() == 1 }) // what was rotated away before that is none of ours
		written := make(chan error, 1)
		go func() { written <- loadWriter(w.path("a.log"), lines, rotations) }()
		w.underLoad(lines, 40)
		w.ok(<-written)
		w.nothing()
		// Each line once, and those of a file in order. That the old file comes before
		// the new one is so whenever a scan does not fall between two renames.
		lineSeen, files := map[int]bool{}, map[string]int{}
		for _, rec := range w.records {
			var n int
			if _, err := fmt.Sscanf(string(rec.Data), "line %d", &n); err != nil || string(rec.Data) != fmt.Sprintf("line %d %s", n, strings.Repeat("x", n%100)) {
				t.Fatalf("a record is %q", rec.Data)
			}
			if last, known := files[rec.Pos.FileID]; lineSeen[n] || known && n != last+1 {
				t.Fatalf("line %d comes after line %d of %s, or twice", n, last, rec.Pos.FileID)
			}
			lineSeen[n], files[rec.Pos.FileID] = true, n
		}
		if len(files) != rotations+1 {
			t.Errorf("%d files, want %d", len(files), rotations+1)
		}
	})
}

func TestCase05RotatedWhileDown(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log.1", "never read\n") // from before the source was first started
		w.tick()
		w.write("a.log", "a1\n")
		w.start()
		w.want("a1")
		w.stop()
		w.write("a.log", "a2\n")
		w.rename("a.log.1", "a.log.2")
		w.rename("a.log", "a.log.1")
		w.write("a.log", "b1\n")
		w.start()
		w.want("a1", "a2", "b1")
		if f := w.records[1].Pos; f.File != w.path("a.log") || f.FileID != w.records[0].Pos.FileID || f.Offset != 3 {
			t.Errorf("after the rotation: %+v", f)
		}
	})
}

// Twice while the agent was down: the file in the middle was never seen.
func TestCase05RotatedTwiceWhileDown(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log.1", "never read\n")
	w.tick()
	w.write("a.log", "a1\n")
	if w.born("a.log") == 0 {
		t.Skip("this file system does not tell when a file was made")
	}
	w.start()
	w.want("a1")
	w.stop()
	w.tick()
	w.write("a.log", "a2\n")
	w.write("a.log.3.gz", "b1\nnot this\n")
	w.write("a.log.9", "a1\nnor this copy\n")
	w.rename("a.log.1", "a.log.3")
	w.rename("a.log", "a.log.2")
	w.write("a.log", "b1\n")
	w.rename("a.log", "a.log.1")
	w.write("a.log", "c1\n")
	w.write("a.log-new", "foreign\n")
	w.tick()
	w.write("a_ssl.log", "a match of its own\n")
	w.start()
	w.want("a1", "a2", "b1", "c1", "a match of its own")
	if f := w.records[2].Pos.File; f != w.path("a.log") {
		t.Errorf("the file in the middle was read as %s", f)
	}
}

func TestCase02LateLinesInRenamedFile(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "a1\n")
		w.start()
		w.want("a1")
		w.rename("a.log", "a.log.1")
		w.write("a.log", "b1\n")
		w.want("a1", "b1")
		w.write("a.log.1", "a2\n")
		w.want("a1", "b1", "a2")
		w.restart()
		w.write("a.log.1", "a3\n")
		w.want("a1", "b1", "a2", "a3")
		w.evidence("SourceRotated a.log 3-3")
		if r := w.facts[0]; r.Pos.FileID != w.records[0].Pos.FileID || r.Evidence.Why == "" {
			t.Errorf("told %+v %+v", r.Pos, r.Evidence)
		}
	})
}

// Rotated several times between two scans, by a name that is all that is asked for.
func TestCase06FasterThanTheScans(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("a.log")}
		w.write("a.log", "0\n")
		if w.born("a.log") == 0 {
			t.Skip("this file system does not tell when a file was made")
		}
		w.start()
		w.want("0")
		want := []string{"0"}
		for i := 1; i <= 5; i++ {
			w.tick()
			for n := i; n > 1; n-- {
				w.rename(fmt.Sprintf("a.log.%d", n-1), fmt.Sprintf("a.log.%d", n))
			}
			w.write("a.log", fmt.Sprintf("%d late\n", i))
			w.rename("a.log", "a.log.1")
			w.write("a.log", fmt.Sprintf("%d\n", i))
			want = append(want, fmt.Sprintf("%d late", i), fmt.Sprint(i))
		}
		w.want(want...)
		w.until("told", func() bool { return len(w.facts) == 5 })
	})
}

func TestCase07LowRate(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("a.log*")}
		var want, told []string
		w.start()
		for i := range 4 {
			w.write("a.log", fmt.Sprintf("%d\n", i))
			want = append(want, fmt.Sprint(i))
			w.want(want...)
			w.idle(2 * quietPolls)
			w.rename("a.log", fmt.Sprintf("a.log.%d", i+1))
			told = append(told, "SourceRotated a.log 2-2")
			w.evidence(told...)
		}
		w.want(want...)
	})
}

func TestCase08RotatedThenDeleted(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "a1\n")
		w.start()
		w.want("a1")
		w.write("a.log", "a2\n")
		w.rename("a.log", "a.log.1")
		w.write("a.log", "b1\n")
		w.want("a1", "a2", "b1")
		w.until("closed", func() bool { return w.open() == 1 })
		w.ok(os.Remove(w.path("a.log.1")))
		w.until("forgotten", func() bool { return w.marks() == 1 })
		w.nothing()
		if got := w.told(); len(got) != 1 || w.facts[0].Evidence.Name != plugins.SourceRotated {
			t.Errorf("told %q", got)
		}
	})
}

// Deleted while the agent is down: what was read to its end before is no loss, all else is one.
func TestCase08DeletedWhileDown(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for _, name := range []string{"done.log", "unread.log", "unknown.log"} {
			w.write(name, name+"\n")
		}
		w.start()
		w.until("read", func() bool { return len(w.records) == 3 })
		w.rename("done.log", "done.log.1")
		w.write("done.log", "keeps\n")
		w.until("closed", func() bool { return len(w.records) == 4 && w.open() == 3 })
		w.write("unread.log", numbered(0, 5000))
		w.until("some of it is read", func() bool { return len(w.records) >= 1004 })
		w.stop()
		for _, name := range []string{"done.log.1", "unread.log", "unknown.log"} {
			w.ok(os.Remove(w.path(name)))
		}
		w.start()
		w.until("forgotten", func() bool { return w.marks() == 1 })
		w.restart()
		w.idle(2 * quietPolls)
		read := len("unread.log\n" + numbered(0, len(w.records)-4))
		want := []string{"SourceRotated done.log 9-9", fmt.Sprintf("SourceGap unread.log %d-%d", read, len("unread.log\n"+numbered(0, 5000))), "SourceGap unknown.log 12--1"}
		got := w.told()
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if n := w.source.Status().Gaps; n != 0 {
			t.Errorf("told of %d gaps again", n)
		}
	})
}

func TestCase09RotatedNewWrittenOldDeleted(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", numbered(0, 3000))
		w.start()
		w.until("some is read", func() bool { return len(w.records) > 0 })
		w.rename("a.log", "a.log.1")
		w.write("a.log", numbered(3000, 10))
		w.ok(os.Remove(w.path("a.log.1")))
		w.want(strings.Split(strings.TrimSuffix(numbered(0, 3010), "\n"), "\n")...)
		w.until("forgotten", func() bool { return w.marks() == 1 })
		for _, f := range w.facts {
			if f.Evidence.Name == plugins.SourceGap {
				t.Errorf("told %+v", f.Evidence)
			}
		}
	})
}

func TestCase10CreatedThenMovedIntoPlace(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("a.log")}
		w.start()
		w.write("new.tmp", "a1\na2\n")
		w.nothing()
		w.rename("new.tmp", "a.log")
		w.want("a1", "a2")
		w.write("next.tmp", "b1\n")
		w.rename("next.tmp", "a.log") // over the old one: it is deleted by that
		w.want("a1", "a2", "b1")
		w.until("forgotten", func() bool { return w.marks() == 1 })
		w.evidence("SourceRotated a.log 6-6")
	})
}
