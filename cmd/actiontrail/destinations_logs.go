package main

import (
	"maps"

	"github.com/actiontrail/actiontrail/aggregator/sink/loki"
	"github.com/actiontrail/actiontrail/aggregator/sink/otlp"
	"github.com/actiontrail/actiontrail/aggregator/sink/post"
	"github.com/actiontrail/actiontrail/aggregator/sink/splunk"
	"github.com/actiontrail/actiontrail/aggregator/sink/syslog"
	"github.com/actiontrail/actiontrail/aggregator/sink/webhook"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/plugins"
)

func postReceiver(to *config.PostTo) post.Receiver {
	return post.Receiver{URL: to.URL, TLS: access.Client{CA: to.TLS.CA, Cert: to.TLS.Cert, Key: to.TLS.Key}, TokenFile: to.TokenFile, User: to.Username, PasswordFile: to.PasswordFile, Headers: to.Headers, Gzip: to.Gzip}
}

func webhookSink(d *config.WebhookDelivery) (plugins.Sink, error) {
	return webhook.New(webhook.Config{Receiver: postReceiver(&d.PostTo), Trail: d.Trail, SecretFile: d.SecretFile, Body: d.Body, Format: d.Format, MostEvents: d.MaxEvents, MostBytes: int(d.MaxBytes)})
}

func lokiSink(d *config.LokiDelivery) (plugins.Sink, error) {
	labels := map[string]string{"trail": d.Trail}
	maps.Copy(labels, d.Labels)
	return loki.New(loki.Config{Receiver: postReceiver(&d.PostTo), Tenant: d.Tenant, Labels: labels, LabelFields: d.LabelFields, Metadata: d.Metadata, Late: d.Late, Format: d.Format, MostBytes: int(d.MaxBytes)})
}

func splunkSink(d *config.SplunkDelivery) (plugins.Sink, error) {
	return splunk.New(splunk.Config{Receiver: postReceiver(&d.PostTo), Index: d.Index, Sourcetype: d.Sourcetype, Source: d.Source, Host: d.Host, Fields: d.Fields, Acknowledge: d.Acknowledge, Format: d.Format, MostBytes: int(d.MaxBytes)})
}

func otlpSink(d *config.OTLPDelivery) (plugins.Sink, error) {
	return otlp.New(otlp.Config{Receiver: postReceiver(&d.PostTo), Resource: d.Resource, Body: d.Body, Format: d.Format, MostBytes: int(d.MaxBytes)})
}

func syslogSink(d *config.SyslogDelivery) (plugins.Sink, error) {
	return syslog.New(syslog.Config{
		Trail: d.Trail, Address: d.Address, TLS: d.Secure, Files: access.Client{CA: d.TLS.CA, Cert: d.TLS.Cert, Key: d.TLS.Key}, Name: d.Name, Format: d.Format, Facility: d.Facility, Severity: d.Severity,
		AppName: d.AppName, Hostname: d.Hostname, ID: d.SDID, BOM: d.BOM, MostBytes: int(d.MaxBytes), Acknowledge: d.Acknowledge,
	})
}
