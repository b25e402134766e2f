package query

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// expectation is what can stand at a place of a query.
type expectation uint8

const (
	expectCondition expectation = iota
	expectOperator              // after a word that may be a name
	expectValue
	expectJoin // after a value, or what was closed
)

// place is where a cursor is, in a query that need not be whole.
type place struct {
	expect expectation
	under  *token // the word, or text in quotes, that is under the cursor; nil: there is none
	prefix string // of it, before the cursor, without quotes and escapes
	name   token  // with expectOperator: the word before
	words  []token
	target *target // whose value it is; nil: no field's, or of one that cannot be
	ranged bool    // after < and its like
	broken bool    // the word under the cursor makes no sense
	frames []frame // parentheses and braces that are open
	scope
	text string
}

// scope is what names mean at a place.
type scope struct {
	in     *target // whose braces these are; nil at the top
	within string  // in braces: what stands before the names in them, with a dot
	body   bool    // in braces of a body
}

// frame is an open parenthesis or brace.
type frame struct {
	brace  bool
	target *target // of a parenthesis around values: whose they are
	scope          // outside of it
}

// placeAt reads a query up to the cursor as Parse does, but goes on after mistakes.
func placeAt(text string, cursor int) place {
	r := place{text: text}
	for at := 0; ; {
		first := r.expect == expectValue
		t := scanLoose(text, at, first)
		isWord := t.kind == word || t.kind == quoted || t.kind == and || t.kind == or || t.kind == not
		closed := t.kind == quoted && t.to == cursor && t.to > t.from+1 && closes(text, t)
		switch {
		case t.kind == end || t.from > cursor || t.from == cursor && !isWord:
			return r
		case isWord && cursor <= t.to && !closed:
			r.stopAt(t, cursor, first)
			return r
		case cursor < t.to: // between < and =
			r.broken = true
			return r
		}
		r.take(t)
		at = t.to
	}
}

// targetOf finds what a name stands for here; nil when it can be nothing.
func (r *place) targetOf(name token) *target {
	p := parser{s: r.text, search: &search{}, in: r.in, tok: scanLoose(r.text, name.to, false)}
	t, err := p.target(name)
	if err != nil {
		return nil
	}
	return t
}

// stopAt makes t the word under the cursor.
func (r *place) stopAt(t token, cursor int, first bool) {
	if t.kind == quoted && !closes(r.text, t) {
		t.to = cursor // where the quote was to end cannot be known: with the word
		for t.to < len(r.text) && inner(r.text, t.to) {
			_, n := utf8.DecodeRuneInString(r.text[t.to:])
			t.to += n
		}
	}
	r.under = &t
	head := r.text[:cursor]
	if cursor == t.from {
		return
	}
	if t.kind == quoted {
		head += `"`
	}
	part, err := scan(head, t.from, first)
	if err != nil || part.to != len(head) || part.from != t.from {
		r.broken = true
		return
	}
	r.prefix = strings.Join(part.parts, "*")
	if t.kind == quoted {
		r.prefix = part.parts[0]
	}
	if len(part.parts) > len(t.parts) || t.kind != quoted && len(part.parts) > 1 {
		t.parts = part.parts
	}
}

// take goes on behind a token.
func (r *place) take(t token) {
	inValues := r.group()
	next := expectCondition
	if inValues {
		next = expectValue
	}
	switch t.kind {
	case word, quoted:
		switch r.expect {
		case expectCondition, expectOperator:
			r.name, r.expect = t, expectOperator
		case expectValue:
			r.words, r.expect = []token{t}, expectJoin
		case expectJoin:
			r.words = append(r.words, t)
		}
	case and, or:
		r.expect, r.words = next, nil
		r.reset(inValues)
	case not:
		if r.expect != expectValue {
			r.expect = next
			r.reset(inValues)
		}
	case opening:
		f := frame{scope: r.scope}
		if r.expect == expectValue {
			f.target = r.target
		} else {
			r.expect = expectCondition
		}
		r.frames = append(r.frames, f)
	case closing:
		if n := len(r.frames); n > 0 && !r.frames[n-1].brace {
			r.frames = r.frames[:n-1]
		}
		r.expect, r.words = expectJoin, nil
		r.reset(false)
	case brace:
		r.brace(t)
	case colon, compare:
		if r.expect == expectJoin && len(r.words) > 0 { // "and" is missing
			r.name = r.words[len(r.words)-1]
			r.expect = expectOperator
		}
		if r.expect == expectOperator {
			r.target = r.targetOf(r.name)
		} else if r.expect != expectValue {
			r.target = nil
		}
		r.expect, r.ranged, r.words = expectValue, t.kind == compare, nil
	}
}

// reset forgets the field in hand, or in a group of values goes back to it.
func (r *place) reset(inValues bool) {
	r.target, r.ranged = nil, false
	if inValues {
		r.target = r.frames[len(r.frames)-1].target
	}
}

// brace goes behind { or }.
func (r *place) brace(t token) {
	if r.text[t.from] == '}' {
		last := -1
		for i, f := range slices.Backward(r.frames) {
			if f.brace {
				last = i
				break
			}
		}
		if last >= 0 {
			r.scope = r.frames[last].scope
			r.frames = r.frames[:last]
		}
		r.expect, r.words = expectJoin, nil
		r.reset(false)
		return
	}
	r.frames = append(r.frames, frame{brace: true, scope: r.scope})
	in := r.target
	if in == nil || r.expect != expectValue || in.nests(0) != nil {
		in = &target{unknown: []string{"?"}}
	}
	switch {
	case in.group != "":
		r.within = in.group + "."
	case in.unknown != nil:
		r.within, r.body = "?.", false // of which nothing is known
	case r.body:
		r.within += in.path + "."
	default:
		r.within, r.body = strings.TrimSuffix(in.field.Name+"."+in.path, ".")+".", true
	}
	r.in = in
	r.expect = expectCondition
	r.reset(false)
}

// group tells whether the cursor is in parentheses around values.
func (r *place) group() bool {
	return len(r.frames) > 0 && r.frames[len(r.frames)-1].target != nil
}

// closes tells whether a text in quotes has its end.
func closes(s string, t token) bool {
	_, err := scan(s, t.from, false)
	return err == nil
}

// scanLoose is scan for a text with mistakes in it: a quote that is not closed
// goes to the end, and a backslash that begins no escape is a letter.
func scanLoose(s string, i int, value bool) token {
	t, err := scan(s, i, value)
	if err == nil {
		return t
	}
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsSpace(r) {
			break
		}
		i += n
	}
	t = token{kind: word, from: i, to: i, parts: []string{""}}
	if s[i] == '"' {
		t.kind, t.to = quoted, len(s)
		return t
	}
	t.to = wordEnd(s, i)
	return t
}

// wordEnd is the end of the word that goes on at i, whatever its escapes are.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if unicode.IsSpace(r) || r != '\\' && r != '*' && strings.ContainsRune(special, r) {
			break
		}
		i += n
		if r == '\\' && i < len(s) {
			_, n := utf8.DecodeRuneInString(s[i:])
			i += n
		}
	}
	return i
}
