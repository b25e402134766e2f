package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// HTTP is where clients bring the records of a source.
type HTTP struct {
	Listen      string
	Path        string
	TokenFile   string        // of the tokens of which a client must bring one; empty: none is asked for
	TLS         *ListenTLS    // nil: in the clear
	Split       string        // auto, json or lines
	MaxBody     int64         // bytes of a request, unpacked
	MaxRecords  int           // of a request
	MaxInflight int64         // bytes of all requests that are not durable yet
	Wait        time.Duration // of a request, before it is refused
}

// ListenTLS names the files of certificates of one who is called.
type ListenTLS struct {
	Cert, Key string
	ClientCA  string // empty: clients need no certificate
}

// Defaults of a source of kind http.
const (
	DefaultHTTPPath    = "/logs"
	DefaultMaxBody     = 8 << 20
	DefaultMaxRecords  = 10_000
	DefaultMaxInflight = 64 << 20
	DefaultHTTPWait    = 5 * time.Second
)

// healthPath is the source's own.
const healthPath = "/healthz"

func (r *reader) httpSource(b *sourceBlock, s *Source) mapping {
	var body httpSourceBody
	r.decode(b.Body, b.Range, &body)
	s.MaxLine = r.bytes(body.MaxLine, DefaultMaxLine)
	h := &HTTP{
		Listen:      r.address(body.Listen, ""),
		Path:        r.text(body.Path, DefaultHTTPPath),
		TokenFile:   r.file(body.TokenFile),
		Split:       r.choice(body.Split, "split", "auto", "auto", "json", "lines"),
		MaxBody:     r.bytes(body.MaxBody, DefaultMaxBody),
		MaxRecords:  r.count(body.MaxRecords, "max_records", DefaultMaxRecords, 1_000_000),
		MaxInflight: r.bytes(body.MaxInflight, DefaultMaxInflight),
		Wait:        r.duration(body.Wait, DefaultHTTPWait),
	}
	s.HTTP = h
	if given(body.Listen) && h.Listen == "" && !r.toldAt(body.Listen.Range()) {
		r.wrong(body.Listen.Range(), `write "127.0.0.1:9080"`, "an address to listen on is needed here")
	}
	if !strings.HasPrefix(h.Path, "/") || strings.ContainsAny(h.Path, "?#") || h.Path == healthPath {
		r.wrong(body.Path.Range(), fmt.Sprintf("write a path like %q; %s tells that the source listens", DefaultHTTPPath, healthPath), "%q is not a path that records can be posted to", h.Path)
	}
	r.within(body.MaxLine, "max_line", s.MaxLine, 1<<10, 64<<20, "1KiB and 64MiB")
	r.within(body.MaxBody, "max_body", h.MaxBody, 1<<10, 256<<20, "1KiB and 256MiB")
	r.within(body.MaxInflight, "max_inflight", h.MaxInflight, 1<<20, 4<<30, "1MiB and 4GiB")
	at := body.MaxBody
	if given(body.MaxInflight) {
		at = body.MaxInflight
	}
	if h.MaxInflight < h.MaxBody && !r.toldAt(at.Range()) {
		r.wrong(at.Range(), "let max_inflight hold several bodies", "max_inflight is less than one body may have")
	}
	if given(body.Wait) && (h.Wait < 100*time.Millisecond || h.Wait > 5*time.Minute) && !r.toldAt(body.Wait.Range()) {
		r.wrong(body.Wait.Range(), `choose between "100ms" and "5m": less than the timeout of the client`, "wait is out of range")
	}
	h.TLS = r.listenTLS(body.TLS)
	return mapping{body.Format, body.LogFormat, body.Mapper, body.KeepRaw, body.TimeZone, body.TrustedProxies, body.ProxyHeader}
}

// within tells of bytes that are not between two bounds, which words name.
func (r *reader) within(x hcl.Expression, what string, n, least, most int64, words string) {
	if given(x) && (n < least || n > most) && !r.toldAt(x.Range()) {
		r.wrong(x.Range(), "choose between "+words, "%s is out of range", what)
	}
}

// Listeners are the addresses of TCP that the source listens on, host:port, and what guards them.
func (s *Source) Listeners() []Listener {
	switch {
	case s.HTTP != nil:
		return []Listener{{s.HTTP.Listen, s.HTTP.TLS, s.HTTP.TokenFile != ""}}
	case s.Syslog != nil && s.Syslog.TCP != "":
		return []Listener{{s.Syslog.TCP, s.Syslog.TLS, false}}
	case s.Socket != nil && !s.Socket.Unix():
		return []Listener{{s.Socket.Listen, s.Socket.TLS, false}}
	case s.AuditEvents != nil:
		return []Listener{{s.AuditEvents.Listen, s.AuditEvents.TLS, true}}
	}
	return nil
}

// Listener is where a source is called.
type Listener struct {
	Address string
	TLS     *ListenTLS // nil: in the clear
	Secret  bool       // of callers is asked for, beside a certificate
}

// oneListener tells of two sources on one address: each has its own server, token and certificates.
func (r *reader) oneListener(b *sourceBlock, s *Source, others []Source) {
	for _, own := range s.Listeners() {
		for i := range others {
			for _, o := range others[i].Listeners() {
				if own.Address != "" && o.Address == own.Address {
					r.wrong(b.Range, fmt.Sprintf("source %q at %s listens there: give each its own port", others[i].Name, others[i].Place), "%s is taken", own.Address)
					return
				}
			}
		}
	}
}
