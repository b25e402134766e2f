package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// cutOff removes the last seals of an archive with all that tells of them in the
// bucket, as one would who can write to it.
func cutOff(t *testing.T, dir string, from int) {
	t.Helper()
	for _, glob := range []string{"seals/*.json", "tlog/checkpoint/*", "tlog/tile/*/*.p/*", "AliyunLogs/*", "AuditLog/*"} {
		all, err := filepath.Glob(filepath.Join(dir, glob))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range all {
			n := 0
			name := filepath.Base(path)
			if _, err := fmt.Sscanf(strings.TrimSuffix(name, ".json"), "%d", &n); err == nil && (strings.HasPrefix(glob, "seals/") && n < from || !strings.HasPrefix(glob, "seals/") && n <= from) {
				continue
			}
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (b *box) witness(name string) (w api.WitnessStatus) {
	for _, d := range b.trail("all").Deliver {
		for _, w := range d.Witnesses {
			if w.Name == name {
				return w
			}
		}
	}
	return w
}

// verifies runs verify on the archive, and wants these words and that exit code.
func (b *box) verifies(want string, code int, args ...string) string {
	b.t.Helper()
	out, err := runVerify(b.t, append([]string{b.archive()}, args...)...)
	if exitCode(err) != code || !strings.Contains(out, want) {
		b.t.Errorf("verify %q: exit %d (%v):\n%s\nwant %d and %q", args, exitCode(err), err, out, code, want)
	}
	return out
}

// The checkpoints of an archive are kept in NATS without being told to, and where
// the trail says. Whoever cuts the archive off, with what the data folder remembers, is told of.
func TestWitnesses(t *testing.T) {
	b := newBox(t, "")
	elsewhere := filepath.Join(b.dir, "elsewhere")
	b.configureTrails(fmt.Sprintf("trail \"all\" {\n  witness \"file\" {\n    path  = %q\n    every = \"1s\"\n  }\n  deliver \"file\" {\n    path = %q\n    roll { max_age = \"1s\" }\n  }\n}\n", elsewhere, b.archive()))
	for range 3 { // several seals
		b.write(50)
		if b.server == nil {
			b.start()
		}
		b.indexed()
		b.allArchived(b.archive())
	}
	realtest.Until(t, realtest.Patience, "both witnesses to have the newest checkpoint", func() bool {
		d := b.trail("all").Deliver[0]
		return b.witness("nats").Checkpoint == d.Checkpoint && b.witness("file").Checkpoint == d.Checkpoint && b.witness("file").LastError == ""
	})
	notes, err := filepath.Glob(filepath.Join(elsewhere, "actiontrail", "default", "all", "file", "*.note"))
	if err != nil || len(notes) < 2 {
		t.Fatalf("the folder has %q (%v)", notes, err)
	}
	data, err := os.ReadFile(notes[len(notes)-1])
	if err != nil {
		t.Fatal(err)
	}
	c, err := transparency.ReadCheckpoint(data)
	if err != nil || c.Size != b.witness("file").Seals {
		t.Errorf("%q: %v", data, err)
	}
	b.verifies("OK: ", 0, "--server", "http://"+b.addr)
	b.verifies("OK: ", 0, "--config", b.config(), "--data", b.data)
	cutOff(t, b.archive(), 1)
	const cut = "seals 1 to"
	b.verifies("the running server: it was signed over", exitNo, "--server", "http://"+b.addr)
	b.verifies("witness nats (NATS), by the running server: it was signed over", exitNo, "--config", b.config(), "--data", b.data, "--server", "http://"+b.addr)
	b.server.Kill()
	b.verifies("OK: ", 0) // nobody is there who knows more
	b.verifies("witness nats: it was signed over", exitNo, "--config", b.config(), "--data", b.data)
	if out := b.verifies("the data folder: it was signed over", exitNo, "--config", b.config(), "--data", b.data); !strings.Contains(out, "witness file ("+elsewhere+"): it was signed over") || !strings.Contains(out, cut) {
		t.Errorf("the folder does not tell:\n%s", out)
	}
	if err := os.Rename(b.archive(), filepath.Join(b.dir, "away")); err != nil {
		t.Fatal(err)
	}
	b.verifies("everything was deleted", exitNo, "--config", b.config(), "--data", b.data)
	if err := os.Mkdir(b.archive(), 0o700); err != nil {
		t.Fatal(err)
	}
	b.verifies("witness nats: it was signed over", exitNo, "--config", b.config(), "--data", b.data)
	b.verifies("the archive has none: everything was deleted", exitNo, "--config", b.config(), "--data", b.data)
	if err := os.Remove(b.archive()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(b.dir, "away"), b.archive()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(b.data, aggregatorFolder, logFolder)); err != nil {
		t.Fatal(err)
	}
	b.start()
	for _, name := range []string{"nats", "file"} {
		realtest.Until(t, realtest.Patience, name+" to tell of the conflict", func() bool { return strings.Contains(b.witness(name).Conflict, "the end was cut off") })
	}
	realtest.Until(t, realtest.Patience, "an event of each conflict", func() bool { return b.total("eventName: ArchiveConflict") == 2 })
	if s := b.trail("all"); s.State != api.TrailStatusStateFailing || !strings.Contains(s.LastError, "run verify") {
		t.Errorf("the status is %s, %s", s.State, s.LastError)
	}
	if _, body := b.get("/metrics", url.Values{}); !strings.Contains(body, `actiontrail_witness_conflict{trail="all",delivery="file",witness="nats"} 1`) {
		t.Error("the metrics do not tell of the conflict")
	}
	if _, err := os.Stat(filepath.Join(b.archive(), archive.SealKey(0))); err != nil {
		t.Error(err)
	}
}
