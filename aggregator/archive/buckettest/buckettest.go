// Package buckettest is the suite that every bucket of archives passes.
package buckettest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// Run runs the suite. open gives an empty bucket, another one at each call.
func Run(t *testing.T, open func(t *testing.T) archive.Bucket) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, archive.Bucket)
	}{
		{"a taken key is refused", takenKey},
		{"one of many creates", oneOfMany},
		{"absent objects", absent},
		{"other than announced", otherThanAnnounced},
		{"keys", keys},
		{"user metadata", userMetadata},
		{"listing", listing},
		{"a large object", large},
		{"an empty object", empty},
		{"ended context", ended},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// MetaOf is the metadata of content.
func MetaOf(content []byte) archive.Meta {
	return archive.Meta{Bytes: int64(len(content)), SHA256: sha256.Sum256(content), Type: "application/octet-stream"}
}

// Create makes an object.
func Create(ctx context.Context, b archive.Bucket, key, content string) error {
	return b.Create(ctx, key, strings.NewReader(content), MetaOf([]byte(content)))
}

func read(t *testing.T, b archive.Bucket, key string) []byte {
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
	return data
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

func takenKey(t *testing.T, b archive.Bucket) {
	if err := Create(t.Context(), b, "x/y/z.json", "one"); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"two", "one", "three"} {
		if err := Create(t.Context(), b, "x/y/z.json", content); !errors.Is(err, fs.ErrExist) {
			t.Errorf("a taken key, %q: %v", content, err)
		}
	}
	if got := read(t, b, "x/y/z.json"); string(got) != "one" {
		t.Errorf("content %q", got)
	}
	o, err := b.Head(t.Context(), "x/y/z.json")
	if diff := cmp.Diff(archive.Info{Key: "x/y/z.json", Bytes: 3}, o); err != nil || diff != "" {
		t.Errorf("head: %v\n%s", err, diff)
	}
}

func oneOfMany(t *testing.T, b archive.Bucket) {
	var won [12]bool
	var all sync.WaitGroup
	for i := range won {
		all.Go(func() {
			err := Create(t.Context(), b, "k/k", fmt.Sprint(i))
			won[i] = err == nil
			if err != nil && !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n := slices.Index(won[:], true)
	if n < 0 || slices.Contains(won[n+1:], true) || string(read(t, b, "k/k")) != fmt.Sprint(n) {
		t.Errorf("won: %v, content %q", won, read(t, b, "k/k"))
	}
}

func absent(t *testing.T, b archive.Bucket) {
	if err := Create(t.Context(), b, "a/b", "x"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"nothing", "a/c", "a/b0"} {
		if _, err := b.Head(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("head of %s: %v", key, err)
		}
		r, err := b.Read(t.Context(), key)
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("read of %s: %v", key, err)
		}
		if err == nil {
			r.Close()
		}
	}
	if _, err := b.Head(t.Context(), "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("head of a folder: %v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

func otherThanAnnounced(t *testing.T, b archive.Bucket) {
	meta := MetaOf([]byte("one"))
	for _, size := range []int64{2, 4} {
		meta.Bytes = size
		if err := b.Create(t.Context(), "k", bytes.NewReader([]byte("one")), meta); err == nil || errors.Is(err, fs.ErrExist) {
			t.Errorf("3 bytes for %d: %v", size, err)
		}
	}
	meta.Bytes = 3
	if err := b.Create(t.Context(), "k", io.MultiReader(strings.NewReader("on"), broken{}), meta); err == nil || errors.Is(err, fs.ErrExist) {
		t.Errorf("a broken reader: %v", err)
	}
	if keys := list(t, b, "", ""); len(keys) > 0 {
		t.Errorf("objects: %q", keys)
	}
	if err := Create(t.Context(), b, "k", "one"); err != nil {
		t.Errorf("the key is taken by what was never finished: %v", err)
	}
}

func keys(t *testing.T, b archive.Bucket) {
	for _, key := range []string{"", "/x", "../x", "x/../../y", "x//y", "x/", ".hidden", "x/.y", "a\\b", "a\x00b", "a b", strings.Repeat("x", 300), strings.Repeat("x/", 600) + "x"} {
		if err := Create(t.Context(), b, key, "x"); err == nil || errors.Is(err, fs.ErrExist) {
			t.Errorf("key %.50q: %v", key, err)
		}
		if _, err := b.Head(t.Context(), key); err == nil {
			t.Errorf("key %.50q has an object", key)
		}
	}
	for _, key := range []string{"a~2Fb/c", "x+y=z/(1)", "AWSLogs/1/CloudTrail/a_1-2.json.gz", "dt=2026-11-21/hour=07/a,b&c.gz", "x/y/100%25.gz"} {
		if err := Create(t.Context(), b, key, key); err != nil {
			t.Errorf("key %q: %v", key, err)
			continue
		}
		if got := read(t, b, key); string(got) != key {
			t.Errorf("key %q: content %q", key, got)
		}
		if got := list(t, b, key, ""); !slices.Equal(got, []string{key}) {
			t.Errorf("key %q is listed as %q", key, got)
		}
	}
}

func userMetadata(t *testing.T, b archive.Bucket) {
	meta := MetaOf([]byte("x"))
	meta.User = map[string]string{"signature": strings.Repeat("0f", 256), "signature-algorithm": "SHA256withRSA", "a1": "with  spaces; \"quotes\" ~"}
	if err := b.Create(t.Context(), "a/b", strings.NewReader("x"), meta); err != nil {
		t.Fatal(err)
	}
	other := meta
	other.User = map[string]string{"signature": "of another"}
	if err := b.Create(t.Context(), "a/b", strings.NewReader("x"), other); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a taken key: %v", err)
	}
	o, err := b.Head(t.Context(), "a/b")
	if diff := cmp.Diff(archive.Info{Key: "a/b", Bytes: 1, User: meta.User}, o); err != nil || diff != "" {
		t.Errorf("head: %v\n%s", err, diff)
	}
	if got := list(t, b, "", ""); !slices.Equal(got, []string{"a/b"}) {
		t.Errorf("objects: %q", got)
	}
	for _, user := range []map[string]string{{"": "x"}, {"Upper": "x"}, {"a b": "x"}, {"a": ""}, {"a": " x"}, {"a": "é"}, {"a": "x\n"}, {"a": strings.Repeat("x", 2048)}} {
		meta.User = user
		if err := b.Create(t.Context(), "c", strings.NewReader("x"), meta); err == nil || errors.Is(err, fs.ErrExist) {
			t.Errorf("user metadata %.40q: %v", user, err)
		}
	}
}

func listing(t *testing.T, b archive.Bucket) {
	names := []string{"a", "a-b", "a.b", "a0", "b", "seals"}
	r := rand.New(rand.NewPCG(1, 1))
	taken := map[string]bool{}
	var keys []string
	for range 120 {
		key := ""
		for range r.IntN(3) {
			key += names[r.IntN(len(names))] + "/"
		}
		key += names[r.IntN(len(names))] + ".x" // no key is the folder of another: a store of files could not hold both
		if taken[key] {
			continue
		}
		taken[key] = true
		if err := Create(t.Context(), b, key, key); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	if diff := cmp.Diff(keys, list(t, b, "", "")); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	for range 100 {
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
	for o, err := range b.List(t.Context(), "", "") {
		if err != nil || o.Bytes != int64(len(o.Key)) {
			t.Errorf("%+v, %v", o, err)
		}
		break // an early end is no panic
	}
}

func large(t *testing.T, b archive.Bucket) {
	content := make([]byte, 9<<20+1)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	// A reader that only reads: a part cannot be read again.
	if err := b.Create(t.Context(), "large", io.MultiReader(bytes.NewReader(content)), MetaOf(content)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, b, "large"), content) {
		t.Error("the content came back otherwise")
	}
	if err := b.Create(t.Context(), "large", bytes.NewReader(content), MetaOf(content)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a taken key: %v", err)
	}
}

func empty(t *testing.T, b archive.Bucket) {
	if err := Create(t.Context(), b, "e", ""); err != nil {
		t.Fatal(err)
	}
	if got := read(t, b, "e"); len(got) > 0 {
		t.Errorf("content %q", got)
	}
	if err := Create(t.Context(), b, "e", ""); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a taken key: %v", err)
	}
}

func ended(t *testing.T, b archive.Bucket) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Create(ctx, b, "k", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("create: %v", err)
	}
	var err error
	for _, err = range b.List(ctx, "", "") {
		break
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("list: %v", err)
	}
}
