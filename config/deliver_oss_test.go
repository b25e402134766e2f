package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func ossTrail(body string) string {
	return strings.Replace(s3Trail(body), `"s3"`, `"oss"`, 1)
}

func TestDeliverOSS(t *testing.T) {
	d := mustLoad(t, ossTrail(`bucket        = "audit-1"
prefix        = "prod/security"
region        = "cn-hangzhou"
endpoint      = "https://oss-cn-hangzhou.aliyuncs.com/"
ca_file       = "/etc/ca.pem"
storage_class = "ColdArchive"
credentials {
  file    = "alibaba.credentials"
  profile = "audit"
}
sse { kms_key = "key-1" }
lock { days = 180 }
lifecycle {
  expire_days = 400
  transition {
    after_days    = 30
    storage_class = "Archive"
  }
}
layout = "hive"
format = "ndjson.zst"
encrypt { recipients = ["`+agePublic+`"] }
roll {
  max_age   = "30s"
  max_bytes = "1MiB"
}`)).Trails[0].Deliver[0]
	if !filepath.IsAbs(d.OSS.CredentialsFile) {
		t.Errorf("%+v", d.OSS)
	}
	d.OSS.CredentialsFile = filepath.Base(d.OSS.CredentialsFile)
	want := &OSSDelivery{Bucket: "audit-1", Prefix: "prod/security/", Region: "cn-hangzhou", Endpoint: "https://oss-cn-hangzhou.aliyuncs.com", CAFile: "/etc/ca.pem", CredentialsFile: "alibaba.credentials",
		Profile: "audit", StorageClass: "ColdArchive", SSE: "kms", KMSKey: "key-1", LockDays: 180, ExpireDays: 400, Transitions: []Transition{{30, "Archive"}},
		Objects: Objects{30 * time.Second, 1 << 20, "hive", "ndjson.zst", []string{agePublic}}}
	if diff := cmp.Diff(want, d.OSS); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if d.Target() != "oss://audit-1/prod/security" || d.To != nil || d.Kind != "oss" {
		t.Errorf("%+v", d)
	}
	d = mustLoad(t, ossTrail("bucket = \"audit\"\nregion = \"ap-southeast-1\"\ninternal = true\nsse {}")).Trails[0].Deliver[0]
	want = &OSSDelivery{Bucket: "audit", Region: "ap-southeast-1", Internal: true, SSE: "oss", Objects: Objects{DefaultRollAge, DefaultRollBytes, DefaultLayout, DefaultFormat, nil}}
	if diff := cmp.Diff(want, d.OSS); diff != "" {
		t.Errorf("defaults (-want +got)\n%s", diff)
	}
}

func TestWrongDeliverOSS(t *testing.T) {
	const begin = "bucket = \"audit\"\nregion = \"cn-hangzhou\"\nprefix = \"p\"\n"
	for _, c := range []struct {
		body string
		want []string
	}{
		{`bucket = "audit"`, []string{"region is missing"}},
		{"bucket = \"audit.logs\"\nregion = \"cn-hangzhou\"", []string{`:3:14: "audit.logs" is no name of a bucket of OSS`}},
		{"bucket = \"audit\"\nregion = \"oss-cn-hangzhou\"", []string{`:4:14: "oss-cn-hangzhou" is no region`, `like "cn-hangzhou"`}},
		{begin + `endpoint = "http://oss.example.com"`, []string{`:6:16: events would go to http://oss.example.com in the clear`}},
		{begin + "endpoint = \"https://oss.example.com\"\ninternal = true", []string{`:7:16: internal chooses the endpoint`}},
		{begin + `storage_class = "GLACIER"`, []string{`:6:21:`, "ColdArchive"}},
		{begin + `lock { days = 30000 }`, []string{`:6:19:`}},
		{begin + "lock {\n  mode = \"compliance\"\n  days = 1\n}", []string{`:7:`, "mode"}},
		{begin + "lifecycle {\n  transition {\n    after_days = 1\n    storage_class = \"GLACIER\"\n  }\n}", []string{`OSS has no storage class "GLACIER"`}},
		{begin + "lock { days = 9 }\nlifecycle { expire_days = 3 }", []string{"while they are locked"}},
		{begin + "sse {\n  mode    = \"oss\"\n  kms_key = \"k\"\n}", []string{"takes no key"}},
	} {
		_, err := load(t, ossTrail(c.body))
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s\n%v\nwant %q", c.body, err, want)
			}
		}
	}
	two := ossTrail(begin) + strings.Replace(ossTrail(begin), `"t"`, `"u"`, 1)
	if _, err := load(t, two); err == nil || !strings.Contains(err.Error(), "two deliveries go into oss://audit/p") {
		t.Errorf("%v", err)
	}
}

// MNS tells of objects in OSS, too.
func TestNotifyOfOSS(t *testing.T) {
	mustLoad(t, strings.Replace(ossTrail("bucket = \"audit\"\nregion = \"cn-hangzhou\""), "\n}\n", `
  notify "mns" {
    url             = "https://hook.example/mns"
    owner           = "1234567890"
    topic           = "audit"
    key_file        = "mns.key"
    certificate_url = "https://hook.example/mns.pem"
  }
}
`, 1))
}

func TestSourceInOSS(t *testing.T) {
	source := func(more string) string {
		return "source \"bucket\" \"cloud\" {\n  bucket = \"audit\"\n  store = \"oss\"\n  format = \"auto\"\n  " + more + "\n}\n"
	}
	s := mustLoad(t, source(`region = "cn-hangzhou"`)).Sources[0].Bucket
	if s.S3 != nil || s.OSS == nil || s.OSS.Region != "cn-hangzhou" || s.OSS.Bucket != "audit" {
		t.Errorf("%+v", s)
	}
	for more, want := range map[string]string{"": "none is named", "region = \"cn-hangzhou\"\n  path_style = true": "path_style", "store = \"x\"": "store"} {
		if _, err := load(t, source(more)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", more, err)
		}
	}
}
