package realtest

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Package and file of a large OpenAPI document that its owner publishes.
const (
	gitHubPackage = "@octokit/openapi@23.0.2"
	gitHubFile    = "package/generated/api.github.com.json"
)

// GitHubAPI is the path of GitHub's OpenAPI document. npm gets it once; then it
// stays in the user's cache.
func GitHubAPI(t *testing.T) string {
	t.Helper()
	path, err := gitHubAPI(t.TempDir())
	Part(t, "OpenAPI document of GitHub", err)
	return path
}

func gitHubAPI(dir string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "actiontrail-test", "octokit-openapi-23.0.2.json")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	pack := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, gitHubPackage)
	if out, err := pack.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm pack %s: %w: %s", gitHubPackage, err, out)
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", fmt.Errorf("npm pack %s left %v", gitHubPackage, archives)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return path, unpack(archives[0], gitHubFile, path)
}

// unpack writes one file of a gzipped tar; it is there whole or not at all.
func unpack(archive, name, path string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	files := tar.NewReader(z)
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s is not in the package", name)
		}
		if err != nil {
			return err
		}
		if h.Name == name {
			break
		}
	}
	out, err := os.CreateTemp(filepath.Dir(path), "octokit-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) // fails after the rename, which is right
	if _, err := io.Copy(out, files); err != nil {
		return errors.Join(err, out.Close())
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}
