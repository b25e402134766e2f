package file

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

// TestMain lets more tests run at a time than there are processors: they wait more than they work.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// both runs a test with news of the kernel and with polling only.
func both(t *testing.T, test func(t *testing.T, w *world)) {
	for _, mode := range []string{"notify", "poll"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
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
	facts   []plugins.Record // all evidence that was told
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
		if r.Evidence != nil {
			place += " " + r.Evidence.Name
		}
		if w.places[place] {
			w.t.Fatalf("twice at %s: %q %+v", place, r.Data, r.Evidence)
		}
		if w.places[place] = true; r.Evidence != nil {
			w.facts = append(w.facts, r)
		} else {
			w.records = append(w.records, r)
		}
	}
	if len(b.Records) > 0 && len(b.Next) == 0 {
		w.t.Fatal("records without a mark")
	}
	w.cursor = w.cursor.Merge(b.Next)
	w.ok(w.source.Committed(ctx, w.cursor))
	return nil
}

// until reads until done.
func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(realtest.Patience)
	for !done() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		err := w.step(ctx)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			w.t.Fatal(err)
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("not %s after %s; read %d records: %.2000q; %.2000s", what, realtest.Patience, len(w.records), w.lines(), fmt.Sprintf("%+v", w.source.Status()))
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
			w.t.Fatalf("read also %.2000q", w.lines()[n:])
		}
		if err != nil {
			return
		}
	}
}

// quiet is true when nothing has been read for so many polls.
func (w *world) quiet(polls int) func() bool {
	n, since := -1, time.Time{}
	return func() bool {
		if len(w.records) != n {
			n, since = len(w.records), time.Now()
		}
		return time.Since(since) >= time.Duration(polls)*w.config.Poll
	}
}

func (w *world) lines() []string {
	lines := make([]string, len(w.records))
	for i, r := range w.records {
		lines[i] = string(r.Data)
	}
	return lines
}

// told is the evidence so far, each as name, file and bytes.
func (w *world) told() []string {
	told := []string{}
	for _, r := range w.facts {
		told = append(told, fmt.Sprintf("%s %s %d-%d", r.Evidence.Name, filepath.Base(r.Pos.File), r.Evidence.From, r.Evidence.To))
	}
	return told
}

// evidence reads until so much has been told, and then shows that nothing follows.
func (w *world) evidence(want ...string) {
	w.t.Helper()
	w.until(fmt.Sprintf("told %q", want), func() bool { return len(w.facts) >= len(want) })
	w.nothing()
	if diff := cmp.Diff(want, w.told(), cmpopts.EquateEmpty()); diff != "" {
		for _, f := range w.facts {
			w.t.Logf("%+v %+v", f.Pos, *f.Evidence)
		}
		w.t.Fatalf("evidence: %s", diff)
	}
}

func (w *world) last() plugins.Record { return w.records[len(w.records)-1] }

// same compares what was read as a set.
func (w *world) same(lines ...string) {
	w.t.Helper()
	got := w.lines()
	slices.Sort(got)
	slices.Sort(lines)
	if diff := cmp.Diff(lines, got); diff != "" {
		w.t.Fatal(diff)
	}
}

// copyTruncate rotates as logrotate does with its option of this name.
func (w *world) copyTruncate(from, to string) {
	w.t.Helper()
	w.ok(copyTruncate(w.path(from), w.path(to)))
}

func copyTruncate(from, to string) error {
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o640)
	}
	if err == nil {
		err = os.Truncate(from, 0)
	}
	return err
}

// underLoad reads so many records, and stops and starts the source now and then.
// What was read, but is not in the cursor, would be read again: nothing here.
func (w *world) underLoad(lines, restarts int) {
	w.t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	deadline := time.Now().Add(realtest.Patience)
	for len(w.records) < lines {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		err := w.step(ctx)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			w.t.Fatal(err)
		}
		if r.IntN(10) == 0 && restarts > 0 {
			restarts--
			w.restart()
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("read %d lines of %d: %q %+v", len(w.records), lines, w.told(), w.source.Status())
		}
	}
}

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

// descriptors is the number of files of the world that this process has open.
func (w *world) descriptors() int {
	w.t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		w.t.Skip("no /proc/self/fd")
	}
	n := 0
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && strings.HasPrefix(target, w.dir+"/") && !strings.HasSuffix(target, "s.log") {
			n++
		}
	}
	return n
}

// beNobody has the rest of the test run without the rights of root; test is in the name of its folder.
func (w *world) beNobody(test string) {
	w.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	for dir := w.dir; strings.Contains(dir, test); dir = filepath.Dir(dir) {
		w.ok(os.Chown(dir, nobody, nobody))
	}
	runtime.LockOSThread() // the rights are of the thread
	w.ok(unix.Setfsuid(nobody))
	w.t.Cleanup(func() { w.ok(unix.Setfsuid(0)); runtime.UnlockOSThread() })
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
