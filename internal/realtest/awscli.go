package realtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// awscliVersion is the AWS command line whose verdicts tests print.
const awscliVersion = "1.46.2"

// AWS gives the stock AWS command line, in a Python environment of its own below
// bin/, where the next test finds it.
func AWS(t testing.TB) (path string) {
	t.Helper()
	path, err := installAWS()
	Part(t, "awscli", err)
	return path
}

func installAWS() (string, error) {
	root, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	bin := filepath.Join(filepath.Dir(strings.TrimSpace(string(root))), "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(bin, ".awscli.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	dir := filepath.Join(bin, "awscli-"+awscliVersion)
	whole := filepath.Join(dir, "whole") // is there when all is installed
	if _, err := os.Stat(whole); err != nil {
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
		for _, args := range [][]string{{"python3", "-m", "venv", dir}, {filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "awscli==" + awscliVersion}} {
			if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
				return "", fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
			}
		}
		if err := os.WriteFile(whole, nil, 0o644); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "bin", "aws"), nil
}
