package file

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/plugins"
)

func TestCase27HalfLineCompletedLater(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "one\ntw")
		w.start()
		w.want("one")
		w.write("a.log", "o")
		w.want("one")
		w.restart()
		w.want("one")
		w.write("a.log", "!\r")
		w.want("one")
		w.write("a.log", "\nthr")
		w.want("one", "two!")
		w.write("a.log", "ee\n")
		w.want("one", "two!", "three")
		if p := w.last().Pos; p.Offset != 10 || p.Length != 5 {
			t.Errorf("position %+v", p)
		}
	})
}

// polled runs a test without news of the kernel, on a clock that does not wait.
func polled(t *testing.T, test func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		test(t, w)
		w.stop()
	})
}

// faults is the records that are not whole, by their data.
func (w *world) faults() map[string]string {
	faults := map[string]string{}
	for _, r := range w.records {
		if r.Fault != "" {
			faults[string(r.Data)] = r.Fault
		}
	}
	return faults
}

func (w *world) wantFaults(want map[string]string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.faults()); diff != "" {
		w.t.Error(diff)
	}
}

func TestCase28HalfLineNeverCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.config.FlushAfter = time.Second
		w.write("a.log", "one\nhalf é"[:len("one\nhalf é")-1]) // the half of a rune waits
		w.start()
		w.want("one")
		w.idle(90) // 100 polls are a second
		w.write("a.log", "\xa9")
		w.idle(90) // it has grown: its time begins anew
		w.want("one")
		w.until("flushed", func() bool { return len(w.records) == 2 })
		w.want("one", "half é")
		w.idle(300)
		w.restart()
		w.want("one", "half é")
		w.write("a.log", "\n") // only its end: it was whole
		w.want("one", "half é")
		w.write("a.log", "two, h")
		w.until("flushed", func() bool { return len(w.records) == 3 })
		w.restart()
		w.write("a.log", "alf\r\nthree\n")
		w.want("one", "half é", "two, h", "alf", "three")
		w.wantFaults(map[string]string{"alf": restFault})
		w.stop()
	})
}

// Between two scans a half line grows: its time begins anew, though nobody has told.
func TestCase28HalfLineGrowsUnseen(t *testing.T) {
	for _, end := range []string{"\n", "\r\n"} {
		polled(t, func(t *testing.T, w *world) {
			w.config.Poll, w.config.FlushAfter, w.config.Delimiter = time.Hour, time.Second, end
			w.write("a.log", "one"+end+"hal")
			w.start()
			wait := func(d time.Duration, want int) {
				t.Helper()
				ctx, cancel := context.WithTimeout(t.Context(), d)
				defer cancel()
				for w.step(ctx) == nil {
					continue
				}
				if len(w.records) != want {
					t.Fatalf("read %q", w.lines())
				}
			}
			wait(900*time.Millisecond, 1)
			w.write("a.log", "f\r")
			wait(900*time.Millisecond, 1)
			wait(300*time.Millisecond, 2)
			w.write("a.log", "\ntwo"+end) // the "\r" belonged to the line end
			wait(2*time.Hour, 3)
			w.wantFaults(map[string]string{})
			if got := strings.Join(w.lines(), "|"); got != "one|half|two" {
				t.Errorf("read %q", got)
			}
		})
	}
}

func TestCase28FirstLineNeverCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.config.FlushAfter = time.Second
		w.write("a.log", "all there")
		w.start()
		w.idle(90)
		w.until("flushed", func() bool { return len(w.records) == 1 })
		w.write("a.log", " is, or not\n"+numbered(0, 10))
		w.until("read", func() bool { return len(w.records) == 12 })
		w.restart() // the first line is another than the identity was made of
		w.nothing()
		if got := w.lines()[:3]; strings.Join(got, "|") != "all there| is, or not|line 0" {
			t.Errorf("read %q", got)
		}
		w.wantFaults(map[string]string{" is, or not": restFault})
		if p := w.last().Pos; p.Generation != 0 || p.FileID != w.records[0].Pos.FileID {
			t.Errorf("the file is not known again: %+v", p)
		}
		w.stop()
	})
}

// By default a half line waits, for as long as its file is not rotated.
func TestCase28HalfLineWaitsByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.write("a.log", "one\nhalf")
		w.start()
		w.want("one")
		w.idle(10000)
		w.want("one")
		w.stop()
	})
}

// The last half line of a rotated file is read when it is clear that nobody completes it.
func TestCase29HalfLineAtRotation(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.write("a.log", "a1\nhalf")
		w.start()
		w.want("a1")
		w.rename("a.log", "a.log.1")
		w.idle(2 * quietPolls) // no successor: the writer still has it
		w.write("a.log.1", " a line")
		w.nothing()
		w.write("a.log", "b1\n")
		w.until("read", func() bool { return len(w.records) == 3 })
		w.want("a1", "b1", "half a line")
		w.until("closed", func() bool { return w.open() == 1 })
		w.restart()
		w.want("a1", "b1", "half a line")
		w.write("a.log.1", " and more\n")
		w.want("a1", "b1", "half a line", " and more")
		w.wantFaults(map[string]string{" and more": restFault})
	})
}

// A file that has nothing but a half line gets its identity from it, and keeps it.
func TestCase29OnlyAHalfLineAtRotation(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.write("a.log", "half")
		w.start()
		w.want()
		w.rename("a.log", "a.log.1")
		w.write("a.log", "b1\n")
		w.until("read", func() bool { return len(w.records) == 2 })
		w.restart()
		w.want("b1", "half")
		w.write("a.log.1", " a line\n") // too late to be joined, but not lost
		w.want("b1", "half", " a line")
		w.restart()
		w.want("b1", "half", " a line")
	})
}

func TestCase30LineLongerThanTheLimit(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.config.MaxLine = 1001
		long := strings.Repeat("é", 600) + "!" // 1201 bytes
		w.write("a.log", "one\n"+long+"\r\n"+strings.Repeat("x", 1001)+"\n"+strings.Repeat("y", 3<<20))
		w.start()
		w.want("one", strings.Repeat("é", 500), strings.Repeat("x", 1001))
		w.write("a.log", strings.Repeat("y", 9<<20)+"z\r\nlast\n")
		w.want("one", strings.Repeat("é", 500), strings.Repeat("x", 1001), strings.Repeat("y", 1001), "last")
		for i, want := range map[int]plugins.Record{
			1: {Fault: "longer than max_line 1001 bytes", Pos: plugins.Position{Offset: 4, Length: 1201}},
			2: {Pos: plugins.Position{Offset: 4 + 1203, Length: 1001}},
			3: {Fault: "longer than max_line 1001 bytes", Pos: plugins.Position{Offset: 4 + 1203 + 1002, Length: 12<<20 + 1}},
			4: {Pos: plugins.Position{Offset: 4 + 1203 + 1002 + 12<<20 + 3, Length: 4}},
		} {
			got := w.records[i]
			want.Pos.File, want.Pos.FileID, want.Data = got.Pos.File, got.Pos.FileID, got.Data
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("record %d: %s", i, diff)
			}
		}
		if n := len(w.source.page.buf); n > pageBytes {
			t.Errorf("the page has grown to %d bytes", n)
		}
	})
}

func TestCase30LongLineIsSplit(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.config.MaxLine, w.config.LongLines = 1001, LongSplit
		long := strings.Repeat("é", 1250)
		w.write("a.log", "one\n"+long+"\ntwo\n")
		w.start()
		w.ok(w.step(t.Context()))
		w.restart()
		w.want("one", long[:1000], long[1000:2000], long[2000:], "two")
		for i, fault := range []string{"", "part of a line longer than max_line 1001 bytes", restFault, restFault, ""} {
			if got := w.records[i].Fault; got != fault {
				t.Errorf("record %d: fault %q, want %q", i, got, fault)
			}
		}
	})
}

// Lines that are within the limit, but longer than a page; FuzzLines and
// TestLinesOfRandomLengths do it for any lengths.
func TestCase31LineLongerThanTheBuffer(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		lines := []string{strings.Repeat("a", pageBytes), "b", strings.Repeat("c", 1<<20), strings.Repeat("d", pageBytes-1), strings.Repeat("e", 1<<20+1)}
		w.write("a.log", strings.Join(lines, "\n")+"\n")
		w.start()
		last := lines[4]
		lines[4] = last[1:]
		w.want(lines...)
		if r := w.last(); r.Fault != "longer than max_line 1 MiB" || r.Pos.Length != 1<<20+1 {
			t.Errorf("fault %q, length %d", r.Fault, r.Pos.Length)
		}
		if n := len(w.source.page.buf); n > 1<<20+2*leastRoom {
			t.Errorf("the page has grown to %d bytes", n)
		}
	})
}

func TestCase32EmptyLines(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.write("a.log", "\n\r\n\na1\r\n\r\n \n\r\n\n")
		w.write("b.log", strings.Repeat("\n", 3*plugins.MaxRecords)+strings.Repeat("\r\n", 3*plugins.MaxRecords)) // only empty lines
		w.start()
		w.want("a1", " ")
		if p := w.records[0].Pos; p.Offset != 4 || p.Length != 2 {
			t.Errorf("position %+v", p)
		}
		w.until("read", func() bool {
			files := w.source.Status().Files
			return files[0].Lag == 0 && files[1].Lag == 0
		})
		w.restart()
		w.write("b.log", "\nb1\n")
		w.want("a1", " ", "b1")
		if p := w.last().Pos; p.Offset != 9*plugins.MaxRecords+1 {
			t.Errorf("position %+v", p)
		}
	})
}

func TestCase33LongDelimiterAcrossBuffers(t *testing.T) {
	for _, delimiter := range []string{"\r\n", "<end>\n", "aab", "\x00", "||"} {
		t.Run(fmt.Sprintf("%q", delimiter), func(t *testing.T) {
			polled(t, func(t *testing.T, w *world) {
				w.config.Delimiter = delimiter
				var lines []string
				var data strings.Builder
				for i := range 3000 { // some end at every place of a page's end
					line := fmt.Sprintf("%d %s\r", i, strings.Repeat("x<a", i%97))
					lines = append(lines, line)
					data.WriteString(line + delimiter)
				}
				lines = append(lines, strings.Repeat("y", 2*pageBytes-3), "z")
				data.WriteString(lines[3000] + delimiter + "z")
				w.write("a.log", data.String())
				w.start()
				w.want(lines[:3001]...)
				for i := range delimiter { // it comes byte by byte
					w.want(lines[:3001]...)
					w.write("a.log", delimiter[i:i+1])
					if i == 0 {
						w.restart()
					}
				}
				w.want(lines...)
			})
		})
	}
}

// A writer that does not append writes on where it was when the file was truncated.
func TestCase34HoleAfterTruncation(t *testing.T) {
	const hole = 3 << 30
	both(t, func(t *testing.T, w *world) {
		w.write("a.log", "a1\na2\n")
		w.start()
		w.want("a1", "a2")
		f, err := os.OpenFile(w.path("a.log"), os.O_WRONLY, 0)
		w.ok(err)
		defer f.Close()
		w.ok(f.Truncate(0))
		_, err = f.WriteAt([]byte("b1\nb2\n"), hole+5)
		w.ok(err)
		w.want("a1", "a2", "b1", "b2")
		if p := w.records[2].Pos; p.Offset != hole+5 || p.Generation != 1 || p.Length != 2 {
			t.Errorf("position %+v", p)
		}
		w.restart()
		w.want("a1", "a2", "b1", "b2")
		w.ok(f.Truncate(0))
		_, err = f.WriteAt([]byte("c1\n"), hole+1<<20)
		w.ok(err)
		w.want("a1", "a2", "b1", "b2", "c1")
		w.wantFaults(map[string]string{})
	})
}

// NUL bytes that may yet be overwritten are not skipped.
func TestCase34NothingButHole(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "")
	w.ok(os.Truncate(w.path("a.log"), 20<<20))
	w.start()
	w.nothing()
	f, err := os.OpenFile(w.path("a.log"), os.O_WRONLY, 0)
	w.ok(err)
	defer f.Close()
	_, err = f.WriteAt([]byte("a1\na2\n"), 0)
	w.ok(err)
	w.want("a1", "a2")
}

// Wherever the buffer ends: before, within and after the delimiter of a long line.
func TestCase33DelimiterAcrossAnyBuffer(t *testing.T) {
	for _, c := range []Config{{Delimiter: "\r\n"}, {Delimiter: "<end>\n"}, {Delimiter: "aab"}, {Encoding: "utf-16le"}} {
		for n := 3*leastRoom - 20; n < 3*leastRoom+20; n += 2 {
			u, err := c.rules()
			if err != nil {
				t.Fatal(err)
			}
			text, err := u.text.encode(strings.Repeat("a", n/u.text.unit()) + u.delimiter + "b" + u.delimiter + "c")
			if err != nil {
				t.Fatal(err)
			}
			p := newPage(64 << 10)
			p.rules, p.buf = u, p.buf[:leastRoom]
			tl := &tail{id: "f", ready: true}
			f := &part{data: text, size: len(text)}
			var got []string
			for tl.ready {
				p.reset()
				if err := tl.take(f, p); err != nil {
					t.Fatal(err)
				}
				for _, r := range p.records {
					got = append(got, fmt.Sprint(r.Pos.Length, " ", string(r.Data[:1])))
				}
			}
			if want := fmt.Sprintf("[%d a %d b]", n, u.text.unit()); fmt.Sprint(got) != want {
				t.Errorf("%q, %d bytes: read %v, want %s", u.delimiter, n, got, want)
			}
		}
	}
}
