package realtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// StartCaddy runs Caddy with this configuration (Caddy's JSON), in which %LISTEN%
// stands for the address that is returned and %DIR% for a folder of its own. It
// is built from the module proxy by the go.mod of tools/caddy, into bin/, where
// the next test finds it.
func StartCaddy(t *testing.T, config string) (addr, dir string, p *Process) {
	t.Helper()
	binary, err := buildCaddy()
	Part(t, "caddy", err)
	addr, dir = FreeAddr(t), t.TempDir()
	file := filepath.Join(dir, "caddy.json")
	config = strings.NewReplacer("%LISTEN%", addr, "%DIR%", dir).Replace(config)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	home := []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}
	p = Start(t, home, binary, "run", "--config", file)
	Until(t, 20*time.Second, "caddy to listen", func() bool {
		if ended, err := p.Ended(); ended {
			t.Fatalf("caddy ended: %v", err)
		}
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return addr, dir, p
}

// buildCaddy gives the path of the binary. The go command leaves one that is up to date alone.
func buildCaddy() (string, error) {
	top, err := moduleRoot()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(top, "bin", "caddy")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = filepath.Join(top, "tools", "caddy")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
}
