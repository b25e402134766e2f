package main

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/archive/buckettest"
)

// runCommand runs a command line, and gives what it prints and its exit code.
func runCommand(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var b bytes.Buffer
	cmd := newRootCommand(pace{})
	cmd.SetOut(&b)
	cmd.SetErr(&b)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	if exit := (*exitError)(nil); errors.As(err, &exit) {
		code = exit.Code
	} else if err != nil {
		code = exitUsage
	}
	if err != nil {
		b.WriteString(err.Error())
	}
	return b.String(), code
}

// An archive in the archive tier is asked for, looked at, and read when it is there.
func TestArchiveRestore(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", "")
	g := buckettest.NewGlacier(filepath.Join(t.TempDir(), "store"))
	if err := os.CopyFS(g.Dir, os.DirFS("../../aggregator/archive/testdata/archive")); err != nil {
		t.Fatal(err)
	}
	for _, key := range g.Keys() {
		if strings.Contains(key, "prod/") {
			g.Class[key] = "GLACIER"
		}
	}
	server := httptest.NewServer(g)
	defer server.Close()
	config := filepath.Join(t.TempDir(), "actiontrail.hcl")
	err := os.WriteFile(config, []byte(`trail "all" {
  deliver "s3" {
    bucket     = "audit"
    endpoint   = "`+server.URL+`"
    path_style = true
  }
  deliver "file" { path = "./archive" }
}`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	store := []string{"s3://audit", "--endpoint", server.URL}
	named := []string{"--config", config, "--trail", "all"}
	for _, step := range []struct {
		args []string
		code int
		want string
	}{
		{append([]string{"verify"}, store...), exitUsage, "NOT ALL WAS READ: nothing is wrong with what was; 3 objects are in the archive tier: run actiontrail archive restore"},
		{append([]string{"archive", "restore", "--from", "2026-11-21", "--to", "2026-11-22", "--status"}, named...), exitNo, "3  archived: nobody has asked for them\nsome cannot be read yet"},
		{append([]string{"archive", "restore", "--from", "2026-11-21", "--to", "2026-11-22", "--days", "2"}, named...), exitNo, "trail all, from 2026-11-21T00:00:00Z to 2026-11-22T00:00:00Z: 4 objects\n         1  not needed: in no archive tier\n         3  in progress: 3 were asked for now, to be readable for 2 days\nthe store works on it"},
		{append([]string{"archive", "restore", "--from", "2026-11-21", "--to", "2026-11-22"}, store...), exitNo, "3  in progress\n"},
		{append([]string{"archive", "restore", "--from", "2026-10-01", "--to", "2026-10-02"}, store...), 0, "no object of the archive has events of this period"},
		{nil, 0, ""}, // the store has done it
		{append([]string{"archive", "restore", "--from", "2026-11-21", "--to", "2026-11-22", "--wait"}, store...), 0, "3  restored: readable, the first of them until 2026-11-28T00:00:00Z\nall that is there can be read"},
		{append([]string{"verify"}, store...), 0, "OK: the archive is complete"},
		{[]string{"archive", "restore", "./archive", "--from", "7d"}, exitUsage, "./archive is a folder, which has no archive tier"},
		{append([]string{"archive", "restore"}, store...), exitUsage, "--from is missing"},
		{append([]string{"archive", "restore", "--from", "2026-11-22", "--to", "2026-11-21"}, store...), exitUsage, "ends before it begins"},
		{[]string{"archive", "restore", "--from", "7d", "--config", config, "--trail", "other"}, exitUsage, `no trail "other"`},
		{[]string{"archive", "restore", "--from", "7d", "--config", config, "--trail", "all", "--delivery", "file"}, exitUsage, "has no delivery file into a store"},
		{[]string{"archive", "restore", "s3://audit/elsewhere", "--endpoint", server.URL, "--from", "7d"}, exitUsage, "it has no seal 0"},
	} {
		if step.args == nil {
			g.Finish()
			continue
		}
		if out, code := runCommand(t, step.args...); code != step.code || !strings.Contains(out, step.want) {
			t.Errorf("%s\nends with %d, not %d:\n%s\nnot with %q", strings.Join(step.args, " "), code, step.code, out, step.want)
		}
	}
}
