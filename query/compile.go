package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// text is the value as text, and whether it has a wildcard. Words are joined by one space.
func (l *literal) text() (parts []string, wild bool) {
	parts = []string{""}
	for i, w := range l.words {
		if i > 0 {
			parts[len(parts)-1] += " "
		}
		parts[len(parts)-1] += w.parts[0]
		parts = append(parts, w.parts[1:]...)
	}
	return parts, len(parts) > 1
}

// onlyStar tells whether the parts are those of "*".
func onlyStar(parts []string) bool { return len(parts) == 2 && parts[0] == "" && parts[1] == "" }

// leaf counts a node.
func (p *parser) leaf(x Expr, at int) (Expr, error) {
	if p.terms++; p.terms > MaxTerms {
		return nil, &Error{fmt.Sprintf("the query has more than %d terms", MaxTerms), "", at}
	}
	return x, nil
}

// compile makes the node of field: value.
func (p *parser) compile(t *target, l literal) (Expr, error) {
	switch {
	case t.free:
		return p.free(l)
	case t.unknown != nil:
		return p.unknown(t, Equal, l)
	case t.any != nil:
		return p.anyOf(t, l.from, func(t *target) (Expr, error) { return p.compile(t, l) })
	}
	parts, wild := l.text()
	if wild && onlyStar(parts) {
		return p.leaf(Exists{t.field, t.path}, l.from)
	}
	kind := t.field.Kind
	if kind == event.Prose {
		return p.prose(t, l)
	}
	if wild {
		switch kind {
		case event.Timestamp, event.Number, event.Boolean:
			return nil, &Error{fmt.Sprintf("%s is %s: its values have no wildcards", t.name, kindName(kind)), kindHint(t), l.from}
		}
		return p.leaf(Wildcard{t.field, t.path, parts}, l.from)
	}
	text := Cut(parts[0])
	if text == "" && kind != event.Flattened {
		return nil, &Error{"the value is empty", fmt.Sprintf("write not %s: * for events without it", t.name), l.from}
	}
	switch kind {
	case event.Timestamp, event.Number:
		return p.bound(t, Equal, l, parts[0])
	case event.Boolean:
		switch text {
		case "true", "false":
			x, err := p.leaf(Term{t.field, t.path, "true"}, l.from)
			if err == nil && text == "false" {
				x = Not{x} // absent is false
			}
			return x, err
		}
		return nil, &Error{fmt.Sprintf("%q is not a boolean", text), kindHint(t), l.from}
	case event.IP:
		if prefix, ok := parsePrefix(text); ok {
			return p.leaf(CIDR{t.field, prefix}, l.from)
		}
	}
	return p.leaf(Term{t.field, t.path, text}, l.from)
}

// prose makes the node of a value that is searched by token. Words, other than a text in quotes, may stand anywhere.
func (p *parser) prose(t *target, l literal) (Expr, error) {
	var all []Expr
	for _, w := range l.words {
		var x Expr
		if len(w.parts) > 1 {
			if onlyStar(w.parts) {
				x = Exists{t.field, t.path}
			} else {
				x = Wildcard{t.field, t.path, lowerAll(w.parts)}
			}
		} else {
			tokens := Tokens(w.parts[0])
			if len(tokens) == 0 {
				return nil, &Error{"the value has no word to search for", "a word has letters or digits", w.from}
			}
			if len(tokens) > MaxTokens {
				return nil, &Error{fmt.Sprintf("the value has %d words", len(tokens)), fmt.Sprintf("%d are allowed", MaxTokens), w.from}
			}
			x = Phrase{t.field, tokens}
		}
		x, err := p.leaf(x, w.from)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return allOf(all), nil
}

// free makes the node of a value without a field. Words, other than a text in quotes, may stand anywhere.
func (p *parser) free(l literal) (Expr, error) {
	var all []Expr
	for _, w := range l.words {
		if p.in != nil && !onlyStar(w.parts) {
			return nil, &Error{"a condition in braces begins with the name of a leaf", "write *: " + p.s[w.from:w.to] + " to look at any leaf of the object", w.from}
		}
		var x Expr
		switch {
		case len(w.parts) == 1:
			text := Cut(w.parts[0])
			if text == "" {
				return nil, &Error{"the value is empty", "write * for all events", w.from}
			}
			x = Text{text, Tokens(text)}
		case onlyStar(w.parts):
			x = All{}
		default:
			x = TextWildcard{w.parts, lowerAll(w.parts)}
		}
		x, err := p.leaf(x, w.from)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return allOf(all), nil
}

func allOf(parts []Expr) Expr {
	if len(parts) == 1 {
		return parts[0]
	}
	return And{parts}
}

func lowerAll(parts []string) []string {
	out := make([]string, len(parts))
	for i, part := range parts {
		out[i] = strings.ToLower(part)
	}
	return out
}

// foreign refuses what is an operator in other languages, and would here silently search for itself.
func (p *parser) foreign(w token) error {
	raw := p.s[w.from:w.to]
	hint := ""
	switch raw {
	case "=", "==", "===":
		hint = "write field: value"
	case "!=":
		hint = "write not field: value"
	case "!":
		hint = "write not"
	case "&&", "&":
		hint = "write and"
	case "||", "|":
		hint = "write or"
	default:
		name, value, ok := strings.Cut(raw, "=")
		word := ""
		if strings.HasSuffix(name, "!") {
			name, word = name[:len(name)-1], "not "
		}
		if _, _, known := event.Lookup(name); ok && known {
			raw, hint = "=", fmt.Sprintf("write %s%s: %s", word, name, strings.TrimPrefix(value, "="))
			break
		}
		if strings.HasPrefix(raw, "!") && HasTokens(raw) {
			raw, hint = "!", "write not "+raw[1:]
			break
		}
		return nil
	}
	return &Error{raw + " is not an operator of this language", hint + ", or quotes around it for the text", w.from}
}

// compare makes the node of field < value and its like.
func (p *parser) compare(t *target, op Op, opAt int) (Expr, error) {
	at := p.tok.from
	switch p.tok.kind {
	case word, quoted:
	case opening:
		return nil, &Error{"a range has one value", fmt.Sprintf("write (%s > … or %s < …)", t.name, t.name), at}
	default:
		hint := kindHint(t)
		if kind := p.tok.kind; kind == and || kind == or || kind == not {
			hint = "write the word in quotes"
		}
		return nil, &Error{"a value is missing after " + t.name + strings.TrimSuffix(operators[op], " "), hint, at}
	}
	first := p.tok
	if err := p.next(false); err != nil {
		return nil, err
	}
	l, err := p.rest(first)
	if err != nil {
		return nil, err
	}
	return p.ranged(t, op, opAt, l)
}

// ranged makes the node of field < value and its like.
func (p *parser) ranged(t *target, op Op, opAt int, l literal) (Expr, error) {
	switch {
	case t.unknown != nil:
		return p.unknown(t, op, l)
	case t.any != nil:
		return p.anyOf(t, l.from, func(t *target) (Expr, error) { return p.ranged(t, op, opAt, l) })
	}
	if err := t.ranges(opAt); err != nil {
		return nil, err
	}
	parts, wild := l.text()
	if wild {
		return nil, &Error{"a range has no wildcards", kindHint(t), l.from}
	}
	return p.bound(t, op, l, parts[0])
}

// ranges refuses at the operator a range on what has no order.
func (t *target) ranges(at int) error {
	if k := t.field.Kind; k == event.Timestamp || k == event.Number || t.any != nil || t.unknown != nil {
		return nil
	}
	if t.free {
		return &Error{"a range needs the name of a field", "write eventTime >= 2026-11-29", at}
	}
	return &Error{fmt.Sprintf("%s is %s: it has no ranges", t.name, kindName(t.field.Kind)), kindHint(t), at}
}

// bound makes the node of a comparison with a time or a number.
func (p *parser) bound(t *target, op Op, l literal, text string) (Expr, error) {
	if t.field.Kind == event.Number {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, &Error{fmt.Sprintf("%q is not a number", Cut(text)), kindHint(t), l.from}
		}
		return p.leaf(NumberRange{t.field, op, n}, l.from)
	}
	from, to, err := p.readTime(text)
	if err != nil {
		return nil, &Error{err.Error(), p.timeHint(t, text), l.from}
	}
	begin, end := from.UnixNano(), to.UnixNano()
	if begin == end {
		return p.leaf(TimeRange{t.field, op, begin}, l.from)
	}
	switch op { // a day is all of it
	case Equal:
		after, err := p.leaf(TimeRange{t.field, GreaterOrEqual, begin}, l.from)
		if err != nil {
			return nil, err
		}
		before, err := p.leaf(TimeRange{t.field, Less, end}, l.from)
		if err != nil {
			return nil, err
		}
		return And{[]Expr{after, before}}, nil
	case Greater:
		op, begin = GreaterOrEqual, end
	case LessOrEqual:
		op, begin = Less, end
	}
	return p.leaf(TimeRange{t.field, op, begin}, l.from)
}

// readTime reads a time; only a search knows date math.
func (p *parser) readTime(text string) (from, to time.Time, err error) {
	if p.search == nil {
		return absolute(text)
	}
	return readTime(text, p.search.now)
}

func (p *parser) timeHint(t *target, text string) string {
	switch {
	case !isDateMath(text):
		return kindHint(t)
	case p.search == nil:
		return "date math is known in a search only: this query must mean the same tomorrow, so write a time, " + timeForms
	}
	return "date math is now, or a time and ||, then steps such as -7d and /d, with the units y M w d h m s"
}

const timeForms = "such as 2026-11-29 or 2026-11-29T10:00:00Z"

func kindName(k event.Kind) string {
	switch k {
	case event.IP:
		return "an address"
	case event.Timestamp:
		return "a time"
	case event.Number:
		return "a number"
	case event.Boolean:
		return "a boolean"
	case event.Flattened:
		return "part of a body, which compares as text"
	case event.Prose:
		return "a text"
	}
	return "a keyword"
}

// kindHint tells which values the field has.
func kindHint(t *target) string {
	switch t.field.Kind {
	case event.IP:
		return "write a CIDR block, such as " + t.name + ": 10.0.0.0/8"
	case event.Timestamp:
		return "write a time, " + timeForms
	case event.Number:
		return "write a whole number from 0 to 18446744073709551615"
	case event.Boolean:
		return "write true or false"
	case event.Prose:
		return "search for words in it, as in " + t.name + ": denied"
	}
	return "times and numbers have ranges; write a value or a wildcard, as in " + t.name + ": abc*"
}
