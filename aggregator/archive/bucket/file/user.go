package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// metaFolder has the user metadata of the objects beside it, under their names: a
// JSON object of texts. No key has a part that begins with a dot.
const metaFolder = ".meta"

func userPath(object string) string {
	return filepath.Join(filepath.Dir(object), metaFolder, filepath.Base(object))
}

// putUser gives the object to be its user metadata, and takes away what a crash left of an earlier try.
func (b *Bucket) putUser(ctx context.Context, object string, user map[string]string) error {
	at := userPath(object)
	if len(user) == 0 {
		if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := json.Marshal(user)
	if err != nil {
		return err
	}
	tmp, err := b.write(ctx, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	dir := filepath.Dir(at)
	if err := errors.Join(durable.MkdirAll(dir), os.Rename(tmp, at)); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return durable.SyncDir(dir)
}

// readUser reads the user metadata of an object; nil when it has none.
func readUser(object string) (map[string]string, error) {
	data, err := os.ReadFile(userPath(object))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var user map[string]string
	if err := json.Unmarshal(data, &user); err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	return user, archive.CheckUser(user)
}

// isUser tells whether an entry of a metaFolder belongs to an object. One whose
// object is missing is listed: no archive has it, but for a moment.
func (b *Bucket) isUser(folder string, e os.DirEntry) bool {
	object := filepath.Join(b.dir, filepath.FromSlash(folder), "..", e.Name())
	info, err := os.Lstat(object)
	return err == nil && info.Mode().IsRegular() && e.Type().IsRegular()
}
