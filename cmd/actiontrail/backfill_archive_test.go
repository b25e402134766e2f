package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// trailInto is a trail of all events into a folder.
func trailInto(name, dir string) string {
	return fmt.Sprintf("trail %q {\n  deliver \"file\" {\n    path = %q\n    roll {\n      max_age = \"1s\"\n      max_bytes = \"64KiB\"\n    }\n  }\n}\n", name, dir)
}

// A trail that was stopped is given what another archive has, of its own server, and
// a new one that of another server, through kills, while new lines come: each line once.
func TestBackfillOfAnotherArchive(t *testing.T) {
	b := newBox(t, "")
	late := filepath.Join(b.dir, "late")
	b.configureTrails(trailInto("all", b.archive()) + trailInto("late", late))
	b.start()
	b.write(500)
	b.indexed()
	b.trailCommand("stop", "late")
	b.write(3000)
	b.indexed()
	b.trailCommand("start", "late")
	b.write(500)
	b.indexed()
	b.allArchived(b.archive())
	b.trailCommand("backfill", "late", "--from", "1d", "--archive", b.archive(), "--detach")
	for range 3 {
		b.server.Kill()
		b.start()
		b.write(100)
	}
	realtest.Until(t, realtest.Patience, "the backfill to be done", func() bool {
		s := b.trail("late")
		return len(s.Deliver) == 1 && len(s.Deliver[0].Backfills) == 1 && s.Deliver[0].Backfills[0].Done
	})
	b.indexed()
	b.allArchived(late)
	b.trailCommand("backfill", "late", "--from", "1d", "--archive", b.archive())
	if s := b.trail("late").Deliver[0].Backfills; len(s) != 2 || s[1].Events != 0 || s[1].Progress != 1 || s[1].Archive != b.archive() || s[1].ReadObjects != s[1].OfObjects || s[1].OfObjects == 0 {
		t.Errorf("backfills are %+v", s)
	}
	b.server.Kill()

	other := newBox(t, "")
	other.configureTrails(trailInto("copy", other.archive()))
	other.start()
	damaged, key := damagedCopy(t, late)
	cmd := newTrailCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs([]string{"backfill", "copy", "--from", "1d", "--archive", damaged, "--server", "http://" + other.addr})
	var exit *exitError
	if err := cmd.ExecuteContext(t.Context()); !errors.As(err, &exit) || exit.Code != exitNo || !strings.Contains(err.Error(), key) {
		t.Errorf("an archive with the damaged object %s gives %v", key, err)
	}
	if s := other.trail("copy").Deliver[0].Backfills; len(s) != 1 || !s[0].Failed || s[0].Events != 0 {
		t.Errorf("backfills are %+v", s)
	}
	if brought := backfillSeals(t, other.archive()); brought != 0 {
		t.Errorf("%d seals of the backfill that was given up", brought)
	}
	if text := other.trailCommand("backfill", "copy", "--from", "1d", "--archive", late); !strings.Contains(text, "were brought") {
		t.Errorf("it says %q", text)
	}
	other.written = b.written
	other.archived()
	verifyArchive(t, late)
	if brought := backfillSeals(t, other.archive()); brought == 0 {
		t.Error("no seal says that it is of a backfill")
	}
}

// damagedCopy is a copy of an archive with one object changed.
func damagedCopy(t *testing.T, dir string) (copied, key string) {
	t.Helper()
	copied = filepath.Join(t.TempDir(), "damaged")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(copied, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".gz") {
			if key, err = filepath.Rel(copied, path); err == nil {
				err = os.Chmod(path, 0o600)
			}
			if err == nil {
				err = os.WriteFile(path, []byte("damaged"), 0o600)
			}
			if err == nil {
				err = fs.SkipAll
			}
		}
		return err
	})
	if err != nil || key == "" {
		t.Fatal(key, err)
	}
	return copied, key
}

// backfillSeals counts the seals of an archive that are of backfills.
func backfillSeals(t *testing.T, dir string) (n int) {
	t.Helper()
	seals, err := filepath.Glob(filepath.Join(dir, "seals", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range seals {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte(`"backfill":{`)) {
			n++
		}
	}
	return n
}
