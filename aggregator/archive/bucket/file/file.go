// Package file is a bucket in a folder: each object is a file of its own. The user
// metadata of an object, where it has some, is a file too, so that a copy of the
// folder has it, by whatever means it was made: .meta/NAME beside the object.
package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/internal/durable"
)

const (
	unfinished = ".unfinished" // folder of the files that are being written; the same file system, so that link works
	lock       = "lock"        // of durable.LockDir, should the folder be locked
)

// Bucket is a folder. The objects are below it, under their keys.
type Bucket struct {
	dir      string
	writable bool
	linking  sync.Mutex
}

// New makes the folder if it is missing and opens it for writing. One process
// at a time may do so: it clears what a crash left unfinished.
func New(dir string) (*Bucket, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	tmp := filepath.Join(dir, unfinished)
	if err := os.RemoveAll(tmp); err != nil {
		return nil, fmt.Errorf("clear the archive folder: %w", err)
	}
	if err := durable.MkdirAll(tmp); err != nil {
		return nil, fmt.Errorf("make the archive folder: %w", err)
	}
	return &Bucket{dir: dir, writable: true}, nil
}

// Open opens a folder that is there, to read it. It changes nothing in it.
func Open(dir string) (*Bucket, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("open the archive folder: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", dir)
	}
	return &Bucket{dir: dir}, nil
}

// Create writes beside the objects, and links the finished file under its key.
func (b *Bucket) Create(ctx context.Context, key string, content io.Reader, meta archive.Meta) error {
	path, err := b.path(key)
	if err != nil {
		return err
	}
	if err := archive.CheckUser(meta.User); err != nil {
		return fmt.Errorf("create %s: %w", key, err)
	}
	if !b.writable {
		return fmt.Errorf("archive folder %s is open for reading only", b.dir)
	}
	if _, err := os.Lstat(path); err == nil { // spares the writing; link below is what decides
		return fmt.Errorf("create %s: %w", key, fs.ErrExist)
	}
	tmp, err := b.write(ctx, content, meta.Bytes)
	if err != nil {
		return fmt.Errorf("create %s: %w", key, err)
	}
	defer os.Remove(tmp)
	dir := filepath.Dir(path)
	if err := durable.MkdirAll(dir); err != nil {
		return fmt.Errorf("create %s: %w", key, err)
	}
	if err := b.link(ctx, tmp, path, meta.User); err != nil {
		return fmt.Errorf("create %s: %w", key, err)
	}
	if err := durable.SyncDir(dir); err != nil {
		return fmt.Errorf("create %s: %w", key, err)
	}
	return nil
}

// link puts a finished file under its name, with its user metadata before it.
func (b *Bucket) link(ctx context.Context, tmp, path string, user map[string]string) error {
	b.linking.Lock()
	defer b.linking.Unlock()
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist // and has its own metadata
	}
	if err := b.putUser(ctx, path, user); err != nil {
		return err
	}
	return os.Link(tmp, path) // unlike rename, it refuses a taken name
}

// write makes a fsynced file of exactly this many bytes.
func (b *Bucket) write(ctx context.Context, content io.Reader, size int64) (string, error) {
	f, err := os.CreateTemp(filepath.Join(b.dir, unfinished), "*"+durable.TemporarySuffix)
	if err != nil {
		return "", err
	}
	n, err := io.Copy(f, io.LimitReader(content, size+1))
	if err == nil && n != size {
		err = fmt.Errorf("the content is not of %d bytes as announced", size)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = f.Chmod(0o640)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// Read opens an object.
func (b *Bucket) Read(_ context.Context, key string) (io.ReadCloser, error) {
	path, err := b.path(key)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// Head tells about an object.
func (b *Bucket) Head(_ context.Context, key string) (archive.Info, error) {
	path, err := b.path(key)
	if err != nil {
		return archive.Info{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return archive.Info{}, err
	}
	if info.IsDir() {
		return archive.Info{}, fmt.Errorf("object %s is a folder: %w", key, fs.ErrNotExist)
	}
	user, err := readUser(path)
	if err != nil {
		return archive.Info{}, fmt.Errorf("user metadata of %s: %w", key, err)
	}
	return archive.Info{Key: key, Bytes: info.Size(), User: user}, nil
}

// List walks the folder. Whatever lies in it is listed, also under names that
// cannot be keys: a check of the archive has to see it.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[archive.Info, error] {
	return func(yield func(archive.Info, error) bool) {
		b.walk(ctx, "", prefix, after, yield)
	}
}

// walk gives the objects whose keys begin with the folder; false when the caller has enough.
func (b *Bucket) walk(ctx context.Context, folder, prefix, after string, yield func(archive.Info, error) bool) bool {
	entries, err := os.ReadDir(filepath.Join(b.dir, filepath.FromSlash(folder)))
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return yield(archive.Info{}, fmt.Errorf("list the archive folder: %w", err))
	}
	key := func(e os.DirEntry) string {
		if e.IsDir() {
			return folder + e.Name() + "/" // a folder is where its keys are in the order
		}
		return folder + e.Name()
	}
	slices.SortFunc(entries, func(x, y os.DirEntry) int { return cmp.Compare(key(x), key(y)) })
	for _, e := range entries {
		k := key(e)
		if folder == "" && (e.Name() == unfinished || e.Name() == lock) {
			continue
		}
		if path.Base(folder) == metaFolder && b.isUser(folder, e) {
			continue
		}
		if e.IsDir() {
			if !strings.HasPrefix(k, prefix) && !strings.HasPrefix(prefix, k) || k < after && !strings.HasPrefix(after, k) {
				continue
			}
			if !b.walk(ctx, k, prefix, after, yield) {
				return false
			}
			continue
		}
		if !strings.HasPrefix(k, prefix) || k <= after {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return yield(archive.Info{}, fmt.Errorf("list the archive folder: %w", err))
		}
		if !yield(archive.Info{Key: k, Bytes: info.Size()}, nil) {
			return false
		}
	}
	return true
}

func (b *Bucket) path(key string) (string, error) {
	if err := archive.CheckKey(key); err != nil {
		return "", err
	}
	return filepath.Join(b.dir, filepath.FromSlash(key)), nil
}
