package file

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestStatus(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "a1\na2")
	w.start()
	w.want("a1")
	w.write("a.log", "more") // nobody reads: Status looks by itself
	got := w.source.Status()
	want := Status{Files: []FileStatus{{ID: w.last().Pos.FileID, Path: w.path("a.log"), File: w.path("a.log"), Size: 9, Offset: 3, Lag: 6, Open: true}}, Open: 1}
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
