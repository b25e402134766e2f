package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func deliverTrail(kind, body string) string {
	return "trail \"t\" {\n  deliver \"" + kind + "\" {\n    " + strings.ReplaceAll(body, "\n", "\n    ") + "\n  }\n}\n"
}

// refusedWith tells when a text is taken, or refused without saying all that is wanted.
func refusedWith(t *testing.T, text string, want ...string) {
	t.Helper()
	_, err := load(t, text)
	if err == nil {
		t.Errorf("it is taken:\n%s", text)
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the mistake does not say %q:\n%v", w, err)
		}
	}
}

func TestDeliverKafka(t *testing.T) {
	d := mustLoad(t, deliverTrail("kafka", `brokers     = ["k1:9093", "k2:9093"]
topic       = "audit.{trail}"
key         = "actor"
format      = "cloudtrail"
compression = "lz4"
max_bytes   = "8MiB"
tls { ca_file = "/ca.pem" }
sasl {
  user          = "trail"
  password_file = "/password"
}`)).Trails[0].Deliver[0]
	want := &KafkaDelivery{Brokers: []string{"k1:9093", "k2:9093"}, Topic: "audit.t", Key: "actor", Format: "cloudtrail", Compression: "lz4", MaxBytes: 8 << 20, Secure: true, TLS: TLS{CA: "/ca.pem"}, SASL: &SASL{"scram-sha-512", "trail", "/password"}}
	if diff := cmp.Diff(want, d.To); diff != "" || d.Target() != "k1:9093,k2:9093/audit.t" {
		t.Errorf("%s (-want +got)\n%s", d.Target(), diff)
	}
	d = mustLoad(t, deliverTrail("kafka", "brokers = [\"127.0.0.1:9092\"]\ntopic = \"audit\"")).Trails[0].Deliver[0]
	want = &KafkaDelivery{Brokers: []string{"127.0.0.1:9092"}, Topic: "audit", Key: "eventId", Format: "json", Compression: "zstd", MaxBytes: 1_000_000}
	if diff := cmp.Diff(want, d.To); diff != "" {
		t.Errorf("defaults (-want +got)\n%s", diff)
	}
	const rest = "topic = \"audit\"\n"
	mustLoad(t, deliverTrail("kafka", rest+"brokers = [\"k:9092\"]\ninsecure = true"))
	refusedWith(t, deliverTrail("kafka", rest), ":2:3: brokers is missing")
	refusedWith(t, deliverTrail("kafka", rest+"brokers = []"), ":4:15: at least one is needed")
	refusedWith(t, deliverTrail("kafka", rest+"brokers = [\"k\"]"), `"k" is not host:port`)
	refusedWith(t, deliverTrail("kafka", rest+"brokers = [\"k:9092\"]"), ":4:15: events would go to k:9092 in the clear", "tls { }", "insecure = true")
	refusedWith(t, deliverTrail("kafka", rest+"brokers = [\"localhost:1\"]\nkey = \"user\""), `:5:11: unknown key "user"`, "actor")
	refusedWith(t, deliverTrail("kafka", rest+"brokers = [\"localhost:1\"]\nformat = \"xml\""), `unknown format "xml"`)
	refusedWith(t, deliverTrail("kafka", rest+"brokers = [\"localhost:1\"]\nmax_bytes = \"1KiB\""), `max_bytes is out of range`)
	refusedWith(t, deliverTrail("kafka", rest+"brokers = [\"localhost:1\"]\nsasl {\n mechanism = \"plain\"\n user = \"u\"\n password_file = \"p\"\n}"), `the password would go to the brokers in the clear`)
	refusedWith(t, deliverTrail("kafka", "brokers = [\"localhost:1\"]\ntopic = \"a b\""), `:4:13: "a b" is not the name of a topic`, "audit.{trail}")
	refusedWith(t, deliverTrail("kafka", "brokers = [\"localhost:1\"]\ntopic = \"a.{trial}\""), `is not the name of a topic`)
}
