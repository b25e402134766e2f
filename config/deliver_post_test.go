package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// to is what a delivery of a configuration says.
func to(t *testing.T, kind, body string) (Destination, string) {
	t.Helper()
	d := mustLoad(t, deliverTrail(kind, body)).Trails[0].Deliver[0]
	return d.To, d.Target()
}

func TestDeliverWebhook(t *testing.T) {
	const url = "url = \"https://hooks.example.com/secret-path?key=abc\"\n"
	got, target := to(t, "webhook", url+"secret_file = \"/s\"\ntoken_file = \"/t\"\nheaders = { X-Team = \"audit\" }\nbody = \"array\"\nformat = \"cloudtrail\"\ncompression = \"gzip\"\nmax_events = 10\nmax_bytes = \"64KiB\"\ntls { ca_file = \"/ca\" }")
	want := &WebhookDelivery{PostTo{"https://hooks.example.com/secret-path?key=abc", "/t", "", "", map[string]string{"X-Team": "audit"}, true, TLS{CA: "/ca"}}, "t", "/s", "array", "cloudtrail", 10, 64 << 10}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(target, "secret") || strings.Contains(target, "abc") || !strings.HasPrefix(target, "https://hooks.example.com/…") || !strings.HasSuffix(target, " (t)") {
		t.Error(target)
	}
	if _, other := to(t, "webhook", strings.Replace(url, "abc", "abd", 1)); other == target {
		t.Errorf("two receivers are %s", other)
	}
	got, _ = to(t, "webhook", "url = \"http://127.0.0.1:8080\"")
	want = &WebhookDelivery{PostTo: PostTo{URL: "http://127.0.0.1:8080"}, Trail: "t", Body: "ndjson", Format: "json", MaxEvents: 1000, MaxBytes: 1 << 20}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults %s", diff)
	}
	refusedWith(t, deliverTrail("webhook", ""), "url is missing")
	refusedWith(t, deliverTrail("webhook", `url = "hooks.example.com"`), ":3:11: it is not the address of a receiver", "https://hooks.example.com/audit")
	refusedWith(t, deliverTrail("webhook", `url = "https://a:b@hooks.example.com"`), ":3:11: the address of hooks.example.com holds a password", "token_file")
	refusedWith(t, deliverTrail("webhook", `url = "http://hooks.example.com/x"`), ":3:11: events would go to hooks.example.com in the clear", "insecure = true")
	mustLoad(t, deliverTrail("webhook", "url = \"http://hooks.example.com/x\"\ninsecure = true"))
	refusedWith(t, deliverTrail("webhook", url+`username = "a"`), ":4:16: the password of a is missing", "password_file")
	refusedWith(t, deliverTrail("webhook", url+`password_file = "a"`), ":4:21: nobody says whose password this is")
	refusedWith(t, deliverTrail("webhook", url+"username = \"a\"\npassword_file = \"b\"\ntoken_file = \"c\""), ":6:18: there is a token and a user")
	refusedWith(t, deliverTrail("webhook", url+`headers = { authorization = "x" }`), ":4:15: the header authorization is set by what it is for", "token_file")
	refusedWith(t, deliverTrail("webhook", url+`max_bytes = "1KiB"`), "max_bytes is out of range")
	refusedWith(t, deliverTrail("webhook", url+"body = \"array\"\nformat = \"cef\""), ":4:12: an array holds JSON, and cef is none")
}

func TestDeliverLoki(t *testing.T) {
	const url = "url = \"https://loki.example.com\"\n"
	got, target := to(t, "loki", url+"tenant = \"a\"\nusername = \"u\"\npassword_file = \"/p\"\nlabels = { env = \"prod\" }\nlabel_fields = { agent = \"origin.agent\" }\nmetadata = {}\nlate = \"refuse\"\nformat = \"ecs\"\ncompression = \"none\"")
	want := &LokiDelivery{PostTo{URL: "https://loki.example.com", Username: "u", PasswordFile: "/p"}, "t", "a", map[string]string{"env": "prod"}, map[string]string{"agent": "origin.agent"}, map[string]string{}, "refuse", "ecs", 1 << 20}
	if diff := cmp.Diff(want, got); diff != "" || target != `https://loki.example.com/a {trail="t"}` {
		t.Error(target, diff)
	}
	got, _ = to(t, "loki", url)
	if d := got.(*LokiDelivery); !d.Gzip || d.Late != "now" || len(d.LabelFields) != 3 || d.Metadata["eventId"] != "eventId" {
		t.Errorf("%+v", d)
	}
	refusedWith(t, deliverTrail("loki", `url = "https://loki.example.com/loki/api/v1/push"`), "what is behind the address is put there")
	refusedWith(t, deliverTrail("loki", url+`label_fields = { id = "eventId" }`), `:4:20: the field "eventId" has too many values for a label`, "metadata")
	refusedWith(t, deliverTrail("loki", url+`label_fields = { a-b = "eventRW" }`), `there can be no label "a-b"`)
	refusedWith(t, deliverTrail("loki", url+`labels = { trail = "x" }`), `there can be no label "trail"`)
	refusedWith(t, deliverTrail("loki", url+`labels = { service = "x" }`), `there can be no label "service"`, "each is there once")
	refusedWith(t, deliverTrail("loki", url+`metadata = { x = "nothing" }`), `no metadatum "x" can be made of "nothing"`)
	refusedWith(t, deliverTrail("loki", url+`late = "never"`), `unknown late "never"`)
}

func TestDeliverSplunk(t *testing.T) {
	const url = "url = \"https://splunk.example.com:8088/\"\ntoken_file = \"/t\"\n"
	got, target := to(t, "splunk", url+"index = \"audit\"\nsourcetype = \"x\"\nhost = \"h\"\nfields = { env = \"prod\" }\nacknowledge = true")
	want := &SplunkDelivery{PostTo{URL: "https://splunk.example.com:8088", TokenFile: "/t", Gzip: true}, "audit", "x", "actiontrail:t", "h", map[string]string{"env": "prod"}, true, "json", 1 << 20}
	if diff := cmp.Diff(want, got); diff != "" || target != "https://splunk.example.com:8088/audit/actiontrail:t" {
		t.Error(target, diff)
	}
	refusedWith(t, deliverTrail("splunk", `url = "https://splunk.example.com:8088"`), "token_file is missing")
	refusedWith(t, deliverTrail("splunk", strings.Replace(url, "8088/", "8088/services/collector/event", 1)), "what is behind the address is put there")
}

func TestDeliverOTLP(t *testing.T) {
	const url = "url = \"https://collector.example.com:4318\"\n"
	got, target := to(t, "otlp", url+"resource = { \"service.name\" = \"audit\", \"deployment.environment.name\" = \"prod\" }\nbody = \"map\"")
	want := &OTLPDelivery{PostTo{URL: "https://collector.example.com:4318", Gzip: true}, map[string]string{"service.name": "audit", "deployment.environment.name": "prod", "actiontrail.trail": "t"}, "map", "json", 1 << 20}
	if diff := cmp.Diff(want, got); diff != "" || target != "https://collector.example.com:4318 (t)" {
		t.Error(target, diff)
	}
	refusedWith(t, deliverTrail("otlp", url+"body = \"map\"\nformat = \"cef\""), ":4:12: a map is made of JSON, and cef is none")
}

func TestDeliverSyslog(t *testing.T) {
	const address = "address = \"logs.example.com:6514\"\n"
	got, target := to(t, "syslog", address+"server_name = \"logs\"\nformat = \"cef\"\nfacility = \"local3\"\nseverity = \"notice\"\napp_name = \"trail\"\nhostname = \"h\"\nsd_id = \"a@1\"\nbom = true\nmax_bytes = \"1MiB\"\nacknowledge = \"sent\"\ntls { ca_file = \"/ca\" }")
	want := &SyslogDelivery{"t", "logs.example.com:6514", true, TLS{CA: "/ca"}, "logs", "cef", "local3", "notice", "trail", "h", "a@1", true, 1 << 20, "sent"}
	if diff := cmp.Diff(want, got); diff != "" || target != "logs.example.com:6514 (t)" {
		t.Error(target, diff)
	}
	got, _ = to(t, "syslog", "address = \"localhost:514\"")
	want = &SyslogDelivery{Trail: "t", Address: "localhost:514", Format: "json", Facility: "audit", AppName: "actiontrail", SDID: "actiontrail@32473", MaxBytes: 64 << 10, Acknowledge: "close"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults %s", diff)
	}
	mustLoad(t, deliverTrail("syslog", address+"insecure = true"))
	refusedWith(t, deliverTrail("syslog", address), ":3:15: events would go to logs.example.com:6514 in the clear", "tls { }")
	refusedWith(t, deliverTrail("syslog", `address = "logs.example.com"`), `:3:15: "logs.example.com" is not host:port`)
	refusedWith(t, deliverTrail("syslog", "address = \"localhost:514\"\nserver_name = \"x\""), ":4:19: server_name is the name in a certificate")
	refusedWith(t, deliverTrail("syslog", "address = \"localhost:514\"\nfacility = \"local8\""), `unknown facility "local8"`, "local0")
	refusedWith(t, deliverTrail("syslog", "address = \"localhost:514\"\nmax_bytes = \"1KiB\""), "max_bytes is out of range")
}
