package mapper

import (
	"errors"
	"strconv"
	"strings"
)

// krakendKeys are the variables behind the keys of an access log in JSON that are
// called after them, and others in use.
func krakendKeys() (leaves []wanted, names []string) {
	for _, k := range [...][2]string{
		{"time", "time"}, {"timestamp", "time"}, {"@timestamp", "time"}, {"statusCode", "statusCode"}, {"status_code", "statusCode"}, {"status", "statusCode"}, {"latencyMs", "latencyMs"}, {"latency", "latency"},
		{"clientIP", "clientIP"}, {"client_ip", "clientIP"}, {"method", "method"}, {"path", "path"}, {"userAgent", "userAgent"}, {"user_agent", "userAgent"}, {"host", "host"}, {"traceID", "traceID"}, {"error", "error"},
	} {
		leaves, names = append(leaves, wanted{k[0], plainBranch}), append(names, k[1])
	}
	return leaves, names
}

// krakend reads the access log of KrakenD: the line of gin, on which it is built;
// JSON; or the format that the operator of an Enterprise edition gave it, of
// variables like %{clientIP}.
func krakend(opt *Options) (reader, error) {
	v := &variables{cut: cutKrakend, means: krakendMeaning, form: krakendForm}
	if strings.TrimSpace(opt.LogFormat) != "" {
		return v.open(opt.LogFormat, "ms", opt)
	}
	leaves, names := krakendKeys()
	objects := v.named(leaves, names, &meant{unit: "ms"}, opt)
	return func(m *Mapper, record []byte) error {
		if isObject(record) {
			return objects(m, record)
		}
		return m.readGin(view(record))
	}, nil
}

// readGin reads a line of gin's logger (gin-gonic/gin, logger.go), with colours or without:
//
//	[GIN] 2026/11/21 - 01:26:57 | 200 |    1.2034ms |      192.0.2.7 | GET      "/v1/orders?page=2"
//
// The time is local, and that of the answer; the path is quoted as Go quotes strings.
func (m *Mapper) readGin(s string) error {
	q := &m.request
	s = withoutColours(s)
	rest, ok := strings.CutPrefix(s, "[GIN] ")
	if !ok || len(rest) < len("2006/01/02 - 15:04:05 |") {
		return notGin("beginning")
	}
	var err error
	var stamp [19]byte
	copy(stamp[:10], rest)
	stamp[10] = ' '
	copy(stamp[11:], rest[13:])
	if q.time, err = m.clock.slashed(view(stamp[:]), m.opt.TimeZone); err != nil || rest[10:13] != " - " {
		return notGin("time")
	}
	var fields [4]string // status, latency, address, and what it was
	rest, ok = strings.CutPrefix(rest[21:], " |")
	for i := range fields[:3] {
		if !ok {
			return notGin("fields")
		}
		fields[i], rest, ok = cut(rest, '|')
		fields[i] = strings.TrimSpace(fields[i])
	}
	if !ok || !q.setStatus(fields[0]) {
		return notGin("status")
	}
	q.setDuration(fields[1], "s")
	q.peer = fields[2] // of X-Forwarded-For, if gin was told to trust the peer
	method, target, ok := cut(strings.TrimSpace(rest), ' ')
	if target = strings.TrimLeft(target, " "); !ok || target == "" || target[0] != '"' {
		return notGin("path")
	}
	quoted, err := strconv.QuotedPrefix(target)
	if err != nil {
		return notGin("path")
	}
	if quoted, err = strconv.Unquote(quoted); err != nil {
		return notGin("path")
	}
	m.text.plain = m.text.plain && isASCII(bytesOf(quoted))
	q.setMethod(method)
	if q.method == "" && isToken(method) {
		q.method = method
	}
	q.setTarget(quoted)
	return nil
}

func notGin(what string) error {
	return errors.New("not a line of gin's logger: its " + what + " is missing or wrong")
}

// withoutColours is s without the sequences that colour a terminal.
func withoutColours(s string) string {
	if strings.IndexByte(s, 0x1b) < 0 {
		return s
	}
	var b strings.Builder
	for s != "" {
		text, rest, found := strings.Cut(s, "\x1b[")
		b.WriteString(text)
		if s = rest; !found {
			break
		}
		n := 0
		for n < len(s) && (isDigit(s[n]) || s[n] == ';') {
			n++
		}
		if n < len(s) && s[n] == 'm' {
			s = s[n+1:]
		}
	}
	return b.String()
}

// isGin tells a line of gin's logger by how it begins.
func isGin(s string) bool {
	return strings.HasPrefix(s, "[GIN] ") && len(s) > 30 && s[10] == '/' && s[13] == '/' && s[16:19] == " - " && strings.HasPrefix(s[27:], " |")
}

// cutKrakend finds %{clientIP}.
func cutKrakend(s string) (at int, name, rest string) {
	if at = strings.Index(s, "%{"); at < 0 {
		return -1, "", ""
	}
	name, rest, ok := cut(s[at+2:], '}')
	if !ok {
		return -1, "", ""
	}
	return at, name, rest
}

func krakendMeaning(name string) (meaning, bool) {
	switch name {
	case "time":
		return meansTime, true
	case "statusCode":
		return meansStatus, true
	case "latencyMs", "latency":
		return meansDuration, true
	case "clientIP":
		return meansAddress, true
	case "method":
		return meansMethod, true
	case "path":
		return meansPath, true
	case "host":
		return meansHost, true
	case "userAgent":
		return meansAgent, true
	case "traceID":
		return meansRequestID, true
	case "error":
		return meansErrorMessage, true
	}
	return 0, false
}

func krakendForm(name string) valueForm {
	switch name {
	case "statusCode":
		return formNumber
	case "clientIP":
		return formAddress
	case "method", "latency", "latencyMs", "traceID":
		return formWord
	}
	return formText
}
