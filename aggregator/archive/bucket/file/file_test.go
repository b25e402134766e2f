package file_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
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

func TestCreateRefusesATakenKey(t *testing.T) {
	b, dir := newBucket(t)
	if err := create(b, "x/y/z.json", "one"); err != nil {
		t.Fatal(err)
	}
	if err := create(b, "x/y/z.json", "two"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a taken key: %v", err)
	}
	if got := read(t, b, "x/y/z.json"); got != "one" {
		t.Errorf("content %q", got)
	}
	if o, err := b.Head(t.Context(), "x/y/z.json"); err != nil || o != (archive.Info{Key: "x/y/z.json", Bytes: 3}) {
		t.Errorf("head: %+v, %v", o, err)
	}
	left, err := os.ReadDir(filepath.Join(dir, ".unfinished"))
	if err != nil || len(left) > 0 {
		t.Errorf("unfinished files: %v (%v)", left, err)
	}
}

func TestOneOfManyCreates(t *testing.T) {
	b, _ := newBucket(t)
	var won [20]bool
	var all sync.WaitGroup
	for i := range won {
		all.Go(func() {
			err := create(b, "k/k", fmt.Sprint(i))
			won[i] = err == nil
			if err != nil && !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n := slices.Index(won[:], true)
	if n < 0 || slices.Contains(won[n+1:], true) || read(t, b, "k/k") != fmt.Sprint(n) {
		t.Errorf("won: %v, content %q", won, read(t, b, "k/k"))
	}
}

func TestAbsentObject(t *testing.T) {
	b, _ := newBucket(t)
	if err := create(b, "a/b", ""); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"nothing", "a", "a/c"} {
		if _, err := b.Head(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("head of %s: %v", key, err)
		}
		if key == "a" {
			continue
		}
		if _, err := b.Read(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("read of %s: %v", key, err)
		}
	}
}

func TestCreateOfOtherThanAnnounced(t *testing.T) {
	b, _ := newBucket(t)
	for _, size := range []int64{2, 4} {
		if err := b.Create(t.Context(), "k", bytes.NewReader([]byte("one")), archive.Meta{Bytes: size}); err == nil {
			t.Errorf("3 bytes were taken for %d", size)
		}
	}
	broken := io.MultiReader(strings.NewReader("on"), iotestErr{})
	if err := b.Create(t.Context(), "k", broken, archive.Meta{Bytes: 3}); err == nil {
		t.Error("a broken reader was taken")
	}
	if keys := list(t, b, "", ""); len(keys) > 0 {
		t.Errorf("objects: %q", keys)
	}
}

type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestKeysStayInTheFolder(t *testing.T) {
	b, _ := newBucket(t)
	for _, key := range []string{"", "/x", "../x", "x/../../y", "x//y", "x/", ".hidden", "x/.y", "a\\b", "a\x00b", "a b", strings.Repeat("x", 300), strings.Repeat("x/", 600) + "x"} {
		if err := create(b, key, ""); err == nil {
			t.Errorf("key %.50q was taken", key)
		}
	}
}

func TestListIsInByteOrder(t *testing.T) {
	b, _ := newBucket(t)
	names := []string{"a", "a-b", "a.b", "a0", "b", "seals"}
	r := rand.New(rand.NewPCG(1, 1))
	var keys []string
	for range 300 {
		key := names[r.IntN(len(names))]
		for range r.IntN(3) {
			key += "/" + names[r.IntN(len(names))]
		}
		if err := create(b, key, ""); err == nil {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if len(keys) < 20 {
		t.Fatalf("only %d keys", len(keys))
	}
	if diff := cmp.Diff(keys, list(t, b, "", "")); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	for range 300 {
		prefix, after := keys[r.IntN(len(keys))], keys[r.IntN(len(keys))]
		prefix, after = prefix[:r.IntN(len(prefix)+1)], after[:r.IntN(len(after)+1)]
		var want []string
		for _, k := range keys {
			if strings.HasPrefix(k, prefix) && k > after {
				want = append(want, k)
			}
		}
		if diff := cmp.Diff(want, list(t, b, prefix, after)); diff != "" {
			t.Fatalf("prefix %q after %q (-want +got):\n%s", prefix, after, diff)
		}
	}
	for range b.List(t.Context(), "", "") {
		break // an early end is no panic
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
