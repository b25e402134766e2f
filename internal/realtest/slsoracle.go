package realtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// SLSOracle gives what the vendor's client of Alibaba Cloud's Log Service makes of a
// request: both are as tools/slsoracle has them. It is built from the module proxy by
// the go.mod there, into bin/, where the next test finds it.
func SLSOracle(t testing.TB) func(request, answer any) error {
	t.Helper()
	binary, err := buildSLSOracle()
	Part(t, "the vendor's client of Log Service", err)
	return func(request, answer any) error {
		in, err := json.Marshal(request)
		if err != nil {
			return err
		}
		var stdout, stderr bytes.Buffer
		run := exec.CommandContext(t.Context(), binary)
		run.Stdin, run.Stdout, run.Stderr = bytes.NewReader(in), &stdout, &stderr
		if err := run.Run(); err != nil {
			return fmt.Errorf("%w: %s", err, &stderr)
		}
		return json.Unmarshal(stdout.Bytes(), answer)
	}
}

func buildSLSOracle() (string, error) {
	top, err := moduleRoot()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(top, "bin")
	lock, err := lockFolder(bin, ".slsoracle.lock")
	if err != nil {
		return "", err
	}
	defer lock.Close()
	binary := filepath.Join(bin, "slsoracle")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = filepath.Join(top, "tools", "slsoracle")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
}
