package s3_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/s3"
	"github.com/actiontrail/actiontrail/aggregator/archive/buckettest"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// once gives a fault to the first request of a method, and to that alone.
func once(method string, fault realtest.Fault) func(*http.Request) realtest.Fault {
	done := false
	return func(r *http.Request) realtest.Fault {
		if done || r.Method != method {
			return realtest.Fine
		}
		done = true
		return fault
	}
}

// What became of a Create whose answer was lost is not known, and must not be
// told as known: neither as done nor as a taken key.
func testLostAnswersOfCreate(t *testing.T, s *store) {
	proxy := realtest.StartFaulty(t, s.Endpoint)
	for fault, made := range map[realtest.Fault]bool{realtest.Cut: false, realtest.SlowDown: false, realtest.Lost: true} {
		cfg := s.config()
		cfg.Endpoint = proxy.URL
		b := open(t, cfg)
		proxy.Choose(once(http.MethodPut, fault))
		if err := buckettest.Create(t.Context(), b, "k", "x"); err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("fault %d: %v", fault, err)
		}
		_, err := b.Head(t.Context(), "k")
		if made && err != nil || !made && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("fault %d, made %v: %v", fault, made, err)
		}
		if err := buckettest.Create(t.Context(), b, "k", "x"); made != errors.Is(err, fs.ErrExist) || !made && err != nil {
			t.Errorf("fault %d: again: %v", fault, err)
		}
	}
}

// Questions are asked again until there is an answer, and a body is read on where it broke off.
func testReadsThroughFaults(t *testing.T, s *store) {
	proxy := realtest.StartFaulty(t, s.Endpoint)
	cfg := s.config()
	cfg.Endpoint = proxy.URL
	b := open(t, cfg)
	content := bytes.Repeat([]byte("0123456789abcde\n"), 40_000)
	if err := b.Create(t.Context(), "k", bytes.NewReader(content), buckettest.MetaOf(content)); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []realtest.Fault{realtest.Cut, realtest.SlowDown, realtest.Lost, realtest.Slow} {
		proxy.Choose(once(http.MethodHead, fault))
		if _, err := b.Head(t.Context(), "k"); err != nil {
			t.Errorf("head, fault %d: %v", fault, err)
		}
	}
	for _, fault := range []realtest.Fault{realtest.Cut, realtest.SlowDown, realtest.Lost, realtest.Broken, realtest.Slow} {
		proxy.Choose(once(http.MethodGet, fault))
		r, err := b.Read(t.Context(), "k")
		if err != nil {
			t.Errorf("read, fault %d: %v", fault, err)
			continue
		}
		got, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, content) {
			t.Errorf("read, fault %d: %v, %d bytes", fault, err, len(got))
		}
	}
	proxy.Choose(once(http.MethodGet, realtest.SlowDown))
	n := 0
	for _, err := range b.List(t.Context(), "", "") {
		if err != nil {
			t.Error(err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d objects", n)
	}
	proxy.Choose(func(*http.Request) realtest.Fault { return realtest.Cut })
	if _, err := b.Head(t.Context(), "k"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a dead store: %v", err)
	}
}

// An object that changes while it is read is not put together from two.
func testReadOfAnObjectThatChanges(t *testing.T, s *store) {
	proxy := realtest.StartFaulty(t, s.Endpoint)
	cfg := s.config()
	cfg.Endpoint = proxy.URL
	b := open(t, cfg)
	content := bytes.Repeat([]byte("a"), 1<<20)
	if err := b.Create(t.Context(), "k", bytes.NewReader(content), buckettest.MetaOf(content)); err != nil {
		t.Fatal(err)
	}
	proxy.Choose(once(http.MethodGet, realtest.Broken))
	r, err := b.Read(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.Dir, "audit", cfg.Prefix, "k")
	if err := os.Remove(path); err != nil { // with it goes what the store knows of it
		t.Fatal(err)
	}
	other := bytes.Repeat([]byte("b"), 1<<20)
	if err := b.Create(t.Context(), "k", bytes.NewReader(other), buckettest.MetaOf(other)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); err == nil {
		t.Error("two objects were read as one")
	}
}

// A connection over which nothing moves is given up.
func testStall(t *testing.T, s *store) {
	proxy := realtest.StartFaulty(t, s.Endpoint)
	hang := make(chan struct{})
	defer close(hang)
	proxy.Choose(func(r *http.Request) realtest.Fault {
		if r.Method == http.MethodPut {
			<-hang
		}
		return realtest.Fine
	})
	cfg := s.config()
	cfg.Endpoint, cfg.Stall = proxy.URL, 200*time.Millisecond
	if err := buckettest.Create(t.Context(), open(t, cfg), "k", "x"); err == nil || errors.Is(err, fs.ErrExist) {
		t.Errorf("create: %v", err)
	}
}

func testMultipart(t *testing.T, s *store) {
	proxy := realtest.StartFaulty(t, s.Endpoint)
	cfg := s.config()
	cfg.Endpoint = proxy.URL
	b := open(t, cfg)
	b.SetParts(8<<20, 5<<20)
	content := make([]byte, 13<<20+12345)
	for i := range content {
		content[i] = byte(i * i >> 11)
	}
	meta := buckettest.MetaOf(content)
	meta.User = map[string]string{"a": "b"}
	create := func() error {
		return b.Create(t.Context(), "large", io.MultiReader(bytes.NewReader(content)), meta)
	}
	part := func(n string, fault realtest.Fault) func(*http.Request) realtest.Fault {
		return func(r *http.Request) realtest.Fault {
			if r.URL.Query().Get("partNumber") == n {
				return fault
			}
			return realtest.Fine
		}
	}
	proxy.Choose(part("3", realtest.Cut))
	if err := create(); err == nil || errors.Is(err, fs.ErrExist) {
		t.Fatalf("a part was cut off: %v", err)
	}
	proxy.Choose(nil)
	wrong := meta
	wrong.SHA256[0]++
	if err := b.Create(t.Context(), "large", bytes.NewReader(content), wrong); err == nil || errors.Is(err, fs.ErrExist) {
		t.Fatalf("other content: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(s.Dir, "audit", ".sgwtmp", "multipart", "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("parts that were given up: %q (%v)", left, err)
	}
	// Somebody else is faster, while the parts are on their way.
	proxy.Choose(func(r *http.Request) realtest.Fault {
		if r.URL.Query().Get("partNumber") == "2" {
			if err := buckettest.Create(t.Context(), open(t, s3.Config{Bucket: "audit", Prefix: cfg.Prefix, Endpoint: s.Endpoint, Now: time.Now}), "large", "first"); err != nil {
				t.Error(err)
			}
		}
		return realtest.Fine
	})
	if err := create(); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("a key that was taken meanwhile: %v", err)
	}
	if err := os.Remove(filepath.Join(s.Dir, "audit", cfg.Prefix, "large")); err != nil {
		t.Fatal(err)
	}
	last := once(http.MethodPost, realtest.Lost)
	proxy.Choose(func(r *http.Request) realtest.Fault {
		if r.URL.Query().Has("uploadId") {
			return last(r)
		}
		return realtest.Fine
	})
	if err := create(); err == nil || errors.Is(err, fs.ErrExist) {
		t.Fatalf("the answer was lost: %v", err)
	}
	proxy.Choose(nil)
	o, err := b.Head(t.Context(), "large")
	if err != nil || o.Bytes != meta.Bytes || o.User["a"] != "b" {
		t.Fatalf("%+v, %v", o, err)
	}
	r, err := b.Read(t.Context(), "large")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the content came back otherwise (%v)", err)
	}
	if err := create(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a taken key: %v", err)
	}
}

// What a store got otherwise than it was sent is refused by it.
func testContentIsChecked(t *testing.T, s *store) {
	b := open(t, s.config())
	meta := buckettest.MetaOf([]byte("one"))
	if err := b.Create(t.Context(), "k", bytes.NewReader([]byte("two")), meta); err == nil || errors.Is(err, fs.ErrExist) {
		t.Errorf("other content: %v", err)
	}
	if _, err := b.Head(t.Context(), "k"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := b.Create(t.Context(), "k", bytes.NewReader([]byte("two")), archive.Meta{Bytes: 3}); err == nil {
		t.Error("content without a hash was sent")
	}
}
