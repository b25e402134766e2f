package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const agePublic = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

func s3Trail(body string) string {
	return "trail \"t\" {\n  deliver \"s3\" {\n    " + strings.ReplaceAll(body, "\n", "\n    ") + "\n  }\n}\n"
}

func TestDeliverS3(t *testing.T) {
	d := mustLoad(t, s3Trail(`bucket        = "audit"
prefix        = "prod/security"
endpoint      = "https://s3.example.com:9000/"
region        = "eu-central-1"
path_style    = true
ca_file       = "/etc/ca.pem"
storage_class = "STANDARD_IA"
credentials {
  file    = "s3.credentials"
  profile = "audit"
}
sse { kms_key = "key-1" }
lock {
  mode = "compliance"
  days = 180
}
lifecycle {
  expire_days = 400
  transition {
    after_days    = 30
    storage_class = "GLACIER"
  }
}
layout = "hive"
format = "ndjson.zst"
encrypt { recipients = ["`+agePublic+`"] }
roll {
  max_age   = "30s"
  max_bytes = "1MiB"
}`)).Trails[0].Deliver[0]
	if filepath.Base(d.S3.CredentialsFile) != "s3.credentials" || !filepath.IsAbs(d.S3.CredentialsFile) {
		t.Errorf("%+v", d.S3)
	}
	d.S3.CredentialsFile = "s3.credentials"
	style := true
	want := &S3Delivery{Bucket: "audit", Prefix: "prod/security/", Endpoint: "https://s3.example.com:9000", Region: "eu-central-1", PathStyle: &style, CAFile: "/etc/ca.pem",
		CredentialsFile: "s3.credentials", Profile: "audit", StorageClass: "STANDARD_IA", SSE: "kms", KMSKey: "key-1", LockMode: "compliance", LockDays: 180, ExpireDays: 400, Transitions: []Transition{{30, "GLACIER"}},
		Objects: Objects{30 * time.Second, 1 << 20, "hive", "ndjson.zst", []string{agePublic}}}
	if diff := cmp.Diff(want, d.S3); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if d.Target() != "s3://audit/prod/security" {
		t.Error(d.Target())
	}
	d = mustLoad(t, s3Trail(`bucket = "audit"`)).Trails[0].Deliver[0]
	want = &S3Delivery{Bucket: "audit", Objects: Objects{DefaultRollAge, DefaultRollBytes, DefaultLayout, DefaultFormat, nil}}
	if diff := cmp.Diff(want, d.S3); diff != "" {
		t.Errorf("defaults (-want +got)\n%s", diff)
	}
	mustLoad(t, s3Trail("bucket = \"audit\"\nendpoint = \"http://127.0.0.1:7070\"\nsse { mode = \"s3\" }"))
	mustLoad(t, s3Trail("bucket = \"audit\"\nendpoint = \"http://store:7070\"\ninsecure = true"))
}

// A change of anything is a change of the trail, and nothing else is.
func TestS3Hash(t *testing.T) {
	seen := map[string]string{}
	for _, body := range []string{"", "prefix = \"a\"", "endpoint = \"https://a\"", "endpoint = \"https://a\"\npath_style = true", "endpoint = \"https://a\"\npath_style = false",
		"region = \"a\"", "lock {\n  mode = \"governance\"\n  days = 1\n}", "lock {\n  mode = \"compliance\"\n  days = 1\n}", "sse { mode = \"s3\" }", "storage_class = \"A\"",
		"layout = \"hive\"", "layout = \"cloudtrail\"", "format = \"ndjson.zst\"", "encrypt { recipients = [\"" + agePublic + "\"] }", "prefix = \"a\"\nlifecycle { expire_days = 1 }"} {
		text := s3Trail("bucket = \"audit\"\n" + body)
		hash := mustLoad(t, text).Trails[0].Hash
		if seen[hash] != "" || mustLoad(t, text).Trails[0].Hash != hash {
			t.Errorf("%q and %q have one hash, or one has two", body, seen[hash])
		}
		seen[hash] = text
	}
}

func TestWrongDeliverS3(t *testing.T) {
	const bucket = "bucket = \"audit\"\n"
	for _, c := range []struct {
		body string
		want []string // place and what it says; then the hint
	}{
		{`prefix = "a"`, []string{":2:3: bucket is missing"}},
		{`bucket = "Audit"`, []string{`:3:14: "Audit" is no name of a bucket`, "lower-case"}},
		{`bucket = "audit/prod"`, []string{`:3:14: "audit/prod" is no name of a bucket`, "prefix"}},
		{bucket + `prefix = "../x"`, []string{`:4:14: prefix "../x/" cannot be used`}},
		{bucket + `prefix = "a b"`, []string{`:4:14: prefix "a b/" cannot be used`}},
		{bucket + `endpoint = "s3.example.com"`, []string{`:4:16: "s3.example.com" is not the address of a store`, "https://"}},
		{bucket + `endpoint = "https://s3.example.com/audit"`, []string{`:4:16:`, "the bucket has its own attribute"}},
		{bucket + `endpoint = "https://a:b@s3.example.com"`, []string{`:4:16: the address of s3.example.com holds a password`, "credentials"}},
		{bucket + `endpoint = "http://s3.example.com"`, []string{`:4:16: events would go to http://s3.example.com in the clear`, "insecure = true"}},
		{bucket + `path_style = true`, []string{`:4:18: path_style is for an endpoint of your own`}},
		{bucket + `secret_key = "x"`, []string{`:4:5:`, "secret_key"}},
		{bucket + "sse {\n  mode    = \"s3\"\n  kms_key = \"k\"\n}", []string{`:6:17: the store's own encryption takes no key`, "kms"}},
		{bucket + `sse { mode = "x" }`, []string{`:4:18: unknown mode "x"`}},
		{bucket + "lock { mode = \"compliance\" }", []string{`:4:5: days is missing`}},
		{bucket + "lock {\n  mode = \"forever\"\n  days = 1\n}", []string{`:5:14: unknown mode "forever"`, "governance"}},
		{bucket + "lock {\n  mode = \"compliance\"\n  days = 0\n}", []string{`:6:14: days is out of range`}},
		{bucket + `layout = "aws"`, []string{`:4:14: unknown layout "aws"`, "cloudtrail"}},
		{bucket + `format = "orc"`, []string{`:4:14: unknown format "orc"`, "parquet"}},
		{bucket + "layout = \"cloudtrail\"\nformat = \"parquet\"", []string{`:5:14: the layout cloudtrail has a format of its own`, "leave it out"}},
		{bucket + "layout = \"cloudtrail\"\nformat = \"ndjson.gz\"", []string{`:5:14: the layout cloudtrail has a format of its own`, "leave it out"}},
		{bucket + "encrypt { recipients = [] }", []string{`:4:28: nobody could read the objects`, "age-keygen"}},
		{bucket + "encrypt { recipients = [\"AGE-SECRET-KEY-1X\"] }", []string{`:4:28: this is a secret key`, "public"}},
		{bucket + "encrypt { recipients = [\"ssh-ed25519 AAAA\"] }", []string{`"ssh-ed25519 AAAA" is no public key of age`}},
		{bucket + "encrypt { recipients = [\"" + agePublic + "\", \"" + agePublic + "\"] }", []string{`is there twice`}},
		{bucket + "lifecycle { expire_days = 1 }", []string{`:4:5: without a prefix the rules would reach everything`, "prefix"}},
		{bucket + "prefix = \"a\"\nlifecycle {}", []string{`:5:5: this lifecycle does nothing`}},
		{bucket + "prefix = \"a\"\nlifecycle { expire_days = 1 }\nlock {\n  mode = \"compliance\"\n  days = 2\n}", []string{`:5:31: objects would have to go while they are locked`}},
		{bucket + "prefix = \"a\"\nlifecycle {\n  expire_days = 9\n  transition {\n    after_days = 9\n    storage_class = \"\"\n  }\n}", []string{`:8:22: the objects are gone by then`, `:9:25: a storage class is needed here`}},
		{bucket + "roll { max_age = \"1ms\" }", []string{`:4:22: max_age is out of range`}},
	} {
		_, err := load(t, s3Trail(c.body))
		if err == nil {
			t.Errorf("%s is taken", c.body)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the mistake does not say %s:\n%v", c.body, want, err)
			}
		}
	}
	two := s3Trail("bucket = \"audit\"\nprefix = \"a\"") + strings.Replace(s3Trail("bucket = \"audit\"\nprefix = \"a/\""), `"t"`, `"u"`, 1)
	if _, err := load(t, two); err == nil || !strings.Contains(err.Error(), "two deliveries go into s3://audit/a") {
		t.Errorf("two trails in one place: %v", err)
	}
}
