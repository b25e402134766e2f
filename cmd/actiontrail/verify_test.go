package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// runVerify executes the command.
func runVerify(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := newVerifyCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// goldenArchive is a copy of the archive that the archive package keeps for its format.
func goldenArchive(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "archive")
	if err := os.CopyFS(dir, os.DirFS("../../aggregator/archive/testdata/archive")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestVerifyPrintsWhatItFound(t *testing.T) {
	dir := goldenArchive(t)
	got, err := runVerify(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/verify.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), strings.ReplaceAll(got, dir, "PATH")); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestVerifyNamesTheChangedObject(t *testing.T) {
	dir := goldenArchive(t)
	var changed string
	err := filepath.WalkDir(filepath.Join(dir, "AuditLog"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || changed != "" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b[100] ^= 1
		changed, err = filepath.Rel(dir, path)
		return errors.Join(err, os.WriteFile(path, b, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := runVerify(t, dir)
	if exitCode(err) != exitNo || !strings.Contains(out, "\n"+changed+": its bytes are not those") || !strings.HasSuffix(out, "FAILED: 1 problem\n") {
		t.Errorf("exit %d (%v):\n%s", exitCode(err), err, out)
	}
	out, err = runVerify(t, dir, "-o", "json")
	var r archive.Report
	if e := json.Unmarshal([]byte(out), &r); e != nil || exitCode(err) != exitNo || len(r.Problems) != 1 || r.Problems[0].Key != changed || r.Events != 10 {
		t.Errorf("exit %d (%v, %v):\n%s", exitCode(err), err, e, out)
	}
}

func TestVerifyOfAFolderWithoutArchive(t *testing.T) {
	out, err := runVerify(t, t.TempDir())
	if exitCode(err) != exitNo || !strings.Contains(out, "seals/000000000000.json: this seal is missing") {
		t.Errorf("exit %d (%v):\n%s", exitCode(err), err, out)
	}
}

func TestVerifyUsage(t *testing.T) {
	for _, args := range [][]string{{filepath.Join(t.TempDir(), "none")}, {"verify_test.go"}, {t.TempDir(), "-o", "csv"}} {
		if out, err := runVerify(t, args...); exitCode(err) != exitUsage || err.Error() == "" {
			t.Errorf("%q: exit %d (%v):\n%s", args, exitCode(err), err, out)
		}
	}
	if _, err := runVerify(t); err == nil {
		t.Error("verify without a path was taken")
	}
}
