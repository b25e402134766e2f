package query

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/actiontrail/actiontrail/event"
)

func (x And) String() string          { return text(x) }
func (x Or) String() string           { return text(x) }
func (x Not) String() string          { return text(x) }
func (x All) String() string          { return text(x) }
func (x Term) String() string         { return text(x) }
func (x Wildcard) String() string     { return text(x) }
func (x Exists) String() string       { return text(x) }
func (x TimeRange) String() string    { return text(x) }
func (x NumberRange) String() string  { return text(x) }
func (x CIDR) String() string         { return text(x) }
func (x Phrase) String() string       { return text(x) }
func (x Text) String() string         { return text(x) }
func (x TextWildcard) String() string { return text(x) }
func (x Nested) String() string       { return text(x) }
func (x Unknown) String() string      { return text(x) }

func text(x Expr) string {
	var p printer
	p.expr(x, 0, "")
	return p.String()
}

type printer struct {
	strings.Builder
	braces int // that are open: names are paths in an object
}

// How tight an expression binds.
const (
	bindOr = iota
	bindAnd
	bindOne
)

// expr prints x so that it can stand where this much binding is needed. Within
// field: (…) the name is that field, and only values are printed.
func (p *printer) expr(x Expr, bind int, name string) {
	switch x := x.(type) {
	case Or:
		p.list(x.Exprs, " or ", bindOr, bind, name, Not{All{}})
	case And:
		p.list(x.Exprs, " and ", bindAnd, bind, name, All{})
	case Not:
		p.WriteString("not ")
		p.expr(x.Expr, bindOne, name)
	default:
		p.leaf(x, name)
	}
}

func (p *printer) list(parts []Expr, op string, binds, bind int, name string, none Expr) {
	switch len(parts) {
	case 0:
		p.expr(none, bind, "")
		return
	case 1:
		p.expr(parts[0], bind, name)
		return
	}
	runs := p.runsOf(parts, name)
	parens := bind > binds && len(runs) > 1
	if name != "" {
		parens = bind > binds
	}
	if parens {
		p.WriteByte('(')
	}
	for i, run := range runs {
		if i > 0 {
			p.WriteString(op)
		}
		inner := name
		if len(run.parts) > 1 && run.name != "" {
			inner = run.name
			p.WriteString(inner)
			p.WriteString(": (")
		}
		for j, part := range run.parts {
			if j > 0 {
				p.WriteString(op)
			}
			p.expr(part, binds+1, inner)
		}
		if len(run.parts) > 1 && run.name != "" {
			p.WriteByte(')')
		}
	}
	if parens {
		p.WriteByte(')')
	}
}

// run is a part of a list whose values are all of one field, and can be printed as field: (…).
type run struct {
	name  string
	parts []Expr
}

// runsOf splits a list. Within field: (…) it is one run already.
func (p *printer) runsOf(parts []Expr, name string) []run {
	if name != "" {
		return []run{{"", parts}}
	}
	var runs []run
	for i, part := range parts {
		field := p.fieldOf(part)
		if n := len(runs); n > 0 && field != "" && runs[n-1].name == field {
			runs[n-1].parts = append(runs[n-1].parts, part)
			continue
		}
		runs = append(runs, run{field, parts[i : i+1 : i+1]})
	}
	return runs
}

// fieldOf is the name, as it is written, of the one field with whose values all
// of x can be printed; empty when there is none.
func (p *printer) fieldOf(x Expr) string {
	switch x := x.(type) {
	case And:
		return p.fieldOfAll(x.Exprs)
	case Or:
		return p.fieldOfAll(x.Exprs)
	case Not:
		return p.fieldOf(x.Expr)
	case Term:
		return p.name(x.Field, x.Path)
	case Wildcard:
		return p.name(x.Field, x.Path)
	case Exists:
		return p.name(x.Field, x.Path)
	case CIDR:
		return p.name(x.Field, "")
	case Phrase:
		return p.name(x.Field, "")
	case TimeRange:
		if x.Op == Equal {
			return p.name(x.Field, "")
		}
	case NumberRange:
		if x.Op == Equal {
			return p.name(x.Field, "")
		}
	case Unknown:
		if x.Op == Equal {
			return x.Name
		}
	}
	return ""
}

func (p *printer) fieldOfAll(parts []Expr) string {
	name := ""
	for i, part := range parts {
		field := p.fieldOf(part)
		if field == "" || i > 0 && field != name {
			return ""
		}
		name = field
	}
	return name
}

// name is the name of a field as it is written, in braces that of a leaf.
func (p *printer) name(f event.Field, path string) string {
	switch {
	case p.braces > 0 && path == "":
		return "*"
	case p.braces > 0:
		return written([]string{path})
	case path == "":
		return f.Name
	}
	return written([]string{f.Name + "." + path})
}

// written is a name or a value as it is written, with wildcards between the parts.
func written(parts []string) string {
	var p printer
	if len(parts) == 1 {
		p.value(parts[0])
	} else {
		p.pattern(parts)
	}
	return p.String()
}

// leaf prints a node with its field, or within field: (…) its value alone.
func (p *printer) leaf(x Expr, within string) {
	field := func(f event.Field, path string, op Op) {
		if within == "" {
			p.WriteString(p.name(f, path))
			p.WriteString(operators[op])
		}
	}
	switch x := x.(type) {
	case All:
		p.WriteByte('*')
	case Term:
		field(x.Field, x.Path, Equal)
		p.value(x.Value)
	case Wildcard:
		field(x.Field, x.Path, Equal)
		p.pattern(x.Parts)
	case Exists:
		field(x.Field, x.Path, Equal)
		p.WriteByte('*')
	case CIDR:
		field(x.Field, "", Equal)
		p.value(prefixText(x.Prefix))
	case Phrase:
		field(x.Field, "", Equal)
		p.value(strings.Join(x.Tokens, " "))
	case TimeRange:
		field(x.Field, "", x.Op)
		p.value(instant(x.Bound, x.Op))
	case NumberRange:
		field(x.Field, "", x.Op)
		p.WriteString(strconv.FormatUint(x.Bound, 10))
	case Text:
		p.value(x.Value)
	case TextWildcard:
		p.pattern(x.Parts)
	case Nested:
		field(x.Field, x.Path, Equal)
		p.WriteString("{ ")
		p.braces++
		p.expr(x.Expr, bindOr, "")
		p.braces--
		p.WriteString(" }")
	case Unknown:
		if within == "" {
			p.WriteString(x.Name + operators[x.Op])
		}
		p.WriteString(x.Value)
	}
}

var operators = [...]string{Equal: ": ", Less: " < ", LessOrEqual: " <= ", Greater: " > ", GreaterOrEqual: " >= "}

func prefixText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// instant prints a bound; midnight as a day where that means the same.
func instant(nanos int64, op Op) string {
	t := time.Unix(0, nanos).UTC()
	if nanos%int64(24*time.Hour) == 0 && t.Before(maxInstant) && (op == Less || op == GreaterOrEqual) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339Nano)
}

// value prints a text, in quotes where it needs them.
func (p *printer) value(s string) {
	if plain(s) {
		p.WriteString(s)
		return
	}
	p.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			p.WriteByte('\\')
			p.WriteByte(c)
		case '\t':
			p.WriteString(`\t`)
		case '\r':
			p.WriteString(`\r`)
		case '\n':
			p.WriteString(`\n`)
		default:
			p.WriteByte(c)
		}
	}
	p.WriteByte('"')
}

// plain tells whether the text is a word that means itself.
func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-', c == '/', c == '@':
		default:
			return false
		}
	}
	return s != "" && !strings.EqualFold(s, "and") && !strings.EqualFold(s, "or") && !strings.EqualFold(s, "not")
}

// pattern prints a word with wildcards between the parts.
func (p *printer) pattern(parts []string) {
	for i, part := range parts {
		if i > 0 {
			p.WriteByte('*')
		}
		for _, r := range part {
			switch {
			case strings.ContainsRune(special, r), r == ' ':
				p.WriteByte('\\')
				p.WriteRune(r)
			case r == '\t':
				p.WriteString(`\t`)
			case r == '\r':
				p.WriteString(`\r`)
			case r == '\n':
				p.WriteString(`\n`)
			case unicode.IsSpace(r), strings.ContainsRune("!=&|", r): // see foreign; all below U+10000
				const hex = "0123456789abcdef"
				p.WriteString(`\u`)
				for shift := 12; shift >= 0; shift -= 4 {
					p.WriteByte(hex[r>>shift&15])
				}
			default:
				p.WriteRune(r)
			}
		}
	}
}
