package mapper

import (
	"strings"
	"unsafe"

	"github.com/actiontrail/actiontrail/event"
)

// request is the neutral form of a gateway's record. Its strings alias the
// record, or the request's own scratch where the record escaped them; they need
// not be UTF-8. What the gateway writes as "-" is empty.
type request struct {
	time      event.Time
	peer      string // address that the gateway saw
	forwarded string // X-Forwarded-For
	user      string // of a Basic header, mostly unchecked
	consumer  string // of the gateway's own authentication
	clientDN  string // subject of the client's certificate
	verified  bool   // the gateway checked that certificate
	method    string
	path      string // as it was sent: not decoded, not cleaned
	query     string // as it was sent, without the question mark
	host      string
	server    string // the server's own name, where there is no host
	status    int
	bytes     int64 // of the response: of its body, where the gateway tells that apart; -1: not known
	duration  int64 // microseconds; -1: not known
	userAgent string
	referer   string
	requestID string
	route     string // the gateway's own name of the route that it took
	upstream  string // the gateway's own name of the service behind it
	checked   checked
	told      told
	session   session
	fields    []field // all other fields of the record, by the name it gives them

	userID      string  // user, where the gateway has a field of its own for whom it authenticated
	consumerID  string  // the gateway's id of the consumer
	consumerKey string  // and of the credential that it came with; never the credential
	facts       []fact  // for additionalEventData
	headers     []field // of the request, where the record has an object of them, by the names it gives them
	hidden      []span  // of the record, what must not leave the machine

	scratch []byte // unescaped text
}

// checked says which names of the caller the gateway itself has verified.
type checked struct {
	user, consumer bool
	claims         bool // the fields jwt_claim_…: of a token that it has verified
	failed         bool // the opposite: it refused whoever that is, whatever the status says
}

// told is what a gateway says of the action by itself, where it knows more than
// method and path: an audit log does. A route of the rules goes before it.
type told struct {
	id                         string // of the event, made of what a gateway's own audit says of the record and no client can choose: the same however often the record comes; empty: from its place
	action, service            string
	eventType                  string // empty: a call
	rw                         string // event.Read or event.Write
	apiVersion                 string
	resourceType, resourceName string
	errorCode, errorMessage    string
	actor                      actor
}

// actor is who acted, where the record tells more of them than a name.
type actor struct {
	kind, name, id, key string // of event.Identity: Type, UserName, PrincipalID, AccessKeyID
	source              string // the same: Source; empty: as the order calls it
	claimed             bool   // nobody has checked that it is them
	extra               event.Object
}

// fact is a member of additionalEventData that a dialect has.
type fact struct {
	key
	value string
}

// add adds a fact, if there is one.
func (q *request) add(k key, value string) {
	if value != "" {
		q.facts = append(q.facts, fact{k, value})
	}
}

// field is a named value of the record.
type field struct{ name, value string }

func (q *request) reset() {
	fields, facts, scratch := q.fields[:0], q.facts[:0], q.scratch[:0]
	*q = request{}
	q.fields, q.facts, q.scratch, q.bytes, q.duration = fields, facts, scratch, -1, -1
}

// field is the value of another field of the record; "" when it has none.
func (q *request) field(name string) string {
	for i := range q.fields {
		if q.fields[i].name == name {
			return q.fields[i].value
		}
	}
	return ""
}

// header is the value of a request header that the gateway logs. key is the name
// as nginx has it: http_ and the header in lower case with underscores.
func (q *request) header(s slot, key string) string {
	switch s {
	case slotReferer:
		return q.referer
	case slotUserAgent:
		return q.userAgent
	case slotForwarded:
		return q.forwarded
	case slotHost:
		return q.host
	}
	if v := q.field(key); v != "" || len(q.headers) == 0 {
		return v
	}
	return q.sent(key)
}

// headerSlot is where a header stands that has a place of its own.
func headerSlot(key string) slot {
	switch key {
	case "http_referer", "http_user_agent", "http_x_forwarded_for", "http_host":
		return slotOf(key)
	}
	return slotField
}

// headerKey is the key of a header for request.header.
func headerKey(name string) string {
	return "http_" + strings.ReplaceAll(strings.ToLower(name), "-", "_")
}

// setRequestLine takes "METHOD target PROTOCOL". What has another form (the first
// bytes of a TLS handshake on a plain port, for one) leaves method and path empty.
// A method that nobody knows is one all the same, when a protocol is named.
func (q *request) setRequestLine(line string) {
	method, target, ok := cut(line, ' ')
	protocol := false
	if i := strings.LastIndexByte(target, ' '); i >= 0 && strings.HasPrefix(target[i+1:], "HTTP/") {
		target, protocol = target[:i], true
	}
	if ok && (isMethod(method) || protocol && isToken(method)) {
		q.method = method
		q.setTarget(strings.TrimRight(target, " "))
	}
}

// setTarget takes the request target, in any of its forms (RFC 9112 §3.2).
func (q *request) setTarget(target string) {
	if i := absolute(target); i > 0 {
		rest := target[i+3:]
		slash := strings.IndexAny(rest, "/?")
		if slash < 0 {
			slash = len(rest)
		}
		if q.host == "" {
			q.host = rest[:slash]
		}
		target = rest[slash:]
	}
	if i := strings.IndexByte(target, '#'); i >= 0 {
		target = target[:i]
	}
	q.path, q.query, _ = cut(target, '?')
	if q.path == "" {
		q.path = "/"
	}
}

// absolute is where the authority of a target in absolute form begins, less the
// three bytes before it; 0 for other forms.
func absolute(target string) int {
	if target == "" || target[0] == '/' {
		return 0
	}
	return max(0, strings.Index(target, "://"))
}

// isMethod tells whether s may be an HTTP method: a short word of capitals.
func isMethod(s string) bool {
	if s == "" || len(s) > 24 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// isToken tells whether s may be a method of whatever a client makes up: a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !(c|0x20 >= 'a' && c|0x20 <= 'z') && !isDigit(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}

// dash is s, or empty where the gateway writes that there is none.
func dash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// or is a, or b where a is empty: cmp.Or for two, which is faster.
func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// cut is strings.Cut at a byte, which is faster.
func cut(s string, at byte) (before, after string, found bool) {
	if i := strings.IndexByte(s, at); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// view is b as a string, without a copy: it lives and changes with b.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf is s as bytes, without a copy: they are only to be read.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
