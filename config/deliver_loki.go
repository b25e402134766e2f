package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
)

// LokiDelivery pushes the events of a trail to Grafana Loki.
type LokiDelivery struct {
	PostTo
	Trail       string
	Tenant      string
	Labels      map[string]string // fixed ones, besides trail
	LabelFields map[string]string // label to field
	Metadata    map[string]string // structured metadata to field
	Late        string            // now or refuse
	Format      string            // of event/render
	MaxBytes    int64             // of a request
}

// DefaultLokiLabels are labels of few values, by their fields.
func DefaultLokiLabels() map[string]string {
	return map[string]string{"service": "serviceName", "eventRW": "eventRW", "account": "recipientAccountId"}
}

// LokiLabelFields are those that labels may be of: every combination of values is a stream of
// its own, and Loki holds few of them.
func LokiLabelFields() []string {
	return []string{"eventCategory", "eventType", "eventName", "eventRW", "eventSource", "serviceName", "apiVersion", "acsRegion", "isGlobal", "errorCode", "resourceType", "recipientAccountId",
		"userIdentity.type", "userIdentity.trust", "userIdentity.accountId", "origin.agent", "origin.source"}
}

type lokiDeliveryBody struct {
	URL          hcl.Expression `hcl:"url,attr"`
	Tenant       hcl.Expression `hcl:"tenant,optional"`
	TokenFile    hcl.Expression `hcl:"token_file,optional"`
	Username     hcl.Expression `hcl:"username,optional"`
	PasswordFile hcl.Expression `hcl:"password_file,optional"`
	Headers      hcl.Expression `hcl:"headers,optional"`
	Labels       hcl.Expression `hcl:"labels,optional"`
	LabelFields  hcl.Expression `hcl:"label_fields,optional"`
	Metadata     hcl.Expression `hcl:"metadata,optional"`
	Late         hcl.Expression `hcl:"late,optional"`
	Format       hcl.Expression `hcl:"format,optional"`
	Compression  hcl.Expression `hcl:"compression,optional"`
	MaxBytes     hcl.Expression `hcl:"max_bytes,optional"`
	Insecure     hcl.Expression `hcl:"insecure,optional"`
	TLS          []tlsBlock     `hcl:"tls,block"`
}

var lokiLabel = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func lokiDestination(r *reader, b *deliverBlock) Destination {
	var body lokiDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := &LokiDelivery{
		PostTo: r.postTo(postBody{body.URL, body.TokenFile, body.Username, body.PasswordFile, body.Headers, body.Compression, body.Insecure, body.TLS}, "gzip", "https://loki.example.com"),
		Trail:  b.trail, Tenant: r.text(body.Tenant, ""), Labels: r.table(body.Labels), LabelFields: DefaultLokiLabels(), Metadata: map[string]string{"eventId": "eventId"},
		Late: r.choice(body.Late, "late", "now", "now", "refuse"), Format: r.form(body.Format, render.Canonical), MaxBytes: r.bytes(body.MaxBytes, DefaultPostMaxBytes),
	}
	r.within(body.MaxBytes, "max_bytes", d.MaxBytes, 16<<10, 64<<20, "16KiB and 64MiB, less than Loki's ingestion_burst_size_mb")
	if strings.HasSuffix(d.URL, "/loki/api/v1/push") {
		r.wrong(body.URL.Range(), "write the address up to there", "what is behind the address is put there: /loki/api/v1/push")
	}
	if given(body.LabelFields) {
		d.LabelFields = r.table(body.LabelFields)
	}
	if given(body.Metadata) {
		d.Metadata = r.table(body.Metadata)
	}
	for name := range d.Labels {
		if _, twice := d.LabelFields[name]; !lokiLabel.MatchString(name) || twice || name == "trail" {
			r.wrong(body.Labels.Range(), "labels are of letters, digits and _, each is there once, and trail is the trail", "there can be no label %q", name)
		}
	}
	for name, field := range d.LabelFields {
		switch {
		case !lokiLabel.MatchString(name) || name == "trail":
			r.wrong(body.LabelFields.Range(), "labels are of letters, digits and _, and trail is the trail", "there can be no label %q", name)
		case !slices.Contains(LokiLabelFields(), field):
			r.wrong(body.LabelFields.Range(), "use some of: "+strings.Join(LokiLabelFields(), ", ")+"; in metadata there can be all", "the field %q has too many values for a label", field)
		}
	}
	for name, field := range d.Metadata {
		if _, path, found := event.Lookup(field); !lokiLabel.MatchString(name) || !found || path != "" {
			r.wrong(body.Metadata.Range(), `write { eventId = "eventId" }: names of letters, digits and _, and fields of events`, "no metadatum %q can be made of %q", name, field)
		}
	}
	return d
}

// Target is the Loki and the streams in it.
func (d *LokiDelivery) Target() string {
	return strings.TrimSuffix(d.URL+"/"+d.Tenant, "/") + ` {trail="` + d.Trail + `"}`
}
