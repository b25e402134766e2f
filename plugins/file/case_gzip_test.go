package file

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/actiontrail/actiontrail/plugins"
)

// zipOf is text as a gzip file of so many members.
func zipOf(t testing.TB, text string, members int) []byte {
	t.Helper()
	var b bytes.Buffer
	for i := range members {
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(text[i*len(text)/members : (i+1)*len(text)/members])); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// compress does what gzip does with a file.
func (w *world) compress(name string) {
	w.t.Helper()
	info, err := os.Stat(w.path(name))
	w.ok(err)
	text, err := os.ReadFile(w.path(name))
	w.ok(err)
	w.ok(os.WriteFile(w.path(name+".gz"), zipOf(w.t, string(text), 1), 0o640))
	w.ok(os.Chtimes(w.path(name+".gz"), info.ModTime(), info.ModTime()))
	w.ok(os.Remove(w.path(name)))
}

func (w *world) old(name string) {
	w.t.Helper()
	then := time.Now().Add(-time.Hour)
	w.ok(os.Chtimes(w.path(name), then, then))
}

func linesOf(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

func TestCase55Gzip(t *testing.T) {
	for _, members := range []int{1, 3} {
		t.Run(fmt.Sprint(members), func(t *testing.T) {
			polled(t, func(t *testing.T, w *world) {
				w.config.Compressed, w.config.Paths = true, []string{w.path("a.log*")}
				text := numbered(0, 30000)
				w.ok(os.WriteFile(w.path("a.log.2.gz"), zipOf(t, text+"the end", members), 0o640))
				w.old("a.log.2.gz")
				w.start()
				for range 7 {
					w.ok(w.step(t.Context()))
				}
				w.restart()
				w.want(append(linesOf(text), "the end")...)
				if p := w.last().Pos; p.Offset != int64(len(text)) || p.File != w.path("a.log.2.gz") {
					t.Errorf("position %+v", p)
				}
				w.until("closed", func() bool { return w.open() == 0 })
				w.rename("a.log.2.gz", "a.log.3.gz")
				w.restart()
				w.want(append(linesOf(text), "the end")...)
				f, err := os.OpenFile(w.path("a.log.3.gz"), os.O_WRONLY|os.O_APPEND, 0) // gzip files can be joined
				w.ok(err)
				_, err = f.Write(zipOf(t, "\nmore\n", 1))
				w.ok(err)
				w.ok(f.Close())
				w.want(append(linesOf(text), "the end", "more")...)
				w.ok(os.Remove(w.path("a.log.3.gz")))
				w.until("forgotten", func() bool { return w.marks() == 0 })
			})
		})
	}
}

func TestCase55GzipIsLeftOutByDefault(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.config.Paths = []string{w.path("a.log*")}
		w.ok(os.WriteFile(w.path("a.log.2.gz"), zipOf(t, "old\n", 1), 0o640))
		w.old("a.log.2.gz")
		w.write("a.log", "a1\n")
		w.start()
		w.want("a1")
	})
}

func TestCase55GzipStartAtEnd(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.config.Compressed, w.config.Paths, w.config.Start = true, []string{w.path("*.gz")}, StartEnd
		w.ok(os.WriteFile(w.path("old.gz"), zipOf(t, "old\n", 1), 0o640))
		w.old("old.gz")
		w.start()
		w.nothing()
		w.restart()
		w.ok(os.WriteFile(w.path("new.gz"), zipOf(t, "new\n", 1), 0o640))
		w.old("new.gz")
		w.want("new")
	})
}

// It is not read before it is complete.
func TestCase55GzipStillWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.config.Compressed, w.config.Paths = true, []string{w.path("*.gz")}
		text := numbered(0, 20000)
		b := zipOf(t, text, 2)
		w.ok(os.WriteFile(w.path("a.gz"), b[:len(b)/2], 0o640))
		w.start()
		w.idle(quietPolls - 2)
		w.until("waiting", func() bool { return len(w.source.tails) > 0 && w.source.tails[0].zip.waiting })
		if n := len(w.records); n < 5000 || n > 15000 {
			t.Errorf("%d lines were read of half a file", n)
		}
		w.idle(quietPolls * patience / 2)
		w.write("a.gz", string(b[len(b)/2:]))
		w.until("read", func() bool { return len(w.records) >= 20000 })
		w.want(linesOf(text)...)
		w.stop()
	})
}

func TestCase55GzipCorrupt(t *testing.T) {
	text := numbered(0, 20000)
	b := zipOf(t, text, 2)
	cut := b[:len(b)*3/4]
	damaged := bytes.Clone(b)
	for i := range 40 {
		damaged[len(b)*3/4+i] ^= 0x5a
	}
	for name, c := range map[string]struct {
		data []byte
		why  string
	}{"cut": {cut, "ends too early"}, "damaged": {damaged, "damaged"}, "no gzip": {[]byte("plain text\n"), "damaged"}, "head only": {b[:5], "ends too early"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				w.config.Compressed, w.config.Paths = true, []string{w.path("*.gz")}
				w.ok(os.WriteFile(w.path("a.gz"), c.data, 0o640))
				w.start()
				w.until("told", func() bool { return len(w.facts) > 0 })
				w.idle(1000)
				w.restart()
				w.idle(1000)
				told := w.facts
				if len(told) != 1 {
					t.Fatalf("told %d times", len(told))
				}
				e, n := told[0], len(w.records)
				if name == "damaged" { // what is behind the damage may come out otherwise
					if n < 10000 || e.Evidence.From != int64(len(numbered(0, 20000))/2) {
						t.Errorf("%d records, told %+v", n, e.Evidence)
					}
					n = 10000
				} else if e.Evidence.From != int64(len(numbered(0, n))) || e.Pos.Offset != e.Evidence.From {
					t.Errorf("%d records, told %+v", n, e.Evidence)
				}
				if e.Evidence.Name != plugins.SourceGap || !strings.Contains(e.Evidence.Why, c.why) || e.Evidence.To != -1 || e.Pos.FileID == "" {
					t.Errorf("told %+v of %+v", e.Evidence, e.Pos)
				}
				if got := strings.Join(w.lines()[:n], "\n"); n > 0 && got+"\n" != numbered(0, n) || n < 10000 && len(c.data) > 100 {
					t.Errorf("%d records", n)
				}
				w.stop()
			})
		})
	}
}

func TestCase56CompressedAfterRotation(t *testing.T) {
	t.Parallel()
	for _, compressed := range []bool{false, true} {
		t.Run(fmt.Sprintf("compressed=%v", compressed), func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, w *world) {
				restart := compressed != w.config.NoNotify
				w.config.Compressed, w.config.Paths = compressed, []string{w.path("a.log*")}
				w.write("a.log", numbered(0, 100))
				w.start()
				w.until("read", func() bool { return len(w.records) == 100 })
				if restart {
					w.stop()
				}
				w.rename("a.log", "a.log.1")
				w.write("a.log", "b1\n")
				w.compress("a.log.1")
				if restart {
					w.start()
				}
				want := append(linesOf(numbered(0, 100)), "b1")
				w.want(want...)
				w.until("adopted", func() bool { return w.marks() == 3 })
				w.idle(3 * quietPolls)
				w.rename("a.log.1.gz", "a.log.2.gz")
				w.want(want...)
				w.restart()
				w.idle(2 * quietPolls)
				w.ok(os.Remove(w.path("a.log.2.gz")))
				w.until("forgotten", func() bool { return w.marks() == 1 })
				w.want(want...)
			})
		})
	}
}

// What was not read before it was compressed, while the agent was down.
func TestCase56RestIsReadFromGzip(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		text := numbered(0, 50000)
		w.write("a.log", text)
		w.start()
		for range 7 {
			w.ok(w.step(t.Context()))
		}
		w.stop()
		read := len(w.records)
		first := w.records[0].Pos
		w.ok(os.WriteFile(w.path("a.log.0.gz"), zipOf(t, "line 0\nanother log that begins so\n"+text, 1), 0o640))
		w.write("a.log", "line 50000\nhalf")
		w.rename("a.log", "a.log.2")
		w.compress("a.log.2")
		w.tick()
		w.write("a.log", "b1\n")
		w.rename("a.log", "a.log.1")
		w.compress("a.log.1") // never seen
		w.tick()
		w.write("a.log", "c1\n")
		w.start()
		w.ok(w.step(t.Context()))
		w.restart()
		w.until("read", func() bool { return len(w.records) >= 50004 })
		w.idle(quietPolls)
		seen := map[string]int{}
		for _, l := range w.lines() {
			seen[l]++
		}
		for _, l := range append(linesOf(text), "line 50000", "half", "b1", "c1") {
			if seen[l] != 1 {
				t.Errorf("%q was read %d times", l, seen[l])
			}
			delete(seen, l)
		}
		if len(seen) > 0 {
			t.Errorf("read also %v", seen)
		}
		offset := int64(0)
		for i, r := range w.records {
			if r.Pos.FileID == first.FileID {
				if r.Pos.Offset != offset || r.Pos.Generation != 0 || r.Pos.File != w.path("a.log") {
					t.Fatalf("record %d (%d before the restart): %+v, want offset %d", i, read, r.Pos, offset)
				}
				offset += r.Pos.Length + 1
			}
		}
	})
}

// The inode of the log that was compressed is given to its successor.
func TestCase56InodeUsedAgain(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.write("a.log", numbered(0, 10)+"half")
		w.start()
		w.until("read", func() bool { return len(w.records) == 10 })
		w.stop()
		n := w.inode("a.log")
		w.rename("a.log", "a.log.1")
		w.tick()
		w.compress("a.log.1")
		var held []string
		for i := 0; ; i++ { // the kernel gives it away again some time
			name := fmt.Sprintf("held%d", i)
			w.write(name, "")
			if w.inode(name) == n {
				w.rename(name, "a.log")
				break
			}
			if held = append(held, name); i == 2000 {
				t.Skip("this file system does not use inodes again")
			}
		}
		w.write("a.log", "b1\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 12 })
		w.restart()
		w.nothing()
		if got := strings.Join(w.lines()[10:], "|"); got != "half|b1" && got != "b1|half" {
			t.Errorf("read %q", got)
		}
		_ = held
	})
}

// Memory is bounded: what is kept is a page and the longest line, wherever it is read.
func TestCase56GzipLargerThanMemory(t *testing.T) {
	t.Parallel()
	const lines = 400000
	w := newWorld(t, true)
	w.config.Compressed, w.config.Paths, w.config.MaxLine = true, []string{w.path("*.gz")}, 4096
	var text strings.Builder
	for i := range lines {
		fmt.Fprintf(&text, "line %d %s\n", i, strings.Repeat("x", i%100))
		if i%100000 == 50000 {
			text.WriteString(strings.Repeat("y", 3<<20) + "\n") // no need to begin anew for it
		}
	}
	w.ok(os.WriteFile(w.path("a.gz"), zipOf(t, text.String(), 2), 0o640))
	w.old("a.gz")
	w.start()
	n, kept := 0, 0
	for n < lines+4 {
		b, err := w.source.Read(t.Context())
		w.ok(err)
		for _, r := range b.Records {
			if text.String()[r.Pos.Offset:][:len(r.Data)] != string(r.Data) {
				t.Fatalf("record %d: %q", n, r.Data)
			}
			n++
		}
		w.cursor = w.cursor.Merge(b.Next)
		if r := w.source.tails[0].zip; r.r != nil {
			kept = max(kept, cap(r.r.window)+cap(r.r.pinned))
		}
		if n%97 == 0 {
			w.restart()
		}
	}
	w.nothing()
	if kept > 4*pageBytes || kept == 0 {
		t.Errorf("%d bytes were kept", kept)
	}
}

// FuzzUnzipped reads at any places, in any order.
func FuzzUnzipped(f *testing.F) {
	f.Add([]byte("some text\nof two lines\n"), uint8(2), uint64(1), uint16(3), uint8(0))
	f.Add(bytes.Repeat([]byte("0123456789"), 30000), uint8(3), uint64(2), uint16(900), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, members uint8, seed uint64, keep uint16, damage uint8) {
		b := zipOf(t, string(text), int(members%5)+1)
		r := rand.New(rand.NewPCG(seed, 1))
		if damage%4 == 1 {
			b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
		}
		fd, err := os.Create(t.TempDir() + "/a.gz")
		if err != nil {
			t.Fatal(err)
		}
		defer fd.Close()
		if _, err := fd.Write(b); err != nil {
			t.Fatal(err)
		}
		var final bool
		u := newUnzipped(fd, int(keep), &final)
		for range 20 {
			at := r.IntN(len(text) + 10)
			if r.IntN(2) == 0 {
				u.setPin(int64(at))
			}
			got := make([]byte, r.IntN(len(text)+10))
			n, err := u.ReadAt(got, int64(at))
			want := text[min(at, len(text)):min(at+len(got), len(text))]
			if damage%4 == 1 {
				continue
			}
			if !bytes.Equal(got[:n], want) || (err != nil) != (n < len(got)) || err != nil && !final {
				t.Fatalf("at %d: %d bytes, %v; want %d of %d", at, n, err, len(want), len(got))
			}
		}
	})
}

func TestGzipMarkRefuses(t *testing.T) {
	good := zipMark(inode{1, 2}, 300, "1-2-0123456789abcdef")
	if n, done, id, err := parseZipMark(good); n != (inode{1, 2}) || done != 300 || id != "1-2-0123456789abcdef" || err != nil {
		t.Errorf("%v %d %s %v", n, done, id, err)
	}
	for _, m := range []plugins.Mark{
		{Key: "gz-1", Value: good.Value},
		{Key: good.Key},
		{Key: good.Key, Value: append([]byte{2}, good.Value[1:]...)},
		{Key: good.Key, Value: good.Value[:2]},
		{Key: good.Key, Value: good.Value[:10]},
	} {
		s, err := New(Config{Paths: []string{t.TempDir()}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Open(context.Background(), plugins.Cursor{m}); err == nil || !strings.Contains(err.Error(), m.Key) {
			t.Errorf("%s: %v", m.Key, err)
		}
		s.Close()
	}
}
