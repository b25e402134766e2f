package elastic

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// translate makes Elasticsearch's query of ours. It matches the same events as
// Expr.Match, as long as the documents were made by append.
func translate(x query.Expr) (object, error) {
	switch x := x.(type) {
	case query.And:
		parts, err := translateAll(x.Exprs)
		return object{"bool": object{"filter": parts}}, err
	case query.Or:
		parts, err := translateAll(x.Exprs)
		if len(parts) == 0 {
			return nothing(), err
		}
		return anyOf(parts...), err
	case query.Not:
		part, err := translate(x.Expr)
		return not(part), err
	case query.Unknown:
		return nothing(), nil
	case query.All:
		return object{"match_all": object{}}, nil
	case query.Term:
		return term(x), nil
	case query.Wildcard:
		return wildcard(x), nil
	case query.Exists:
		return exists(x.Field, x.Path), nil
	case query.TimeRange:
		return timeRange(x)
	case query.NumberRange:
		return numberRange(x), nil
	case query.CIDR:
		if x.Field.Kind != event.IP {
			return nil, fmt.Errorf("%s is not an address", x.Field.Name)
		}
		return value(section+".ip", x.Prefix.String()), nil
	case query.Phrase:
		return phrase(section+".words."+x.Field.Name, x.Tokens), nil
	case query.Text:
		return text(x), nil
	case query.TextWildcard:
		return textWildcard(x), nil
	}
	return nil, fmt.Errorf("elasticsearch cannot be asked for %T", x)
}

func translateAll(parts []query.Expr) ([]object, error) {
	out := make([]object, 0, len(parts))
	for _, x := range parts {
		q, err := translate(x)
		if err != nil {
			return nil, err
		}
		out = append(out, q)
	}
	return out, nil
}

func nothing() object { return object{"match_none": object{}} }

func not(q object) object { return object{"bool": object{"must_not": []object{q}}} }

func anyOf(parts ...object) object {
	if len(parts) == 1 {
		return parts[0]
	}
	return object{"bool": object{"should": parts, "minimum_should_match": 1}}
}

func allOf(parts ...object) object { return object{"bool": object{"filter": parts}} }

// value asks for a term. What is not UTF-8 is in no event, and would be changed on its way.
func value(field, v string) object {
	if !utf8.ValidString(v) {
		return nothing()
	}
	return object{"term": object{field: object{"value": v}}}
}

func has(field string) object { return object{"exists": object{"field": field}} }

func prefix(field, v string) object {
	return object{"prefix": object{field: object{"value": v}}}
}

// pattern asks for terms that are key, and then the parts with anything between them.
func pattern(field, key string, parts []string) object {
	if slices.ContainsFunc(parts, func(p string) bool { return !utf8.ValidString(p) }) {
		return nothing()
	}
	var b strings.Builder
	length := len(key)
	for _, p := range parts {
		length += len(p)
	}
	if length > maxWildcard {
		regexpEscape(&b, key)
		for i, p := range parts {
			if i > 0 {
				b.WriteString(".*")
			}
			regexpEscape(&b, p)
		}
		return object{"regexp": object{field: object{"value": b.String(), "flags": "NONE", "max_determinized_states": 10_000_000}}}
	}
	wildcardEscape(&b, key)
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('*')
		}
		wildcardEscape(&b, p)
	}
	return object{"wildcard": object{field: object{"value": b.String()}}}
}

// maxWildcard is how many bytes a wildcard query may have; beyond it Lucene may
// refuse to make an automaton, unless it is a regexp that may be larger.
const maxWildcard = 100

// tokenPattern is pattern for a field of words.
func tokenPattern(field string, parts []string) object {
	if slices.ContainsFunc(parts, func(p string) bool { return strings.ContainsAny(p, symbols) }) {
		return nothing()
	}
	return pattern(field, "", parts)
}

func wildcardEscape(b *strings.Builder, s string) {
	for i := range len(s) {
		switch s[i] {
		case '*', '?', '\\':
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
}

func regexpEscape(b *strings.Builder, s string) {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= utf8.RuneSelf, 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c <= ' ':
		default:
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
}

func term(x query.Term) object {
	name := x.Field.Name
	switch {
	case x.Field.Kind == event.Flattened:
		return value(section+".leaf", leafKey(name, x.Path)+x.Value)
	case x.Value == "":
		return not(exists(x.Field, ""))
	case x.Field.Kind == event.Boolean:
		if x.Value == "true" {
			return value(name, x.Value)
		}
		return nothing()
	case x.Field.Kind != event.Keyword && x.Field.Kind != event.IP:
		return nothing()
	}
	return keyword(name, name, x.Value)
}

// keyword asks for a value of a field, whose key in long this is.
func keyword(field, key, v string) object {
	if units(v) > maxUnits {
		return value(section+".long", key+"="+v)
	}
	return value(field, v)
}

func wildcard(x query.Wildcard) object {
	name := x.Field.Name
	switch x.Field.Kind {
	case event.Flattened:
		return pattern(section+".leaf", leafKey(name, x.Path), x.Parts)
	case event.Prose:
		return anyOf(tokenPattern(section+".words."+name, x.Parts), pattern(section+".long", "~"+name+"=", x.Parts))
	case event.Keyword, event.IP:
		return anyOf(pattern(name, "", x.Parts), pattern(section+".long", name+"=", x.Parts))
	}
	return nothing()
}

func exists(f event.Field, path string) object {
	switch f.Kind {
	case event.Flattened:
		name := f.Name
		if path != "" {
			name = pathName(name, path)
		}
		return value(section+".path", name)
	case event.Prose:
		return value(section+".path", f.Name)
	case event.Timestamp, event.Boolean:
		return has(f.Name)
	case event.Number:
		return has(section + "." + numberName(f.Name))
	}
	return anyOf(has(f.Name), prefix(section+".long", f.Name+"="))
}

var operators = [...]string{query.Less: "lt", query.LessOrEqual: "lte", query.Greater: "gt", query.GreaterOrEqual: "gte"}

func compare[T int64](field string, op query.Op, bound T) object {
	if op == query.Equal {
		return object{"term": object{field: object{"value": bound}}}
	}
	return object{"range": object{field: object{operators[op]: bound}}}
}

func timeRange(x query.TimeRange) (object, error) {
	switch x.Field.Name {
	case "eventTime": // in the section it is 1970 when it is absent
		return allOf(compare(section+".time", x.Op, x.Bound), has(x.Field.Name)), nil
	case "origin.observedTime":
		return compare(section+".observed", x.Op, x.Bound), nil
	}
	return nil, fmt.Errorf("%s is not a time", x.Field.Name)
}

func numberRange(x query.NumberRange) object {
	return compare(section+"."+numberName(x.Field.Name), x.Op, shifted(x.Bound))
}

// phrase asks for tokens one after another.
func phrase(field string, tokens []string) object {
	words := make([]string, len(tokens))
	for i, t := range tokens {
		words[i] = word(t)
	}
	if len(words) == 1 {
		return value(field, words[0])
	}
	return object{"match_phrase": object{field: object{"query": strings.Join(words, " ")}}}
}

// textFields are the fields of words of the texts.
func textFields() []string {
	out := []string{section + ".text"}
	for _, f := range proseFields {
		out = append(out, section+".words."+f.Name)
	}
	return out
}

func text(x query.Text) object {
	var parts []object
	if x.Value != "" {
		parts = append(parts, keyword(section+".whole", "", x.Value))
	}
	if len(x.Tokens) > 0 {
		for _, f := range textFields() {
			parts = append(parts, phrase(f, x.Tokens))
		}
	}
	if len(parts) == 0 {
		return nothing()
	}
	return anyOf(parts...)
}

func textWildcard(x query.TextWildcard) object {
	parts := []object{pattern(section+".whole", "", x.Parts), pattern(section+".long", "=", x.Parts), pattern(section+".long", "~=", x.Lower)}
	for _, f := range textFields() {
		parts = append(parts, tokenPattern(f, x.Lower))
	}
	return anyOf(parts...)
}
