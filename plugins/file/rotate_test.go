package file

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRename(t *testing.T) {
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
func TestOldFileFirst(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", numbered(0, 10000))
	w.start()
	w.ok(w.step(t.Context()))
	w.rename("a.log", "a.log.1")
	w.write("a.log", numbered(10000, 10))
	w.want(strings.Split(strings.TrimSuffix(numbered(0, 10010), "\n"), "\n")...)
}

func TestRotatedNameMatchesTheGlobToo(t *testing.T) {
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

func TestRotatedWhileDown(t *testing.T) {
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
func TestRotatedTwiceWhileDown(t *testing.T) {
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

func TestDeletedWhileOpen(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "a1\n")
		w.start()
		w.want("a1")
		w.write("a.log", "a2\na3 is not comple")
		w.ok(os.Remove(w.path("a.log")))
		w.until("read", func() bool { return len(w.records) == 3 })
		w.want("a1", "a2", "a3 is not comple")
		w.until("forgotten", func() bool { return w.marks() == 0 && w.open() == 0 })
		w.write("a.log", "b1\n")
		w.want("a1", "a2", "a3 is not comple", "b1")
	})
}

func TestTruncated(t *testing.T) {
	for _, rewritten := range []string{"a1\nx\n", "b1\n", "b1\nb2\nb3\nb4\nb5\n", "a1\na2\nb3\nb4\nb5\n"} {
		t.Run(rewritten, func(t *testing.T) {
			both(t, func(t *testing.T, w *world) {
				w.write("a.log", "a1\na2\na3\n")
				w.start()
				w.want("a1", "a2", "a3")
				w.ok(os.WriteFile(w.path("a.log"), []byte(rewritten), 0))
				want := append([]string{"a1", "a2", "a3"}, strings.Split(strings.TrimSuffix(rewritten, "\n"), "\n")...)
				w.want(want...)
				if p := w.last().Pos; p.Generation != 1 {
					t.Errorf("after the truncation: %+v", p)
				}
				if w.marks() != 1 {
					t.Errorf("marks %q", w.cursor)
				}
				w.restart()
				w.want(want...)
			})
		})
	}
}

func TestTruncatedWhileDown(t *testing.T) {
	for _, rewritten := range []string{"a1\n", "b1\n", "a1\na2\nb3\nb4\n"} {
		t.Run(rewritten, func(t *testing.T) {
			w := newWorld(t, true)
			w.write("a.log", "a1\na2\na3\n")
			w.start()
			w.want("a1", "a2", "a3")
			w.stop()
			w.ok(os.WriteFile(w.path("a.log"), []byte(rewritten), 0))
			w.start()
			w.want(append([]string{"a1", "a2", "a3"}, strings.Split(strings.TrimSuffix(rewritten, "\n"), "\n")...)...)
			if p := w.last().Pos; p.Generation != 1 {
				t.Errorf("after the truncation: %+v", p)
			}
		})
	}
}

// A truncation is remembered before there is anything new to read: the file may
// grow past the old offset while the agent is down, with the same first line.
func TestTruncationIsRememberedAtOnce(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "head\na2\n")
	w.start()
	w.want("head", "a2")
	w.ok(os.Truncate(w.path("a.log"), 0))
	w.until("noticed", func() bool { return w.source.Status().Files[0].Generation == 1 })
	w.nothing()
	w.stop()
	w.write("a.log", "head\na2\na3\n")
	w.start()
	w.want("head", "a2", "head", "a2", "a3")
	if p := w.last().Pos; p.Generation != 1 {
		t.Errorf("after the truncation: %+v", p)
	}
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

// The inode of a deleted file is given to another.
func TestInodeUsedAgain(t *testing.T) {
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
func TestInodeUsedAgainByAForeignFile(t *testing.T) {
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

// TestRotationUnderLoad has a writer that writes, also in halves, and rotates,
// while the source is stopped and started at random batch boundaries.
func TestRotationUnderLoad(t *testing.T) {
	const lines, rotations = 60000, 3
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "")
		w.start()
		w.until("met", func() bool { return w.marks() == 1 }) // what was rotated away before that is none of ours
		written := make(chan error, 1)
		go func() { written <- loadWriter(w.path("a.log"), lines, rotations) }()
		r := rand.New(rand.NewPCG(1, 2))
		deadline := time.Now().Add(20 * time.Second)
		for restarts := 0; len(w.records) < lines; {
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			err := w.step(ctx)
			cancel()
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			if r.IntN(10) == 0 && restarts < 40 {
				restarts++
				// What was read, but is not in the cursor, is read again: nothing here.
				w.restart()
			}
			if time.Now().After(deadline) {
				t.Fatalf("read %d lines of %d: %+v", len(w.records), lines, w.source.Status())
			}
		}
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

// The mark of a deleted file stays until what was read of it is durable.
func TestMarkStaysUntilCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.write("a.log", "a1\n")
		w.start()
		b, err := w.source.Read(t.Context())
		w.ok(err)
		at := w.cursor.Merge(b.Next)
		w.ok(os.Remove(w.path("a.log")))
		ctx, cancel := context.WithTimeout(t.Context(), 10*quietPolls*w.config.Poll)
		defer cancel()
		if b, err := w.source.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("before Committed Read returned %v, %v", b, err)
		}
		w.ok(w.source.Committed(t.Context(), at))
		b, err = w.source.Read(t.Context())
		w.ok(err)
		if at = at.Merge(b.Next); len(at) != 1 || len(b.Next) != 1 {
			t.Errorf("%v", b)
		}
		w.stop()
	})
}

// A path leads elsewhere before the file found there could be opened.
func TestRenamedBetweenScanAndOpen(t *testing.T) {
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
