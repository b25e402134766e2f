package file

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestCase11TruncatedThenShorter(t *testing.T) {
	t.Parallel()
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

func TestCase12TruncatedWhileDown(t *testing.T) {
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
func TestCase14OffsetZeroIsRemembered(t *testing.T) {
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

// A file that was closed for others, and one that is not looked at.
func TestCase12TruncatedWhileClosed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.config.MaxOpen = 1
		w.write("a.log", "a1\na2\n")
		w.write("b.log", "b1\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 3 })
		w.write("b.log", "b2\n")
		w.until("read", func() bool { return len(w.records) == 4 })
		w.ok(os.WriteFile(w.path("a.log"), []byte("c1\n"), 0))
		w.until("read", func() bool { return len(w.records) == 5 })
		w.same("a1", "a2", "b1", "b2", "c1")
		w.evidence("SourceTruncated a.log 0-6")
		if w.open() > 1 {
			t.Errorf("%d files are open", w.open())
		}
	})
}

// It is longer than before when it is looked at again.
func TestCase13RewrittenPastTheOldOffset(t *testing.T) {
	t.Parallel()
	for _, rewritten := range []string{"head\nx2\nx3\nx4\nx5\n", "other\nx2\nx3\nx4\nx5\n"} {
		both(t, func(t *testing.T, w *world) {
			w.write("a.log", "head\na2\n")
			w.start()
			w.want("head", "a2")
			w.ok(os.WriteFile(w.path("a.log"), []byte(rewritten), 0))
			w.want(append([]string{"head", "a2"}, strings.Fields(rewritten)...)...)
			w.evidence("SourceTruncated a.log 0-8")
			if p := w.facts[0].Pos; p.Generation != 1 || p.FileID != w.records[0].Pos.FileID {
				t.Errorf("told at %+v", p)
			}
			w.restart()
			w.nothing()
		})
	}
}

func TestCase15TruncatedWhileTheOutputIsBlocked(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		text := numbered(0, 5000)
		w.write("a.log", text)
		w.start()
		w.ok(w.step(t.Context())) // and then nobody asks for more
		w.until("records", func() bool { return len(w.records) > 0 })
		read := w.last().Pos
		w.ok(os.Truncate(w.path("a.log"), 0))
		w.write("a.log", "b1\n")
		w.until("read on", func() bool { return string(w.last().Data) == "b1" })
		from := read.Offset + read.Length + 1
		w.evidence(fmt.Sprintf("SourceGap a.log %d-%d", from, len(text)), fmt.Sprintf("SourceTruncated a.log 0-%d", from))
		if p := w.facts[0].Pos; p.Offset != from || p.Generation != 0 || w.source.Status().Gaps != 1 {
			t.Errorf("told at %+v", p)
		}
		w.restart()
		w.nothing()
		w.evidence(w.told()...)
	})
}

// With a copy nothing is lost.
func TestCase15CopiedWhileTheOutputIsBlocked(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		text := numbered(0, 5000)
		w.write("a.log", text)
		w.start()
		w.ok(w.step(t.Context()))
		w.write("a.log", "last\n")
		w.copyTruncate("a.log", "a.log.1")
		w.write("a.log", "b1\n")
		w.want(strings.Split(text+"last\nb1", "\n")...)
		w.evidence(fmt.Sprintf("SourceTruncated a.log 0-%d", len(text)+5))
	})
}

// A part of what was not read is cut off; what was read is still there.
func TestCase15EndIsCutOff(t *testing.T) {
	w := newWorld(t, true)
	text := numbered(0, 3000)
	w.write("a.log", text)
	w.start()
	w.ok(w.step(t.Context()))
	w.until("records", func() bool { return len(w.records) > 0 })
	rest := numbered(0, len(w.records)+100)
	w.ok(os.Truncate(w.path("a.log"), int64(len(rest))))
	w.want(strings.Split(strings.TrimSuffix(rest, "\n"), "\n")...)
	w.evidence(fmt.Sprintf("SourceGap a.log %d-%d", len(rest), len(text)))
	w.restart()
	w.nothing()
}
