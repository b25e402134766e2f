package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// A server signs what it seals: the key that it prints, its checkpoint and its proofs
// hold without it, and it refuses an archive whose end was cut off while it was down.
func TestServerSignsItsArchive(t *testing.T) {
	b := newBox(t, "")
	b.write(30)
	b.start()
	b.indexed()
	b.allArchived(b.archive())
	published, code := b.run("keys", "archive", "--config", b.config(), "--data", b.data)
	if code != 0 || strings.Count(published, "\n") != 1 {
		t.Fatalf("keys archive: %d\n%s", code, published)
	}
	keys := writeFile(t, "keys", []byte(published))

	var page struct{ Events []struct{ EventID string } }
	if code, body := b.get("/api/v1/events", url.Values{"query": {lineEvents}, "limit": {"1"}}); code != http.StatusOK || json.Unmarshal([]byte(body), &page) != nil || len(page.Events) != 1 {
		t.Fatalf("an event: %d %s", code, body)
	}
	proof := filepath.Join(t.TempDir(), "proof.json")
	if out, code := b.run("proof", page.Events[0].EventID, "--server", "http://"+b.addr, "--out", proof); code != 0 {
		t.Fatalf("proof: %d\n%s", code, out)
	}
	if out, code := b.run("verify", "--proof", proof, "--keys", keys); code != 0 || !strings.Contains(out, page.Events[0].EventID) {
		t.Errorf("verify of the proof: %d\n%s", code, out)
	}
	trail := func() (s api.TrailStatus) {
		t.Helper()
		if code, body := b.get("/api/v1/trails/all", nil); code != http.StatusOK || json.Unmarshal([]byte(body), &s) != nil {
			t.Fatalf("the trail: %d %s", code, body)
		}
		return s
	}
	if s := trail(); s.SigningKey != strings.TrimSpace(published) || s.CheckpointSeals < 2 {
		t.Errorf("the status of the trail: %+v", s)
	}
	live := "http://" + b.addr + "/api/v1/trails/all"
	if out, code := b.run("verify", b.archive(), "--keys", keys, "--checkpoint", live); code != 0 || !strings.Contains(out, "the archive has all of it") {
		t.Errorf("verify by the checkpoint of the status: %d\n%s", code, out)
	}

	// A stop stores a checkpoint over all seals.
	b.server.Signal(syscall.SIGTERM)
	if err := b.server.Wait(); err != nil {
		t.Fatal(err)
	}
	seals, err := filepath.Glob(filepath.Join(b.archive(), "seals", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	last := uint64(len(seals) - 1)
	if _, err := os.Stat(filepath.Join(b.archive(), transparency.CheckpointKey(int64(last)+1))); err != nil {
		t.Errorf("after the stop: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(b.data, aggregatorFolder, logFolder, "all-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files of checkpoints: %q, %v", files, err)
	}
	kept := writeFile(t, "kept", mustRead(t, files[0]))
	if out, code := b.run("verify", b.archive(), "--keys", keys, "--checkpoint", kept); code != 0 {
		t.Errorf("verify after the stop: %d\n%s", code, out)
	}

	// Somebody cuts the end off.
	s, err := archive.DecodeSeal(mustRead(t, seals[last]))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range s.Objects {
		if err := os.Remove(filepath.Join(b.archive(), o.Key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(seals[last]); err != nil {
		t.Fatal(err)
	}
	if out, code := b.run("verify", b.archive(), "--checkpoint", kept); code != 1 || !strings.Contains(out, "cut off") {
		t.Errorf("verify of what was cut off: %d\n%s", code, out)
	}
	b.start()
	realtest.Until(t, realtest.Patience, "the trail to refuse it", func() bool {
		return strings.Contains(trail().LastError, "was removed; restore it from a copy")
	})
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
