package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDeliverNATS(t *testing.T) {
	d := mustLoad(t, deliverTrail("nats", `servers     = ["tls://n1:4222", "tls://n2"]
subject     = "audit.{trail}"
jetstream   = false
credentials = "/c.creds"
format      = "cef"
tls { ca_file = "/ca.pem" }`)).Trails[0].Deliver[0]
	want := &NATSDelivery{Remote: Remote{Servers: []string{"tls://n1:4222", "tls://n2"}, Credentials: "/c.creds", Secure: true, TLS: TLS{CA: "/ca.pem"}}, Subject: "audit.t", Format: "cef"}
	if diff := cmp.Diff(want, d.To); diff != "" || d.Target() != "tls://n1:4222,tls://n2/audit.t" {
		t.Errorf("%s (-want +got)\n%s", d.Target(), diff)
	}
	const here, there = "servers = [\"nats://127.0.0.1:4333\"]\n", "servers = [\"nats://n1\"]\n"
	d = mustLoad(t, deliverTrail("nats", here+"subject = \"events.audit\"")).Trails[0].Deliver[0]
	want = &NATSDelivery{Remote: Remote{Servers: []string{"nats://127.0.0.1:4333"}}, Subject: "events.audit", JetStream: true, Format: "json"}
	if diff := cmp.Diff(want, d.To); diff != "" {
		t.Errorf("defaults (-want +got)\n%s", diff)
	}
	mustLoad(t, deliverTrail("nats", there+"subject = \"a\"\ninsecure = true"))
	for body, want := range map[string]string{
		"subject = \"a\"":         ":2:3: servers is missing",
		here:                      ":2:3: subject is missing",
		there + "subject = \"a\"": ":3:15: events would go to n1 in the clear",
		"servers = [\"tls://u:p@n1\"]\nsubject = \"a\"":             "the address of n1 holds a password",
		"servers = [\"http://n1\"]\nsubject = \"a\"":                `"http://n1" is not the address of a NATS server`,
		here + "subject = \"a.*\"":                                  `:4:15: "a.*" is not one subject of NATS`,
		here + "subject = \"a..b\"":                                 `"a..b" is not one subject of NATS`,
		here + "subject = \"$SYS.a\"":                               "the subjects $SYS. are those of NATS itself",
		here + "subject = \"a\"\nnkey = \"a\"\ncredentials = \"b\"": "nkey and credentials exclude each other",
		here + "subject = \"a\"\njetstream = \"perhaps\"":           "true or false is needed here",
		here + "subject = \"a\"\nstream = \"X\"":                    "stream",
	} {
		refusedWith(t, deliverTrail("nats", body), want)
	}
	// What actiontrail itself uses on a server is refused there.
	own := deliverTrail("nats", here+"subject = \"events.audit\"")
	refusedWith(t, own+"nats { listen = \"127.0.0.1:4333\" }\n", "the subjects events. of 127.0.0.1:4333 are in use by actiontrail")
	refusedWith(t, own+"nats { servers = [\"nats://127.0.0.1:4333\"] }\n", "are in use by actiontrail")
	mustLoad(t, own+"nats { listen = \"127.0.0.1:4222\" }\n")
	mustLoad(t, deliverTrail("nats", here+"subject = \"audit.events\"")+"nats { listen = \"127.0.0.1:4333\" }\n")
}
