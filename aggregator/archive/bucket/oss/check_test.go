package oss_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/oss"
	bucketstore "github.com/actiontrail/actiontrail/aggregator/archive/bucket/store"
	"github.com/actiontrail/actiontrail/aggregator/archive/buckettest"
	"github.com/actiontrail/actiontrail/query"
)

// Each right that is missing is named.
func TestRights(t *testing.T) {
	s := newStore(t)
	rights := []string{"oss:ListObjects", "oss:GetObject", "oss:GetBucketVersioning", "oss:GetBucketWorm", "oss:GetBucketLifecycle", "oss:PutBucketLifecycle"}
	cfg := s.config()
	cfg.LockDays, cfg.Under, cfg.Lifecycle.ExpireDays = 1, "AliyunLogs/", 30
	s.Do(func() { s.Bucket("audit").WormState, s.Bucket("audit").WormDays = "Locked", 3 })
	for _, missing := range rights {
		s.Deny(missing)
		s.Do(func() { s.Bucket("audit").Lifecycle = "" })
		if err := open(t, cfg).Check(t.Context()); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "need the right "+missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
	s.Deny("oss:PutObject")
	b := open(t, cfg)
	if err := b.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for _, above := range []int64{100, 0} {
		b.SetParts(above, 1<<20)
		if err := buckettest.Create(t.Context(), b, "k", "x"); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "need the right oss:PutObject") {
			t.Errorf("create: %v", err)
		}
	}
	// Who has no rule needs no right to look for one.
	s.Deny("oss:GetBucketLifecycle", "oss:GetBucketWorm")
	if err := open(t, s.config()).Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestConfigurations(t *testing.T) {
	s := newStore(t)
	for hint, change := range map[string]func(*oss.Config){
		"make the bucket":        func(c *oss.Config) { c.Bucket = "nothing" },
		"connection refused":     func(c *oss.Config) { c.Endpoint = "http://127.0.0.1:1" },
		"is not of the form":     func(c *oss.Config) { c.Endpoint = "127.0.0.1:1" },
		"does not end with /":    func(c *oss.Config) { c.Prefix = "p" },
		"encryption \"x\"":       func(c *oss.Config) { c.SSE = "x" },
		"storage class \"x\"":    func(c *oss.Config) { c.StorageClass, c.Under = "x", "y" },
		"which objects":          func(c *oss.Config) { c.StorageClass = "IA" },
		"read the certificates":  func(c *oss.Config) { c.CAFile = "/nothing" },
		"its region are needed":  func(c *oss.Config) { c.Region = "" },
		"no file of credentials": func(c *oss.Config) { c.Credentials.File = "/nothing" },
	} {
		cfg := s.config()
		change(&cfg)
		b, err := oss.New(cfg)
		if err == nil {
			err = b.Check(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), hint) || hint == "make the bucket" && errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", hint, err)
		}
	}
	for region, internal := range map[string]bool{"cn-hangzhou": false, "ap-southeast-1": true} {
		if _, err := oss.New(oss.Config{Bucket: "audit", Region: region, Internal: internal}); err != nil {
			t.Error(err)
		}
	}
}

// In a bucket with versions, or that once had them, OSS writes over objects: it is
// refused at the start, and again by the archive itself, which tries it.
func TestBucketWithVersions(t *testing.T) {
	s := newStore(t)
	for _, state := range []string{"Enabled", "Suspended"} {
		s.Do(func() { s.Bucket("audit").Versioning = state })
		b := open(t, s.config())
		if err := b.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "versioning is "+strings.ToLower(state)) {
			t.Errorf("%s: %v", state, err)
		}
		_, err := archive.Open(t.Context(), archive.Config{Trail: "all", Bucket: b, Staging: t.TempDir(), Parse: query.Parse, Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), "the bucket writes over objects that exist") {
			t.Errorf("%s: %v", state, err)
		}
	}
}

func TestLifecycle(t *testing.T) {
	s := newStore(t)
	const others = "<Rule><ID>theirs</ID><Prefix>x/</Prefix><Status>Enabled</Status><Expiration><Days>3</Days><Unknown>1</Unknown></Expiration></Rule>"
	s.Do(func() {
		s.Bucket("audit").Lifecycle = "<LifecycleConfiguration>" + others + "</LifecycleConfiguration>"
	})
	cfg := s.config()
	cfg.Under = "AliyunLogs/"
	check := func(want string) {
		t.Helper()
		if err := open(t, cfg).Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Do(func() {
			if got := s.Bucket("audit").Lifecycle; got != want {
				t.Errorf("rules\n%s, want\n%s", got, want)
			}
		})
	}
	check("<LifecycleConfiguration>" + others + "</LifecycleConfiguration>")
	cfg.Lifecycle = bucketstore.Lifecycle{ExpireDays: 400, Transitions: []bucketstore.Transition{{AfterDays: 30, StorageClass: "IA"}, {AfterDays: 90, StorageClass: "Archive"}}}
	rule := func(days string) string {
		return "<LifecycleConfiguration>" + others + "<Rule><ID>actiontrail " + cfg.Prefix + "</ID><Prefix>" + cfg.Prefix + "AliyunLogs/</Prefix><Status>Enabled</Status>" +
			"<Transition><Days>30</Days><StorageClass>IA</StorageClass></Transition><Transition><Days>90</Days><StorageClass>Archive</StorageClass></Transition>" +
			"<Expiration><Days>" + days + "</Days></Expiration><AbortMultipartUpload><Days>7</Days></AbortMultipartUpload></Rule></LifecycleConfiguration>"
	}
	check(rule("400"))
	asked := s.Asked("oss:PutBucketLifecycle")
	check(rule("400"))
	if n := s.Asked("oss:PutBucketLifecycle"); n != asked {
		t.Error("rules that are as they should be were written again")
	}
	cfg.Lifecycle.ExpireDays = 500
	check(rule("500"))
	cfg.Lifecycle = bucketstore.Lifecycle{}
	check("<LifecycleConfiguration>" + others + "</LifecycleConfiguration>")
	s.Do(func() { s.Bucket("audit").Lifecycle = "" })
	cfg.Lifecycle.ExpireDays = 3
	if err := open(t, cfg).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg.Lifecycle.ExpireDays = 0
	check("")
}
