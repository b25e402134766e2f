package config

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event/render"
)

// WebhookDelivery posts the events of a trail to a receiver of the operator's own.
type WebhookDelivery struct {
	PostTo
	Trail      string
	SecretFile string // "": what is sent is not signed
	Body       string // ndjson or array
	Format     string // of event/render
	MaxEvents  int    // of a request
	MaxBytes   int64  // the same
}

// DefaultWebhookMaxEvents is how many events a request of deliver "webhook" holds.
const DefaultWebhookMaxEvents = 1000

type webhookDeliveryBody struct {
	URL          hcl.Expression `hcl:"url,attr"`
	SecretFile   hcl.Expression `hcl:"secret_file,optional"`
	TokenFile    hcl.Expression `hcl:"token_file,optional"`
	Username     hcl.Expression `hcl:"username,optional"`
	PasswordFile hcl.Expression `hcl:"password_file,optional"`
	Headers      hcl.Expression `hcl:"headers,optional"`
	Body         hcl.Expression `hcl:"body,optional"`
	Format       hcl.Expression `hcl:"format,optional"`
	Compression  hcl.Expression `hcl:"compression,optional"`
	MaxEvents    hcl.Expression `hcl:"max_events,optional"`
	MaxBytes     hcl.Expression `hcl:"max_bytes,optional"`
	Insecure     hcl.Expression `hcl:"insecure,optional"`
	TLS          []tlsBlock     `hcl:"tls,block"`
}

func webhookDestination(r *reader, b *deliverBlock) Destination {
	var body webhookDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := &WebhookDelivery{
		PostTo: r.postTo(postBody{body.URL, body.TokenFile, body.Username, body.PasswordFile, body.Headers, body.Compression, body.Insecure, body.TLS}, "none", "https://hooks.example.com/audit"),
		Trail:  b.trail, SecretFile: r.file(body.SecretFile), Body: r.choice(body.Body, "body", "ndjson", "ndjson", "array"), Format: r.form(body.Format, render.Canonical),
		MaxEvents: r.count(body.MaxEvents, "max_events", DefaultWebhookMaxEvents, 100_000), MaxBytes: r.bytes(body.MaxBytes, DefaultPostMaxBytes),
	}
	r.within(body.MaxBytes, "max_bytes", d.MaxBytes, 16<<10, 64<<20, "16KiB and 64MiB")
	if f, known := render.Find(d.Format); d.Body == "array" && known && !f.JSON {
		r.wrong(body.Body.Range(), `write body = "ndjson": a line for each event`, "an array holds JSON, and %s is none", d.Format)
	}
	return d
}

// Target is the receiver, and the trail that it is told of.
func (d *WebhookDelivery) Target() string { return d.place() + " (" + d.Trail + ")" }
