package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// readNginx decides by the record's first byte which of nginx's two forms it has.
func (m *Mapper) readNginx(line []byte) error {
	if i := skipSpace(line, 0); i < len(line) && line[i] == '{' {
		return m.readNginxJSON(line)
	}
	return m.readCombined(line)
}

// readNginxJSON reads a line of a log_format with escape=json: one flat object.
// Its keys are what the operator chose; the names of nginx's variables are
// known, and the names people commonly give them. All others can be used in rules
// as fields.<key>.
func (m *Mapper) readNginxJSON(line []byte) error {
	q := &m.request
	var n nginxValues
	err := m.members.eachMarked(line, m.text.quotesOf(line), m.text.escapes, &q.scratch, n.text[:], func(slot slot, key, value string, quoted bool) {
		if value = dash(value); value != "" && (quoted || value != "null") {
			n.put(q, slot, key, value)
		}
	})
	if err != nil {
		return fmt.Errorf("not a JSON record: %w", err)
	}
	return m.settleNginx(&n)
}

// nginxValues are the values of nginx's variables in a record, as far as the
// request does not hold them yet.
type nginxValues struct {
	text    [slotField]string
	uri     string
	hasArgs bool // uri has them
}

// put puts a value where it belongs.
func (n *nginxValues) put(q *request, slot slot, key, value string) {
	if slot >= slotField {
		q.fields = append(q.fields, field{key, value})
		return
	}
	if slot >= textSlots && n.text[slot] != "" {
		n.parse(q) // before it is forgotten
	}
	n.text[slot] = value
}

// parse reads the values that are not text alone. One that is wrong says nothing.
func (n *nginxValues) parse(q *request) {
	text := &n.text
	if v := text[slotVerified]; v != "" {
		q.verified = v == "SUCCESS"
	}
	if v := text[slotMethod]; isMethod(v) {
		q.method = v
	}
	if v := text[slotRequestURI]; v != "" {
		n.uri, n.hasArgs = v, true
	} else if n.uri == "" {
		n.uri = text[slotPath]
	}
	if v := text[slotStatus]; v != "" {
		q.status, _ = status(v)
	}
	if v, ok := whole(text[slotBytes]); ok {
		q.bytes = v
	}
	if v, ok := micros(text[slotDuration]); ok {
		q.duration = v
	}
}

// settleNginx makes the request of the values.
func (m *Mapper) settleNginx(n *nginxValues) error {
	text := &n.text
	var err error
	if m.request.time, err = m.clock.pick(&stamps{text[slotEpoch], text[slotISO], text[slotLocal]}, m.opt.TimeZone); err != nil {
		return err
	}
	return m.settle(n)
}

// settle makes the request of the values, but for its time.
func (m *Mapper) settle(n *nginxValues) error {
	q, text := &m.request, &n.text
	n.parse(q)
	q.peer, q.forwarded, q.user, q.consumer, q.clientDN = text[slotPeer], text[slotForwarded], text[slotUser], text[slotConsumer], text[slotClientDN]
	q.host, q.server, q.userAgent, q.referer, q.requestID = text[slotHost], text[slotServer], text[slotUserAgent], text[slotReferer], text[slotRequestID]
	request, args := text[slotRequest], text[slotQuery]
	switch {
	case n.uri != "":
		q.setTarget(n.uri)
		if !n.hasArgs && q.query == "" {
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
	seconds, fraction := cutPoint(s)
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

// slot says what a key of a record means to the mapper.
type slot uint8

const (
	slotEpoch slot = iota
	slotISO
	slotLocal
	slotPeer
	slotForwarded
	slotUser
	slotConsumer
	slotClientDN
	slotRequest
	slotQuery
	slotHost
	slotServer
	slotUserAgent
	slotReferer
	slotRequestID

	textSlots // below: text and nothing else

	slotVerified
	slotMethod
	slotRequestURI
	slotPath
	slotStatus
	slotBytes
	slotDuration
	slotField // a field that only rules name
)

func slotOf(key string) slot {
	switch key {
	case "msec":
		return slotEpoch
	case "time_iso8601", "time", "@timestamp", "timestamp":
		return slotISO
	case "time_local":
		return slotLocal
	case "remote_addr", "client_ip", "remote_ip":
		return slotPeer
	case "http_x_forwarded_for", "x_forwarded_for":
		return slotForwarded
	case "remote_user":
		return slotUser
	case "consumer", "http_x_consumer_username":
		return slotConsumer
	case "ssl_client_s_dn":
		return slotClientDN
	case "ssl_client_verify":
		return slotVerified
	case "request":
		return slotRequest
	case "request_method", "method":
		return slotMethod
	case "request_uri":
		return slotRequestURI
	case "uri", "path":
		return slotPath
	case "args", "query_string", "query":
		return slotQuery
	case "http_host", "host":
		return slotHost
	case "server_name":
		return slotServer
	case "status":
		return slotStatus
	case "body_bytes_sent":
		return slotBytes
	case "request_time":
		return slotDuration
	case "http_user_agent", "user_agent":
		return slotUserAgent
	case "http_referer", "referer":
		return slotReferer
	case "request_id", "kong_request_id", "apisix_request_id":
		return slotRequestID
	}
	return slotField
}
