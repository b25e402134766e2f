package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

// python is the interpreter of a virtual environment with what the example needs, kept
// between runs, and the folder of the code generated for it.
func python(t *testing.T, example string) (interpreter, generated string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", err
	}
	venv := filepath.Join(cache, "actiontrail-test", "plugin-python")
	interpreter = filepath.Join(venv, "bin", "python")
	run := func(args ...string) error {
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return nil
	}
	if run(interpreter, "-c", "import grpc_tools, grpc_health.v1, cryptography") != nil {
		if err := run("python3", "-m", "venv", venv); err != nil {
			return "", "", err
		}
		if err := run(interpreter, "-m", "pip", "install", "-q", "-r", filepath.Join(example, "requirements.txt")); err != nil {
			return "", "", err
		}
	}
	protos, err := filepath.Glob("../../proto/actiontrail/plugin/v1/*.proto")
	if err != nil {
		return "", "", err
	}
	generated = t.TempDir()
	return interpreter, generated, run(append([]string{interpreter, "-m", "grpc_tools.protoc", "-I", "../../proto", "--python_out=" + generated, "--grpc_python_out=" + generated}, protos...)...)
}

// TestPython holds the example in Python against the contract: what is published is enough to write a plugin.
func TestPython(t *testing.T) {
	t.Parallel()
	example, err := filepath.Abs("../../deploy/examples/plugins/source-python")
	if err != nil {
		t.Fatal(err)
	}
	interpreter, generated, err := python(t, example)
	realtest.Part(t, "python plugin", err)
	var lines []string
	var text bytes.Buffer
	for i := range 2100 {
		lines = append(lines, fmt.Sprintf("%d %s", i, strings.Repeat("x", i%300)))
		fmt.Fprintln(&text, lines[i])
	}
	file := filepath.Join(t.TempDir(), "lines.log")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{"file": file})
	if err != nil {
		t.Fatal(err)
	}
	p := program(t, testConfig{})
	p.Command = []string{"env", "PYTHONPATH=" + generated, interpreter, filepath.Join(example, "source.py")}
	p.Config = config
	sourcetest.Run(t, sourcetest.Harness{Want: lines, New: func(testing.TB) plugins.Source { return NewSource(p) }})

	p.Config = []byte(`{"colour":"red"}`)
	wrong := (*plugins.ConfigError)(nil)
	if err := NewSource(p).Check(t.Context()); !errors.As(err, &wrong) || len(wrong.Problems) != 2 || wrong.Problems[0].Path[0] != "colour" {
		t.Errorf("a wrong configuration: %v", err)
	}
}
