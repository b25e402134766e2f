package config

import (
	"regexp"
	"time"
)

// AuditEvents is where clients of CloudTrail's PutAuditEvents bring records.
type AuditEvents struct {
	Listen      string
	TLS         *ListenTLS    // nil: in the clear
	Keys        string        // file of access keys and their secrets
	Channels    []string      // ARNs; empty: any
	MaxInflight int64         // bytes of requests that are not durable yet
	Wait        time.Duration // of a request, before it is refused
}

func (r *reader) auditEventsSource(b *sourceBlock, s *Source) mapping {
	var body auditEventsSourceBody
	r.decode(b.Body, b.Range, &body)
	s.AuditEvents = &AuditEvents{Listen: r.address(body.Listen, ""), TLS: r.listenTLS(body.TLS), Keys: r.file(body.KeysFile),
		Channels: r.texts(body.Channels), MaxInflight: r.inflight(body.MaxInflight), Wait: r.duration(body.Wait, DefaultHTTPWait)}
	a := s.AuditEvents
	if given(body.Listen) && a.Listen == "" && !r.toldAt(body.Listen.Range()) {
		r.wrong(body.Listen.Range(), `write "127.0.0.1:9443"`, "an address to listen on is needed here")
	}
	for _, c := range a.Channels {
		if !regexp.MustCompile(`^arn:.+`).MatchString(c) {
			r.wrong(body.Channels.Range(), `write it as clients do: "arn:aws:cloudtrail:us-east-1:123456789012:channel/shop"`, "%q is not the ARN of a channel", c)
		}
	}
	if given(body.Wait) && (a.Wait < 100*time.Millisecond || a.Wait > 5*time.Minute) && !r.toldAt(body.Wait.Range()) {
		r.wrong(body.Wait.Range(), `choose between "100ms" and "5m": less than the timeout of the client`, "wait is out of range")
	}
	return mapping{body.Format, body.LogFormat, body.Mapper, body.KeepRaw, body.TimeZone, body.TrustedProxies, body.ProxyHeader}
}
