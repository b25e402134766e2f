package mapper

import (
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// RPC names the requests of an interface whose action stands in the query, in a
// header or in another value, all of them with one rule.
type RPC struct {
	Route        // without Action: query.Action; without APIVersion: query.Version
	Target *Expr // a value like DynamoDB_20120810.PutItem, which gives service, version and action; nil: none
}

// GraphQL names the requests of a GraphQL endpoint by their operations, where the
// gateway logs these.
type GraphQL struct {
	Route
	Operation *Expr // name of the operation
	Kind      *Expr // query, subscription or mutation
}

// calling is how a route finds its action in a record.
type calling struct {
	kind                    callKind
	action, version, target *Expr
	operation, operationOf  *Expr // of GraphQL: its name, and its kind
}

type callKind uint8

const (
	callNone callKind = iota // the rule says the action
	callRPC
	callGraphQL
	callGRPC
)

// answer is what a call says of a request.
type answer struct{ action, service, version, rw, operation string }

// call finds the action of a request that took r; false when it has none.
func (m *Mapper) call(r *route) bool {
	m.matched, m.answer = r, answer{}
	if r.call.kind == callGraphQL {
		return m.callGraphQL(r)
	}
	c := &m.answer
	if r.call.target != nil {
		c.service, c.version, c.action = parseTarget(m.eval(r.call.target))
	}
	if a := m.eval(r.call.action); a != "" {
		c.action = a
	}
	if v := m.eval(r.call.version); v != "" {
		c.version = v
	}
	if !isName(c.action) {
		m.matched = nil
		return false
	}
	c.rw = verbRW(c.action)
	return true
}

// parseTarget takes a target of Amazon's JSON protocols apart: the namespace, a
// service with the date of its version, and the action.
func parseTarget(s string) (service, version, action string) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return "", "", s
	}
	service, action = s[:i], s[i+1:]
	service = service[strings.LastIndexByte(service, '.')+1:]
	if at := strings.LastIndexByte(service, '_'); at >= 0 {
		if d := strings.TrimPrefix(service[at+1:], "V"); len(d) == len("20120810") {
			if _, ok := whole(d); ok {
				service, version = service[:at], d
			}
		}
	}
	if !isName(service) {
		service = ""
	}
	return service, version, action
}

// callGraphQL names a GraphQL request. One without a name of its operation is
// called after the operation's kind.
func (m *Mapper) callGraphQL(r *route) bool {
	c := &m.answer
	c.rw = event.Write
	kind := m.eval(r.call.operationOf)
	switch {
	case strings.EqualFold(kind, "query"):
		c.action, c.rw = "GraphqlQuery", event.Read
	case strings.EqualFold(kind, "subscription"):
		c.action, c.rw = "GraphqlSubscription", event.Read
	case strings.EqualFold(kind, "mutation"):
		c.action = "GraphqlMutation"
	default:
		c.action = "GraphqlRequest"
	}
	if name := m.eval(r.call.operation); isName(name) {
		if p := m.templates.pascal(name); p != "" {
			c.action, c.operation = p, name
		}
	}
	return true
}

// pascal is the name as actions are written, remembered as templates are.
func (t *templates) pascal(name string) string {
	if s, ok := t.cased[name]; ok {
		return s
	}
	s := pascal(name)
	if t.cased == nil {
		t.cased = map[string]string{}
	}
	if len(t.cased) < maxTemplates {
		t.cased[strings.Clone(name)] = s
	}
	return s
}

// asked adds the names of the parameters of a query that x uses.
func (x *Expr) asked(names []string) []string { return x.names(parameter, names) }
