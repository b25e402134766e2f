package query

import (
	"fmt"
	"unicode/utf8"
)

// Parse reads a query. Nothing but white space is nil, which means all. Its
// errors are of type *Error.
//
// A query means the same tomorrow: it knows no date math, and no field that an
// event does not have. ParseSearch does.
func Parse(s string) (Expr, error) {
	p := parser{s: s}
	return p.parse()
}

func (p *parser) parse() (Expr, error) {
	s := p.s
	if len(s) > MaxLength {
		return nil, &Error{fmt.Sprintf("the query has %d bytes", len(s)), fmt.Sprintf("%d are allowed", MaxLength), MaxLength}
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			return nil, &Error{"the query is not UTF-8", "", i}
		}
		i += n
	}
	if err := p.next(false); err != nil {
		return nil, err
	}
	if p.tok.kind == end {
		return nil, nil
	}
	x, err := p.or(nil)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != end {
		return nil, p.unexpected()
	}
	if depth(x) > MaxDepth {
		return nil, p.tooDeep(0)
	}
	return x, nil
}

type parser struct {
	s     string
	tok   token // the next one
	depth int   // of parentheses, braces and not
	terms int

	search   *search // nil: as Parse
	in       *target // whose braces these are; nil at the top
	warnings []Warning
}

// next moves to the next token. value: it may be the first word of a value.
func (p *parser) next(value bool) (err error) {
	p.tok, err = scan(p.s, p.tok.to, value)
	return err
}

// enter counts what nests; leave undoes it. Twice MaxDepth is enough for all that is printed of an Expr of MaxDepth.
func (p *parser) enter() error {
	if p.depth++; p.depth > 2*MaxDepth {
		return p.tooDeep(p.tok.from)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

func (p *parser) tooDeep(at int) error {
	return &Error{"the query is nested too deep", fmt.Sprintf("%d levels are allowed", MaxDepth), at}
}

// or reads alternatives; within a group they are values of t, else t is nil.
func (p *parser) or(t *target) (Expr, error) { return p.list(t, or) }

// list reads what is joined by the operator.
func (p *parser) list(t *target, op kind) (Expr, error) {
	var parts []Expr
	for {
		var x Expr
		var err error
		if op == or {
			x, err = p.list(t, and)
		} else {
			x, err = p.unary(t)
		}
		if err != nil {
			return nil, err
		}
		parts = appendFlat(parts, x, op)
		if p.tok.kind != op {
			break
		}
		if err := p.next(t != nil); err != nil {
			return nil, err
		}
	}
	switch {
	case len(parts) == 1:
		return parts[0], nil
	case op == or:
		return Or{parts}, nil
	}
	return And{parts}, nil
}

// appendFlat appends x, or its parts where x is a list by the same operator.
func appendFlat(parts []Expr, x Expr, op kind) []Expr {
	switch x := x.(type) {
	case And:
		if op == and {
			return append(parts, x.Exprs...)
		}
	case Or:
		if op == or {
			return append(parts, x.Exprs...)
		}
	}
	return append(parts, x)
}

func (p *parser) unary(t *target) (Expr, error) {
	switch p.tok.kind {
	case not, opening:
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer p.leave()
		if p.tok.kind == opening {
			return p.parens(t)
		}
		if err := p.next(t != nil); err != nil {
			return nil, err
		}
		x, err := p.unary(t)
		if err != nil {
			return nil, err
		}
		return Not{x}, nil
	case word, quoted:
		if t != nil {
			return p.value(t)
		}
		return p.expression()
	case compare:
		if t != nil {
			return nil, &Error{"a value is missing before " + p.s[p.tok.from:p.tok.to], "in parentheses stand values; write a range as field > value", p.tok.from}
		}
	}
	return nil, p.unexpected()
}

// parens reads what stands in parentheses.
func (p *parser) parens(t *target) (Expr, error) {
	from := p.tok.from
	if err := p.next(t != nil); err != nil {
		return nil, err
	}
	x, err := p.or(t)
	if err != nil {
		return nil, err
	}
	if p.tok.kind == end || p.tok.kind == brace && p.in != nil {
		return nil, &Error{"the parenthesis is not closed", "write ) at its end", from}
	}
	if p.tok.kind != closing {
		return nil, p.unexpected()
	}
	return x, p.next(false)
}

// expression reads a field with what it is compared with, or free text.
func (p *parser) expression() (Expr, error) {
	first := p.tok
	if err := p.next(false); err != nil {
		return nil, err
	}
	switch p.tok.kind {
	case colon, compare:
		return p.comparison(first)
	}
	l, err := p.rest(first)
	if err != nil {
		return nil, err
	}
	return p.free(l)
}

// comparison reads what follows after the name of a field.
func (p *parser) comparison(name token) (Expr, error) {
	t, err := p.target(name)
	if err != nil {
		return nil, err
	}
	op, opAt, kind := p.tok.op, p.tok.from, p.tok.kind
	if err := p.next(true); err != nil {
		return nil, err
	}
	if kind == compare {
		return p.compare(t, op, opAt)
	}
	switch p.tok.kind {
	case word, quoted:
		return p.value(t)
	case opening:
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer p.leave()
		return p.parens(t)
	case brace:
		if p.s[p.tok.from] == '}' {
			return nil, p.unexpected()
		}
		return p.nested(t)
	case compare:
		if err := t.ranges(p.tok.from); err != nil {
			return nil, err
		}
		return nil, &Error{"a range has no colon", fmt.Sprintf("write %s %s …", t.name, p.s[p.tok.from:p.tok.to]), p.tok.from}
	case and, or, not:
		if p.tok.kind == not {
			return nil, &Error{"a value is missing after " + t.name + ":", fmt.Sprintf(`write not %s: …, or "not" for the word`, t.name), p.tok.from}
		}
		return nil, &Error{"a value is missing after " + t.name + ":", fmt.Sprintf("write %q for the word", p.s[p.tok.from:p.tok.to]), p.tok.from}
	}
	hint := fmt.Sprintf("write %s: * for any value", t.name)
	if t.free {
		hint = "write *:* for all events, or a word alone to find it in any field"
	}
	return nil, &Error{"a value is missing after " + t.name + ":", hint, p.tok.from}
}

// nested reads conditions in braces.
func (p *parser) nested(t *target) (Expr, error) {
	if err := t.nests(p.tok.from); err != nil {
		return nil, err
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	from, outer := p.tok.from, p.in
	p.in = t
	if err := p.next(false); err != nil {
		return nil, err
	}
	x, err := p.or(nil)
	if err != nil {
		return nil, err
	}
	switch {
	case p.tok.kind == end:
		return nil, &Error{"the brace is not closed", "write } at its end", from}
	case p.tok.kind == closing:
		return nil, p.notOpened()
	case p.tok.kind != brace:
		return nil, p.unexpected()
	case p.s[p.tok.from] == '{':
		return nil, p.strayBrace()
	}
	p.in = outer
	if x, err = p.nest(t, x, from); err != nil {
		return nil, err
	}
	return x, p.next(false)
}

// value reads a value in a place where one begins at the next token.
func (p *parser) value(t *target) (Expr, error) {
	first := p.tok
	if err := p.next(false); err != nil {
		return nil, err
	}
	l, err := p.rest(first)
	if err != nil {
		return nil, err
	}
	return p.compile(t, l)
}

// literal is a value: a text in quotes, or words.
type literal struct {
	from   int // offset
	quoted bool
	words  []token
}

const missing = `"and" or "or" is missing`

// rest reads the further words of a value, after the first.
func (p *parser) rest(first token) (literal, error) {
	l := literal{from: first.from, quoted: first.kind == quoted, words: []token{first}}
	if !l.quoted {
		if err := p.foreign(first); err != nil {
			return l, err
		}
	}
	for !l.quoted && p.tok.kind == word {
		if err := p.foreign(p.tok); err != nil {
			return l, err
		}
		l.words = append(l.words, p.tok)
		if err := p.next(false); err != nil {
			return l, err
		}
	}
	switch p.tok.kind {
	case colon, compare: // the last word is the name of a field
		name := l.words[len(l.words)-1]
		if len(l.words) > 1 {
			return l, &Error{missing + " before " + p.s[name.from:name.to], "write and between two conditions", name.from}
		}
		return l, &Error{fmt.Sprintf("%q is not expected in a value", p.s[p.tok.from:p.tok.to]), `write values with special characters in quotes`, p.tok.from}
	case word, quoted, opening:
		return l, &Error{missing, "write and between two conditions, and a value of several words in quotes", p.tok.from}
	case not:
		return l, &Error{missing + " before not", `write and not, or "not" for the word`, p.tok.from}
	}
	return l, nil
}

// unexpected is the error of a token that cannot stand where it does.
func (p *parser) unexpected() error {
	t := p.tok
	text := p.s[t.from:t.to]
	switch t.kind {
	case end:
		hint := "write a condition, such as eventRW: Write"
		if p.in != nil {
			hint = "write the name of a leaf and a value, and } at the end, as in { Key: env }"
		}
		return &Error{"the query ends where a condition is expected", hint, t.from}
	case closing:
		if p.depth == 0 {
			return p.notOpened()
		}
		return &Error{"a condition is missing before )", "", t.from}
	case and, or:
		return &Error{"a condition is missing before " + text, fmt.Sprintf("write %q for the word", text), t.from}
	case colon:
		return &Error{"the name of a field is missing before :", "write field: value", t.from}
	case compare:
		return &Error{"the name of a field is missing before " + text, "write field " + text + " value", t.from}
	case brace:
		return p.strayBrace()
	}
	return &Error{missing + " before " + text, "write and between two conditions", t.from}
}

func (p *parser) notOpened() error {
	return &Error{"the parenthesis was not opened", `take it out, or write \) for the character`, p.tok.from}
}

// strayBrace is the error of a brace where none can stand.
func (p *parser) strayBrace() error {
	switch at := p.tok.from; {
	case p.s[at] == '{':
		return &Error{`"{" is not expected here`, `write requestParameters.Tag: { Key: env and Value: prod }, or \{ for the character`, at}
	case p.in != nil:
		return &Error{"a condition is missing before }", "write the name of a leaf and a value, as in { Key: env }, or { * } for any object", at}
	default:
		return &Error{"the brace was not opened", `take it out, or write \} for the character`, at}
	}
}

func depth(x Expr) int {
	deepest := 0
	switch x := x.(type) {
	case And:
		for _, part := range x.Exprs {
			deepest = max(deepest, depth(part))
		}
	case Or:
		for _, part := range x.Exprs {
			deepest = max(deepest, depth(part))
		}
	case Not:
		deepest = depth(x.Expr)
	case Nested:
		deepest = depth(x.Expr)
	default:
		return 0
	}
	return deepest + 1
}
