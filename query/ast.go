package query

import (
	"net/netip"

	"github.com/actiontrail/actiontrail/event"
)

// And matches when all of its parts do. Parse makes no And with fewer than two parts, and none directly within another.
type And struct{ Exprs []Expr }

// Or matches when one of its parts does. Parse makes no Or with fewer than two parts, and none directly within another.
type Or struct{ Exprs []Expr }

// Not matches when its part does not.
type Not struct{ Expr Expr }

// All matches every event.
type All struct{}

// Term matches when the field has exactly this value. Its field is a Keyword,
// an IP (then Value is no address: see CIDR), a Boolean (then Value is "true")
// or Flattened.
type Term struct {
	Field event.Field
	Path  string // of a leaf of a Flattened field; empty: any of its leaves
	Value string // cut by Cut
}

// Wildcard matches when a value is Parts[0], anything, Parts[1], anything, …,
// the last part. There are two parts or more. Of a Prose field the values are
// its tokens, and the parts are in lower case.
type Wildcard struct {
	Field event.Field
	Path  string // as in Term
	Parts []string
}

// Exists matches when the field has a value; of a Prose field, when it is not empty.
type Exists struct {
	Field event.Field
	Path  string // as in Term
}

// Op is how a value stands to the bound of a range.
type Op uint8

// The operators of a range.
const (
	Equal Op = iota
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
)

// TimeRange matches when the Timestamp stands so to the bound.
type TimeRange struct {
	Field event.Field
	Op    Op
	Bound int64 // nanoseconds since 1970-01-01T00:00:00Z
}

// NumberRange matches when the Number stands so to the bound.
type NumberRange struct {
	Field event.Field
	Op    Op
	Bound uint64
}

// CIDR matches when the IP field is an address within the prefix. A single
// address is a prefix too (10.0.0.1/32). The prefix is masked; one that lies
// within ::ffff:0:0/96 is written as IPv4.
type CIDR struct {
	Field  event.Field
	Prefix netip.Prefix
}

// Phrase matches when the Prose field has these tokens one after another.
type Phrase struct {
	Field  event.Field
	Tokens []string // at least one
}

// Text is free text, without a field. It matches when a Keyword or IP field is
// exactly Value, or when a text (a Prose field, or a leaf of a Flattened one) has the tokens one after another.
type Text struct {
	Value  string   // cut by Cut
	Tokens []string // Tokens(Value); none: only fields are looked at
}

// TextWildcard is Text with wildcards, as in Wildcard: a Keyword or IP field is
// like Parts, or a token of a text is like Lower.
type TextWildcard struct {
	Parts []string
	Lower []string // Parts in lower case
}

func (x And) Match(e *event.Event) bool {
	for _, part := range x.Exprs {
		if !part.Match(e) {
			return false
		}
	}
	return true
}

func (x Or) Match(e *event.Event) bool {
	for _, part := range x.Exprs {
		if part.Match(e) {
			return true
		}
	}
	return false
}

func (x Not) Match(e *event.Event) bool { return !x.Expr.Match(e) }

func (All) Match(*event.Event) bool { return true }

func (x Term) Match(e *event.Event) bool {
	if x.Field.Kind != event.Flattened {
		return Cut(x.Field.Value(e)) == x.Value
	}
	return anyLeaf(x.Field.Value(e), x.Path, func(v string) bool { return Cut(v) == x.Value })
}

func (x Wildcard) Match(e *event.Event) bool {
	switch v := x.Field.Value(e); x.Field.Kind {
	case event.Flattened:
		return anyLeaf(v, x.Path, func(v string) bool { return Like(Cut(v), x.Parts) })
	case event.Prose:
		return anyTokenLike(v, x.Parts)
	default:
		return v != "" && Like(Cut(v), x.Parts)
	}
}

func (x Exists) Match(e *event.Event) bool {
	switch x.Field.Kind {
	case event.Flattened:
		return anyLeaf(x.Field.Value(e), x.Path, func(string) bool { return true })
	case event.Timestamp:
		return !Time(x.Field, e).IsZero()
	case event.Number:
		_, ok := Number(x.Field, e)
		return ok
	}
	return x.Field.Value(e) != ""
}

func (x TimeRange) Match(e *event.Event) bool {
	t := Time(x.Field, e)
	return !t.IsZero() && Holds(x.Op, t.Nanos, x.Bound)
}

func (x NumberRange) Match(e *event.Event) bool {
	n, ok := Number(x.Field, e)
	return ok && Holds(x.Op, n, x.Bound)
}

// Holds tells whether v stands so to the bound.
func Holds[T int64 | uint64](op Op, v, bound T) bool {
	switch op {
	case Less:
		return v < bound
	case LessOrEqual:
		return v <= bound
	case Greater:
		return v > bound
	case GreaterOrEqual:
		return v >= bound
	}
	return v == bound
}

func (x CIDR) Match(e *event.Event) bool { return x.Holds(x.Field.Value(e)) }

// Holds tells whether a value is an address of the network.
func (x CIDR) Holds(value string) bool {
	addr, ok := ParseAddr(value)
	if !ok {
		return false
	}
	if addr.Is4() && !x.Prefix.Addr().Is4() { // ::/0 holds the mapped addresses too
		addr = netip.AddrFrom16(addr.As16())
	}
	return x.Prefix.Contains(addr)
}

func (x Phrase) Match(e *event.Event) bool { return hasPhrase(x.Field.Value(e), x.Tokens) }

func (x Text) Match(e *event.Event) bool {
	for i := range wholeFields {
		if v := wholeFields[i].Value(e); v != "" && Cut(v) == x.Value {
			return true
		}
	}
	if len(x.Tokens) == 0 {
		return false
	}
	return anyText(e, func(text string) bool { return hasPhrase(text, x.Tokens) })
}

func (x TextWildcard) Match(e *event.Event) bool {
	for i := range wholeFields {
		if v := wholeFields[i].Value(e); v != "" && Like(Cut(v), x.Parts) {
			return true
		}
	}
	return anyText(e, func(text string) bool { return anyTokenLike(text, x.Lower) })
}

// Unknown is a condition on a field that no event has: it matches nothing. Only ParseSearch makes it.
type Unknown struct {
	Name  string // as it is written in a query
	Op    Op
	Value string // as it is written in a query
}

func (Unknown) Match(*event.Event) bool { return false }
