package local

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

var update = flag.Bool("update", false, "write testdata/v3 anew")

// Folders that this release and those before it wrote are read: segments of
// three days, of version 3 merged ones among them, a WAL with a torn end, a manifest. When this fails the format has
// changed: give it a new version, and keep reading the old ones.
func TestGolden(t *testing.T) {
	if *update {
		writeGolden(t, filepath.Join("testdata", "v3"))
	}
	for _, version := range []string{"v1", "v2", "v3"} {
		t.Run(version, func(t *testing.T) { readGolden(t, filepath.Join("testdata", version)) })
	}
}

type goldenContent struct {
	Position event.Position
	Events   []string
}

func writeGolden(t *testing.T, golden string) {
	s := newStream(20)
	dir := t.TempDir()
	x := mustOpen(t, Config{Dir: dir})
	for i, part := range []stream{s[:6], s[:12], s} {
		if err := part.follow(x, 5); err != nil {
			t.Fatal(err)
		}
		if i < 2 {
			mustSettle(t, x)
		}
	}
	if _, err := x.wal.f.WriteAt([]byte("torn"), x.wal.end); err != nil {
		t.Fatal(err)
	}
	mustClose(t, x)
	if err := os.MkdirAll(golden, 0o755); err != nil {
		t.Fatal(err)
	}
	copyDir(t, dir, golden)
	b, err := json.Marshal(goldenContent{s.position(1 << 60), s.docs(1 << 60)})
	if err == nil {
		err = os.WriteFile(golden+".json", b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readGolden(t *testing.T, golden string) {
	b, err := os.ReadFile(golden + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var want goldenContent
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	known, err := event.ParseJSON([]byte(want.Events[7]))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copyDir(t, golden, dir)
	x := mustOpen(t, Config{Dir: dir})
	defer mustClose(t, x)
	if diff := cmp.Diff(want.Position, x.Position()); diff != "" {
		t.Fatalf("position (-want +got)\n%s", diff)
	}
	questions(t, x, known)
	if diff := cmp.Diff(want.Events, contents(t, x)); diff != "" {
		t.Fatalf("events (-want +got)\n%s", diff)
	}
	// What an older release wrote to the WAL becomes segments at once.
	if st := x.Stats(); st.Segments < 3 || len(st.Damaged) > 0 {
		t.Fatalf("stats %+v", st)
	}
}

// However many batches a Write has, it is one write and one sync.
func TestOneSyncForAWrite(t *testing.T) {
	s := newStream(20)
	var writes, syncs atomic.Int64
	real := realDisk()
	d := real
	d.write = func(f *os.File, b []byte, at int64) (int, error) {
		writes.Add(1)
		return real.write(f, b, at)
	}
	d.sync = func(f *os.File) error {
		if writes.Load() != 1 {
			t.Error("a sync before the write")
		}
		syncs.Add(1)
		return real.sync(f)
	}
	x := mustOpen(t, Config{Dir: t.TempDir(), disk: d})
	defer mustClose(t, x)
	if err := x.Write(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	if writes.Load() != 1 || syncs.Load() != 1 {
		t.Fatalf("%d writes and %d syncs of 20 batches in one Write", writes.Load(), syncs.Load())
	}
}
