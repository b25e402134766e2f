package archive_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/event"
)

// The events of an archive are those of its lines; an object that was changed is
// told, and nothing of it is given.
func TestEvents(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	if err := os.CopyFS(dir, os.DirFS("testdata/archive")); err != nil {
		t.Fatal(err)
	}
	read := func() (ids map[string]bool, problems []archive.Problem) {
		t.Helper()
		b, err := file.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		ids = map[string]bool{}
		problems, err = archive.Events(t.Context(), b, nil, func(seq archive.SeqRange, e event.Event) error {
			if ids[e.ID] || seq.To <= seq.After {
				t.Errorf("event %s twice, or of %+v", e.ID, seq)
			}
			ids[e.ID] = true
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return ids, problems
	}
	b, err := file.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := archive.Verify(t.Context(), b, archive.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all, problems := read()
	if uint64(len(all)) != whole.Events || len(all) == 0 || len(problems) > 0 {
		t.Fatalf("%d events of %d, problems %v", len(all), whole.Events, problems)
	}
	var objects []string
	err = filepath.WalkDir(filepath.Join(dir, "AuditLog"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			objects = append(objects, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(objects[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(objects[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	seals, err := filepath.Glob(filepath.Join(dir, "seals", "*"))
	if err != nil || os.Remove(objects[1]) != nil || os.Truncate(seals[len(seals)-1], 40) != nil {
		t.Fatal(err, seals)
	}
	some, problems := read()
	if len(some) == 0 || len(some) >= len(all) || len(problems) < 3 {
		t.Errorf("%d events of %d, problems %v", len(some), len(all), problems)
	}
	for _, p := range problems {
		if p.Key == "" || strings.TrimSpace(p.Text) == "" {
			t.Errorf("%+v", p)
		}
	}
	stop := errors.New("stop")
	if _, err := archive.Events(t.Context(), b, nil, func(archive.SeqRange, event.Event) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of give becomes %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := archive.Events(ctx, b, nil, func(archive.SeqRange, event.Event) error { return nil }); err == nil {
		t.Error("it goes on after its end")
	}
}
