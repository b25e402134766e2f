package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// runIndex executes a command on the index of a box.
func (b *box) runIndex(args ...string) (string, error) {
	b.t.Helper()
	cmd := newIndexCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append(args, "--data", b.data))
	err := cmd.ExecuteContext(b.t.Context())
	return out.String(), err
}

func (b *box) stop() {
	b.t.Helper()
	b.server.Signal(syscall.SIGTERM)
	if err := b.server.Wait(); err != nil {
		b.t.Fatalf("the server ended with %v", err)
	}
}

// delivered waits until the archive has every line.
func (b *box) delivered() {
	b.t.Helper()
	realtest.Until(b.t, realtest.Patience, "every line in the archive", func() bool {
		y := newTally(map[string]int{edgeLog: b.written})
		return y.readArchive(b.archive()) == nil && sum(y.lines[edgeLog]) >= b.written
	})
}

func (b *box) index() string { return filepath.Join(b.data, aggregatorFolder, indexFolder) }

// inIndex are the ids of the events of the stopped box's index, sorted, and its position.
func (b *box) inIndex() (ids []string, at event.Position) {
	b.t.Helper()
	x, err := local.Open(local.Config{Dir: b.index()})
	if err != nil {
		b.t.Fatal(err)
	}
	page, err := x.Search(b.t.Context(), index.Query{Limit: index.MaxLimit})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, doc := range page.Events {
		e, err := event.ParseJSON(doc)
		if err != nil {
			b.t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	at = x.Position()
	if err := x.Close(); err != nil {
		b.t.Fatal(err)
	}
	return ids, at
}

// A damaged index is found by check and mended by rebuild: from what is left of
// it, from the stream, and from an archive; nothing is lost or doubled, and the
// server goes on where it was.
func TestIndexIsCheckedAndRebuilt(t *testing.T) {
	b := newBox(t, "")
	b.write(500)
	b.start()
	b.indexed()
	b.delivered()
	if out, err := b.runIndex("check"); exitCode(err) != exitUsage {
		t.Fatalf("check beside a server: exit %d\n%s", exitCode(err), out)
	}
	if out, err := b.runIndex("rebuild", "--config", b.config()); exitCode(err) != exitUsage {
		t.Fatalf("rebuild beside a server: exit %d\n%s", exitCode(err), out)
	}
	b.stop()
	all, position := b.inIndex()
	check := func(want int) string {
		t.Helper()
		out, err := b.runIndex("check")
		if exitCode(err) != want {
			t.Fatalf("check: exit %d, want %d\n%s", exitCode(err), want, out)
		}
		return out
	}
	if out := check(0); !strings.Contains(out, "OK: ") {
		t.Errorf("check says\n%s", out)
	}
	rebuild := func(args ...string) {
		t.Helper()
		out, err := b.runIndex(append([]string{"rebuild", "--config", b.config()}, args...)...)
		if err != nil {
			t.Fatalf("rebuild %q: %v\n%s", args, err, out)
		}
		check(0)
		left, err := filepath.Glob(filepath.Join(b.data, aggregatorFolder, indexFolder+".*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range left {
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	same := func(what string, at event.Position) {
		t.Helper()
		ids, got := b.inIndex()
		if !slices.Equal(ids, all) {
			t.Fatalf("%s: %d events, want %d", what, len(ids), len(all))
		}
		if got.Seq != at.Seq || len(got.Lanes) != len(at.Lanes) {
			t.Fatalf("%s: at batch %d of %d lanes, want %d of %d", what, got.Seq, len(got.Lanes), at.Seq, len(at.Lanes))
		}
	}
	rebuild()
	same("of a whole index", position)

	// Damage in the middle of the newest events.
	wals, err := filepath.Glob(filepath.Join(b.index(), "*.wal"))
	if err != nil || len(wals) == 0 {
		t.Fatal(err, wals)
	}
	data, err := os.ReadFile(wals[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(wals[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := b.runIndex("check", "-o", "json")
	var r local.Report
	if e := json.Unmarshal([]byte(out), &r); e != nil || exitCode(err) != exitNo || r.OK() {
		t.Fatalf("check of a damaged WAL: %v, %v\n%s", err, e, out)
	}
	rebuild()
	ids, _ := b.inIndex()
	if !slices.Equal(ids, all) {
		t.Fatalf("of a damaged WAL: %d events, want %d", len(ids), len(all))
	}

	// No manifest: where it was is not known, and read from the stream.
	if err := os.Remove(filepath.Join(b.index(), "manifest")); err != nil {
		t.Fatal(err)
	}
	check(exitNo)
	rebuild()
	ids, at := b.inIndex() // the stream has what the server said when it stopped, too
	if len(slices.Compact(slices.Clone(ids))) != len(ids) || slices.ContainsFunc(all, func(id string) bool { return !slices.Contains(ids, id) }) || at.Seq < position.Seq {
		t.Fatalf("without a manifest: %d events at batch %d, want %d at %d", len(ids), at.Seq, len(all), position.Seq)
	}

	// The server goes on, and nothing is there twice.
	b.write(100)
	b.start()
	b.indexed()
	if n := b.total("eventName: (BatchGap or BatchRefused or AgentConflict)"); n != 0 {
		t.Errorf("%d evidence events after a rebuild", n)
	}
	b.delivered()
	b.stop()

	// Neither index nor stream: the archive has them.
	for _, dir := range []string{b.index(), filepath.Join(b.data, natsFolder)} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	rebuild("--from-archive", b.archive())
	b.write(50)
	b.start()
	b.indexed()
	b.stop()
}

func TestIndexUsage(t *testing.T) {
	b := &box{t: t, data: t.TempDir()}
	for _, args := range [][]string{{"check"}, {"check", "-o", "csv"}, {"rebuild"}, {"rebuild", "--from-archive", filepath.Join(b.data, "none")}, {"rebuild", "--config", "none.hcl"}} {
		if out, err := b.runIndex(args...); exitCode(err) != exitUsage || err.Error() == "" {
			t.Errorf("%q: exit %d (%v)\n%s", args, exitCode(err), err, out)
		}
	}
}
