package local

import (
	"context"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// The writer takes a memory for its next WAL as soon as the segments of its
// events are in the manifest, when the build may still have to remove the old
// WAL. A build that asks the memory for the number then removes the new one: the
// race detector sees it, because nothing orders the two here.
func TestSpentMemoryIsTheWriters(t *testing.T) {
	t.Parallel()
	s := newStream(60)
	written := make(chan struct{})
	d := realDisk()
	d.remove = func(path string) error {
		<-written
		return os.Remove(path)
	}
	cfg := Config{Dir: t.TempDir(), SegmentEvents: 1, disk: d}
	x := mustOpen(t, cfg)
	first, rest := s[:40], s[40:]
	if err := x.Write(context.Background(), first); err != nil {
		t.Fatal(err)
	}
	if err := x.Write(context.Background(), rest[:10]); err != nil { // leaves a full memory
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "the first memory is spent", func() bool {
		x.mu.RLock()
		defer x.mu.RUnlock()
		return len(x.full) == 0
	})
	if err := x.Write(context.Background(), rest[10:]); err != nil { // takes it
		t.Fatal(err)
	}
	close(written)
	mustClose(t, x)
	cfg.disk = realDisk()
	x = mustOpen(t, cfg)
	defer mustClose(t, x)
	if diff := cmp.Diff(s.docs(s[len(s)-1].Seq), contents(t, x)); diff != "" {
		t.Errorf("events (-want +got)\n%s", diff)
	}
}
