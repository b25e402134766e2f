package mapper

import "strings"

// signs are what the form of a record is told by. They are found once, and each
// dialect's recogniser looks at them. Only what a gateway itself writes counts: the
// members of a record's own object and not of those within, the beginning and the
// end of a line.
type signs struct {
	keys  uint64 // of a JSON record, by their bits
	shape shape  // of a line
	form  string // format of the first form that fits, and then there are no others

	members  members
	scratch  []byte
	formKeys *formKeys
	seen     keySet // of a JSON record
	objects  []objectForm
	lines    []recordForm

	signOfKey []slot // the sign that a key of formKeys is besides
}

// shape is the form of a line.
type shape uint8

const (
	shapeNone       shape = iota // JSON, or of no gateway that is known
	shapeCombined                // address, user, [time], "request", status, size, and whatever follows
	shapeAPISIX                  // as combined, with a host before the request
	shapeKong                    // as combined, with kong_request_id at the end
	shapeTraefik                 // as combined, with router, server and milliseconds at the end
	shapeHAProxyCLF              // as combined, with two empty strings and the client's port after it
	shapeHAProxy                 // client:port [time with milliseconds]
	shapeEnvoy                   // [ISO time] "
)

// Bits of the keys that tell records apart.
const (
	signOther slot = iota
	signStatus
	signNginxTime
	signNginxRequest
	signRequestText
	signRequestObject
	signResponse
	signStartTime
	signEnvoy
	signTraefikStatus
	signStartedAt
	signKongAudit
	signRouteID
	signTS
	signMsg
	signAudit
	signRequest    // one of the two, when its value is seen
	signAPIVersion // signAudit, if its value says so

	manySigns
)

// Slots of keys: of those that are signs alone, then of formKeys.
const (
	firstSign    = textSlots + 1
	firstFormKey = firstSign + manySigns
)

func newSigns() *signs {
	s := &signs{formKeys: newFormKeys()}
	for _, f := range recordForms() {
		if f.line != nil {
			s.lines = append(s.lines, f)
			continue
		}
		o := objectForm{format: f.format}
		for _, key := range f.keys {
			o.keys.add(s.formKeys.of(key))
		}
		s.objects = append(s.objects, o)
	}
	s.members.slot = func(key string) slot {
		if k, ok := s.formKeys.slots[key]; ok {
			return firstFormKey + k
		}
		return firstSign + signOf(key)
	}
	s.signOfKey = make([]slot, s.formKeys.next)
	for key, k := range s.formKeys.slots {
		s.signOfKey[k] = signOf(key)
	}
	return s
}

func signOf(key string) slot {
	switch key {
	case "status":
		return signStatus
	case "msec", "time_iso8601", "time", "@timestamp", "timestamp", "time_local":
		return signNginxTime
	case "request_uri", "uri", "path", "request_method", "method":
		return signNginxRequest
	case "request":
		return signRequest
	case "response":
		return signResponse
	case "start_time":
		return signStartTime
	case "DownstreamStatus", "OriginStatus":
		return signTraefikStatus
	case "started_at":
		return signStartedAt
	case "request_timestamp":
		return signKongAudit
	case "route_id":
		return signRouteID
	case "ts":
		return signTS
	case "msg":
		return signMsg
	case "auditID":
		return signAudit
	case "apiVersion":
		return signAPIVersion
	}
	switch strings.ReplaceAll(strings.ToLower(key), "-", "_") {
	case "response_code", "response_flags", "response_code_details", "upstream_cluster", "requested_server_name", "grpc_status",
		"downstream_remote_address", "downstream_remote_address_without_port", "downstream_direct_remote_address", "downstream_peer_subject", "downstream_peer_uri_san":
		return signEnvoy
	}
	return signOther
}

func (s *signs) has(keys ...slot) bool {
	for _, k := range keys {
		if s.keys>>k&1 == 0 {
			return false
		}
	}
	return true
}

func (s *signs) any(keys ...slot) bool {
	for _, k := range keys {
		if s.keys>>k&1 == 1 {
			return true
		}
	}
	return false
}

// look finds the signs of a record. escapes tells that there may be a backslash in it.
func (s *signs) look(record []byte, escapes bool) {
	s.keys, s.shape, s.form, s.seen, s.scratch = 0, shapeNone, "", keySet{}, s.scratch[:0]
	i := skipSpace(record, 0)
	if i == len(record) || record[i] != '{' {
		s.lookAtLine(view(record))
		return
	}
	// Of an object that is broken what was read counts: its dialect tells what is wrong with it.
	_ = s.members.each(record, escapes, &s.scratch, nil, func(k slot, _, value string, quoted bool) {
		if k >= firstFormKey {
			k -= firstFormKey
			s.seen.add(k)
			for i, values := 0, s.formKeys.values[k]; i < len(values); i++ {
				if values[i].is(value, quoted) {
					s.seen.add(values[i].slot)
				}
			}
			k = firstSign + s.signOfKey[k]
		}
		switch k -= firstSign; {
		case k == signRequest && quoted:
			k = signRequestText
		case k == signRequest && value[0] == '{':
			k = signRequestObject
		case k == signAPIVersion && strings.HasPrefix(value, "audit.k8s.io/"):
			k = signAudit
		case k == signRequest || k == signAPIVersion:
			k = signOther
		}
		s.keys |= 1 << k
	})
	for i := range s.objects {
		if s.objects[i].keys.in(&s.seen) {
			s.form, s.keys = s.objects[i].format, 0
			return
		}
	}
}

func (s *signs) lookAtLine(line string) {
	for i := range s.lines {
		if s.lines[i].line(line) {
			s.form = s.lines[i].format
			return
		}
	}
	s.shape = shapeOf(line)
}

// shapeOf is the form of a line.
func shapeOf(s string) shape {
	switch {
	case len(s) > 24 && s[0] == '[':
		if s[5] == '-' && s[8] == '-' && s[11] == 'T' && strings.Contains(s[:min(len(s), 48)], `] "`) {
			return shapeEnvoy
		}
		return shapeNone
	case isHAProxyLine(s):
		return shapeHAProxy
	case !isSyslog(s):
		return combinedShape(s)
	case hasHAProxyLine(s):
		return shapeHAProxy
	case combinedShape(s) == shapeHAProxyCLF: // nginx's dialect reads no syslog
		return shapeHAProxyCLF
	}
	return shapeNone
}

// combinedShape tells the forms apart that begin as combined does.
func combinedShape(s string) shape {
	_, rest, ok := strings.Cut(s, " ")
	if !ok || strings.HasPrefix(s, " ") {
		return shapeNone
	}
	end := stampEnd(rest)
	if end < 0 {
		return shapeNone
	}
	rest = rest[end:]
	hosted := rest != "" && rest[0] != '"'
	if hosted {
		if _, rest, ok = strings.Cut(rest, " "); !ok || rest == "" || rest[0] != '"' {
			return shapeNone
		}
	}
	_, rest, ok = cutStatus(rest)
	switch {
	case !ok:
		return shapeNone
	case hosted:
		return shapeAPISIX
	case isTraefikEnd(rest):
		return shapeTraefik
	case isKongEnd(rest):
		return shapeKong
	}
	if _, rest, _ = strings.Cut(rest[4:], " "); strings.HasPrefix(rest, `"" "" `) && len(rest) > 6 && rest[6]-'0' <= 9 {
		return shapeHAProxyCLF
	}
	return shapeCombined
}

// stampEnd is where what follows [02/Jan/2006:15:04:05 -0700] begins; -1 when there
// is no stamp. A user may have written one into his name: the last before the first
// quote counts, and the first when a name holds a quote.
func stampEnd(s string) int {
	quote := strings.IndexByte(s, '"')
	for before := s[:max(quote, 0)]; ; {
		n := strings.LastIndex(before, "] ")
		if n < 0 {
			break
		}
		if isStampAt(s, n) {
			return n + 2
		}
		before = before[:n]
	}
	for from := 0; ; {
		n := strings.Index(s[from:], "] ")
		if n < 0 {
			return -1
		}
		if n += from; isStampAt(s, n) {
			return n + 2
		}
		from = n + 2
	}
}

// isStampAt tells whether [02/Jan/2006:15:04:05 -0700 ends at s[end].
func isStampAt(s string, end int) bool {
	const length = len("[02/Jan/2006:15:04:05 -0700")
	open := end - length
	return open >= 0 && s[open] == '[' && s[open+3] == '/' && s[open+7] == '/' && s[open+12] == ':' && s[open+21] == ' '
}

// isTraefikEnd tells whether a line ends as Traefik's do: "router" "server" 12ms.
func isTraefikEnd(s string) bool {
	s, ok := strings.CutSuffix(s, "ms")
	space := strings.LastIndexByte(s, ' ')
	if !ok || space < 0 {
		return false
	}
	_, ok = whole(s[space+1:])
	return ok && strings.HasSuffix(s[:space], `"`)
}

func isKongEnd(s string) bool {
	const label = ` kong_request_id: "`
	n := strings.LastIndex(s, label)
	return n >= 0 && strings.IndexByte(s[n+len(label):], '"') == len(s)-n-len(label)-1
}

// isHAProxyLine tells whether a line begins with client:port [21/Nov/2026:01:26:57.404] .
func isHAProxyLine(s string) bool {
	client, rest, ok := strings.Cut(s, " [")
	return ok && strings.IndexByte(client, ' ') < 0 && strings.IndexByte(client, ':') >= 0 && isMilliStamp(rest)
}

// hasHAProxyLine tells it of what syslog puts before a line, whatever fields that has.
func hasHAProxyLine(s string) bool {
	for {
		before, rest, ok := strings.Cut(s, " [")
		if !ok {
			return false
		}
		if isMilliStamp(rest) {
			return strings.IndexByte(before[strings.LastIndexByte(before, ' ')+1:], ':') >= 0
		}
		s = rest
	}
}

// isMilliStamp tells whether s begins with 21/Nov/2026:01:26:57.404] .
func isMilliStamp(s string) bool {
	const length = len("21/Nov/2026:01:26:57.404")
	return len(s) > length+1 && s[2] == '/' && s[6] == '/' && s[20] == '.' && s[length:length+2] == "] "
}

// isSyslog tells whether a line begins as syslog's do: <134>, or
// Nov 21 01:26:57 (RFC 3164), or 2026-11-21T01:26:57 (RFC 5424, and files of rsyslog).
func isSyslog(s string) bool {
	if len(s) < 20 {
		return false
	}
	if s[0] == '<' {
		n, ok := whole(s[1:max(1, strings.IndexByte(s[:6], '>'))])
		return ok && n < 192
	}
	return s[3] == ' ' && s[6] == ' ' && s[9] == ':' && s[12] == ':' && isLetter(s[0]) ||
		strings.HasPrefix(s, "20") && s[4] == '-' && s[7] == '-' && s[10] == 'T' && s[13] == ':'
}
