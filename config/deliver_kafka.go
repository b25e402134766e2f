package config

import (
	"net"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// KafkaDelivery sends the events of a trail to a topic.
type KafkaDelivery struct {
	Brokers     []string // host:port
	Topic       string   // with the name of the trail in it, if it asks for that
	Key         string   // eventId, actor or account
	Format      string   // of event/render
	Compression string   // none, gzip, snappy, lz4 or zstd
	MaxBytes    int64    // of a batch of records before compression
	Secure      bool     // there is a tls block
	TLS         TLS
	SASL        *SASL // nil: nobody signs in
}

// Defaults of deliver "kafka".
const (
	DefaultKafkaKey         = "eventId"
	DefaultKafkaCompression = "zstd"
	DefaultKafkaMaxBytes    = 1_000_000 // a little less than what brokers take unless told otherwise
)

type kafkaDeliveryBody struct {
	Brokers     hcl.Expression `hcl:"brokers,attr"`
	Topic       hcl.Expression `hcl:"topic,attr"`
	Key         hcl.Expression `hcl:"key,optional"`
	Format      hcl.Expression `hcl:"format,optional"`
	Compression hcl.Expression `hcl:"compression,optional"`
	MaxBytes    hcl.Expression `hcl:"max_bytes,optional"`
	Insecure    hcl.Expression `hcl:"insecure,optional"`
	TLS         []tlsBlock     `hcl:"tls,block"`
	SASL        []saslBlock    `hcl:"sasl,block"`
}

var kafkaTopic = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`)

func kafkaDestination(r *reader, b *deliverBlock) Destination {
	var body kafkaDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := &KafkaDelivery{
		Brokers: r.brokers(body.Brokers), Topic: r.ofTrail(body.Topic, b.trail), Key: r.choice(body.Key, "key", DefaultKafkaKey, "eventId", "actor", "account"),
		Format: r.form(body.Format, "json"), Compression: r.choice(body.Compression, "compression", DefaultKafkaCompression, "none", "gzip", "snappy", "lz4", "zstd"),
		MaxBytes: r.bytes(body.MaxBytes, DefaultKafkaMaxBytes),
	}
	r.within(body.MaxBytes, "max_bytes", d.MaxBytes, 16<<10, 64<<20, "16KiB and 64MiB: what the topic takes (max.message.bytes)")
	if given(body.Topic) && !r.toldAt(body.Topic.Range()) && (!kafkaTopic.MatchString(d.Topic) || d.Topic == "." || d.Topic == "..") {
		r.wrong(body.Topic.Range(), `write "audit", or "audit.{trail}": letters, digits, ., _ and -`, "%q is not the name of a topic", d.Topic)
	}
	d.Secure, d.TLS = r.tls(body.TLS)
	d.SASL = r.sasl(body.SASL, d.Secure)
	if !d.Secure && !r.truth(body.Insecure) {
		for _, a := range d.Brokers {
			if host, _, err := net.SplitHostPort(a); err == nil && !here(host) {
				r.wrong(body.Brokers.Range(), "write a block tls { }, with ca_file if their certificates are of your own authority; or insecure = true, if the network is your own", "events would go to %s in the clear", a)
				break
			}
		}
	}
	return d
}

// Target is the brokers and the topic.
func (d *KafkaDelivery) Target() string { return strings.Join(d.Brokers, ",") + "/" + d.Topic }

// brokers reads the addresses of brokers.
func (r *reader) brokers(x hcl.Expression) []string {
	all := r.texts(x)
	r.some(x, all, `write brokers = ["kafka:9092"]`)
	for _, a := range all {
		if _, _, err := net.SplitHostPort(a); err != nil {
			r.wrong(x.Range(), `write brokers = ["kafka:9092"]`, "%q is not host:port", a)
		}
	}
	return all
}

// sasl reads who signs in; nil: nobody does.
func (r *reader) sasl(blocks []saslBlock, secure bool) *SASL {
	x := one(r, blocks, "sasl", func(x *saslBlock) hcl.Range { return x.Range })
	if x == nil {
		return nil
	}
	s := &SASL{r.choice(x.Mechanism, "mechanism", "scram-sha-512", "plain", "scram-sha-256", "scram-sha-512"), r.text(x.User, ""), r.file(x.PasswordFile)}
	if s.Mechanism == "plain" && !secure {
		r.wrong(x.Range, `write a block tls { }, or mechanism = "scram-sha-512"`, "the password would go to the brokers in the clear")
	}
	return s
}

// ofTrail reads a name in which {trail} stands for that of the trail.
func (r *reader) ofTrail(x hcl.Expression, trail string) string {
	return strings.ReplaceAll(r.text(x, ""), "{trail}", trail)
}
