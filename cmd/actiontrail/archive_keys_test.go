package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/config"
)

// The keys that sign archives are in the folder that the configuration names; a key
// that is in the data folder is not left behind in silence.
func TestKeysInAnotherFolder(t *testing.T) {
	data, keys := t.TempDir(), t.TempDir()
	run := func(text string) (string, error) {
		t.Helper()
		cfg := writeFile(t, "c.hcl", []byte(text+"\ntrail \"all\" {\n  deliver \"s3\" {\n    bucket = \"audit\"\n    layout = \"cloudtrail\"\n  }\n}\n"))
		cmd := newKeysCommand()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetArgs([]string{"archive", "--config", cfg, "--data", data})
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	before, err := run("")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := "archives { keys = \"" + keys + "\" }"
	for _, name := range []string{archiveKeyName, digestKeyName} {
		if out, err := run(elsewhere); exitCode(err) != exitUsage || !strings.Contains(err.Error(), name+", which is in") {
			t.Errorf("%s was left behind: %q, %v", name, out, err)
		}
		if err := os.Rename(filepath.Join(data, aggregatorFolder, name), filepath.Join(keys, name)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := run(elsewhere); err != nil || out != before {
		t.Errorf("after the keys were moved: %q, %v; want %q", out, err, before)
	}
	a := &aggregation{dir: filepath.Join(data, aggregatorFolder), cfg: &config.Config{Archives: config.Archives{Keys: keys}}}
	if got, err := a.archiveKeys().read(); err != nil || len(got) != 1 {
		t.Errorf("the server reads %d keys, %v", len(got), err)
	}
	if _, err := run("archives { keys = \"" + filepath.Join(keys, "none") + "\" }"); err == nil {
		t.Error("a folder that is not there is taken")
	}
}
