package oss_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/oss"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/osstest"
	"github.com/actiontrail/actiontrail/aggregator/archive/buckettest"
)

// store is the double with a bucket "audit".
type store struct {
	*osstest.Store
	n atomic.Int64
}

func newStore(t *testing.T) *store {
	t.Helper()
	s := &store{Store: osstest.Start(t)}
	s.signIn(t)
	return s
}

func (s *store) signIn(t *testing.T) {
	for _, e := range s.Environment() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
}

// config is that of a prefix of its own.
func (s *store) config() oss.Config {
	return oss.Config{Bucket: "audit", Prefix: fmt.Sprintf("p%d/", s.n.Add(1)), Endpoint: s.URL, Region: s.Region}
}

func open(t *testing.T, cfg oss.Config) *oss.Bucket {
	t.Helper()
	b, err := oss.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSuite(t *testing.T) {
	s := newStore(t)
	s.Page = 7 // many pages
	buckettest.Run(t, func(t *testing.T) archive.Bucket { return open(t, s.config()) })
}

// Temporary keys, and objects that come in parts.
func TestSuiteInParts(t *testing.T) {
	s := newStore(t)
	s.Token = "a token"
	s.signIn(t)
	buckettest.Run(t, func(t *testing.T) archive.Bucket {
		b := open(t, s.config())
		b.SetParts(2, 4<<20)
		return b
	})
}

// A bucket of OSS is asked for by a host of its own, not by a path.
func TestHostOfTheBucket(t *testing.T) {
	s := newStore(t)
	b := open(t, oss.Config{Bucket: "audit", Endpoint: "http://" + s.Domain, Region: s.Region})
	b.Dial(strings.TrimPrefix(s.URL, "http://"))
	buckettest.Run(t, func(t *testing.T) archive.Bucket {
		s.Do(func() {
			clear(s.Bucket("audit").Objects)
		})
		return b
	})
	if s.Asked("oss:ListObjects") == 0 {
		t.Error("nothing was listed")
	}
}

// What the objects are made with is what the configuration says; what every start
// reads is never in a class that would have to be restored.
func TestHowObjectsAreMade(t *testing.T) {
	s := newStore(t)
	s.Do(func() { s.Bucket("audit").Class = "Archive" })
	cfg := s.config()
	cfg.StorageClass, cfg.Under, cfg.SSE, cfg.KMSKey = "ColdArchive", "AliyunLogs/", oss.SSEKMS, "9468da86-3509-4f8d-a61e-6eab1eac"
	b := open(t, cfg)
	meta := buckettest.MetaOf([]byte("x"))
	meta.Type, meta.Encoding = "application/x-ndjson", "gzip"
	for _, parts := range []int64{100, 0} {
		b.SetParts(parts, 1<<20)
		for key, class := range map[string]string{"AliyunLogs/a": "ColdArchive", "seals/0": "Standard"} {
			key = fmt.Sprint(key, parts)
			if err := b.Create(t.Context(), key, strings.NewReader("x"), meta); err != nil {
				t.Fatal(err)
			}
			s.Do(func() {
				o := s.Bucket("audit").Objects[cfg.Prefix+key]
				if o.Class != class || o.Header.Get("Content-Encoding") != "gzip" || o.Header.Get("Content-Type") != meta.Type ||
					o.Header.Get("x-oss-server-side-encryption") != "KMS" || o.Header.Get("x-oss-server-side-encryption-key-id") != cfg.KMSKey {
					t.Errorf("%s was made as %s, %v", key, o.Class, o.Header)
				}
			})
		}
	}
	cfg.SSE, cfg.KMSKey = oss.SSEOSS, ""
	if err := buckettest.Create(t.Context(), open(t, cfg), "k", "x"); err != nil {
		t.Fatal(err)
	}
	s.Do(func() {
		if got := s.Bucket("audit").Objects[cfg.Prefix+"k"].Header.Get("x-oss-server-side-encryption"); got != "AES256" {
			t.Errorf("encrypted with %q", got)
		}
	})
}

// Content is held against its hash before it can be an object.
func TestContentIsChecked(t *testing.T) {
	s := newStore(t)
	for _, above := range []int64{100, 0} {
		b := open(t, s.config())
		b.SetParts(above, 1<<20)
		if err := b.Create(t.Context(), "k", strings.NewReader("two"), buckettest.MetaOf([]byte("one"))); err == nil || errors.Is(err, fs.ErrExist) {
			t.Errorf("other content: %v", err)
		}
		if _, err := b.Head(t.Context(), "k"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v", err)
		}
	}
	if n := s.Uploads("audit"); n > 0 {
		t.Errorf("%d uploads were not given up", n)
	}
}

func TestLock(t *testing.T) {
	s := newStore(t)
	cfg := s.config()
	cfg.LockDays = 180
	b := open(t, cfg)
	for _, c := range []struct {
		state string
		days  int
		want  string
	}{
		{"", 0, "has no retention policy"},
		{"InProgress", 200, "is InProgress, not Locked"},
		{"Locked", 179, "is of 179 days, and lock wants 180"},
	} {
		s.Do(func() { s.Bucket("audit").WormState, s.Bucket("audit").WormDays = c.state, c.days })
		b := open(t, cfg) // a locked policy is asked for once
		if err := b.Check(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %d days: %v", c.state, c.days, err)
		}
		if err := buckettest.Create(t.Context(), b, "k", "x"); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
		if mode, _, err := b.Retention(t.Context(), "k"); err != nil || (mode != "") != (c.state == "Locked") {
			t.Errorf("%s: an object is kept by %q, %v", c.state, mode, err)
		}
	}
	s.Do(func() { s.Bucket("audit").WormDays = 200 })
	if err := b.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	made := time.Now()
	if err := buckettest.Create(t.Context(), b, "l", "x"); err != nil {
		t.Fatal(err)
	}
	mode, until, err := b.Retention(t.Context(), "l")
	if off := until.Sub(made.AddDate(0, 0, 200)); err != nil || mode != "compliance" || off < 0 || off > 16*time.Minute {
		t.Errorf("%s until %s, %v", mode, until, err)
	}
	if err := buckettest.Create(t.Context(), b, "l", "y"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a taken key: %v", err)
	}
}

// The signer of the client is held against the double's by every test here; wrong
// requests are refused by it.
func TestWrongSignatures(t *testing.T) {
	for want, change := range map[string]func(*store){
		"see that the credentials":      func(s *store) { s.Secret += "x" },
		"Access Key Id":                 func(s *store) { s.Key += "x" },
		"security token":                func(s *store) { s.Token = "another" },
		"see that region is that of":    func(s *store) { s.Region = "cn-beijing" },
		"set the clock of this machine": func(s *store) { s.Now = func() time.Time { return time.Now().Add(16 * time.Minute) } },
	} {
		t.Run(want, func(t *testing.T) {
			s := newStore(t)
			b := open(t, s.config())
			change(s)
			if err := b.Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret-of") {
				t.Errorf("%v", err)
			}
		})
	}
	s := newStore(t)
	res, err := http.Get(s.URL + "/audit/?list-type=2")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("an unsigned request: %d", res.StatusCode)
	}
}
