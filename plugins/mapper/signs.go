package mapper

import "strings"

// signs are what the form of a record is told by. They are found once, and each
// dialect's recogniser looks at them. Only what a gateway itself writes counts: the
// members of a record's own object and not of those within, the beginning and the
// end of a line.
type signs struct {
	keys  uint64 // of a JSON record, by their bits
	shape shape  // of a line

	members members
	scratch []byte
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
	signLatencies
	signStartedAt
	signTS
	signMsg
	signAuditID
	signStage
	signRequest // either of the two, until its value is seen
)

const firstSign = textSlots + 1

func newSigns() *signs {
	s := &signs{}
	s.members.slot = func(key string) slot { return firstSign + signOf(key) }
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
	case "latencies":
		return signLatencies
	case "started_at":
		return signStartedAt
	case "ts":
		return signTS
	case "msg":
		return signMsg
	case "auditID":
		return signAuditID
	case "stage":
		return signStage
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
	s.keys, s.shape, s.scratch = 0, shapeNone, s.scratch[:0]
	i := skipSpace(record, 0)
	if i == len(record) || record[i] != '{' {
		s.shape = shapeOf(view(record))
		return
	}
	// Of an object that is broken what was read counts: its dialect tells what is wrong with it.
	_ = s.members.each(record, escapes, &s.scratch, nil, func(k slot, _, value string, quoted bool) {
		k -= firstSign
		if k == signRequest {
			if k = signRequestObject; quoted {
				k = signRequestText
			} else if value[0] != '{' {
				k = signOther
			}
		}
		s.keys |= 1 << k
	})
}

// shapeOf is the form of a line.
func shapeOf(s string) shape {
	switch {
	case len(s) > 24 && s[0] == '[':
		if s[5] == '-' && s[8] == '-' && s[11] == 'T' && strings.Contains(s[:min(len(s), 48)], `] "`) {
			return shapeEnvoy
		}
		return shapeNone
	case isHAProxyLine(withoutSyslog(s)):
		return shapeHAProxy
	}
	return combinedShape(s)
}

// combinedShape tells the forms apart that begin as combined does.
func combinedShape(s string) shape {
	s = withoutSyslog(s)
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
	if !ok || strings.IndexByte(client, ' ') >= 0 || strings.IndexByte(client, ':') < 0 {
		return false
	}
	const length = len("21/Nov/2026:01:26:57.404")
	return len(rest) > length+1 && rest[2] == '/' && rest[6] == '/' && rest[20] == '.' && rest[length:length+2] == "] "
}

// withoutSyslog is a line without what syslog puts before it: <134>Nov 21 01:26:57
// host program[123]: (RFC 3164), or <134>1 2026-11-21T01:26:57Z host program 123 - -
// (RFC 5424); the priority may be missing.
func withoutSyslog(s string) string {
	rest := s
	if strings.HasPrefix(rest, "<") {
		n := strings.IndexByte(rest[:min(len(rest), 5)], '>')
		if n < 2 {
			return s
		}
		rest = rest[n+1:]
	}
	if len(rest) < 16 {
		return s
	}
	fields := 0 // after the time
	switch {
	case strings.HasPrefix(rest, "1 20") && rest != s:
		rest, fields = rest[2:], 6
	case rest[3] == ' ' && rest[9] == ':' && rest[12] == ':' && rest[15] == ' ' && isLetter(rest[0]):
		rest, fields = rest[16:], 2
	case strings.HasPrefix(rest, "20") && rest[4] == '-' && rest[10] == 'T': // rsyslog's file format
		fields = 3
	default:
		return s
	}
	for range fields {
		var ok bool
		if _, rest, ok = strings.Cut(rest, " "); !ok {
			return s
		}
	}
	return rest
}
