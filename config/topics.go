package config

import (
	"regexp"

	"github.com/hashicorp/hcl/v2"
)

// Kafka is which topics a source reads.
type Kafka struct {
	Brokers []string // host:port
	Topics  []string
	Group   string
	Start   string // beginning or end
	Shared  bool   // with other agents
	Secure  bool   // there is a tls block
	TLS     TLS
	SASL    *SASL // nil: nobody signs in
}

// SASL is who signs in.
type SASL struct {
	Mechanism    string // plain, scram-sha-256 or scram-sha-512
	User         string
	PasswordFile string
}

// NATSSource is which subjects a source reads.
type NATSSource struct {
	Remote
	Subjects    []string
	Stream      string // of JetStream; empty: what is published while the source listens
	Start       string // beginning or end, of a stream
	MaxInflight int64  // without a stream
}

func (r *reader) kafkaSource(b *sourceBlock, s *Source) mapping {
	var body kafkaSourceBody
	r.decode(b.Body, b.Range, &body)
	k := &Kafka{Brokers: r.brokers(body.Brokers), Topics: r.texts(body.Topics), Group: r.text(body.Group, ""), Start: r.choice(body.Start, "start", "beginning", "beginning", "end"), Shared: r.truth(body.Shared)}
	s.Kafka = k
	r.some(body.Topics, k.Topics, `write topics = ["audit"]`)
	if given(body.Group) && k.Group == "" && !r.toldAt(body.Group.Range()) {
		r.wrong(body.Group.Range(), `write group = "actiontrail"`, "a group is needed: Kafka keeps there how far this source is")
	}
	k.Secure, k.TLS = r.tls(body.TLS)
	k.SASL = r.sasl(body.SASL, k.Secure)
	s.MaxLine = r.maxLine(body.MaxLine)
	return mapping{body.Format, body.LogFormat, body.Mapper, body.KeepRaw, body.TimeZone, body.TrustedProxies, body.ProxyHeader}
}

// some tells of a list that is empty.
func (r *reader) some(x hcl.Expression, all []string, hint string) {
	if given(x) && len(all) == 0 && !r.toldAt(x.Range()) {
		r.wrong(x.Range(), hint, "at least one is needed")
	}
}

func (r *reader) natsSource(b *sourceBlock, s *Source) mapping {
	var body natsSourceBody
	r.decode(b.Body, b.Range, &body)
	n := &NATSSource{Remote: r.remote(body.Servers, body.Credentials, body.NKey, body.TLS), Subjects: r.texts(body.Subjects), Stream: r.text(body.Stream, ""),
		Start: r.choice(body.Start, "start", "beginning", "beginning", "end"), MaxInflight: r.inflight(body.MaxInflight)}
	s.NATS = n
	r.some(body.Subjects, n.Subjects, `write subjects = ["audit.>"]`)
	subject := regexp.MustCompile(`^[^\s.]+(\.[^\s.]+)*$`)
	for _, text := range n.Subjects {
		if !subject.MatchString(text) {
			r.wrong(body.Subjects.Range(), `write subjects = ["audit.>"]`, "%q is not a subject", text)
		}
	}
	if given(body.Stream) && !regexp.MustCompile(`^[^\s.*>/\\]+$`).MatchString(n.Stream) {
		r.wrong(body.Stream.Range(), "write the name of a stream of JetStream", "%q is not a name of a stream", n.Stream)
	}
	if n.Stream == "" && given(body.Start) {
		r.wrong(body.Start.Range(), "leave it out, or name a stream", "without a stream there is no beginning: what is published while nobody listens is gone")
	}
	if n.Stream != "" && given(body.MaxInflight) {
		r.wrong(body.MaxInflight.Range(), "leave it out", "a stream keeps what is not read")
	}
	s.MaxLine = r.maxLine(body.MaxLine)
	return mapping{body.Format, body.LogFormat, body.Mapper, body.KeepRaw, body.TimeZone, body.TrustedProxies, body.ProxyHeader}
}
