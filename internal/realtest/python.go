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

// boto3Version is the SDK of AWS for Python that tests use. It is of the same time.
const boto3Version = "1.44.5"

// AWS gives the stock AWS command line, in a Python environment of its own below
// bin/, where the next test finds it.
func AWS(t testing.TB) (path string) {
	t.Helper()
	dir, err := installPython("awscli", awscliVersion)
	Part(t, "awscli", err)
	return filepath.Join(dir, "bin", "aws")
}

// Boto3 gives a Python that has the stock SDK of AWS, in the same way.
func Boto3(t testing.TB) (python string) {
	t.Helper()
	dir, err := installPython("boto3", boto3Version)
	Part(t, "boto3", err)
	return filepath.Join(dir, "bin", "python3")
}

// Readers of Parquet that tests use.
const (
	duckdbVersion  = "2.0.0"
	pyarrowVersion = "26.0.1"
)

// DuckDB gives a Python that has DuckDB and pyarrow, in the same way.
func DuckDB(t testing.TB) (python string) {
	t.Helper()
	dir, err := installPython("duckdb", duckdbVersion, "pyarrow=="+pyarrowVersion)
	Part(t, "duckdb and pyarrow", err)
	return filepath.Join(dir, "bin", "python3")
}

// installPython installs a package and what it needs, and others with it, and gives the environment's folder.
func installPython(name, version string, others ...string) (string, error) {
	top, err := moduleRoot()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(top, "bin")
	lock, err := lockFolder(bin, "."+name+".lock")
	if err != nil {
		return "", err
	}
	defer lock.Close()
	dir := filepath.Join(bin, name+"-"+version)
	whole := filepath.Join(dir, "whole") // is there when all is installed
	if _, err := os.Stat(whole); err != nil {
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
		for _, args := range [][]string{{"python3", "-m", "venv", dir}, {filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check"}} {
			if args[0] != "python3" {
				args = append(append(args, name+"=="+version), others...)
			}
			if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
				return "", fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
			}
		}
		if err := os.WriteFile(whole, nil, 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}
