package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// signedArchive makes an archive with a log in a folder: n seals with two events each,
// an hour apart. The ids of the events are those of eventNumber.
func signedArchive(t *testing.T, n int) (dir string, a *archive.Archive, keys archiveKeys) {
	t.Helper()
	root := t.TempDir()
	keys = archiveKeys{filepath.Join(root, archiveKeyName)}
	if err := keys.ensure(); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(root, "archive")
	b, err := file.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC)
	a, err = archive.Open(t.Context(), archive.Config{Trail: "all", Bucket: b, Staging: filepath.Join(root, "staging"), Parse: query.Parse, RollBytes: 1,
		Log: &archive.LogConfig{Origin: "actiontrail/prod/all/file", Keys: keys.read, File: filepath.Join(root, "log", "all.json")},
		Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	var prev event.Hash
	for i := range n {
		now = now.Add(time.Hour)
		l := event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "UKEY", Epoch: 7}
		x := event.Batch{Lane: l, Number: uint64(i + 1), Prev: prev, Hash: event.Hash{byte(i + 1)}, Seq: uint64(i + 1)}
		for j := range 2 {
			x.Events = append(x.Events, event.Event{ID: eventNumber(2*i + j), Type: event.TypeAPICall, Name: "StopInstance", RW: event.Write, Service: "Ecs", Time: event.At(now, 3)})
		}
		prev = x.Hash
		if err := a.Write(t.Context(), []event.Batch{x}); err != nil {
			t.Fatal(err)
		}
	}
	return dir, a, keys
}

func eventNumber(n int) string { return event.FormatUUID([16]byte{15: byte(n + 1)}) }

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVerifyWithKeysAndCheckpoints(t *testing.T) {
	dir, a, keys := signedArchive(t, 4)
	status := a.Status()
	published := writeFile(t, "keys", []byte("# all\n"+status.SigningKey+"\n"))
	other, err := transparency.NewKey([32]byte{9}, time.Time{}).VKey("actiontrail/prod/all/file")
	if err != nil {
		t.Fatal(err)
	}
	note := writeFile(t, "note", []byte(status.Checkpoint))
	kept := filepath.Join(filepath.Dir(keys.path), "log", "all.json")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/all" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"name":"all","checkpoint":%q}`, status.Checkpoint)
	}))
	defer server.Close()
	want := []string{"log:      actiontrail/prod/all/file\n", "signed:   seals 0 to 4, the last of 2026-11-21T11:00:00Z, by 5 checkpoints in the bucket\n",
		"key:      " + status.SigningKey + ", from seal 0 on, judged by the keys that were given\n", ", over 5 seals: the archive has all of it\n"}
	for _, checkpoint := range []string{note, kept, server.URL + "/all"} {
		out, err := runVerify(t, dir, "--keys", published, "--checkpoint", checkpoint)
		for _, w := range want {
			if err != nil || !strings.Contains(out, w) {
				t.Errorf("%s (%v):\n%s\nwant %q", checkpoint, err, out, w)
			}
		}
	}
	if out, err := runVerify(t, dir, "--keys", writeFile(t, "other", []byte(other))); exitCode(err) != exitNo || !strings.Contains(out, "vouches") {
		t.Errorf("with the key of somebody else: %v\n%s", err, out)
	}
	for _, args := range [][]string{{"--keys", "none"}, {"--keys", note}, {"--checkpoint", "none"}, {"--checkpoint", server.URL + "/none"}, {"--checkpoint", writeFile(t, "x", []byte("{}"))},
		{"--checkpoint", writeFile(t, "long", bytes.Repeat([]byte("x"), 1<<17))}} {
		if out, err := runVerify(t, append([]string{dir}, args...)...); exitCode(err) != exitUsage {
			t.Errorf("%q: exit %d (%v)\n%s", args, exitCode(err), err, out)
		}
	}
	// The end is cut off, as one who can write to the bucket would.
	for _, key := range []string{archive.SealKey(4), transparency.CheckpointKey(5), "tlog/tile/0/000.p/5", "AuditLog"} {
		if err := os.RemoveAll(filepath.Join(dir, key)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := runVerify(t, dir, "--checkpoint", note)
	if exitCode(err) != exitNo || !strings.Contains(out, note+": it was signed over 5 seals, and the archive has 4: seal 4 was cut off") || !strings.Contains(out, "NOT what the archive has") {
		t.Errorf("exit %d:\n%s", exitCode(err), out)
	}
}

func TestKeysArchive(t *testing.T) {
	dir := t.TempDir()
	cfg := writeFile(t, "c.hcl", []byte("agent {\n  account = \"prod\"\n}\ntrail \"all\" {\n  deliver \"file\" {\n    path = \"x\"\n  }\n}\n"))
	run := func(args ...string) (string, error) {
		t.Helper()
		cmd := newKeysCommand()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetArgs(append([]string{"archive", "--config", cfg, "--data", dir}, args...))
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	first, err := run()
	if err != nil || !transparency.KeyOf(strings.TrimSpace(first), "actiontrail/prod/all/file") {
		t.Fatalf("%q, %v", first, err)
	}
	if again, err := run(); err != nil || again != first {
		t.Errorf("shown again: %q, %v", again, err)
	}
	keys := archiveKeys{filepath.Join(dir, aggregatorFolder, archiveKeyName)}
	second, err := run("--rotate")
	if all, e := keys.read(); err != nil || e != nil || second == first || len(all) != 2 {
		t.Errorf("after a rotation: %q, %d keys (%v, %v)", second, len(all), err, e)
	}
	if _, err := run("--rotate", "--drop-old"); exitCode(err) != exitUsage {
		t.Errorf("both at once: %v", err)
	}
	third, err := run("--drop-old")
	if all, e := keys.read(); err != nil || e != nil || third != second || len(all) != 1 {
		t.Errorf("after the old one was dropped: %q, %d keys (%v, %v)", third, len(all), err, e)
	}
	if err := os.Chmod(keys.path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := run(); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
}
