package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDeliverElasticsearch(t *testing.T) {
	d := mustLoad(t, strings.Replace(deliverTrail("elasticsearch", `addresses     = ["https://es-1:9200", "https://es-2:9200"]
username      = "trail"
password_file = "/password"
index         = "{trail}-{yyyy.MM}-x"
format        = "cloudtrail"
template      = false
max_bytes     = "1MiB"
tls {
  ca_file   = "/ca.pem"
  cert_file = "/c.pem"
  key_file  = "/k.pem"
}`), `"t"`, `"Team"`, 1)).Trails[0].Deliver[0]
	want := &ElasticsearchDelivery{Addresses: []string{"https://es-1:9200", "https://es-2:9200"}, Username: "trail", PasswordFile: "/password", TLS: TLS{CA: "/ca.pem", Cert: "/c.pem", Key: "/k.pem"},
		Index: "team-{yyyy.MM}-x", Format: "cloudtrail", MaxBytes: 1 << 20}
	if diff := cmp.Diff(want, d.To); diff != "" || d.Target() != "https://es-1:9200,https://es-2:9200/team-{yyyy.MM}-x" {
		t.Errorf("%s (-want +got)\n%s", d.Target(), diff)
	}
	d = mustLoad(t, deliverTrail("elasticsearch", "addresses = [\"http://127.0.0.1:9200\"]")).Trails[0].Deliver[0]
	want = &ElasticsearchDelivery{Addresses: []string{"http://127.0.0.1:9200"}, Index: "audit-t-{yyyy.MM.dd}", Format: "json", Template: true, MaxBytes: 4 << 20}
	if diff := cmp.Diff(want, d.To); diff != "" {
		t.Errorf("defaults (-want +got)\n%s", diff)
	}
	const es = "addresses = [\"https://es:9200\"]\n"
	mustLoad(t, deliverTrail("elasticsearch", "addresses = [\"http://es:9200\"]\ninsecure = true"))
	for body, want := range map[string]string{
		"":                                 ":2:3: addresses is missing",
		"addresses = [\"es:9200\"]":        `"es:9200" is not the address of a node`,
		"addresses = [\"https://u:p@es\"]": "the address of es holds a password",
		"addresses = [\"http://es:9200\"]": ":3:17: events would go to http://es:9200 in the clear",
		es + "api_key_file = \"k\"\nusername = \"u\"\npassword_file = \"p\"": "there is an API key and a user",
		es + "username = \"u\"":      "the password of u is missing",
		es + "password_file = \"u\"": "nobody says whose password this is",
		"addresses = [\"http://es:9200\"]\ninsecure = true\napi_key_file = \"k\"": "a secret would go to http://es:9200 in the clear",
		es + "index = \"Audit\"":         `:4:13: no index can be named "Audit"`,
		es + "index = \"audit-{dd}\"":    `no index can be named "audit-{dd}"`,
		es + "index = \"a-{yyyy}-{MM}\"": "no index can be named",
		es + "format = \"xml\"":          `unknown format "xml"`,
		es + "max_bytes = \"1GiB\"":      "max_bytes is out of range",
		es + "template = \"x\"":          "true or false is needed here",
		es + "shards = 1":                "shards",
	} {
		refusedWith(t, deliverTrail("elasticsearch", body), want)
	}
	own := "index \"elasticsearch\" { addresses = [\"https://es:9200\"] }\n"
	mustLoad(t, own+deliverTrail("elasticsearch", es))
	refusedWith(t, own+deliverTrail("elasticsearch", es+"index = \"actiontrail-{yyyy}\""), "are those of index")
}
