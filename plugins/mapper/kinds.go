package mapper

import "github.com/actiontrail/actiontrail/event"

// Kinds are those of the event that Map made last, of one that it did make. A
// mapper without rules that are literals knows none.
func (m *Mapper) Kinds() event.Kinds { return m.kinds }

// firstTemplate is the number of the first template. What names an action has a
// number: routes have those from 1 on.
const firstTemplate = 4096

// Kinds of identities that no source gave.
const (
	whoAnonymous = 1 + iota
	whoNamed     // by the rules' expressions alone
	whoSource    // the first source, claimed; then verified; then the next one
)

// Kinds of outcomes.
const (
	outcomeGood   = 1
	outcomeFailed = 2 // status 400, and so on
)

// number is that of a route which says by literals alone what its requests are; 0
// of any other.
func (c *rules) number(r *Route) int {
	if name, ok := r.Action.fixed(); !ok || name == "" {
		return 0
	}
	for _, x := range []*Expr{r.Service, r.APIVersion, r.ResourceType} {
		if _, ok := x.fixed(); !ok {
			return 0
		}
	}
	if c.numbered+1 >= firstTemplate {
		return 0
	}
	c.numbered++
	return c.numbered
}

// fixed is the text of an expression that has the same one for all records: of
// nil it is empty.
func (x *Expr) fixed() (string, bool) {
	if x == nil {
		return "", true
	}
	return x.Literal()
}

// shaped tells whether an expression has few texts, that are no more the client's
// to choose than a template is.
func (x *Expr) shaped() bool {
	switch {
	case x.kind == literal, x.kind == variable && (x.text == "method" || x.text == "template"):
		return true
	case x.kind == join || x.kind == call:
		for _, a := range x.args {
			if !a.shaped() {
				return false
			}
		}
		return true
	}
	return false
}

// actionKind is the kind of what happened.
func (m *Mapper) actionKind(e *event.Event) uint16 {
	q, r, n := &m.request, m.matched, 0
	switch {
	case q.told.id != "" || q.told.action != "":
		return 0
	case q.upstream != "" && (r == nil || r.Service == nil):
		return 0
	case r != nil:
		n = r.number
	case m.rules.action == nil:
		n = m.templates.last
	case m.rules.shaped:
		m.templates.text = append(m.templates.text[:0], e.Name...)
		m.templates.intern()
		n = m.templates.last
	}
	if n == 0 {
		return 0
	}
	n <<= 2
	if e.RW == event.Read {
		n |= 1
	}
	if e.Type == event.TypeConsoleOperation {
		n |= 2
	}
	return uint16(n)
}

// whoKind is the kind of an identity that this source gave; none when it is below 0.
func (m *Mapper) whoKind(source int, u *event.Identity) uint16 {
	rules := &m.rules.identity
	if _, ok := rules.Type.fixed(); !ok && u.Trust != event.TrustNone {
		return 0
	}
	switch {
	case source < 0 && u.Trust == event.TrustNone:
		return whoAnonymous
	case source < 0:
		return whoNamed
	case u.SessionAttributes != "" || u.SessionIssuer != "" || u.Extra != "" || rules.sources[source].kind == byActor || source > 1000:
		return 0
	case u.Trust == event.TrustVerified:
		return uint16(whoSource + 2*source + 1)
	}
	return uint16(whoSource + 2*source)
}

// outcomeKind is the kind of an outcome.
func (m *Mapper) outcomeKind(e *event.Event) uint16 {
	q, r := &m.request, m.matched
	switch {
	case e.ErrorCode == "" && e.ErrorMessage == "":
		return outcomeGood
	case q.status < 400 || q.told.errorCode != "" || r != nil && r.ErrorCode != nil:
		return 0
	}
	return uint16(outcomeFailed + q.status - 400)
}
