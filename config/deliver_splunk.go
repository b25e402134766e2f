package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event/render"
)

// SplunkDelivery sends the events of a trail to an HTTP Event Collector.
type SplunkDelivery struct {
	PostTo
	Index       string // "": that of the token
	Sourcetype  string
	Source      string
	Host        string            // "": eventSource of the event
	Fields      map[string]string // indexed ones
	Acknowledge bool
	Format      string // of event/render
	MaxBytes    int64  // of a request
}

// DefaultSplunkSourcetype is what Splunk takes events for.
const DefaultSplunkSourcetype = "actiontrail:event"

type splunkDeliveryBody struct {
	URL         hcl.Expression `hcl:"url,attr"`
	TokenFile   hcl.Expression `hcl:"token_file,attr"`
	Index       hcl.Expression `hcl:"index,optional"`
	Sourcetype  hcl.Expression `hcl:"sourcetype,optional"`
	Source      hcl.Expression `hcl:"source,optional"`
	Host        hcl.Expression `hcl:"host,optional"`
	Fields      hcl.Expression `hcl:"fields,optional"`
	Acknowledge hcl.Expression `hcl:"acknowledge,optional"`
	Headers     hcl.Expression `hcl:"headers,optional"`
	Format      hcl.Expression `hcl:"format,optional"`
	Compression hcl.Expression `hcl:"compression,optional"`
	MaxBytes    hcl.Expression `hcl:"max_bytes,optional"`
	Insecure    hcl.Expression `hcl:"insecure,optional"`
	TLS         []tlsBlock     `hcl:"tls,block"`
}

func splunkDestination(r *reader, b *deliverBlock) Destination {
	var body splunkDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := &SplunkDelivery{
		PostTo: r.postTo(postBody{url: body.URL, token: body.TokenFile, headers: body.Headers, compression: body.Compression, insecure: body.Insecure, tls: body.TLS}, "gzip", "https://splunk.example.com:8088"),
		Index:  r.text(body.Index, ""), Sourcetype: r.text(body.Sourcetype, DefaultSplunkSourcetype), Source: r.text(body.Source, "actiontrail:"+b.trail), Host: r.text(body.Host, ""), Fields: r.table(body.Fields),
		Acknowledge: r.truth(body.Acknowledge), Format: r.form(body.Format, render.Canonical), MaxBytes: r.bytes(body.MaxBytes, DefaultPostMaxBytes),
	}
	r.within(body.MaxBytes, "max_bytes", d.MaxBytes, 16<<10, 64<<20, "16KiB and 64MiB, less than the collector's max_content_length")
	if strings.Contains(d.URL, "/services/collector") {
		r.wrong(body.URL.Range(), "write the address up to there", "what is behind the address is put there: /services/collector/event")
	}
	return d
}

// Target is the collector, the index and the source.
func (d *SplunkDelivery) Target() string {
	return d.URL + "/" + strings.TrimPrefix(d.Index+"/"+d.Source, "/")
}
