// Package durable writes files so that they survive a crash of the process and
// of the machine. The order of its system calls is: write, fsync of the file,
// rename or link, fsync of the folder (Pillai et al., "All File Systems Are Not
// Created Equal", OSDI 2014). An error always means "may or may not have
// happened"; callers write again or read what is there.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// WriteFile replaces the file at path, as a whole or not at all. When it
// returns nil the new content is on the disk; after a crash the file holds the
// old content or the new one, never a part.
func WriteFile(path string, data []byte) error {
	tmp, err := writeTemporary(path, data, 0o640)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return SyncDir(filepath.Dir(path))
}

// CreateFile makes a file that must not exist yet, as a whole or not at all; a
// taken path is fs.ErrExist, and nothing is changed.
func CreateFile(path string, data []byte) error { return create(path, data, 0o640) }

// CreateSecret is CreateFile for what nobody but the owner may read.
func CreateSecret(path string, data []byte) error { return create(path, data, 0o600) }

func create(path string, data []byte, mode fs.FileMode) error {
	tmp, err := writeTemporary(path, data, mode)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, path); err != nil { // link, unlike rename, refuses a taken name
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// writeTemporary writes a fsynced file beside path. What a crash leaves behind
// has the suffix TemporarySuffix, and RemoveTemporary clears it.
func writeTemporary(path string, data []byte, mode fs.FileMode) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*"+TemporarySuffix)
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(f.Name(), mode) // CreateTemp made it 0600
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// TemporarySuffix ends the names of files that are not finished.
const TemporarySuffix = ".tmp"

// RemoveTemporary removes the unfinished files that a crash left in the folder.
func RemoveTemporary(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, ".*"+TemporarySuffix))
	for _, n := range names {
		if e := os.Remove(n); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// SyncDir makes the names in a folder durable: files made, renamed or removed.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

// MkdirAll makes a folder and those above it that are missing, durably.
func MkdirAll(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return SyncDir(parent)
}

// Sync makes what was written to an open file durable, its length included.
// After an error it is unknown what reached the disk, and a second call may lie:
// the file must be opened and read again.
func Sync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// Lock holds a folder for one process until Close.
type Lock struct{ f *os.File }

// ErrLocked is the answer of LockDir while another process holds the folder.
var ErrLocked = errors.New("another process holds the lock")

// LockDir takes the folder for this process, or fails with ErrLocked at once.
func LockDir(dir string) (*Lock, error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", path, ErrLocked)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &Lock{f}, nil
}

// WaitLock takes a file for this process and waits while another one has it. It
// is for changes that are over in a moment; the file is made, and stays.
func WaitLock(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if err == nil {
			return &Lock{f}, nil
		}
		if !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
	}
}

// Close gives the folder or the file to others; the kernel does so too when the process dies. The lock is taken off by name and not only
// closed: a process that is being started at this moment has a copy of the open file.
func (l *Lock) Close() error {
	err := unix.Flock(int(l.f.Fd()), unix.LOCK_UN)
	return errors.Join(err, l.f.Close())
}
