package file_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/buckettest"
)

func newBucket(t *testing.T) (*file.Bucket, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a", "b")
	b, err := file.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return b, dir
}

func create(b archive.Bucket, key, content string) error {
	return b.Create(context.Background(), key, strings.NewReader(content), archive.Meta{Bytes: int64(len(content))})
}

func read(t *testing.T, b archive.Bucket, key string) string {
	t.Helper()
	r, err := b.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func list(t *testing.T, b archive.Bucket, prefix, after string) (keys []string) {
	t.Helper()
	for o, err := range b.List(t.Context(), prefix, after) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

func TestSuite(t *testing.T) {
	buckettest.Run(t, func(t *testing.T) archive.Bucket {
		b, dir := newBucket(t)
		t.Cleanup(func() {
			if left, err := os.ReadDir(filepath.Join(dir, ".unfinished")); err != nil || len(left) > 0 {
				t.Errorf("unfinished files: %v (%v)", left, err)
			}
		})
		return b
	})
}

// A copy of the folder, made file by file, has the user metadata.
func TestUserMetadataIsCopied(t *testing.T) {
	b, dir := newBucket(t)
	meta := archive.Meta{Bytes: 1, User: map[string]string{"signature": "0f"}}
	if err := b.Create(t.Context(), "x/y.json", strings.NewReader("y"), meta); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	c, err := file.Open(copied)
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.Head(t.Context(), "x/y.json")
	if diff := cmp.Diff(meta.User, o.User); err != nil || diff != "" {
		t.Errorf("copied: %v\n%s", err, diff)
	}
	side := filepath.Join(copied, "x", ".meta", "y.json")
	if err := os.WriteFile(side, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Head(t.Context(), "x/y.json"); err == nil {
		t.Error("damaged metadata was read")
	}
	// Metadata without its object shows that something was taken away.
	if err := os.Remove(filepath.Join(copied, "x", "y.json")); err != nil {
		t.Fatal(err)
	}
	if got := list(t, c, "", ""); !slices.Equal(got, []string{"x/.meta/y.json"}) {
		t.Errorf("listed: %q", got)
	}
}

// What a crash left before the object was there is not taken for its metadata.
func TestUserMetadataOfACrash(t *testing.T) {
	for _, user := range []map[string]string{nil, {"signature": "new"}} {
		b, dir := newBucket(t)
		if err := os.MkdirAll(filepath.Join(dir, "x", ".meta"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "x", ".meta", "y"), []byte(`{"signature":"old"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := b.Create(t.Context(), "x/y", strings.NewReader("y"), archive.Meta{Bytes: 1, User: user}); err != nil {
			t.Fatal(err)
		}
		if o, err := b.Head(t.Context(), "x/y"); err != nil || !cmp.Equal(o.User, user) {
			t.Errorf("%v, %v", o, err)
		}
	}
}

func TestOpenOnlyReads(t *testing.T) {
	b, dir := newBucket(t)
	if err := create(b, "k", "x"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".unfinished", "1.tmp"), []byte("left by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := file.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if read(t, r, "k") != "x" || len(list(t, r, "", "")) != 1 {
		t.Error("the object is not seen")
	}
	if err := create(r, "l", ""); err == nil || errors.Is(err, fs.ErrExist) {
		t.Errorf("create in a bucket that only reads: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".unfinished", "1.tmp")); err != nil {
		t.Errorf("Open changed the folder: %v", err)
	}
	if _, err := file.New(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".unfinished", "1.tmp")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("New leaves unfinished files: %v", err)
	}
	if _, err := file.Open(filepath.Join(dir, "k")); err == nil {
		t.Error("a file was opened as a folder")
	}
	if _, err := file.Open(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
