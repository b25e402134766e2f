package s3_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/s3"
	"github.com/actiontrail/actiontrail/aggregator/archive/buckettest"
)

// user makes somebody who has no right but those of the policy of a bucket.
func (s *store) user(t *testing.T, name, bucket string, actions ...string) {
	t.Helper()
	s.Admin(t, "create-user", "--access", name, "--secret", "secret-of-"+name, "--role", "user")
	client, err := minio.New(strings.TrimPrefix(s.Endpoint, "http://"), &minio.Options{Creds: credentials.NewStaticV4(s.Key, s.Secret, "")})
	if err != nil {
		t.Fatal(err)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":[%q]},"Action":["%s"],"Resource":["arn:aws:s3:::%s","arn:aws:s3:::%[3]s/*"]}]}`,
		name, strings.Join(actions, `","`), bucket)
	if len(actions) == 0 {
		return
	}
	if err := client.SetBucketPolicy(t.Context(), bucket, policy); err != nil {
		t.Fatal(err)
	}
}

func testCheck(t *testing.T, s *store) {
	s.MakeBucket(t, "checked", false)
	all := []string{"s3:ListBucket", "s3:GetObject", "s3:PutObject"}
	rights := map[string]string{"s3:ListBucket": "list", "s3:GetObject": "read", "s3:PutObject": ""}
	for i, missing := range append([]string{"none"}, all...) {
		var given []string
		for _, a := range all {
			if a != missing {
				given = append(given, a)
			}
		}
		who := fmt.Sprint("user-", i)
		s.user(t, who, "checked", given...)
		t.Setenv("AWS_ACCESS_KEY_ID", who)
		t.Setenv("AWS_SECRET_ACCESS_KEY", "secret-of-"+who)
		cfg := s.config()
		cfg.Bucket = "checked"
		b := open(t, cfg)
		err := b.Check(t.Context())
		if what := rights[missing]; what == "" {
			if err != nil {
				t.Errorf("without %s: %v", missing, err)
			}
		} else if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "need the right "+missing) {
			t.Errorf("without %s: %v", missing, err)
		}
		err = buckettest.Create(t.Context(), b, "seals/000000000000.json", "x")
		if missing == "s3:PutObject" && (!errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "need the right s3:PutObject")) || missing != "s3:PutObject" && err != nil {
			t.Errorf("create without %s: %v", missing, err)
		}
	}
	for hint, change := range map[string]func(*s3.Config){
		"make the bucket":          func(c *s3.Config) { c.Bucket = "nothing" },
		"see that the credentials": func(*s3.Config) {},
		"connection refused":       func(c *s3.Config) { c.Endpoint = "http://127.0.0.1:1" },
		"object lock":              func(c *s3.Config) { c.LockMode, c.LockDays = s3.Compliance, 1 },
		"is not of the form":       func(c *s3.Config) { c.Endpoint = "127.0.0.1:1" },
		"does not end with /":      func(c *s3.Config) { c.Prefix = "p" },
		"a lock needs":             func(c *s3.Config) { c.LockMode = s3.Compliance },
		"encryption \"x\"":         func(c *s3.Config) { c.SSE = "x" },
		"read the certificates":    func(c *s3.Config) { c.CAFile = "/nothing" },
		"no certificate":           func(c *s3.Config) { c.CAFile = "check_test.go" },
		"a name and a clock":       func(c *s3.Config) { c.Bucket = "" },
	} {
		t.Run(hint, func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", s.Key)
			t.Setenv("AWS_SECRET_ACCESS_KEY", s.Secret)
			cfg := s.config()
			if hint == "see that the credentials" {
				t.Setenv("AWS_ACCESS_KEY_ID", "nobody")
			}
			change(&cfg)
			b, err := s3.New(cfg)
			if err == nil {
				err = b.Check(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), hint) || hint == "make the bucket" && errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v", err)
			}
		})
	}
}

func testLock(t *testing.T, s *store) {
	s.MakeBucket(t, "locked", true)
	now := time.Now()
	cfg := s.config()
	cfg.Bucket, cfg.LockMode, cfg.LockDays, cfg.Now = "locked", s3.Compliance, 3, func() time.Time { return now }
	b := open(t, cfg)
	if err := b.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := buckettest.Create(t.Context(), b, "k", "x"); err != nil {
		t.Fatal(err)
	}
	mode, until, err := b.Retention(t.Context(), "k")
	if over := until.Sub(now.Add(72 * time.Hour)); err != nil || mode != s3.Compliance || over < 0 || over >= time.Second {
		t.Errorf("%s until %s, %v", mode, until, err)
	}
	cfg.LockMode, cfg.LockDays = "", 0
	if err := buckettest.Create(t.Context(), open(t, cfg), "l", "x"); err != nil {
		t.Fatal(err)
	}
	for _, b := range []*s3.Bucket{open(t, cfg), open(t, s.config())} {
		if err := buckettest.Create(t.Context(), b, "m", "x"); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
		if mode, _, err := b.Retention(t.Context(), "m"); err != nil || mode != "" {
			t.Errorf("without a lock: %q, %v", mode, err)
		}
	}
	client, err := minio.New(strings.TrimPrefix(s.Endpoint, "http://"), &minio.Options{Creds: credentials.NewStaticV4(s.Key, s.Secret, "")})
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for o := range client.ListObjectsIter(t.Context(), "locked", minio.ListObjectsOptions{Prefix: cfg.Prefix + "k", WithVersions: true}) {
		versions = append(versions, o.VersionID)
	}
	if len(versions) != 1 {
		t.Fatalf("versions %q", versions)
	}
	if err := client.RemoveObject(t.Context(), "locked", cfg.Prefix+"k", minio.RemoveObjectOptions{VersionID: versions[0]}); minio.ToErrorResponse(err).StatusCode != http.StatusForbidden {
		t.Errorf("a locked object was removed: %v", err)
	}
}
