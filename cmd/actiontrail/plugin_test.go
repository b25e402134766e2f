package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What plugin new writes builds and keeps the contract.
func TestPluginNew(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"source", "sink"} {
		t.Run(kind, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "acme")
			if code := run([]string{"plugin", "new", "acme", "--kind", kind, "--dir", dir, "--replace", root}); code != 0 {
				t.Fatalf("exit code %d", code)
			}
			// The versions of everything else are those of this repository: nothing is asked of the network.
			sums, err := os.ReadFile("../../go.sum")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"mod", "tidy"}, {"test", "-count=1", "./..."}} {
				cmd := exec.Command("go", args...)
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("go %s: %v\n%s", args, err, out)
				}
			}
			if code := run([]string{"plugin", "new", "acme", "--kind", kind, "--dir", dir}); code != 2 {
				t.Errorf("exit code %d when the folder is not empty", code)
			}
		})
	}
	for _, args := range [][]string{{"plugin", "new", "a.b"}, {"plugin", "new", "acme", "--kind", "mapper"}, {"plugin", "new"}} {
		if code := run(args); code != 2 {
			t.Errorf("%q: exit code %d", args, code)
		}
	}
}
