package query

import (
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// target is what the values in hand are compared with.
type target struct {
	name  string // as in the query
	field event.Field
	path  string // of a leaf

	any     []event.Field // instead: the fields that a name with wildcards stands for
	unknown []string      // instead: the parts of a name that is none
	group   string        // instead: an object that holds fields, such as userIdentity
	free    bool          // instead: *, all that free text looks at
	leaves  bool          // with field: any leaf, asked for by a wildcard
}

// prefix is what stands before the names in the braces of a target that is no body; nil for one that is.
func (t *target) prefix() []string {
	if t.group != "" {
		return []string{t.group}
	}
	return t.unknown
}

// target finds the field that a query names.
func (p *parser) target(name token) (*target, error) {
	t := &target{name: p.s[name.from:name.to]}
	if name.kind == word && strings.HasPrefix(t.name, "!") {
		return nil, &Error{"! is not an operator of this language", "write not " + t.name[1:], name.from}
	}
	if p.in != nil {
		outer := p.in.prefix()
		if outer == nil {
			return t, p.leafName(t, name)
		}
		name.parts = joinNames(outer, name.parts)
	}
	if len(name.parts) > 1 {
		return t, p.wildName(t, name)
	}
	f, path, ok := event.Lookup(name.parts[0])
	switch {
	case ok && (path != "" || name.parts[0] == f.Name):
		t.field, t.path = f, path
	case p.beforeBrace() && isGroup(name.parts[0]):
		t.group = name.parts[0]
	default:
		return t, p.noField(t, name)
	}
	return t, nil
}

// beforeBrace tells whether what follows the name is ": {".
func (p *parser) beforeBrace() bool {
	if p.tok.kind != colon {
		return false
	}
	next, err := scan(p.s, p.tok.to, false)
	return err == nil && next.kind == brace && p.s[next.from] == '{'
}

// isGroup tells whether the name is of an object that holds fields.
func isGroup(name string) bool {
	for _, f := range event.Fields() {
		if strings.HasPrefix(f.Name, name+".") {
			return true
		}
	}
	return false
}

// wildName finds the fields of a name with wildcards.
func (p *parser) wildName(t *target, name token) error {
	if onlyStar(name.parts) {
		if p.tok.kind != colon {
			return &Error{"a range needs the name of a field", "write eventTime >= 2026-11-29", name.from}
		}
		t.free = true
		return nil
	}
	for _, f := range event.Fields() {
		if f.Kind == event.Flattened && strings.HasPrefix(name.parts[0], f.Name+".") {
			t.field, t.leaves = f, true
			if len(name.parts) == 2 && name.parts[0] == f.Name+"." && name.parts[1] == "" {
				return nil
			}
			return &Error{"the path of a leaf has no wildcards: " + t.name, "write " + f.Name + ".*: … for any leaf, or the path in full", name.from}
		}
		if Like(f.Name, name.parts) {
			t.any = append(t.any, f)
		}
	}
	if t.any == nil {
		return p.noField(t, name)
	}
	return nil
}

// leafName finds a leaf of an object, in braces.
func (p *parser) leafName(t *target, name token) error {
	t.field = p.in.field
	switch {
	case onlyStar(name.parts):
		t.leaves = true
	case len(name.parts) > 1:
		return &Error{"the path of a leaf has no wildcards: " + t.name, "write *: … for any leaf, or the path in full", name.from}
	case name.parts[0] == "":
		return &Error{"the name of a leaf is empty", "write *: … for any leaf", name.from}
	default:
		t.path = name.parts[0]
	}
	return nil
}

// noField is the mistake that no event has the field; in a search it is a warning.
func (p *parser) noField(t *target, name token) error {
	message := fmt.Sprintf("an event has no field %q", Cut(name.parts[0]))
	hint := suggestion(name.parts[0])
	if len(name.parts) > 1 {
		message = "no field of an event is like " + Cut(t.name)
		hint = "fields are listed in docs/format/query.md; the path of a leaf is written in full"
	}
	if p.search == nil {
		return &Error{message, hint, name.from}
	}
	t.unknown = name.parts
	if p.in != nil && p.in.unknown != nil { // that is told
		return nil
	}
	p.warnings = append(p.warnings, Warning{Offset: name.from, Length: name.to - name.from, Message: message, Hint: Cut(hint)})
	return nil
}

func joinNames(outer, inner []string) []string {
	out := append([]string(nil), outer...)
	out[len(out)-1] += "." + inner[0]
	return append(out, inner[1:]...)
}

// unknown makes the node of a condition on a field that is none.
func (p *parser) unknown(t *target, op Op, l literal) (Expr, error) {
	parts, _ := l.text()
	return p.leaf(Unknown{written(t.unknown), op, written(parts)}, l.from)
}

// anyOf makes a node for each field that a name with wildcards stands for. Those
// that cannot have the value are left out; when none can, that is a mistake.
func (p *parser) anyOf(t *target, at int, node func(*target) (Expr, error)) (Expr, error) {
	var out []Expr
	var first error
	for _, f := range t.any {
		terms := p.terms
		x, err := node(&target{name: f.Name, field: f})
		switch {
		case err == nil:
			out = appendFlat(out, x, or)
		case p.terms > MaxTerms:
			return nil, err
		default:
			p.terms = terms
			if first == nil {
				first = err
			}
		}
	}
	switch len(out) {
	case 0:
		return nil, first
	case 1:
		return out[0], nil
	}
	return Or{out}, nil
}

// nests refuses braces after what has no objects.
func (t *target) nests(at int) error {
	switch {
	case t.any != nil || t.free || t.leaves:
		return &Error{"braces need one path: " + t.name + " has a wildcard", "write the path of the objects, as in requestParameters.Tag: { Key: env }", at}
	case t.prefix() == nil && t.field.Kind != event.Flattened:
		return &Error{fmt.Sprintf("%s is %s: it has no objects", t.name, kindName(t.field.Kind)), "braces stand after the path of objects in a body, as in requestParameters.Tag: { Key: env }", at}
	}
	return nil
}

// nest makes the node of what stood in braces. Objects that hold fields, and
// bodies, are there but once, so the braces can go; what is said of no field is
// joined to a condition that never holds.
func (p *parser) nest(t *target, x Expr, at int) (Expr, error) {
	switch {
	case t.group != "":
		return x, nil
	case t.path != "":
		return Nested{t.field, t.path, x}, nil
	}
	var first Expr = Exists{Field: t.field}
	if t.unknown != nil {
		first = Unknown{written(t.unknown), Equal, "*"}
	}
	first, err := p.leaf(first, at)
	return And{appendFlat([]Expr{first}, x, and)}, err
}
