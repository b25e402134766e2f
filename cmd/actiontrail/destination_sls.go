package main

import (
	"cmp"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/sink/sls"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins"
)

// slsSink sends to the logstore that ActionTrail would make for a trail of this name,
// if no other one is named.
func slsSink(trail string, d *config.SLSDelivery) (plugins.Sink, error) {
	return sls.New(sls.Config{
		Project: d.Project, Logstore: cmp.Or(d.Logstore, "actiontrail_"+strings.ToLower(trail)), Region: d.Region, Endpoint: d.Endpoint, Internal: d.Internal,
		Topic: d.Topic, Format: d.Format, Ordered: d.Ordered, Compression: d.Compression, Signature: d.Signature,
		CredentialsFile: d.CredentialsFile, Profile: d.Profile, CA: d.TLS.CA, Cert: d.TLS.Cert, Key: d.TLS.Key,
	})
}
