package mapper

import (
	"fmt"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Params say which parameters may leave the machine. Captures of a route stand in
// requestParameters as they are, unless Mask names them. Of the query a parameter
// is there with its value when Keep names it, or when it is one of the few that all
// APIs have (safe.go). Of all others the size is there: that something was given
// is seen, what it was is not. Whatever looks like a secret is masked everywhere.
type Params struct {
	Keep    []string
	Mask    []string // over Keep
	Headers []string // logged headers that go into additionalEventData as header:<name>
}

// Check tells what is wrong with it.
func (p *Params) Check() error {
	for _, h := range p.Headers {
		if isSecretHeader(headerKey(h)) {
			return fmt.Errorf("params: the header %s holds secrets and is never stored", h)
		}
	}
	return nil
}

// masked stands for a value that stays on the machine, in place of a secret
// without its size: the length of a password helps to guess it.
const masked = "***"

// maxParams is how many parameters of a query are taken.
const maxParams = 64

type params struct {
	keep, mask names
	headers    []shownHeader
}

// shownHeader is a header that goes into additionalEventData.
type shownHeader struct {
	key
	header string // for request.header
	slot   slot
}

func (p *Params) compile() params {
	c := params{keep: newNames(p.Keep), mask: newNames(p.Mask)}
	headers := slices.Clone(p.Headers)
	slices.Sort(headers)
	for _, h := range slices.Compact(headers) {
		if isSecretHeader(headerKey(h)) {
			continue // whatever the rules say
		}
		c.headers = append(c.headers, shownHeader{newKey("header:" + strings.ToLower(h)), headerKey(h), headerSlot(headerKey(h))})
	}
	return c
}

// fillParams fills requestParameters.
func (m *Mapper) fillParams(e *event.Event) {
	b, rules := &m.params, &m.rules.params
	b.reset()
	q := m.request.query
	for n := 0; q != "" && n < maxParams; n++ {
		var pair string
		pair, q, _ = cut(q, '&')
		if pair == "" {
			continue
		}
		name, value, given := cut(pair, '=')
		name = m.text.valid(m.decoded(name))
		switch {
		case mayHoldSecret(name) && looksSecret(name): // a token without a name
			b.add(key{name: masked}, masked)
		case !given || value == "":
			b.add(key{name: name}, "")
		case rules.mask.has(name) || m.hiddenByRoute(name):
			b.add(key{name: name}, masked)
		case isSafe(name, value):
			b.add(key{name: name}, m.unlessSecret(value))
		case rules.keep.has(name) || m.shownByRoute(name):
			b.add(key{name: name}, m.unlessSecret(m.decoded(value)))
		case isSecretName(name):
			b.add(key{name: name}, masked)
		default:
			b.add(key{name: name}, m.sizes.of(len(value)))
		}
	}
	if r := m.matched; r != nil {
		for i := range r.captures {
			c := &r.captures[i]
			if c.at < len(m.path.segments) {
				value := m.path.captured(&c.spot)
				if c.masked || !m.path.isSeen(&c.spot, value) {
					value = m.shown(&c.namedKey, value)
				}
				b.add(c.key, value)
			}
		}
		for i := range r.parameters {
			p := &r.parameters[i]
			if v := m.eval(p.value); v != "" {
				b.add(p.key, m.shown(&p.namedKey, v))
			}
		}
	}
	e.RequestParameters = b.object()
}

// shownByRoute tells whether the route says that a parameter's value may be seen.
func (m *Mapper) shownByRoute(name string) bool { return m.matched != nil && m.matched.shown.has(name) }

// hiddenByRoute tells whether the route says that a parameter's value may not be seen.
func (m *Mapper) hiddenByRoute(name string) bool {
	return m.matched != nil && m.matched.hidden.has(name)
}

// namedKey is a name that rules give, and whether its values are masked.
type namedKey struct {
	key
	masked bool
}

// shown is a value as it may be seen under this name.
func (m *Mapper) shown(k *namedKey, value string) string {
	if k.masked {
		return masked
	}
	return m.unlessSecret(value)
}

// unlessSecret is a value, unless it looks like a secret.
func (m *Mapper) unlessSecret(value string) string {
	if mayHoldSecret(value) && (looksSecret(value) || hidesSecret(value)) {
		return masked
	}
	return m.text.valid(value)
}

// Keys of additionalEventData, in their order; headers come after the first.
var (
	keyDuration  = newKey("durationMs")
	keyMethod    = newKey("httpMethod")
	keyPath      = newKey("httpPath")
	keyStatus    = newKey("httpStatus")
	keyOperation = newKey("operationId")
	keyReferer   = newKey("referer")
	keyBytes     = newKey("responseBytes")
)

// Facts of some dialects.
var (
	factRoute     = newKey("route")
	factWorkspace = newKey("workspace")
	factLevel     = newKey("auditLevel")
	factDecision  = newKey("authorizationDecision")
	factReason    = newKey("authorizationReason")
	factStage     = newKey("auditStage")
)

// fillAdditional fills additionalEventData: the request as the gateway saw it, and
// what the rules add. Nothing added, it need not be written as text here.
func (m *Mapper) fillAdditional(e *event.Event) {
	if len(m.request.facts) > 0 || len(m.rules.params.headers) > 0 || m.matched != nil && len(m.matched.additional) > 0 || m.operation() != "" || !m.fillExchange(e) {
		e.Additional = m.additionalText()
	}
}

// fillExchange fills e.Exchange. False: as text there is more, a status 0 or a name without a value.
func (m *Mapper) fillExchange(e *event.Event) bool {
	q := &m.request
	x := event.Exchange{Method: q.method, Status: int64(q.status), Bytes: q.bytes, DurationMs: -1}
	if q.duration >= 0 {
		x.DurationMs = (q.duration + 500) / 1000
	}
	if q.path != "" {
		x.Path = m.shownPath()
	}
	if q.referer != "" {
		x.Referer = m.shownReferer()
	}
	if q.status == 0 || q.path != "" && x.Path == "" || q.referer != "" && x.Referer == "" {
		return false
	}
	e.Exchange = x
	return true
}

func (m *Mapper) shownReferer() string {
	site, _, _ := cut(m.request.referer, '?')
	return m.shownText(&m.pages, site)
}

// additionalText is all of additionalEventData as an object.
func (m *Mapper) additionalText() event.Object {
	b, q := &m.additional, &m.request
	b.reset()
	if q.duration >= 0 {
		b.putInt(keyDuration, (q.duration+500)/1000)
	}
	for i := range m.rules.params.headers {
		h := &m.rules.params.headers[i]
		if v := q.header(h.slot, h.header); v != "" {
			b.put(h.key, m.shownText(&m.pages, v))
		}
	}
	if q.method != "" {
		b.put(keyMethod, q.method)
	}
	if q.path != "" {
		b.put(keyPath, m.shownPath())
	}
	if q.status != 0 {
		b.putInt(keyStatus, int64(q.status))
	}
	if id := m.operation(); id != "" {
		b.put(keyOperation, id)
	}
	if q.referer != "" {
		b.put(keyReferer, m.shownReferer())
	}
	if q.bytes >= 0 {
		b.putInt(keyBytes, q.bytes)
	}
	for i := range q.facts {
		b.add(q.facts[i].key, m.shownText(&m.pages, q.facts[i].value))
	}
	if r := m.matched; r != nil {
		for i := range r.additional {
			p := &r.additional[i]
			if v := m.eval(p.value); v != "" {
				b.add(p.key, m.shown(&p.namedKey, v))
			}
		}
	}
	return b.object()
}

// operation is the id that an interface itself gives to the request's operation.
func (m *Mapper) operation() string {
	switch r := m.matched; {
	case r == nil:
		return ""
	case r.call.kind == callGraphQL:
		return m.answer.operation
	default:
		return r.Operation
	}
}

// shownPath is the path as it was sent, without segments that look like secrets
// or that are parameters to be masked.
func (m *Mapper) shownPath() string {
	if !m.path.secret && (m.matched == nil || !m.matched.masked) {
		return m.text.valid(m.request.path)
	}
	return m.hiddenPath()
}

// hiddenPath is the path of segments, what is secret masked.
func (m *Mapper) hiddenPath() string {
	var b strings.Builder
	for _, s := range m.rulesPrefix() {
		b.WriteString("/" + s)
	}
	for i, raw := range m.path.raw {
		if looksSecret(raw) || looksSecret(m.path.segments[i]) || m.isMaskedCapture(i) {
			raw = masked
		}
		b.WriteString("/" + event.Text(raw))
	}
	return b.String()
}

func (m *Mapper) isMaskedCapture(i int) bool {
	if m.matched == nil {
		return false
	}
	for _, c := range m.matched.captures {
		if c.masked && (c.at == i || c.tail && i > c.at) {
			return true
		}
	}
	return false
}

// queryValue is the first value of a parameter, as it was sent.
func queryValue(query, name string) (string, bool) {
	for query != "" {
		var pair string
		pair, query, _ = cut(query, '&')
		k, v, _ := cut(pair, '=')
		if k == name || strings.IndexByte(k, '%') >= 0 && string(appendUnescaped(nil, k, true)) == name {
			return v, true
		}
	}
	return "", false
}

// decoded is a part of a query as text.
func (m *Mapper) decoded(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	m.text.plain = false
	return string(appendUnescaped(nil, s, true))
}
