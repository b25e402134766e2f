package mapper

import (
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Params say which parameters may leave the machine. Captures of a route stand in
// requestParameters as they are, unless Mask names them. Of the query a parameter
// is there with its value when Keep names it, else masked: that it was given is
// seen, what it was is not.
type Params struct {
	Keep    []string
	Mask    []string // over Keep
	Headers []string // logged headers that go into additionalEventData as header:<name>
}

// masked stands for a value that stays on the machine.
const masked = "***"

// maxParams is how many parameters of a query are taken.
const maxParams = 64

type params struct {
	keep, mask map[string]bool
	headers    []field // name, key
}

func (p *Params) compile() params {
	c := params{keep: map[string]bool{}, mask: map[string]bool{}}
	for _, name := range p.Keep {
		c.keep[name] = true
	}
	for _, name := range p.Mask {
		c.mask[name] = true
	}
	headers := slices.Clone(p.Headers)
	slices.Sort(headers)
	for _, h := range slices.Compact(headers) {
		c.headers = append(c.headers, field{"header:" + strings.ToLower(h), headerKey(h)})
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
		name = event.Text(m.decoded(name))
		switch {
		case looksSecret(name): // a token without a name
			b.add(masked, masked)
		case !given || value == "":
			b.add(name, "")
		case (rules.keep[name] || m.namedByRoute(name)) && !rules.mask[name]:
			b.add(name, m.clear(m.decoded(value)))
		default:
			b.add(name, masked)
		}
	}
	if r := m.matched; r != nil {
		for i, s := range r.Pattern.segments {
			if s.name == "" || i >= len(m.path.segments) {
				continue
			}
			b.add(s.name, m.shown(s.name, m.path.from(i, s.tail)))
		}
		for _, p := range r.Parameters {
			if v := m.eval(p.Value); v != "" {
				b.add(p.Name, m.shown(p.Name, v))
			}
		}
	}
	e.RequestParameters = b.object()
}

// namedByRoute tells whether the route's pattern asks for this parameter: its value stands in the rules.
func (m *Mapper) namedByRoute(name string) bool {
	if m.matched == nil {
		return false
	}
	for _, want := range m.matched.Pattern.query {
		if want.name == name {
			return true
		}
	}
	return false
}

// shown is a value as it may be seen under this name.
func (m *Mapper) shown(name, value string) string {
	if m.rules.params.mask[name] {
		return masked
	}
	return m.clear(value)
}

// clear is a value, unless it looks like a secret.
func (m *Mapper) clear(value string) string {
	if looksSecret(value) {
		return masked
	}
	return event.Text(value)
}

// fillAdditional fills additionalEventData: the request as the gateway saw it.
func (m *Mapper) fillAdditional(e *event.Event) {
	b, q := &m.additional, &m.request
	b.reset()
	if q.duration >= 0 {
		b.addInt("durationMs", (q.duration+500)/1000)
	}
	for _, h := range m.rules.params.headers {
		if v := q.header(h.value); v != "" {
			b.add(h.name, m.clear(v))
		}
	}
	if q.method != "" {
		b.add("httpMethod", q.method)
	}
	if q.path != "" {
		b.add("httpPath", m.shownPath())
	}
	b.addInt("httpStatus", int64(q.status))
	if q.referer != "" {
		site, _, _ := cut(q.referer, '?')
		b.add("referer", m.clear(site))
	}
	if q.bytes >= 0 {
		b.addInt("responseBytes", q.bytes)
	}
	if r := m.matched; r != nil {
		for _, p := range r.Additional {
			if v := m.eval(p.Value); v != "" {
				b.add(p.Name, m.shown(p.Name, v))
			}
		}
	}
	e.Additional = b.object()
}

// shownPath is the path as it was sent, without segments that look like secrets
// or that are parameters to be masked.
func (m *Mapper) shownPath() string {
	q := &m.request
	hide := false
	for rest := q.path; rest != "" && !hide; {
		var s string
		s, rest, _ = cut(rest, '/')
		hide = looksSecret(s)
	}
	if r := m.matched; r != nil && !hide && len(m.rules.params.mask) > 0 {
		for _, s := range r.Pattern.segments {
			hide = hide || s.name != "" && m.rules.params.mask[s.name]
		}
	}
	if !hide {
		return event.Text(q.path)
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
	segments := m.matched.Pattern.segments
	last := min(i, len(segments)-1)
	return last >= 0 && (last == i || segments[last].tail) && m.rules.params.mask[segments[last].name]
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
	return string(appendUnescaped(nil, s, true))
}
