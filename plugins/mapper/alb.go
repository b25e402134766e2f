package mapper

import (
	"errors"
	"strings"
)

// albFields are what stands behind the request line, in order ("Access log entries"
// of the Application Load Balancer); later fields are added at the end.
var albFields = [...]string{"user_agent", "ssl_cipher", "ssl_protocol", "target_group_arn", "trace_id", "domain_name", "chosen_cert_arn", "matched_rule_priority", "request_creation_time",
	"actions_executed", "redirect_url", "error_reason", "target_port_list", "target_status_code_list", "classification", "classification_reason", "conn_trace_id",
	"transformed_host", "transformed_uri", "transformed_status"}

// readALB reads a line of the access log of AWS' load balancers: of the Application
// one, which begins with the type of the connection, or of the Classic one, which
// begins with the time:
//
//	https 2026-11-21T01:26:57.404123Z app/edge/50dc6c49 192.0.2.7:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET https://a.example:443/ HTTP/1.1" "curl/8.5.0" …
//
// All that it decides itself stands before the request line.
func (m *Mapper) readALB(record []byte) error {
	q := &m.request
	var head [12]string // type, time, name, client, target, three durations, two statuses, two sizes
	rest := view(record)
	from := 0
	if len(rest) > 10 && rest[4] == '-' && isDigit(rest[0]) {
		from = 1 // Classic
	}
	for i := from; i < len(head); i++ {
		var ok bool
		if head[i], rest, ok = cut(rest, ' '); !ok {
			return notALB("beginning")
		}
	}
	if !strings.HasPrefix(rest, `"`) {
		return notALB("request")
	}
	line, rest, ok := q.quoted(rest)
	if !ok {
		return notALB("request")
	}
	var fields [len(albFields)]string
	for i := range fields {
		if rest = strings.TrimPrefix(rest, " "); rest == "" {
			break
		}
		if rest[0] == '"' {
			if fields[i], rest, ok = q.quoted(rest); !ok || rest != "" && rest[0] != ' ' {
				return notALB(albFields[i])
			}
		} else {
			fields[i], rest, _ = cut(rest, ' ')
		}
		if fields[i] = dash(fields[i]); fields[i] != "" && i > 0 {
			q.fields = append(q.fields, field{albFields[i], fields[i]})
		}
	}
	var err error
	if q.time, err = m.clock.iso(or(fields[8], head[1]), m.opt.TimeZone); err != nil {
		return err
	}
	q.peer = stripPort(dash(head[3]))
	for i, name := range [...]string{"type", "", "elb", "", "target", "", "", "", "", "target_status"} {
		if name != "" && dash(head[i]) != "" {
			q.fields = append(q.fields, field{name, head[i]})
		}
	}
	q.setSize(head[11])
	q.setALBDuration(head[5:8])
	tcp := strings.HasPrefix(line, "- ") // of a listener that knows nothing of HTTP
	if !tcp {
		q.setRequestLine(line)
	}
	switch code := dash(head[8]); {
	case code != "" && !q.setStatus(code):
		return errNoStatus
	case code == "" && tcp:
		q.told.action = tcpConnection
	case code == "":
		q.status = clientGone
	}
	q.userAgent, q.requestID = fields[0], fields[4]
	q.host = or(q.host, fields[5])
	if _, group, ok := strings.Cut(fields[3], ":targetgroup/"); ok {
		q.upstream, _, _ = cut(group, '/')
	}
	if q.status >= 400 && fields[11] != "" {
		q.told.errorCode, q.told.errorMessage = fields[11], "HTTP status "+head[8]
	}
	return nil
}

// setALBDuration adds up the three durations; -1 stands for one that did not come to be.
func (q *request) setALBDuration(parts []string) {
	all := int64(0)
	for _, s := range parts {
		n, ok := micros(s)
		if !ok {
			return
		}
		all += n
	}
	q.duration = all
}

func notALB(what string) error {
	return errors.New("not a line of a load balancer: its " + what + " is missing or wrong")
}

// isALB tells a line of the Application Load Balancer by its type, its time and its
// name, and one of the Classic one by all that stands before the request.
func isALB(s string) bool {
	kind, rest, ok := cut(s, ' ')
	switch kind {
	case "http", "https", "h2", "grpcs", "ws", "wss":
	default:
		rest = s
		kind = ""
	}
	if !ok || len(rest) < 40 || rest[4] != '-' || rest[7] != '-' || rest[10] != 'T' || rest[19] != '.' || rest[26] != 'Z' || rest[27] != ' ' {
		return false
	}
	name, rest, _ := cut(rest[28:], ' ')
	if kind != "" {
		return strings.HasPrefix(name, "app/")
	}
	for range 9 { // client, target, durations, statuses, sizes
		var word string
		if word, rest, ok = cut(rest, ' '); !ok || word == "" || strings.Trim(word, "0123456789abcdefABCDEF.:[]-") != "" {
			return false
		}
	}
	return strings.HasPrefix(rest, `"`)
}
