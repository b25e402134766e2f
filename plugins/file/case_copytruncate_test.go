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

func TestCase03CopyMatchesTheGlobToo(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("a.log*")}
		w.write("a.log", "a1\na2\n")
		w.start()
		w.want("a1", "a2")
		w.copyTruncate("a.log", "a.log.1")
		w.write("a.log", "b1\n")
		w.want("a1", "a2", "b1")
		w.write("a.log", "b2\n")
		w.rename("a.log.1", "a.log.2")
		w.copyTruncate("a.log", "a.log.1")
		w.write("a.log", "c1\n")
		w.want("a1", "a2", "b1", "b2", "c1")
		w.until("told", func() bool { return len(w.facts) >= 2 })
		w.restart()
		w.write("a.log.1", "written to the copy\n")
		w.write("a.log", "c2\n")
		w.until("read", func() bool { return len(w.records) >= 7 })
		w.same("a1", "a2", "b1", "b2", "c1", "c2", "written to the copy")
		w.evidence("SourceTruncated a.log 0-6", "SourceTruncated a.log 0-6")
	})
}

// What was written since the last read is in the copy, and is the log's.
func TestCase03RestIsReadInTheCopy(t *testing.T) {
	t.Parallel()
	for _, paths := range []string{"a.log", "a.log*"} {
		for _, down := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s down %v", paths, down), func(t *testing.T) {
				both(t, func(t *testing.T, w *world) {
					w.config.Paths = []string{w.path(paths)}
					w.write("a.log", "a1\n")
					w.start()
					w.want("a1")
					if down {
						w.stop()
					}
					w.write("a.log", "a2\na3\n")
					w.copyTruncate("a.log", "a.log.1")
					w.write("a.log", "b1\n")
					if down {
						w.start()
					}
					w.want("a1", "a2", "a3", "b1")
					if p, first := w.records[2].Pos, w.records[0].Pos; p.FileID != first.FileID || p.Generation != 0 || p.Offset != 6 || p.File != w.path("a.log") {
						t.Errorf("read in the copy as %+v", p)
					}
					w.evidence("SourceTruncated a.log 0-9")
					w.restart()
					w.want("a1", "a2", "a3", "b1")
				})
			})
		}
	}
}

// A scan while the copy is being made, and before the log is truncated.
func TestCase03CopyIsMetWhileItIsMade(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("a.log*")}
		text := numbered(0, 300)
		w.write("a.log", text)
		w.start()
		w.until("read", func() bool { return len(w.records) == 300 })
		for _, part := range []string{"", text[:4], text[4:100], text[100:]} {
			w.write("a.log.1", part)
			w.idle(quietPolls + 3)
		}
		w.idle(2 * quietPolls) // as long as a slow disk may take
		w.write("a.log", "late\n")
		w.write("a.log.1", "late\n")
		w.ok(os.Truncate(w.path("a.log"), 0))
		w.write("a.log", "next\n")
		w.until("read", func() bool { return len(w.records) == 302 })
		w.idle(2 * quietPolls)
		w.same(append(strings.Split(text+"late", "\n"), "next")...)
	})
}

// Somebody's own copy, after which nothing is truncated, is not read either.
func TestCase03CopyWithoutTruncation(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("a.log*")}
		w.write("a.log", "a1\na2\n")
		w.start()
		w.want("a1", "a2")
		w.write("a.log.1", "a1\na2\n")
		w.until("judged", func() bool { return len(w.source.tails) == 2 && w.source.tails[1].copy })
		w.idle(3)
		w.write("a.log", "a3\n")
		w.want("a1", "a2", "a3")
		w.write("a.log.1", "its own\n")
		w.want("a1", "a2", "a3", "its own")
		w.evidence()
	})
}

// Copies of which nothing was seen while they were made, in one turn.
func TestCase03SeveralCopiesAtOnce(t *testing.T) {
	for _, paths := range []string{"a.log", "a.log*"} {
		w := newWorld(t, true)
		w.config.Paths = []string{w.path(paths)}
		w.write("a.log", "a1\n")
		if w.born("a.log") == 0 {
			t.Skip("this file system does not tell when a file was made")
		}
		w.start()
		w.want("a1")
		w.stop()
		w.tick()
		w.write("a.log", "a2\n")
		w.copyTruncate("a.log", "a.log.1")
		w.tick()
		w.write("a.log", "b1\n")
		w.rename("a.log.1", "a.log.2")
		w.copyTruncate("a.log", "a.log.1")
		w.write("a.log", "c1\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 4 })
		w.idle(2 * quietPolls)
		w.same("a1", "a2", "b1", "c1")
	}
}

func TestCase03CopyIsCompressedAlready(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "a1\n")
	w.start()
	w.want("a1")
	w.stop()
	w.write("a.log", "a2\n")
	w.copyTruncate("a.log", "a.log.1.gz")
	w.write("a.log", "b1\n")
	w.start()
	w.want("a1", "b1")
	w.evidence("SourceGap a.log 3--1", "SourceTruncated a.log 0-3")
	if p, q := w.facts[0].Pos, w.facts[1].Pos; p.Generation != 0 || p.Offset != 3 || q.Generation != 1 || q.Offset != 0 || p.FileID != w.records[0].Pos.FileID {
		t.Errorf("told at %+v and %+v", p, q)
	}
	w.restart()
	w.nothing()
}

// TestCase04ManyCopies has several writers that write and copytruncate, while the source
// is stopped and started at random batch boundaries.
func TestCase04ManyCopies(t *testing.T) {
	t.Parallel()
	const lines, copies, writers = 12000, 4, 3
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("*.log*")}
		for i := range writers {
			w.write(fmt.Sprintf("%d.log", i), "")
		}
		if w.born("0.log") == 0 {
			t.Skip("this file system does not tell when a file was made")
		}
		w.start()
		w.until("met", func() bool { return w.marks() == writers })
		written := make(chan error, writers)
		for i := range writers {
			go func() { written <- copyWriter(w.path(fmt.Sprintf("%d.log", i)), lines, copies) }()
		}
		w.underLoad(lines*writers, 20)
		for range writers {
			w.ok(<-written)
		}
		w.until("quiet", w.quiet(2*quietPolls))
		read := map[string]plugins.Position{}
		for _, r := range w.records {
			line := string(r.Data)
			if p, twice := read[line]; twice {
				t.Fatalf("%q was read at %+v and at %+v; %q; %+v", line, p, r.Pos, w.told(), w.source.Status())
			}
			read[line] = r.Pos
		}
		for i := range writers {
			for n := range lines {
				if line := fmt.Sprintf("%d.log line %d", i, n); read[line].FileID == "" {
					t.Fatalf("%q was not read", line)
				}
			}
		}
		for _, f := range w.facts {
			if f.Evidence.Name == plugins.SourceGap {
				t.Errorf("told %+v", f.Evidence)
			}
		}
	})
}

func copyWriter(path string, lines, copies int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	for i := range lines {
		if _, err := fmt.Fprintf(f, "%s line %d\n", filepath.Base(path), i); err != nil {
			return err
		}
		if (i+1)%(lines/(copies+1)) != 0 || i+1 == lines {
			continue
		}
		for n := copies; n > 1; n-- {
			if err := os.Rename(fmt.Sprintf("%s.%d", path, n-1), fmt.Sprintf("%s.%d", path, n)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		if err := copyTruncate(path, path+".1"); err != nil {
			return err
		}
	}
	return f.Close()
}
