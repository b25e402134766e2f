package realtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Collector is an OpenTelemetry collector that takes logs over HTTP and appends them
// to a file, a request a line. It has the rest of them in memory for a moment: Stop has it write all.
type Collector struct {
	*Process
	URL  string
	File string
	addr string
}

// StartCollector runs it until the test ends. It is built from the module proxy by
// the go.mod of tools/otelcol, into bin/, where the next test finds it.
func StartCollector(t testing.TB) *Collector {
	t.Helper()
	binary, err := buildCollector()
	Part(t, "otelcol", err)
	dir := t.TempDir()
	c := &Collector{addr: FreeAddr(t), File: filepath.Join(dir, "logs.json")}
	c.URL = "http://" + c.addr
	conf := configured(t, dir, "otelcol.yaml", fmt.Sprintf(`
receivers: {otlp: {protocols: {http: {endpoint: %q}}}}
exporters: {file: {path: %q, append: true}}
service:
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines: {logs: {receivers: [otlp], exporters: [file]}}
`, c.addr, c.File))
	c.Process = Start(t, nil, binary, "--config=file:"+conf)
	c.Await(t)
	return c
}

// Await waits until it listens.
func (c *Collector) Await(t testing.TB) {
	t.Helper()
	listens(t, c.addr)
}

// Stop ends it after it has written everything.
func (c *Collector) Stop(t testing.TB) {
	t.Helper()
	c.Signal(syscall.SIGTERM)
	if err := c.Wait(); err != nil {
		t.Fatalf("otelcol: %v", err)
	}
}

// buildCollector gives the path of the binary. The go command leaves one that is up to
// date alone; a cold build takes minutes, and one process does it.
func buildCollector() (string, error) {
	top, err := moduleRoot()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(top, "bin")
	lock, err := lockFolder(bin, ".otelcol.lock")
	if err != nil {
		return "", err
	}
	defer lock.Close()
	binary := filepath.Join(bin, "otelcol")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = filepath.Join(top, "tools", "otelcol")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
}
