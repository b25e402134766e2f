package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// both runs a test with news of the kernel and with polling only.
func both(t *testing.T, test func(t *testing.T, w *world)) {
	for _, mode := range []string{"notify", "poll"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel() // they wait more than they work
			test(t, newWorld(t, mode == "poll"))
		})
	}
}

// world is a folder of logs and a source that reads it.
type world struct {
	t       testing.TB
	dir     string
	config  Config
	source  *Source
	cursor  plugins.Cursor
	records []plugins.Record // all that were read, copied
	places  map[string]bool
}

func newWorld(t testing.TB, poll bool) *world {
	dir := t.TempDir()
	w := &world{t: t, dir: dir, places: map[string]bool{}, config: Config{Paths: []string{filepath.Join(dir, "*.log")}, Poll: 10 * time.Millisecond, NoNotify: poll}}
	if !poll {
		w.config.Poll = 30 * time.Millisecond
	}
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name, data string) {
	w.t.Helper()
	f, err := os.OpenFile(w.path(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err == nil {
		_, err = f.WriteString(data)
		err = errors.Join(err, f.Close())
	}
	w.ok(err)
}

func (w *world) rename(from, to string) {
	w.t.Helper()
	w.ok(os.Rename(w.path(from), w.path(to)))
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// start opens the source at the cursor so far.
func (w *world) start() {
	w.t.Helper()
	s, err := New(w.config)
	w.ok(err)
	w.ok(s.Open(context.Background(), w.cursor))
	w.source = s
	w.t.Cleanup(func() { s.Close() })
}

func (w *world) stop() { w.ok(w.source.Close()) }

func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.start()
}

// step is one Read, and its Committed.
func (w *world) step(ctx context.Context) error {
	w.t.Helper()
	b, err := w.source.Read(ctx)
	if err != nil {
		return err
	}
	for _, r := range b.Records {
		r.Data = append([]byte{}, r.Data...)
		place := fmt.Sprint(r.Pos.FileID, " ", r.Pos.Generation, " ", r.Pos.Offset)
		if w.places[place] {
			w.t.Fatalf("twice at %s: %q", place, r.Data)
		}
		w.places[place] = true
		w.records = append(w.records, r)
	}
	w.cursor = w.cursor.Merge(b.Next)
	w.ok(w.source.Committed(ctx, w.cursor))
	return nil
}

// until reads until done.
func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !done() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		err := w.step(ctx)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			w.t.Fatal(err)
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("not %s after 10 s; read %q; %+v", what, w.lines(), w.source.Status())
		}
	}
}

// want reads until all these lines have been read, in this order, and then shows
// that nothing follows.
func (w *world) want(lines ...string) {
	w.t.Helper()
	w.until(fmt.Sprintf("%d records", len(lines)), func() bool { return len(w.records) >= len(lines) })
	w.nothing()
	if got, want := strings.Join(w.lines(), "\n"), strings.Join(lines, "\n"); got != want {
		w.t.Fatalf("read:\n%s\nwant:\n%s", got, want)
	}
}

// nothing shows that there is no more, for as long as a few scans take.
func (w *world) nothing() {
	w.t.Helper()
	w.idle(3)
}

// idle shows that there is no more for so many polls.
func (w *world) idle(polls int) {
	w.t.Helper()
	n := len(w.records)
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(polls)*w.config.Poll)
	defer cancel()
	for {
		err := w.step(ctx)
		if len(w.records) > n {
			w.t.Fatalf("read also %q", w.lines()[n:])
		}
		if err != nil {
			return
		}
	}
}

func (w *world) lines() []string {
	lines := make([]string, len(w.records))
	for i, r := range w.records {
		lines[i] = string(r.Data)
	}
	return lines
}

func (w *world) last() plugins.Record { return w.records[len(w.records)-1] }

// marks is the number of marks of files.
func (w *world) marks() int {
	n := len(w.cursor)
	if w.cursor.Value(startKey) != nil {
		n--
	}
	return n
}

// open is the number of descriptors held.
func (w *world) open() int {
	n := 0
	for _, f := range w.source.Status().Files {
		if f.Open {
			n++
		}
	}
	return n
}

// numbered is n lines from a number on.
func numbered(from, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", from+i)
	}
	return b.String()
}

// tick waits until a file made now is younger than one made before.
func (w *world) tick() {
	first := ""
	for i := range 100000 {
		name := fmt.Sprintf("tick%d", i)
		w.write(name, "")
		born := fmt.Sprint(w.born(name))
		w.ok(os.Remove(w.path(name)))
		if first == "" {
			first = born
		}
		if born != first || born == "0" {
			return
		}
	}
}
