package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// DefaultMaxWaiting is how many bytes a source holds that are not durable yet, unless max_inflight says other.
const DefaultMaxWaiting = 16 << 20

// Syslog is where syslog is sent. One of UDP and TCP is there.
type Syslog struct {
	UDP, TCP    string     // host:port
	TLS         *ListenTLS // of TCP; nil: in the clear
	MaxInflight int64
}

// Socket is where lines are sent.
type Socket struct {
	Listen      string     // host:port, or the path of a Unix socket
	TLS         *ListenTLS // nil: in the clear
	MaxInflight int64
}

// Unix tells whether Listen is a path.
func (s *Socket) Unix() bool { return strings.HasPrefix(s.Listen, "/") }

func (r *reader) syslogSource(b *sourceBlock, s *Source) mapping {
	var body syslogSourceBody
	r.decode(b.Body, b.Range, &body)
	s.Syslog = &Syslog{UDP: r.address(body.UDP, ""), TCP: r.address(body.TCP, ""), TLS: r.listenTLS(body.TLS), MaxInflight: r.inflight(body.MaxInflight)}
	if !given(body.UDP) && !given(body.TCP) {
		r.wrong(b.Range, `write tcp = "127.0.0.1:6514" or udp = "127.0.0.1:5514" into it`, "a source of syslog listens somewhere")
	}
	if s.Syslog.TLS != nil && !given(body.TCP) {
		r.wrong(body.TLS[0].Range, `write tcp = "127.0.0.1:6514", too`, "tls is for tcp: datagrams come in the clear")
	}
	s.MaxLine = r.maxLine(body.MaxLine)
	return mapping{body.Format, body.LogFormat, body.Mapper, body.KeepRaw, body.TimeZone, body.TrustedProxies, body.ProxyHeader}
}

func (r *reader) socketSource(b *sourceBlock, s *Source) mapping {
	var body socketSourceBody
	r.decode(b.Body, b.Range, &body)
	s.Socket = &Socket{Listen: r.text(body.Listen, ""), TLS: r.listenTLS(body.TLS), MaxInflight: r.inflight(body.MaxInflight)}
	switch {
	case !given(body.Listen) || r.toldAt(body.Listen.Range()):
	case s.Socket.Unix():
		if s.Socket.TLS != nil {
			r.wrong(body.TLS[0].Range, "leave it out: only processes of this machine reach a Unix socket", "a Unix socket has no tls")
		}
		if len(s.Socket.Listen) > maxUnixPath {
			r.wrong(body.Listen.Range(), "take a path of 107 bytes at most, like /run/actiontrail/audit.sock", "the path of a Unix socket is too long")
		}
	default:
		if err := CheckAddress(s.Socket.Listen); err != nil {
			r.wrong(body.Listen.Range(), `write "127.0.0.1:9514", or a path like "/run/actiontrail/audit.sock"`, "%v", err)
		}
	}
	s.MaxLine = r.maxLine(body.MaxLine)
	return mapping{body.Format, body.LogFormat, body.Mapper, body.KeepRaw, body.TimeZone, body.TrustedProxies, body.ProxyHeader}
}

// maxUnixPath is what Linux takes.
const maxUnixPath = 107

func (r *reader) stdinSource(b *sourceBlock, s *Source) mapping {
	var body stdinSourceBody
	r.decode(b.Body, b.Range, &body)
	s.MaxLine = r.maxLine(body.MaxLine)
	return mapping{body.Format, body.LogFormat, body.Mapper, body.KeepRaw, body.TimeZone, body.TrustedProxies, body.ProxyHeader}
}

// oneStdin tells of a second source of what there is once.
func (r *reader) oneStdin(b *sourceBlock, s *Source, others []Source) {
	for i := range others {
		if o := &others[i]; s.Kind == "stdin" && o.Kind == "stdin" {
			r.wrong(b.Range, "keep one", "source %q at %s reads the standard input already", o.Name, o.Place)
			return
		}
	}
}

func (r *reader) maxLine(x hcl.Expression) int64 {
	n := r.bytes(x, DefaultMaxLine)
	r.within(x, "max_line", n, 1<<10, 64<<20, "1KiB and 64MiB")
	return n
}

func (r *reader) inflight(x hcl.Expression) int64 {
	n := r.bytes(x, DefaultMaxWaiting)
	r.within(x, "max_inflight", n, 1<<20, 4<<30, "1MiB and 4GiB")
	return n
}
