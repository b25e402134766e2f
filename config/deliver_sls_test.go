package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func slsTrail(body string) string {
	return strings.Replace(s3Trail(body), `"s3"`, `"sls"`, 1)
}

func TestDeliverSLS(t *testing.T) {
	d := mustLoad(t, slsTrail(`project     = "audit-1"
logstore    = "actiontrail_all"
region      = "cn-hangzhou"
endpoint    = "http://10.0.0.7"
insecure    = true
topic       = "actiontrail_event"
format      = "json"
ordered     = true
compression = "zstd"
signature   = "v1"
credentials {
  file    = "alibaba.credentials"
  profile = "audit"
}
tls { ca_file = "/etc/ca.pem" }`)).Trails[0].Deliver[0]
	got, ok := d.To.(*SLSDelivery)
	if !ok || !filepath.IsAbs(got.CredentialsFile) {
		t.Fatalf("%+v", d.To)
	}
	got.CredentialsFile = filepath.Base(got.CredentialsFile)
	want := &SLSDelivery{Project: "audit-1", Logstore: "actiontrail_all", Region: "cn-hangzhou", Endpoint: "http://10.0.0.7", Topic: "actiontrail_event", Format: "json", Ordered: true,
		Compression: "zstd", Signature: "v1", CredentialsFile: "alibaba.credentials", Profile: "audit", TLS: TLS{CA: "/etc/ca.pem"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if d.Target() != "sls://audit-1/actiontrail_all" {
		t.Error(d.Target())
	}
	d = mustLoad(t, slsTrail("project = \"audit-1\"\nregion = \"cn-hangzhou\"\ninternal = true")).Trails[0].Deliver[0]
	want = &SLSDelivery{Project: "audit-1", Region: "cn-hangzhou", Internal: true, Format: "actiontrail", Compression: "lz4", Signature: "v4"}
	if diff := cmp.Diff(want, d.To); diff != "" || d.Target() != "sls://audit-1" {
		t.Errorf("defaults (-want +got)\n%s", diff)
	}
}

func TestWrongDeliverSLS(t *testing.T) {
	const begin = "project = \"audit-1\"\nregion = \"cn-hangzhou\"\n"
	for body, want := range map[string]string{
		`project = "audit-1"`:                                         "region is missing",
		"project = \"Audit\"\nregion = \"cn-hangzhou\"":               `:3:15: "Audit" is no name of a project`,
		"project = \"audit-1\"\nregion = \"Hangzhou\"":                `is no region of Alibaba Cloud`,
		begin + `logstore = "Audit"`:                                  `:5:16: "Audit" is no name of a logstore`,
		begin + `endpoint = "http://10.0.0.7"`:                        `in the clear`,
		begin + "endpoint = \"https://sls.example\"\ninternal = true": `internal chooses the endpoint`,
		begin + `compression = "gzip"`:                                `:5:19:`,
		begin + `signature = "v2"`:                                    `:5:17:`,
		begin + `format = "text"`:                                     `:5:14:`,
		begin + `layout = "hive"`:                                     `layout`,
		begin + `topic = "` + strings.Repeat("x", 129) + `"`:          `the topic is too long`,
		begin + "backfill = \"1d\"":                                   `archives nothing`,
	} {
		if _, err := load(t, slsTrail(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v\nwant %q", body, err, want)
		}
	}
}
