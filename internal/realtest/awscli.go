package realtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	top, err := moduleRoot()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(top, "bin")
	lock, err := lockFolder(bin, ".awscli.lock")
	if err != nil {
		return "", err
	}
	defer lock.Close()
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
