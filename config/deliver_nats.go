package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event/render"
)

// NATSDelivery sends the events of a trail to a subject of NATS.
type NATSDelivery struct {
	Remote
	Subject   string // with the name of the trail in it, if it asks for that
	JetStream bool   // a stream acknowledges each event
	Format    string // of event/render
}

type natsDeliveryBody struct {
	Servers     hcl.Expression `hcl:"servers,attr"`
	Subject     hcl.Expression `hcl:"subject,attr"`
	JetStream   hcl.Expression `hcl:"jetstream,optional"`
	Credentials hcl.Expression `hcl:"credentials,optional"`
	NKey        hcl.Expression `hcl:"nkey,optional"`
	Format      hcl.Expression `hcl:"format,optional"`
	Insecure    hcl.Expression `hcl:"insecure,optional"`
	TLS         []tlsBlock     `hcl:"tls,block"`
}

func natsDestination(r *reader, b *deliverBlock) Destination {
	var body natsDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := &NATSDelivery{
		Remote: r.remote(body.Servers, body.Credentials, body.NKey, body.TLS), Subject: r.ofTrail(body.Subject, b.trail),
		JetStream: !given(body.JetStream) || r.truth(body.JetStream), Format: r.form(body.Format, render.Canonical),
	}
	if given(body.Subject) && !r.toldAt(body.Subject.Range()) {
		r.oneSubject(body.Subject, d.Subject)
	}
	for _, s := range d.Servers {
		u, err := url.Parse(s)
		switch {
		case r.toldAt(body.Servers.Range()):
		case err != nil || u.Hostname() == "":
			r.wrong(body.Servers.Range(), `write servers = ["tls://nats.example.com:4222"]`, "a server has no address that can be read")
		case u.User != nil:
			r.wrong(body.Servers.Range(), "use credentials, or nkey", "the address of %s holds a password", u.Host)
		case !d.Secure && (u.Scheme == "nats" || u.Scheme == "ws") && !here(u.Hostname()) && !r.truth(body.Insecure):
			r.wrong(body.Servers.Range(), "write tls://, and a block tls { } with ca_file if its certificate is of your own authority; or insecure = true, if the network is your own", "events would go to %s in the clear", u.Host)
		}
	}
	return d
}

// oneSubject checks that a subject is one, and none of NATS itself.
func (r *reader) oneSubject(x hcl.Expression, s string) {
	switch {
	case s == "" || len(s) > 255 || strings.ContainsAny(s, " \t\r\n*>") || slices.Contains(strings.Split(s, "."), ""):
		r.wrong(x.Range(), `write "audit.events", or "audit.{trail}"`, "%q is not one subject of NATS", s)
	case strings.HasPrefix(s, "$") || strings.HasPrefix(s, "_INBOX"):
		first, _, _ := strings.Cut(s, ".")
		r.wrong(x.Range(), `write "audit.events", or "audit.{trail}"`, "the subjects %s. are those of NATS itself", first)
	}
}

// Target is the servers and the subject.
func (d *NATSDelivery) Target() string { return strings.Join(d.Servers, ",") + "/" + d.Subject }

// ownSubject tells of a delivery to a subject that actiontrail itself uses on the server that it is for.
func (r *reader) ownSubject(c *Config, d *Delivery, at hcl.Range) {
	to, ok := d.To.(*NATSDelivery)
	if !ok {
		return
	}
	first, _, _ := strings.Cut(to.Subject, ".")
	if !slices.Contains([]string{"events", "agents", "recover"}, first) {
		return
	}
	own := []string{c.NATS.Listen}
	for _, s := range slices.Concat(c.NATS.Servers, c.Agent.NATS.Servers) {
		own = append(own, hostPort(s))
	}
	for _, s := range to.Servers {
		if h := hostPort(s); h != "" && slices.Contains(own, h) {
			r.wrong(at, fmt.Sprintf(`take another subject, like "audit.%s"`, to.Subject), "the subjects %s. of %s are in use by actiontrail", first, h)
			return
		}
	}
}

// hostPort is the address of a server of NATS, "" where there is none.
func hostPort(server string) string {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	if u.Port() == "" {
		return u.Hostname() + ":4222"
	}
	return u.Host
}
