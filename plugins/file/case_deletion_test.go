package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

func TestCase48DeletedWhileOpen(t *testing.T) {
	t.Parallel()
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

// The mark of a deleted file stays until what was read of it is durable.
func TestCase51MarkStaysUntilCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.write("a.log", "a1\n")
		w.start()
		b, err := w.source.Read(t.Context())
		w.ok(err)
		at := w.cursor.Merge(b.Next)
		w.ok(os.Remove(w.path("a.log")))
		for told := false; !told; { // that it left its path, and then that nothing more is expected
			b, err := w.source.Read(t.Context())
			w.ok(err)
			at = at.Merge(b.Next)
			told = len(b.Records) == 0
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*quietPolls*w.config.Poll)
		defer cancel()
		if b, err := w.source.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("before Committed Read returned %v, %v", b, err)
		}
		w.ok(w.source.Committed(t.Context(), at))
		b, err = w.source.Read(t.Context())
		w.ok(err)
		if at = at.Merge(b.Next); len(at) != 1 || len(b.Next) != 2 {
			t.Errorf("%v", b)
		}
		w.stop()
	})
}

func TestCase48DescriptorIsFreed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		text := numbered(0, 5000)
		w.write("a.log", text)
		w.start()
		w.ok(w.step(t.Context()))
		w.ok(os.Remove(w.path("a.log")))
		w.want(strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
		w.until("closed", func() bool { return w.descriptors() == 0 })
		w.until("forgotten", func() bool { return w.marks() == 0 })
		w.restart()
		w.nothing()
		for _, f := range w.facts {
			if f.Evidence.Name != plugins.SourceRotated {
				t.Errorf("told %+v", f.Evidence)
			}
		}
		if len(w.facts) != 1 {
			t.Errorf("told %q", w.told())
		}
	})
}

func TestCase49DeletedAndCreatedAtOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		var want []string
		w.start()
		for i := range 5 {
			w.write("a.log", fmt.Sprintf("head\n%d\n", i))
			want = append(want, "head", fmt.Sprint(i))
			w.want(want...)
			w.ok(os.Remove(w.path("a.log")))
		}
		w.write("a.log", "head\nlast\n")
		w.want(append(want, "head", "last")...)
	})
}

// Nothing holds the inode while the agent is down: the kernel gives it again.
func TestCase49DeletedAndCreatedWhileDown(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "head\na1\n")
		if w.born("a.log") == 0 {
			t.Skip("this file system does not tell when a file was made")
		}
		w.start()
		w.want("head", "a1")
		w.stop()
		n := w.inode("a.log")
		w.tick()
		w.ok(os.Remove(w.path("a.log")))
		w.write("a.log", "head\na1\nb2\n") // what was read is the same
		again := w.inode("a.log") == n
		w.start()
		w.until("read", func() bool { return len(w.records) == 5 })
		w.until("forgotten", func() bool { return w.marks() == 1 })
		w.nothing()
		w.same("head", "a1", "head", "a1", "b2")
		if f := w.facts[0]; f.Evidence.Name != plugins.SourceGap || f.Evidence.From != 8 || f.Evidence.To != -1 {
			t.Errorf("told %q (same inode: %v)", w.told(), again)
		}
	})
}

// It is written to after it was last looked at, and before it is closed.
func TestCase50WrittenToBeforeItIsClosed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "a1\n")
		w.start()
		w.want("a1")
		w.rename("a.log", "a.log.1")
		w.write("a.log", "b1\n")
		w.want("a1", "b1")
		w.source.mu.Lock()
		for _, old := range w.source.tails {
			if old.away {
				w.write("a.log.1", "a2\n")
				old.ready = false
				w.source.settle(old, true, time.Now().Add(time.Hour))
				if old.fd != nil {
					t.Error("it was not closed")
				}
			}
		}
		w.source.mu.Unlock()
		w.want("a1", "b1", "a2")
		w.ok(os.Remove(w.path("a.log.1")))
		w.until("forgotten", func() bool { return w.marks() == 1 })
		if w.source.Status().Gaps > 0 {
			t.Errorf("told %q", w.told())
		}
	})
}

// The marks of files that are gone go, and nothing of them is left but a number.
func TestCase51MarksAreRemoved(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for i := range 20 {
			w.write(fmt.Sprintf("%d.log", i), "x\n")
		}
		w.start()
		w.until("read", func() bool { return len(w.records) == 20 && w.marks() == 20 })
		for i := range 10 {
			w.ok(os.Remove(w.path(fmt.Sprintf("%d.log", i))))
		}
		w.until("forgotten", func() bool { return w.marks() == 10 })
		w.stop()
		for i := 10; i < 20; i++ {
			w.ok(os.Remove(w.path(fmt.Sprintf("%d.log", i))))
		}
		w.start()
		w.until("forgotten", func() bool { return w.marks() == 0 })
		if len(w.cursor) != 1 || len(w.cursor[0].Value) > 3 {
			t.Errorf("cursor %q", w.cursor)
		}
	})
}

func TestCase51FolderIsRemoved(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("app/logs/*.log")}
		w.ok(os.MkdirAll(w.path("app/logs"), 0o750))
		w.write("app/logs/a.log", "a1\n")
		w.start()
		w.want("a1")
		w.ok(os.RemoveAll(w.path("app")))
		w.until("forgotten", func() bool { return w.marks() == 0 })
	})
}

// A folder that is not mounted yet does not mean that its files are gone.
func TestCase51MarksStayWhileAFolderIsAway(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("mount/logs/*.log")}
		w.ok(os.MkdirAll(w.path("mount/logs"), 0o750))
		w.write("mount/logs/a.log", "a1\n")
		w.start()
		w.want("a1")
		w.stop()
		n := w.inode("mount/logs/a.log")
		away := plugins.Cursor{} // as if it had been on a device that is not there
		for _, m := range w.cursor {
			if m.Key != startKey {
				m.Key = fmt.Sprintf("%d-%d-%s", n.dev+1, n.ino, hashOf(m.Key))
			}
			away = append(away, m)
		}
		w.cursor = away
		w.rename("mount/logs", "elsewhere")
		w.start()
		w.idle(2 * quietPolls)
		if w.marks() != 1 {
			t.Errorf("marks %q", w.cursor)
		}
		w.stop()
		w.rename("elsewhere", "mount/logs")
		w.write("mount/logs/a.log", "a2\n")
		w.start()
		w.want("a1", "a2")
		w.evidence()
	})
}
