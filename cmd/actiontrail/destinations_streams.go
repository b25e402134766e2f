package main

import (
	"github.com/actiontrail/actiontrail/aggregator/sink/elasticsearch"
	"github.com/actiontrail/actiontrail/aggregator/sink/kafka"
	natssink "github.com/actiontrail/actiontrail/aggregator/sink/nats"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/access"
)

// producer names who writes into something that others write into, too.
func producer(trail string, d *config.Delivery) string { return trail + "." + d.Name }

func kafkaSink(trail string, d *config.Delivery, to *config.KafkaDelivery) (*kafka.Sink, error) {
	reach := brokersOf(to.Brokers, to.Secure, to.TLS, to.SASL)
	return kafka.New(kafka.Config{
		Brokers: reach.Brokers, TLS: reach.TLS, SASL: reach.SASL, Topic: to.Topic, Key: to.Key, Format: to.Format, Compression: to.Compression,
		MaxBytes: int32(to.MaxBytes), Producer: producer(trail, d),
	})
}

func natsSink(trail string, d *config.Delivery, to *config.NATSDelivery) (*natssink.Sink, error) {
	return natssink.New(natssink.Config{
		Servers: to.Servers, Subject: to.Subject, Core: !to.JetStream, Credentials: to.Credentials, NKey: to.NKey, TLS: clientTLS(to.Secure, to.TLS),
		Format: to.Format, Producer: producer(trail, d),
	})
}

func elasticsearchConfig(to *config.ElasticsearchDelivery) elasticsearch.Config {
	return elasticsearch.Config{
		Addresses: to.Addresses, Username: to.Username, PasswordFile: to.PasswordFile, APIKeyFile: to.APIKeyFile, TLS: clientTLS(true, to.TLS),
		Index: to.Index, Format: to.Format, Template: to.Template, MaxBytes: int(to.MaxBytes),
	}
}

// clientTLS is how one who calls uses TLS; nil: it does not.
func clientTLS(secure bool, t config.TLS) *access.Client {
	if !secure {
		return nil
	}
	return &access.Client{CA: t.CA, Cert: t.Cert, Key: t.Key}
}
