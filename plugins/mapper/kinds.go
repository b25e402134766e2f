package mapper

import "github.com/actiontrail/actiontrail/event"

// Kinds are those of the event that Map made last, of one that it did make. A
// mapper without rules that are literals knows none.
func (m *Mapper) Kinds() event.Kinds { return m.kinds }

// What names an action has a number: a route from 1 on, then a template, then the
// action of what no route takes.
const (
	firstTemplate = 4096
	firstDefault  = firstTemplate + maxTemplates + 2
)

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
	case r == nil && m.rules.action == nil:
		n = m.templates.last
	case r == nil:
		if name, ok := m.rules.action.fixed(); ok && name != "" {
			n = firstDefault
		}
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
	case rules.sources[source].kind == "k8s.user" || source > 1000:
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
