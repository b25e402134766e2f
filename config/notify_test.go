package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNotify(t *testing.T) {
	trail := func(notify string) string {
		return "trail \"t\" {\n deliver \"file\" { path = \"a\" }\n" + notify + "\n}"
	}
	plain := mustLoad(t, trail("")).Trails[0]
	got := mustLoad(t, trail("notify \"webhook\" {\n url = \"https://a.example.com/x?token=1\"\n secret_file = \"s\"\n}\nnotify \"webhook\" { url = \"http://127.0.0.1:1/\" }")).Trails[0]
	if len(got.Notify) != 2 || got.Notify[0].URL != "https://a.example.com/x?token=1" || filepath.Base(got.Notify[0].SecretFile) != "s" || got.Notify[0].Host() != "a.example.com" || got.Hash == plain.Hash {
		t.Errorf("notifications are %+v", got.Notify)
	}
	stored := mustLoad(t, `trail "t" {
  deliver "s3" { bucket = "audit" }
  notify "nats" { subject = "audit.objects" }
  notify "nats" {
    subject     = "audit.objects"
    server      = "tls://nats.example.com:4222"
    credentials = "n.creds"
  }
  notify "sns" {
    url             = "https://a.example.com/sns"
    topic_arn       = "arn:aws:sns:us-east-1:123456789012:audit"
    key_file        = "notify.key"
    certificate_url = "https://audit.example.com/notify.pem"
  }
  notify "mns" {
    url             = "https://a.example.com/mns"
    owner           = "1234567890"
    topic           = "audit"
    key_file        = "notify.key"
    certificate_url = "https://audit.example.com/notify.pem"
    secret_file     = "s"
  }
}`).Trails[0]
	var hosts []string
	for _, n := range stored.Notify {
		hosts = append(hosts, n.Kind+" "+n.Host())
	}
	if diff := cmp.Diff([]string{"nats audit.objects", "nats nats.example.com:4222/audit.objects", "sns a.example.com", "mns a.example.com"}, hosts); diff != "" {
		t.Errorf("receivers (-want +got):\n%s", diff)
	}
	if m := stored.Notify[3]; m.Owner != "1234567890" || m.Topic != "audit" || filepath.Base(m.KeyFile) != "notify.key" || filepath.Base(m.SecretFile) != "s" || m.CertificateURL == "" {
		t.Errorf("mns is %+v", m)
	}
	for notify, want := range map[string]string{
		"notify \"webhok\" { url = \"https://a/\" }":                               `did you mean "webhook"?`,
		"notify \"nats\" {}":                                                       "subject is missing",
		"notify \"nats\" { subject = \"events.a\" }":                               "are in use",
		"notify \"nats\" { subject = \"a.*\" }":                                    "not one subject",
		"notify \"nats\" {\n subject = \"a\"\n server = \"nats://u:p@a\"\n}":       "not the address of a NATS server",
		"notify \"nats\" {\n subject = \"a\"\n credentials = \"c\"\n}":             "for a server of its own",
		"notify \"nats\" { subject = \"a\" }\nnotify \"nats\" { subject = \"a\" }": "one receiver twice",
		"notify \"sns\" { url = \"https://a/\" }":                                  "key_file",
		"notify \"sns\" {\n url = \"https://a/\"\n topic_arn = \"x\"\n key_file = \"k\"\n certificate_url = \"https://a/c\"\n}":                 "not the ARN of a topic",
		"notify \"sns\" {\n url = \"https://a/\"\n topic_arn = \"arn:aws:sns:r:1:t\"\n key_file = \"k\"\n certificate_url = \"http://a/c\"\n}":  "over https",
		"notify \"sns\" {\n url = \"https://a/\"\n topic_arn = \"arn:aws:sns:r:1:t\"\n key_file = \"k\"\n certificate_url = \"https://a/c\"\n}": "delivers into none",
		"notify \"mns\" {\n url = \"http://a/\"\n owner = \"1\"\n topic = \"t\"\n key_file = \"k\"\n certificate_url = \"https://a/c\"\n}":      "in the clear",
		"notify \"webhook\" { url = \"http://a.example.com/\" }":                                                                                "in the clear",
		"notify \"webhook\" { url = \"ftp://a\" }":                                                 "not the address of a receiver",
		"notify \"webhook\" { url = \"https://u:p@a/\" }":                                          "holds a password",
		"notify \"webhook\" {}":                                                                    "url is missing",
		"notify \"webhook\" { url = \"https://a/\" }\nnotify \"webhook\" { url = \"https://a/\" }": "one receiver twice",
	} {
		if _, err := load(t, trail(notify)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "u:p@a: ") {
			t.Errorf("%s is refused with %v, want %s", notify, err, want)
		}
	}
}
