package mapper

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// envoy reads the access log of Envoy, and of what is built on it (istio, Envoy
// Gateway, Contour), in the format that the operator gave it:
//
//   - without log_format: Envoy's default text, the defaults of istio, or JSON with
//     the usual names;
//   - with a text format: that one;
//   - with a JSON format ({"time":"%START_TIME%"}): records with its keys.
type envoy struct {
	head  *envoyLine    // of all default texts, up to the response flags
	tails [4]*envoyLine // after it, see tail
	line  *envoyLine    // of log_format
	names *envoyNames   // of log_format, or the usual ones

	payload            members // of a token
	headers, claimKeys fieldNames

	// Of the record that is read.
	route, cluster    string
	subject, san      string
	remote, direct    string
	flags, grpc       string
	authority, server string
	doubt             doubts
	depth             int // of objects
}

// What the default texts have in common, and how each goes on: Envoy's own
// (source/common/formatter), istio's of today, of 1.3 to 1.8, and before that
// (pilot's EnvoyTextLogFormat).
const (
	envoyHead = `[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% `
	envoyMid  = `%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"`
	istioMid  = envoyMid + ` %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME%`
)

// newEnvoy compiles the operator's format.
func newEnvoy(opt *Options) (reader, error) {
	e := &envoy{headers: fieldNames{}, claimKeys: fieldNames{}}
	e.payload.slot = func(string) slot { return slotField }
	format := strings.TrimSpace(opt.LogFormat)
	var err error
	switch {
	case strings.HasPrefix(format, "{"):
		e.names, err = parseEnvoyNames(format)
	case format != "":
		e.line, err = parseEnvoyLine(opt.LogFormat)
	default:
		e.names = usualEnvoyNames()
		e.head, err = parseEnvoyLine(envoyHead + "%REST%")
		for i, form := range [...]string{
			envoyMid,
			`%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" ` + istioMid + ` %ROUTE_NAME%`,
			`"%DYNAMIC_METADATA(istio.mixer:status)%" "%UPSTREAM_TRANSPORT_FAILURE_REASON%" ` + istioMid + ` %ROUTE_NAME%`,
			`"%UPSTREAM_TRANSPORT_FAILURE_REASON%" ` + istioMid + ` %ROUTE_NAME%`,
		} {
			if err == nil {
				e.tails[i], err = parseEnvoyLine(form)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return e.read, nil
}

// read reads a record.
func (v *envoy) read(m *Mapper, line []byte) error {
	v.route, v.cluster, v.subject, v.san, v.remote, v.direct, v.flags, v.grpc = "", "", "", "", "", "", "", ""
	v.authority, v.server, v.doubt, v.depth = "", "", doubts{}, 0
	s := view(line)
	switch i := skipSpace(line, 0); {
	case v.names != nil && i < len(line) && line[i] == '{':
		if err := v.names.read(m, v, line); err != nil {
			return fmt.Errorf("not a JSON record: %w", err)
		}
	case v.line != nil:
		if err := v.line.read(m, v, s); err != nil {
			return err
		}
	case v.head != nil:
		if err := v.readDefault(m, s); err != nil {
			return err
		}
	default:
		return errObject
	}
	return v.finish(m)
}

// readDefault reads a line of one of the default texts. They are alike up to the
// response flags; what follows them tells which one it is.
func (v *envoy) readDefault(m *Mapper, s string) error {
	n := 0
	for i := range v.head.parts[:len(v.head.parts)-1] {
		p := &v.head.parts[i]
		rest, ok := strings.CutPrefix(s[n:], p.before)
		if !ok {
			return v.head.missing(i)
		}
		end := strings.Index(rest, v.head.parts[i+1].before)
		if end < 0 {
			return v.head.missing(i + 1)
		}
		if err := v.take(m, &p.op, rest[:end]); err != nil {
			return err
		}
		n = len(s) - len(rest) + end
	}
	rest, ok := strings.CutPrefix(s[n:], " ")
	if !ok || rest == "" {
		return errors.New("not in a format of Envoy: it ends after the response flags")
	}
	return v.tails[tail(rest)].read(m, v, rest)
}

// tail says how the text after the response flags goes on, by what nobody but the
// proxy writes.
func tail(s string) int {
	switch {
	case s[0] >= '0' && s[0] <= '9':
		return 0
	case s[0] != '"':
		return 1
	}
	if _, rest, ok := strings.Cut(s[1:], `" `); ok && strings.HasPrefix(rest, `"`) {
		return 2
	}
	return 3
}

// take gives the request a value of the record.
func (v *envoy) take(m *Mapper, op *envoyOperator, s string) error {
	q := &m.request
	if s == "-" || s == "" {
		return nil
	}
	switch op.kind {
	case envoyStart:
		rest, ok := v.start(m, op, s)
		if !ok || rest != "" {
			return fmt.Errorf("time %q is not in the format", s)
		}
		return nil
	case envoyMethod:
		if isMethod(s) {
			q.method = s
		}
	case envoyPath:
		q.setTarget(s)
	case envoyStatus:
		if s != "0" { // no response was begun
			var ok bool
			if q.status, ok = status(s); !ok {
				return errors.New("its status is wrong")
			}
		}
	case envoySent:
		if n, ok := whole(s); ok {
			q.bytes = n
		}
	case envoyDuration:
		if n, ok := whole(strings.TrimSuffix(s, "ms")); ok && n < 1<<50 {
			q.duration = n * 1000
		}
	case envoyRemote:
		v.remote = stripPort(s)
	case envoyDirect:
		v.direct = stripPort(s)
	case envoyForwarded:
		q.forwarded = s
	case envoyAgent:
		q.userAgent = s
	case envoyReferer:
		q.referer = s
	case envoyRequestID:
		q.requestID = s
	case envoyAuthority:
		v.authority = s
	case envoyServer:
		v.server = s
	case envoyRoute:
		v.route = s
	case envoyCluster:
		v.cluster = s
	case envoySubject:
		v.subject = s
	case envoySAN:
		v.san = s
	case envoyFlags:
		v.flags = s
	case envoyGRPC:
		v.grpc = s
	case envoyClaim:
		q.checked.claims = true
	case envoyClaims:
		return v.claims(m, s)
	case envoyText:
		return op.line.read(m, v, s)
	case envoyObject:
		if s[0] != '{' {
			return nil
		}
		return op.object.read(m, v, bytesOf(s))
	}
	if op.kind == envoyField || op.kind >= envoyRoute {
		q.fields = append(q.fields, field{op.name, s})
		if op.key != "" {
			q.fields = append(q.fields, field{op.key, s})
		}
	}
	return nil
}

// start reads the time from the beginning of s. Envoy's is UTC.
func (v *envoy) start(m *Mapper, op *envoyOperator, s string) (rest string, ok bool) {
	q := &m.request
	zone := m.opt.TimeZone
	if op.time != nil {
		if !op.local {
			zone = time.UTC
		}
		q.time, rest, ok = op.time.read(s, zone)
		return rest, ok
	}
	var err error
	if len(s) > 5 && s[4] != '-' {
		q.time, err = m.clock.epoch(s)
	} else {
		q.time, err = m.clock.iso(s, zone)
	}
	return "", err == nil
}

// finish puts together what several values of the record say.
func (v *envoy) finish(m *Mapper) error {
	q := &m.request
	if q.time == (event.Time{}) {
		return errors.New("not a request: its start time is missing")
	}
	q.host, q.server = cmp.Or(v.authority, q.host), v.server
	q.route, q.upstream = v.route, clusterService(v.cluster)
	q.clientDN = cmp.Or(v.subject, v.san)
	q.verified = q.clientDN != ""
	if q.peer = cmp.Or(v.remote, v.direct); v.doubt.peer {
		q.peer = ""
	}
	if v.doubt.forwarded {
		q.forwarded = ""
	}
	if v.doubt.who {
		q.verified, q.checked.claims = false, false
	}
	if q.peer == "" && !v.doubt.peer {
		// Envoy at the edge adds its own peer to X-Forwarded-For, as the last one.
		comma := strings.LastIndexByte(q.forwarded, ',')
		q.peer, q.forwarded = stripPort(strings.TrimSpace(q.forwarded[comma+1:])), q.forwarded[:max(comma, 0)]
	}
	if v.grpc != "" {
		q.grpc(v.grpc)
	}
	if q.status == 0 {
		if q.method == "" && q.path == "" {
			q.told.action = tcpConnection
			q.told.errorCode = v.flags
		} else {
			q.status = clientGone
		}
	}
	return nil
}

const (
	tcpConnection = "TcpConnection" // a record of a proxy that knows of no request
	clientGone    = 499             // the client went before there was a response; the name is nginx's
)

// clusterService is the service behind a cluster. istio's are named
// direction|port|subset|host; that of a sidecar's own program has no host.
func clusterService(cluster string) string {
	switch {
	case cluster == "PassthroughCluster" || cluster == "BlackHoleCluster" || cluster == "InboundPassthroughCluster":
		return ""
	case strings.Count(cluster, "|") == 3:
		return cluster[strings.LastIndexByte(cluster, '|')+1:]
	}
	return cluster
}
