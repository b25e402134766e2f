package mapper

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
)

// Expr is an expression of a rule, compiled when the configuration is read: a
// literal, a value of the request, a function, or several joined. It makes text;
// startswith and contains make a truth. A value that the request does not have
// is empty.
type Expr struct {
	kind kind
	text string // of a literal; the name of a value; the name of a function
	args []*Expr
	do   function // of a call
	slot slot     // of a header
	at   *spot    // of a capture whose route is known; nil: its name is looked up
	path bool     // of a join: whole captures whose route is known, with slashes between

	secret bool // it may be a credential, of which rules can only tell whether it is there
}

type kind uint8

const (
	literal   kind = iota
	capture        // path.<name>
	parameter      // query.<name>
	header         // headers.<name>
	other          // fields.<name>
	variable       // method, template, …
	call
	join
)

// function is what a call does.
type function uint8

const (
	lower function = iota
	upper
	titled
	trimPrefix
	replace
	startsWith
	contains
	coalesce
)

// Literal is an expression for text.
func Literal(s string) *Expr { return &Expr{kind: literal, text: event.Text(s)} }

// Join is its parts, one after the other.
func Join(parts ...*Expr) *Expr {
	if len(parts) == 1 {
		return parts[0]
	}
	return &Expr{kind: join, args: parts, secret: anySecret(parts)}
}

// Variables are the names of single values: those of Value without a dot.
func Variables() []string {
	return []string{"method", "host", "template", "status", "remote_user", "consumer", "remote_addr", "request_id", "user_agent"}
}

// Functions are the names that Call knows, with how many arguments they take (at least, at most).
func Functions() map[string][2]int {
	return map[string][2]int{
		"lower": {1, 1}, "upper": {1, 1}, "title": {1, 1}, "trimprefix": {2, 2}, "replace": {3, 3},
		"coalesce": {1, 16}, "startswith": {2, 2}, "contains": {2, 2},
	}
}

// Value is an expression for a value of the request: path.<capture>,
// query.<parameter>, headers.<name>, fields.<key of the record>, or one of Variables.
func Value(name string) (*Expr, error) {
	group, key, dotted := strings.Cut(name, ".")
	switch {
	case dotted && key == "":
		return nil, fmt.Errorf("%s. needs a name after the dot", group)
	case dotted && group == "path":
		return &Expr{kind: capture, text: key}, nil
	case dotted && group == "query":
		return &Expr{kind: parameter, text: key}, nil
	case dotted && group == "headers":
		return &Expr{kind: header, text: headerKey(key), slot: headerSlot(headerKey(key)), secret: isSecretHeader(headerKey(key))}, nil
	case dotted && group == "fields":
		return &Expr{kind: other, text: key, secret: isSecretField(key)}, nil
	}
	for _, v := range Variables() {
		if v == name {
			return &Expr{kind: variable, text: name}, nil
		}
	}
	return nil, fmt.Errorf("%s is not a value of a request: use path.<capture>, query.<parameter>, headers.<name>, fields.<key> or %s",
		name, strings.Join(Variables(), ", "))
}

// Call is a function of expressions.
func Call(name string, args ...*Expr) (*Expr, error) {
	count, ok := Functions()[name]
	if !ok {
		return nil, fmt.Errorf("there is no function %s: use lower, upper, title, trimprefix, replace, coalesce, startswith or contains", name)
	}
	if len(args) < count[0] || len(args) > count[1] {
		return nil, fmt.Errorf("%s takes %s, not %d", name, argumentsText(count), len(args))
	}
	do := map[string]function{"lower": lower, "upper": upper, "title": titled, "trimprefix": trimPrefix, "replace": replace,
		"startswith": startsWith, "contains": contains, "coalesce": coalesce}
	return &Expr{kind: call, text: name, args: args, do: do[name], secret: anySecret(args)}, nil
}

func anySecret(all []*Expr) bool {
	return slices.ContainsFunc(all, func(x *Expr) bool { return x.secret })
}

func argumentsText(count [2]int) string {
	switch {
	case count[0] != count[1]:
		return fmt.Sprintf("%d to %d arguments", count[0], count[1])
	case count[0] == 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", count[0])
}

// Literal tells whether the expression is plain text, and which.
func (x *Expr) Literal() (string, bool) { return x.text, x.kind == literal }

// IsTruth tells whether the expression is true or false rather than text.
func (x *Expr) IsTruth() bool {
	return x.kind == call && (x.do == startsWith || x.do == contains)
}

// ForeignCapture is a capture that x uses and p does not have; "" when there is none.
func (x *Expr) ForeignCapture(p *Pattern) string {
	if x == nil {
		return ""
	}
	if x.kind == capture {
		if _, ok := p.capture(x.text); !ok {
			return x.text
		}
	}
	for _, a := range x.args {
		if name := a.ForeignCapture(p); name != "" {
			return name
		}
	}
	return ""
}

// fieldNames adds the keys of the record that x asks for.
func (x *Expr) fieldNames(found []string) []string { return x.names(other, found) }

// names adds the names of the values of one kind that x uses.
func (x *Expr) names(of kind, found []string) []string {
	if x == nil {
		return found
	}
	if x.kind == of {
		found = append(found, x.text)
	}
	for _, a := range x.args {
		found = a.names(of, found)
	}
	return found
}

// eval is the text of x for the request in m, as UTF-8; "" when x is nil. It lives until the next Map.
func (m *Mapper) eval(x *Expr) string {
	if x == nil { // as most are: this is compiled into the callers
		return ""
	}
	if x.kind == literal {
		return x.text
	}
	return m.evalSome(x)
}

func (m *Mapper) evalSome(x *Expr) string {
	v := m.value(x)
	switch {
	case v == "":
		return ""
	case x.secret:
		return masked
	case x.at != nil && m.path.isSeen(x.at, v), x.path && m.path.isClean(v):
		return m.text.valid(v)
	}
	return m.unlessSecret(v)
}

// bound is x for the requests that a pattern matches, whose captures are found
// without their names.
func (x *Expr) bound(p *Pattern) *Expr {
	if x == nil {
		return nil
	}
	b := *x
	if x.kind == capture {
		if at, ok := p.capture(x.text); ok {
			b.at = &at
		}
	}
	b.args = nil
	for _, a := range x.args {
		b.args = append(b.args, a.bound(p))
	}
	b.path = x.kind == join && areSegments(b.args)
	return &b
}

// areSegments tells whether these are captures of whole segments with slashes between.
func areSegments(parts []*Expr) bool {
	for i, x := range parts {
		if i%2 == 0 && (x.at == nil || x.at.mixed != nil) || i%2 == 1 && (x.kind != literal || x.text != "/") {
			return false
		}
	}
	return true
}

// holds tells whether x is true: a truth that holds, or text that is not empty.
func (x *Expr) holds(m *Mapper) bool { return m.value(x) != "" }

func (m *Mapper) value(x *Expr) string {
	q := &m.request
	switch x.kind {
	case literal:
		return x.text
	case capture:
		if x.at != nil {
			return m.path.captured(x.at)
		}
		return m.captured(x.text)
	case parameter:
		v, _ := queryValue(q.query, x.text)
		return m.decoded(v)
	case header:
		return q.header(x.slot, x.text)
	case other:
		return q.field(x.text)
	case variable:
		return m.variable(x.text)
	case join:
		if x.path && m.path.plain && !m.path.secret {
			return m.subPath(x)
		}
		return m.join(x)
	default:
		return m.called(x)
	}
}

// join is the text of parts, one after the other.
func (m *Mapper) join(x *Expr) string {
	// Expressions within have their text behind this one's, so its parts are kept apart from it.
	var buf [256]byte
	b := buf[:0]
	for _, a := range x.args {
		v := m.value(a)
		if a.kind != literal && mayHoldSecret(v) && looksSecret(v) { // what it is joined to may hide it
			v = masked
		}
		b = append(b, v...)
	}
	from := len(m.joined)
	m.joined = append(m.joined, b...)
	return view(m.joined[from:])
}

// subPath is join of segments of a path in which there is no secret.
func (m *Mapper) subPath(x *Expr) string {
	from := len(m.joined)
	for _, a := range x.args {
		v := a.text
		if a.at != nil {
			if v = m.path.captured(a.at); !m.path.isClean(v) {
				v = masked
			}
		}
		m.joined = append(m.joined, v...)
	}
	return view(m.joined[from:])
}

func (m *Mapper) variable(name string) string {
	q := &m.request
	switch name {
	case "method":
		return q.method
	case "host":
		return q.host
	case "template":
		return m.shape()
	case "status":
		return strconv.Itoa(q.status)
	case "remote_user":
		return q.user
	case "consumer":
		return q.consumer
	case "remote_addr":
		return m.clientAddress()
	case "request_id":
		return q.requestID
	default: // user_agent
		return q.userAgent
	}
}

func (m *Mapper) called(x *Expr) string {
	first := m.value(x.args[0])
	switch x.do {
	case lower:
		return strings.ToLower(first)
	case upper:
		return strings.ToUpper(first)
	case titled:
		return title(first)
	case trimPrefix:
		return strings.TrimPrefix(first, m.value(x.args[1]))
	case replace:
		return strings.ReplaceAll(first, m.value(x.args[1]), m.value(x.args[2]))
	case startsWith:
		return truth(strings.HasPrefix(first, m.value(x.args[1])))
	case contains:
		return truth(strings.Contains(first, m.value(x.args[1])))
	default: // coalesce
		for _, a := range x.args {
			if v := m.value(a); v != "" {
				return v
			}
		}
		return ""
	}
}

func truth(b bool) string {
	if b {
		return "true"
	}
	return ""
}

// title makes the first letter large and the others small: DELETE is Delete.
func title(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + strings.ToLower(s[n:])
}

// captured is the value of a parameter of the route's pattern.
func (m *Mapper) captured(name string) string {
	if m.matched == nil {
		return ""
	}
	at, ok := m.matched.Pattern.capture(name)
	if !ok {
		return ""
	}
	return m.path.captured(&at)
}
