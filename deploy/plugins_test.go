package deploy

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPluginExamples runs the tests of the examples, each a module of its own. Versions
// that this repository has gone beyond are brought up beside them.
func TestPluginExamples(t *testing.T) {
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"source-journal", "sink-ndjson"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("examples/plugins", name)
			mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
			if err != nil {
				t.Fatal(err)
			}
			own, err := os.ReadFile(filepath.Join(dir, "go.sum"))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "go.mod")
			for name, text := range map[string][]byte{file: mod, filepath.Join(filepath.Dir(file), "go.sum"): bytes.Join([][]byte{own, sums}, nil)} {
				if err := os.WriteFile(name, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			test := exec.Command("go", "test", "-count=1", "-mod=mod", "-modfile="+file, "./...")
			test.Dir = dir
			if out, err := test.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
