package oss_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/oss"
	"github.com/actiontrail/actiontrail/aggregator/archive/buckettest"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// behind gives a bucket behind a proxy that does not always do its work.
func (s *store) behind(t *testing.T) (*oss.Bucket, *realtest.Faulty, oss.Config) {
	t.Helper()
	proxy := realtest.StartFaulty(t, s.URL)
	cfg := s.config()
	cfg.Endpoint = proxy.URL
	return open(t, cfg), proxy, cfg
}

// once gives a fault to the first request that is such a one.
func once(fault realtest.Fault, such func(*http.Request) bool) func(*http.Request) realtest.Fault {
	done := false
	return func(r *http.Request) realtest.Fault {
		if done || !such(r) {
			return realtest.Fine
		}
		done = true
		return fault
	}
}

func is(method string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method }
}

// What became of a Create whose answer was lost is not known, and must not be
// told as known: neither as done nor as a taken key.
func TestLostAnswersOfCreate(t *testing.T) {
	s := newStore(t)
	for fault, made := range map[realtest.Fault]bool{realtest.Cut: false, realtest.SlowDown: false, realtest.Lost: true} {
		b, proxy, _ := s.behind(t)
		proxy.Choose(once(fault, is(http.MethodPut)))
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
func TestReadsThroughFaults(t *testing.T) {
	b, proxy, _ := newStore(t).behind(t)
	content := bytes.Repeat([]byte("0123456789abcde\n"), 40_000)
	if err := b.Create(t.Context(), "k", bytes.NewReader(content), buckettest.MetaOf(content)); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []realtest.Fault{realtest.Cut, realtest.SlowDown, realtest.Lost, realtest.Slow} {
		proxy.Choose(once(fault, is(http.MethodHead)))
		if _, err := b.Head(t.Context(), "k"); err != nil {
			t.Errorf("head, fault %d: %v", fault, err)
		}
	}
	for _, fault := range []realtest.Fault{realtest.Cut, realtest.SlowDown, realtest.Lost, realtest.Broken, realtest.Slow} {
		proxy.Choose(once(fault, is(http.MethodGet)))
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
	for _, fault := range []realtest.Fault{realtest.SlowDown, realtest.Broken} {
		proxy.Choose(once(fault, is(http.MethodGet)))
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
	}
}

func TestDeadStore(t *testing.T) {
	s := newStore(t)
	b := open(t, s.config())
	s.Down(true)
	if _, err := b.Head(t.Context(), "k"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a dead store: %v", err)
	}
}

// An object that changes while it is read is not put together from two.
func TestReadOfAnObjectThatChanges(t *testing.T) {
	s := newStore(t)
	b, proxy, cfg := s.behind(t)
	content := bytes.Repeat([]byte("a"), 1<<20)
	if err := b.Create(t.Context(), "k", bytes.NewReader(content), buckettest.MetaOf(content)); err != nil {
		t.Fatal(err)
	}
	proxy.Choose(once(realtest.Broken, is(http.MethodGet)))
	r, err := b.Read(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	s.Do(func() { s.Bucket("audit").Objects[cfg.Prefix+"k"].Body = bytes.Repeat([]byte("b"), 1<<20) })
	if _, err := io.ReadAll(r); err == nil {
		t.Error("two objects were read as one")
	}
}

// A connection over which nothing moves is given up.
func TestStall(t *testing.T) {
	s := newStore(t)
	_, proxy, cfg := s.behind(t)
	hang := make(chan struct{})
	defer close(hang)
	proxy.Choose(func(r *http.Request) realtest.Fault {
		if r.Method == http.MethodPut {
			<-hang
		}
		return realtest.Fine
	})
	cfg.Stall = 200 * time.Millisecond
	if err := buckettest.Create(t.Context(), open(t, cfg), "k", "x"); err == nil || errors.Is(err, fs.ErrExist) {
		t.Errorf("create: %v", err)
	}
}

func TestMultipart(t *testing.T) {
	s := newStore(t)
	b, proxy, cfg := s.behind(t)
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
	part := func(n string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.URL.Query().Get("partNumber") == n }
	}
	for _, fault := range []realtest.Fault{realtest.Cut, realtest.SlowDown, realtest.Lost} {
		proxy.Choose(once(fault, part("3")))
		if err := create(); err == nil || errors.Is(err, fs.ErrExist) {
			t.Fatalf("a part met fault %d: %v", fault, err)
		}
	}
	proxy.Choose(nil)
	if n := s.Uploads("audit"); n > 0 {
		t.Errorf("%d uploads were not given up", n)
	}
	// Somebody else is faster, while the parts are on their way.
	proxy.Choose(once(realtest.Fine, func(r *http.Request) bool {
		if part("2")(r) {
			direct := cfg
			direct.Endpoint = s.URL
			if err := buckettest.Create(t.Context(), open(t, direct), "large", "first"); err != nil {
				t.Error(err)
			}
			return true
		}
		return false
	}))
	if err := create(); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("a key that was taken meanwhile: %v", err)
	}
	if n := s.Uploads("audit"); n > 0 {
		t.Errorf("%d uploads were not given up", n)
	}
	s.Do(func() { delete(s.Bucket("audit").Objects, cfg.Prefix+"large") })
	proxy.Choose(once(realtest.Lost, func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("uploadId") }))
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

// What changes on the way is refused by the store before it is an object.
func TestBodyThatChangesOnTheWay(t *testing.T) {
	s := newStore(t)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if r.Method == http.MethodPut {
			body[len(body)/2] ^= 1
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	for _, above := range []int64{1 << 20, 0} {
		cfg := s.config()
		cfg.Endpoint = proxy.URL
		b := open(t, cfg)
		b.SetParts(above, 1<<20)
		if err := buckettest.Create(t.Context(), b, "k", "some content"); err == nil || !strings.Contains(err.Error(), "InvalidDigest") {
			t.Errorf("%v", err)
		}
		if _, err := b.Head(t.Context(), "k"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v", err)
		}
	}
	if n := s.Uploads("audit"); n > 0 {
		t.Errorf("%d uploads were not given up", n)
	}
}
