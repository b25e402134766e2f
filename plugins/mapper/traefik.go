package mapper

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// traefik reads the access log of Traefik: JSON, or one of its two texts (see
// traefik_common.go).
type traefik struct {
	members members
	names   fieldNames
}

// What keys of Traefik's own mean, besides those that have a slot already.
const (
	traefikStartLocal slot = slotField + 1 + iota
	traefikLogged
	traefikOriginStatus
	traefikRouter
	traefikService
	traefikHost
)

// traefikRedacted stands for a header that Traefik was told to redact.
const traefikRedacted = "REDACTED"

func newTraefik(opt *Options) (reader, error) {
	if opt.LogFormat != "" {
		return nil, errors.New("its three forms tell themselves apart: log_format is for the dialects whose gateway lets you choose")
	}
	t := &traefik{names: fieldNames{}}
	t.members.slot = traefikSlot
	return t.read, nil
}

func (t *traefik) read(m *Mapper, line []byte) error {
	if i := skipSpace(line, 0); i < len(line) && line[i] == '{' {
		return t.readJSON(m, line)
	}
	return m.readTraefikCommon(view(line))
}

// readJSON reads an object of the fields that Traefik was told to keep
// (pkg/middlewares/accesslog/logdata.go), headers with the prefix request_.
func (t *traefik) readJSON(m *Mapper, line []byte) error {
	q := &m.request
	var text [textSlots]string
	var local, logged, origin, clientHost string
	seen := false // a status
	err := t.members.each(line, m.text.escapes, &q.scratch, text[:], func(s slot, key, value string, quoted bool) {
		if value = dash(value); value == "" || !quoted && value == "null" {
			return
		}
		switch s {
		case traefikStartLocal:
			local = value
		case traefikLogged:
			logged = value
		case slotMethod:
			if isMethod(value) {
				q.method = value
			}
		case slotPath:
			q.setTarget(value)
		case slotStatus:
			q.status, seen = status(value)
			seen = seen || value == "0"
		case traefikOriginStatus:
			origin = value
		case slotBytes:
			if n, ok := whole(value); ok {
				q.bytes = n
			}
		case slotDuration: // nanoseconds
			if n, ok := whole(value); ok {
				q.duration = n / 1000
			}
		case traefikHost:
			clientHost = value
		case traefikRouter:
			q.route = value
			q.fields = append(q.fields, field{key, value})
		case traefikService:
			q.upstream = withoutProvider(value)
			q.fields = append(q.fields, field{key, value})
		default:
			if value != traefikRedacted {
				q.fields = append(q.fields, field{t.name(key), value})
			}
		}
	})
	if err != nil {
		return fmt.Errorf("not a JSON record: %w", err)
	}
	q.user, q.clientDN, q.host = text[slotUser], text[slotClientDN], cmp.Or(text[slotHost], text[slotServer], q.host)
	q.verified = q.clientDN != ""
	q.userAgent, q.referer, q.requestID = text[slotUserAgent], text[slotReferer], text[slotRequestID]
	q.forwarded = text[slotForwarded]
	if q.peer = stripPort(text[slotPeer]); q.peer == "" {
		q.traefikPeer(clientHost)
	} else if q.forwarded == "" && clientHost != q.peer {
		q.forwarded = clientHost
	}
	if !seen {
		q.status, seen = status(origin)
	}
	if !seen {
		return errors.New("not a request: its DownstreamStatus is missing or wrong")
	}
	if q.status == 0 {
		q.status = clientGone
	}
	stamp := cmp.Or(text[slotISO], local, logged)
	if stamp == "" {
		return errors.New("not a request: it has neither StartUTC, StartLocal nor time")
	}
	if q.time, err = m.clock.iso(stamp, m.opt.TimeZone); err != nil || q.time == (event.Time{}) {
		return fmt.Errorf("time %q is not RFC 3339", stamp)
	}
	return nil
}

// traefikPeer takes ClientHost, where there is nothing better. It is the address
// of the peer, or all of X-Forwarded-For, which Traefik takes only from peers that
// it trusts: the last of it is whom that peer saw.
func (q *request) traefikPeer(host string) {
	comma := strings.LastIndexByte(host, ',')
	q.peer = strings.TrimSpace(host[comma+1:])
	if q.forwarded == "" {
		q.forwarded = host[:max(comma, 0)]
	}
}

// withoutProvider is a name of Traefik's without where it was configured: orders@docker.
func withoutProvider(name string) string {
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		return name[:i]
	}
	return name
}

// name is that of a field: a header's as in all dialects, else the key.
func (t *traefik) name(key string) string {
	header, ok := strings.CutPrefix(key, "request_")
	if !ok {
		return key
	}
	return t.names.of(header, headerKey)
}

func traefikSlot(key string) slot {
	switch key {
	case "StartUTC":
		return slotISO
	case "StartLocal":
		return traefikStartLocal
	case "time":
		return traefikLogged
	case "ClientAddr":
		return slotPeer
	case "ClientHost":
		return traefikHost
	case "request_X-Forwarded-For":
		return slotForwarded
	case "ClientUsername":
		return slotUser
	case "TLSClientSubject":
		return slotClientDN
	case "RequestHost":
		return slotHost
	case "RequestAddr":
		return slotServer
	case "RequestMethod":
		return slotMethod
	case "RequestPath":
		return slotPath
	case "DownstreamStatus":
		return slotStatus
	case "OriginStatus":
		return traefikOriginStatus
	case "DownstreamContentSize":
		return slotBytes
	case "Duration":
		return slotDuration
	case "RouterName":
		return traefikRouter
	case "ServiceName":
		return traefikService
	case "request_User-Agent":
		return slotUserAgent
	case "request_Referer":
		return slotReferer
	case "request_X-Request-Id":
		return slotRequestID
	}
	return slotField
}
