package query

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
)

// SuggestionKind is what a suggestion adds.
type SuggestionKind uint8

// The kinds of suggestions.
const (
	SuggestField    SuggestionKind = iota // the name of a field, or of a leaf
	SuggestValue                          // a value of a field
	SuggestOperator                       // what stands between them
	SuggestKeyword                        // and, or, not
)

// Suggestion is a piece of text with which a query can go on.
type Suggestion struct {
	Kind     SuggestionKind
	From, To int    // bytes of the text that it takes the place of; equal: it is put in there
	Insert   string // with the quotes and escapes that it needs
	Label    string // what it is called: the name, value, operator or word itself
	Detail   string // what it is or means
	Field    event.Kind
	Count    int // of a value or a leaf: how many events have it; 0: not counted
}

// Counted is a value of a field or the name of a leaf, and how many events have it.
type Counted struct {
	Text  string
	Count int
}

// Source gives Complete what only events can tell. Either may be nil.
type Source struct {
	// Values are those of a field, or leaf, that begin with the prefix, best first.
	Values func(field, prefix string) []Counted
	// Leaves are the names of leaves, as requestParameters.InstanceId, that begin with the prefix, best first.
	Leaves func(prefix string) []Counted
	// Strict leaves out what Parse refuses, and only ParseSearch knows.
	Strict bool
}

// Complete suggests how a query can go on at the cursor, an offset in bytes,
// best first. The query need not be whole: quotes, parentheses and braces may be
// open. Taking a suggestion makes no mistake before its end that was not there.
func Complete(text string, cursor int, from Source) []Suggestion {
	if len(text) > MaxLength || !utf8.ValidString(text) {
		return nil
	}
	cursor = min(max(cursor, 0), len(text))
	for cursor < len(text) && !utf8.RuneStart(text[cursor]) {
		cursor--
	}
	c := completion{place: placeAt(text, cursor), cursor: cursor, source: from}
	if c.broken {
		return nil
	}
	switch c.expect {
	case expectCondition:
		if !c.taken() {
			c.names()
		}
		c.keywords("not")
		if c.under != nil && c.under.kind == word && c.under.to == cursor {
			c.operators(*c.under)
		}
	case expectOperator:
		if c.under == nil {
			c.operators(c.name)
		}
		c.keywords("and", "or")
	case expectValue:
		if !c.taken() {
			c.values()
		}
		if c.group() && c.under == nil {
			c.keywords("not")
		}
	case expectJoin:
		c.values()
		c.keywords("and", "or")
	}
	c.apart()
	return c.out
}

// apart puts spaces where quotes held words apart that now go.
func (c *completion) apart() {
	if c.under == nil || c.under.kind != quoted {
		return
	}
	for i := range c.out {
		s := &c.out[i]
		if s.From > 0 && inner(c.text, s.From-1) && c.text[s.From-1] != ':' {
			s.Insert = " " + s.Insert
		}
		if inner(c.text, s.To) {
			s.Insert += " "
		}
	}
}

type completion struct {
	place
	cursor int
	source Source
	out    []Suggestion
}

// typed is what of the word under the cursor stands before it; without one it is empty.
func (c *completion) typed() string {
	if c.under == nil {
		return ""
	}
	return c.prefix
}

// add adds a suggestion for the word under the cursor.
func (c *completion) add(s Suggestion) {
	s.From, s.To = c.cursor, c.cursor
	if c.under != nil {
		s.From, s.To = c.under.from, c.under.to
	}
	c.out = append(c.out, s)
}

// names suggests fields, or in braces leaves.
func (c *completion) names() {
	typed := c.typed()
	if c.under != nil && len(c.under.parts) > 1 {
		return // with wildcards: it stands for more than one
	}
	before := c.within // of the names in these braces
	if c.body {
		c.leaves(before+typed, before)
		return
	}
	type ranked struct {
		FieldInfo
		rank int
	}
	var found []ranked
	for _, f := range Catalogue() {
		short, ok := strings.CutPrefix(f.Name, before)
		if !ok {
			continue
		}
		if rank := rankOf(short, typed); rank >= 0 {
			found = append(found, ranked{f, rank})
		}
	}
	if len(typed) > 2 {
		if known := foreignNames[strings.ToLower(typed)]; before == "" && known != "" && !slices.ContainsFunc(found, func(r ranked) bool { return r.Name == known }) {
			f, _ := Describe(known)
			found = append(found, ranked{f, 3})
		}
	}
	slices.SortStableFunc(found, func(a, b ranked) int { return a.rank - b.rank })
	for _, f := range found {
		short := strings.TrimPrefix(f.Name, before)
		c.add(Suggestion{Kind: SuggestField, Insert: written([]string{short}), Label: short, Detail: f.Description, Field: f.Kind})
	}
	if f, path, ok := event.Lookup(before + typed); ok && f.Kind == event.Flattened && (path != "" || strings.HasSuffix(before+typed, ".")) {
		c.leaves(before+typed, before)
	}
}

// rankOf tells how well a name fits what was typed; -1: not at all.
func rankOf(name, typed string) int {
	name, typed = strings.ToLower(name), strings.ToLower(typed)
	switch {
	case strings.HasPrefix(name, typed):
		return 0
	case strings.HasPrefix(name[strings.LastIndexByte(name, '.')+1:], typed):
		return 1
	case strings.Contains(name, typed):
		return 2
	}
	return -1
}

// leaves suggests leaves of bodies, without what stands before the names in these braces.
func (c *completion) leaves(prefix, before string) {
	if c.source.Leaves == nil {
		return
	}
	for _, l := range c.source.Leaves(prefix) {
		short := strings.TrimPrefix(l.Text, before)
		if !strings.HasPrefix(l.Text, prefix) || short == "" {
			continue
		}
		c.add(Suggestion{Kind: SuggestField, Insert: written([]string{short}), Label: short, Field: event.Flattened, Count: l.Count})
	}
}

// operators suggests what can follow the name of a field.
func (c *completion) operators(name token) {
	if c.nextIs(":<>") {
		return
	}
	t := c.targetOf(name)
	if t == nil || t.unknown != nil || t.free || t.group != "" {
		return
	}
	at := name.to
	put := func(insert, label, detail string) {
		if c.cursor < len(c.text) && c.text[c.cursor] == ' ' {
			insert = strings.TrimSuffix(insert, " ")
		}
		c.out = append(c.out, Suggestion{Kind: SuggestOperator, From: at, To: c.cursor, Insert: insert, Label: label, Detail: detail, Field: t.field.Kind})
	}
	put(": ", ":", "is")
	if rest := scanLoose(c.text, c.cursor, true).kind; rest != word && rest != quoted {
		put(": *", ": *", "has any value")
	}
	if t.any != nil || t.leaves {
		return
	}
	switch t.field.Kind {
	case event.Timestamp, event.Number:
		put(" >= ", ">=", "at or after, at least")
		put(" > ", ">", "after, more than")
		put(" <= ", "<=", "at or before, at most")
		put(" < ", "<", "before, less than")
	case event.Flattened:
		put(": { ", ": {", "one object satisfies all that follows, up to }")
	}
}

// keywords suggests words that join conditions.
func (c *completion) keywords(words ...string) {
	typed := c.typed()
	if c.under != nil && (c.under.kind == quoted || len(c.under.parts) > 1) {
		return
	}
	if c.expect != expectCondition && c.expect != expectValue && c.joined() {
		return
	}
	for _, word := range words {
		if c.under != nil && (typed == "" || !strings.HasPrefix(word, strings.ToLower(typed))) {
			continue
		}
		insert := word
		at := c.cursor
		if c.under != nil {
			at = c.under.to
		}
		if at == len(c.text) || c.text[at] != ' ' {
			insert += " "
		}
		if c.under == nil && at > 0 && !strings.ContainsAny(c.text[at-1:at], " \t\r\n({") {
			insert = " " + insert
		}
		c.add(Suggestion{Kind: SuggestKeyword, Insert: insert, Label: word, Detail: keywordDetails[word]})
	}
}

// keywordDetails is never changed.
var keywordDetails = map[string]string{"and": "both hold", "or": "at least one holds", "not": "does not hold"}

// joined tells whether a word that joins follows already.
func (c *completion) joined() bool {
	at := c.cursor
	if c.under != nil {
		at = c.under.to
	}
	t, err := scan(c.text, at, false)
	return err == nil && (t.kind == and || t.kind == or || t.kind == colon || t.kind == compare)
}

// taken tells whether what is to be suggested stands already behind the cursor:
// behind a space, and, or and not, and behind a word of a value that has but one.
func (c *completion) taken() bool {
	at := c.cursor
	if c.under != nil {
		k := c.under.kind
		if (k == word || k == quoted) && (c.target == nil || !oneWord(c.target.field.Kind)) {
			return false
		}
		at = c.under.to
	}
	next := scanLoose(c.text, at, c.expect == expectValue)
	switch next.kind {
	case word, quoted:
		then := scanLoose(c.text, next.to, false).kind
		return c.expect == expectCondition || then != colon && then != compare // or it is the name of the next condition's field
	case opening, not:
		return true
	}
	return next.kind == brace && c.text[next.from] == '{'
}

// nextIs tells whether the next character but space is one of these.
func (c *completion) nextIs(chars string) bool {
	rest := strings.TrimLeft(c.text[c.cursor:], " \t\r\n")
	return rest != "" && strings.IndexByte(chars, rest[0]) >= 0
}

// oneWord tells whether values of the kind are never several words.
func oneWord(k event.Kind) bool {
	return k == event.Timestamp || k == event.Number || k == event.Boolean
}
