package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// runProof executes the command.
func runProof(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := newProofCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestProofIsMadeAndVerified(t *testing.T) {
	dir, a, _ := signedArchive(t, 4)
	published := writeFile(t, "keys", []byte(a.Status().SigningKey+"\n"))
	out, err := runProof(t, eventNumber(3), "--archive", dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "proof.json")
	if _, err := runProof(t, eventNumber(3), "--archive", dir, "--checkpoint", writeFile(t, "note", []byte(a.Status().Checkpoint)), "--out", path); err != nil {
		t.Fatal(err)
	}
	if written, err := os.ReadFile(path); err != nil || string(written) != out {
		t.Errorf("written to a file it is another one (%v)", err)
	}
	good, err := runVerify(t, "--proof", path, "--keys", published)
	for _, want := range []string{"event:    " + eventNumber(3) + "\n", "action:   Ecs StopInstance\n", ", line 2 of 2\n", "seal:     2, of 2026-11-21T09:00:00Z\n", "checkpoint over 5 seals, by " + a.Status().SigningKey, "OK: the archive held this event"} {
		if err != nil || !strings.Contains(good, want) {
			t.Errorf("%v\n%s\nwant %q", err, good, want)
		}
	}
	if out, err := runVerify(t, "--proof", path, "--keys", published, "-o", "json"); err != nil || !strings.Contains(out, `"ok": true`) {
		t.Errorf("%v\n%s", err, out)
	}
	bad := writeFile(t, "bad", []byte(strings.Replace(out, "StopInstance", "StartInstance", 1)))
	for _, form := range []string{"table", "json"} {
		if out, err := runVerify(t, "--proof", bad, "--keys", published, "-o", form); exitCode(err) != exitNo || !strings.Contains(out, "the event is not line 2 of the object") {
			t.Errorf("a tampered proof: exit %d\n%s", exitCode(err), out)
		}
	}
	for _, args := range [][]string{{"--proof", path}, {"--proof", path, "--keys", published, dir}, {"--proof", "none", "--keys", published}, {dir, "--event", "x"}, {dir, "--event", "x", "--object", "y"}, {}} {
		if out, err := runVerify(t, args...); exitCode(err) != exitUsage {
			t.Errorf("verify %q: exit %d (%v)\n%s", args, exitCode(err), err, out)
		}
	}
	if _, err := runProof(t, "none", "--archive", dir); exitCode(err) != exitNo {
		t.Errorf("proof of an event that is not there: %v", err)
	}
	for _, args := range [][]string{{"x", "--checkpoint", path}, {"x", "--archive", dir, "--trail", "all"}, {"x", "--archive", dir + "x"}} {
		if _, err := runProof(t, args...); exitCode(err) != exitUsage {
			t.Errorf("proof %q: exit %d (%v)", args, exitCode(err), err)
		}
	}
}

func TestVerifyOfOneObjectAndOneEvent(t *testing.T) {
	dir, a, _ := signedArchive(t, 4)
	published := writeFile(t, "keys", []byte(a.Status().SigningKey+"\n"))
	if out, err := runVerify(t, dir, "--event", eventNumber(3), "--keys", published); err != nil || !strings.Contains(out, "OK: the archive held this event") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := runVerify(t, dir, "--event", "none", "--keys", published); exitCode(err) != exitNo {
		t.Errorf("an event that is not there: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, archive.SealKey(2)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := archive.DecodeSeal(data)
	if err != nil {
		t.Fatal(err)
	}
	key := s.Objects[0].Key
	if out, err := runVerify(t, dir, "--object", key, "--keys", published); err != nil || !strings.Contains(out, "OK: the object is what its seal names") || !strings.Contains(out, "signed:   seals 0 to 4") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := runVerify(t, dir, "--object", "AuditLog/more"); exitCode(err) != exitNo || !strings.Contains(out, "AuditLog/more: no seal names this object") {
		t.Errorf("an object that no seal names: %v\n%s", err, out)
	}
	path := filepath.Join(dir, key)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[20] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := runVerify(t, dir, "--object", key); exitCode(err) != exitNo || !strings.Contains(out, "its bytes are not those") {
		t.Errorf("an object that was changed: %v\n%s", err, out)
	}
}
