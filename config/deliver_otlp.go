package config

import (
	"maps"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event/render"
)

// OTLPDelivery sends the events of a trail as log records of OpenTelemetry.
type OTLPDelivery struct {
	PostTo
	Resource map[string]string // attributes
	Body     string            // text or map
	Format   string            // of event/render
	MaxBytes int64             // of a request
}

// TrailAttribute is the attribute of the resource that names the trail.
const TrailAttribute = "actiontrail.trail"

type otlpDeliveryBody struct {
	URL          hcl.Expression `hcl:"url,attr"`
	TokenFile    hcl.Expression `hcl:"token_file,optional"`
	Username     hcl.Expression `hcl:"username,optional"`
	PasswordFile hcl.Expression `hcl:"password_file,optional"`
	Headers      hcl.Expression `hcl:"headers,optional"`
	Resource     hcl.Expression `hcl:"resource,optional"`
	Body         hcl.Expression `hcl:"body,optional"`
	Format       hcl.Expression `hcl:"format,optional"`
	Compression  hcl.Expression `hcl:"compression,optional"`
	MaxBytes     hcl.Expression `hcl:"max_bytes,optional"`
	Insecure     hcl.Expression `hcl:"insecure,optional"`
	TLS          []tlsBlock     `hcl:"tls,block"`
}

func otlpDestination(r *reader, b *deliverBlock) Destination {
	var body otlpDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := &OTLPDelivery{
		PostTo:   r.postTo(postBody{body.URL, body.TokenFile, body.Username, body.PasswordFile, body.Headers, body.Compression, body.Insecure, body.TLS}, "gzip", "https://collector.example.com:4318"),
		Resource: map[string]string{"service.name": "actiontrail", TrailAttribute: b.trail}, Body: r.choice(body.Body, "body", "text", "text", "map"),
		Format: r.form(body.Format, render.Canonical), MaxBytes: r.bytes(body.MaxBytes, DefaultPostMaxBytes),
	}
	maps.Copy(d.Resource, r.table(body.Resource))
	r.within(body.MaxBytes, "max_bytes", d.MaxBytes, 16<<10, 64<<20, "16KiB and 64MiB, less than what the receiver takes: collectors 20 MiB unless told otherwise")
	if f, known := render.Find(d.Format); d.Body == "map" && known && !f.JSON {
		r.wrong(body.Body.Range(), `write body = "text"`, "a map is made of JSON, and %s is none", d.Format)
	}
	return d
}

// Target is the receiver, and the trail as the resource names it.
func (d *OTLPDelivery) Target() string { return d.URL + " (" + d.Resource[TrailAttribute] + ")" }
