package bucket

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Folder is a store in a folder of this machine: a copy of a bucket.
type Folder struct{ root *os.Root }

// NewFolder opens a folder. Links out of it are not followed.
func NewFolder(path string) (*Folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &Folder{root}, nil
}

// List is that of a Store.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		var all []Object
		err := fs.WalkDir(f.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case d.IsDir() && name != "." && !strings.HasPrefix(name+"/", prefix) && !strings.HasPrefix(prefix, name+"/"):
				return fs.SkipDir
			case !d.Type().IsRegular() || !strings.HasPrefix(name, prefix):
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			all = append(all, Object{name, info.Size()})
			return nil
		})
		if err != nil {
			yield(Object{}, err)
			return
		}
		slices.SortFunc(all, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
		for _, o := range all {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// Read is that of a Store.
func (f *Folder) Read(_ context.Context, key string) (io.ReadCloser, error) {
	if !filepath.IsLocal(key) {
		return nil, fmt.Errorf("object %q is not below the folder", key)
	}
	return f.root.Open(key)
}
