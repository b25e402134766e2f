package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// readNginxJSON reads a line of a log_format with escape=json: one flat object.
// Its keys are what the operator chose; the names of nginx's variables are
// known, and the names people commonly give them. All others can be used in rules
// as fields.<key>.
func (m *Mapper) readNginxJSON(line []byte) error {
	q := &m.request
	var stamps stamps
	var request, uri, args string
	var hasArgs bool
	err := eachMember(line, &q.scratch, func(key, value string, quoted bool) {
		if value = dash(value); value == "" || !quoted && value == "null" {
			return
		}
		switch key {
		case "msec":
			stamps.epoch = value
		case "time_iso8601", "time", "@timestamp", "timestamp":
			stamps.iso = value
		case "time_local":
			stamps.local = value
		case "remote_addr", "client_ip", "remote_ip":
			q.peer = value
		case "http_x_forwarded_for", "x_forwarded_for":
			q.forwarded = value
		case "remote_user":
			q.user = value
		case "consumer", "http_x_consumer_username":
			q.consumer = value
		case "ssl_client_s_dn":
			q.clientDN = value
		case "ssl_client_verify":
			q.verified = value == "SUCCESS"
		case "request":
			request = value
		case "request_method", "method":
			if isMethod(value) {
				q.method = value
			}
		case "request_uri":
			uri, hasArgs = value, true
		case "uri", "path":
			if uri == "" {
				uri = value
			}
		case "args", "query_string", "query":
			args = value
		case "http_host", "host":
			q.host = value
		case "server_name":
			q.server = value
		case "status":
			q.status, _ = status(value)
		case "body_bytes_sent":
			if n, ok := whole(value); ok {
				q.bytes = n
			}
		case "request_time":
			if n, ok := micros(value); ok {
				q.duration = n
			}
		case "http_user_agent", "user_agent":
			q.userAgent = value
		case "http_referer", "referer":
			q.referer = value
		case "request_id":
			q.requestID = value
		default:
			q.fields = append(q.fields, field{key, value})
		}
	})
	if err != nil {
		return fmt.Errorf("not a JSON record: %w", err)
	}
	if q.time, err = m.clock.pick(&stamps, m.opt.TimeZone); err != nil {
		return err
	}
	switch {
	case uri != "":
		q.setTarget(uri)
		if !hasArgs && q.query == "" {
			q.query = args
		}
		if q.method == "" {
			q.method, _, _ = strings.Cut(request, " ")
			if !isMethod(q.method) {
				q.method = ""
			}
		}
	case request != "":
		q.setRequestLine(request)
	case q.method == "" && q.status == 0:
		return errors.New("not a request: it has neither request, request_uri nor uri")
	}
	if q.status == 0 {
		return errors.New("not a request: its status is missing or wrong")
	}
	return nil
}

// micros reads seconds with a fraction as microseconds.
func micros(s string) (int64, bool) {
	seconds, fraction, _ := cut(s, '.')
	n, ok := whole(seconds)
	if !ok || n > 1<<40 {
		return 0, false
	}
	n *= 1e6
	unit := int64(1e5)
	for i := 0; i < len(fraction) && i < 6; i++ {
		c := fraction[i] - '0'
		if c > 9 {
			return 0, false
		}
		n += int64(c) * unit
		unit /= 10
	}
	return n, true
}
