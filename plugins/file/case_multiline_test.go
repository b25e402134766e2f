package file

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCase39Multiline(t *testing.T) {
	for name, m := range map[string]*Multiline{"start": {Start: regexp.MustCompile(`^\d`)}, "continue": {Continue: regexp.MustCompile(`^[^\d]|^$`)}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, true)
				w.config.Multiline = m
				w.write("a.log", "1 one\n at b\r\n\n at c\r\n2 two\n3 three\n at d")
				w.start()
				w.want("1 one\n at b\r\n\n at c", "2 two")
				w.restart()
				w.want("1 one\n at b\r\n\n at c", "2 two")
				w.write("a.log", "e\n")
				w.idle(400) // 500 polls are the time-out
				w.write("a.log", " at f\n")
				w.idle(400)
				w.until("flushed", func() bool { return len(w.records) == 3 })
				w.want("1 one\n at b\r\n\n at c", "2 two", "3 three\n at de\n at f")
				w.write("a.log", " too late\n4 four\n5 five\n")
				w.want("1 one\n at b\r\n\n at c", "2 two", "3 three\n at de\n at f", " too late", "4 four")
				w.wantFaults(map[string]string{" too late": orphanFault})
				w.stop()
			})
		})
	}
}

func TestCase39MultilineMaxLines(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.config.Multiline = &Multiline{Continue: regexp.MustCompile(`^\s`), MaxLines: 3}
		w.write("a.log", "one\n 2\n 3\n 4\n 5\n 6\n 7\ntwo\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 3 })
		w.want("one\n 2\n 3", " 4\n 5\n 6", " 7")
		w.wantFaults(map[string]string{" 4\n 5\n 6": orphanFault, " 7": orphanFault})
	})
}

// No more than max_line belongs to a record, and nothing is left out.
func TestCase39MultilineMaxBytes(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.config.Multiline = &Multiline{Continue: regexp.MustCompile(`^\s`), MaxLines: 100000}
		w.config.MaxLine = 600 << 10 // more than a page
		var all strings.Builder
		for i := range 3 {
			fmt.Fprintf(&all, "record %d\n", i)
			for j := range 15000 {
				fmt.Fprintf(&all, " line %d of a record that is long enough to be cut\n", j)
			}
		}
		w.write("a.log", all.String()+"last\n")
		w.start()
		w.until("read", func() bool { return len(w.records) == 6 })
		w.nothing()
		w.restart()
		w.nothing()
		if got := strings.Join(w.lines(), "\n") + "\nlast\n"; got != all.String()+"last\n" {
			t.Errorf("%d bytes read, of %d", len(got), all.Len())
		}
		for i, r := range w.records {
			if long := r.Pos.Length > 600<<10; long || (r.Fault == orphanFault) != (i%2 == 1) {
				t.Errorf("record %d of %d bytes, fault %q", i, r.Pos.Length, r.Fault)
			}
		}
	})
}

// The last record of a rotated file ends with it.
func TestCase39MultilineAcrossRotation(t *testing.T) {
	polled(t, func(t *testing.T, w *world) {
		w.config.Multiline = &Multiline{Continue: regexp.MustCompile(`^\s`), Timeout: time.Hour}
		w.write("a.log", "one\n 2\ntwo\n 2\n")
		w.start()
		w.want("one\n 2")
		w.rename("a.log", "a.log.1")
		w.write("a.log", " of another file\nthree\n")
		w.want("one\n 2", " of another file")
		w.write("a.log.1", " 3\n half")
		w.until("read", func() bool { return len(w.records) == 3 })
		w.want("one\n 2", " of another file", "two\n 2\n 3\n half")
		w.wantFaults(map[string]string{" of another file": orphanFault})
		w.restart()
		w.write("a.log", "four\n")
		w.want("one\n 2", " of another file", "two\n 2\n 3\n half", "three")
	})
}
