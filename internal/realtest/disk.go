package realtest

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// SmallDisk is an empty file system of this many bytes. It is a real one, in
// memory; making it needs the right to mount.
func SmallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
	Part(t, "small disk (tmpfs)", err)
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

// Fill writes a file until the disk that holds dir is full, and gives the file's path.
func Fill(t *testing.T, dir string) string {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zeros := make([]byte, 1<<20)
	for len(zeros) > 0 {
		n, err := f.Write(zeros)
		switch {
		case errors.Is(err, syscall.ENOSPC):
			zeros = zeros[:len(zeros)/2] // the last bytes too
		case err != nil && !errors.Is(err, io.ErrShortWrite):
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	return f.Name()
}
