package mapper

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// Slots of Caddy's records.
const (
	caddyTime = iota
	caddyWhat
	caddyRemote
	caddyClient
	caddyMethod
	caddyHost
	caddyURI
	caddyHeaders
	caddyCN
	caddyUser
	caddyDuration
	caddySize
	caddyStatus
	caddyRequestID
	caddySetCookie
)

// caddyForm is what Caddy writes into access logs in its JSON format.
func caddyForm() []wanted {
	return []wanted{
		caddyTime: {"ts", plainBranch}, caddyWhat: {"msg", plainBranch},
		caddyRemote: {"request.remote_ip", plainBranch}, caddyClient: {"request.client_ip", plainBranch}, caddyMethod: {"request.method", plainBranch},
		caddyHost: {"request.host", plainBranch}, caddyURI: {"request.uri", plainBranch}, caddyHeaders: {"request.headers", headersBranch},
		caddyCN: {"request.tls.client_common_name", plainBranch}, caddyUser: {"user_id", plainBranch}, caddyDuration: {"duration", plainBranch},
		caddySize: {"size", plainBranch}, caddyStatus: {"status", plainBranch}, caddyRequestID: {"request_id", plainBranch}, // of log_append
		caddySetCookie: {"resp_headers.Set-Cookie", hiddenBranch},
	}
}

// caddyRequest is the msg of the records that tell of a request.
const caddyRequest = "handled request"

// caddy reads Caddy's access logs.
func caddy(opt *Options) (reader, error) {
	if opt.LogFormat != "" {
		return nil, errOneForm
	}
	n := newNested(caddyForm(), opt)
	return func(m *Mapper, record []byte) error {
		q := &m.request
		if err := n.read(record, m.text.escapes, &q.scratch); err != nil {
			return fmt.Errorf("not a JSON record: %w", err)
		}
		n.fill(q)
		return m.takeCaddy(n.text)
	}, nil
}

func (m *Mapper) takeCaddy(v []string) error {
	q := &m.request
	if v[caddyWhat] != caddyRequest {
		return fmt.Errorf("not a request: Caddy tells of %q, and of requests with msg %q; give access logs a file of their own", shorten(v[caddyWhat]), caddyRequest)
	}
	var err error
	if q.time, err = m.caddyTime(v[caddyTime]); err != nil {
		return err
	}
	if v[caddyMethod] == "" {
		return errors.New("not a request: it has no request.method")
	}
	if !q.setStatus(v[caddyStatus]) { // 0 where no handler has answered
		return errNoStatus
	}
	q.setMethod(v[caddyMethod])
	q.setHeaders()
	q.host = v[caddyHost]
	q.setTarget(v[caddyURI])
	if q.peer = v[caddyClient]; q.peer == "" {
		q.peer = v[caddyRemote]
	}
	q.user, q.userID, q.checked.user = v[caddyUser], v[caddyUser], v[caddyUser] != ""
	q.clientDN = v[caddyCN] // unchecked in the modes request and require: the record does not tell
	q.requestID = v[caddyRequestID]
	q.setSize(v[caddySize])
	if n, ok := caddyDurationOf(v[caddyDuration]); ok {
		q.duration = n
	}
	return nil
}

// caddyTime reads a stamp in any time_format that Caddy has a name for. Numbers of
// seconds, milliseconds and nanoseconds are told apart by how many digits they have.
func (m *Mapper) caddyTime(s string) (event.Time, error) {
	if s == "" {
		return event.Time{}, errors.New("not a request: it has no ts")
	}
	if c := s[len(s)-1]; c >= '0' && c <= '9' && !strings.ContainsAny(s, "/-: ") {
		switch before, fraction, _ := cut(s, '.'); {
		case len(before) == 19 && fraction == "": // unix_nano
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				return event.Time{}, fmt.Errorf("ts %q is not a time", shorten(s))
			}
			return event.Unix(n, 9), nil
		case len(before) > 11: // unix_milli_float
			return millis(s)
		default:
			return m.clock.epoch(s[:min(len(s), len(before)+1+9)])
		}
	}
	if len(s) == 26 && s[2] == '/' { // common_log
		return m.clock.local(s)
	}
	if len(s) > 10 && s[4] == '/' { // wall, wall_milli, wall_nano
		return m.clock.slashed(s, m.opt.TimeZone)
	}
	return m.clock.iso(s, m.opt.TimeZone) // iso8601, rfc3339, rfc3339_nano
}

// caddyDurationOf reads seconds as a number, or a duration as Go writes it.
func caddyDurationOf(s string) (int64, bool) {
	if n, ok := micros(s); ok {
		return n, true
	}
	d, err := time.ParseDuration(s)
	return d.Microseconds(), err == nil && strings.TrimLeft(s, "0123456789.") != ""
}
