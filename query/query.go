// Package query is KQL: the one filter language for search, trails, alerts and
// live tail. docs/format/query.md says what a query means, so that every engine
// gives the same answer.
package query

import "github.com/actiontrail/actiontrail/event"

// Limits of Parse, which bound what a query of a stranger can cost.
const (
	MaxLength  = 64 << 10 // bytes of a query
	MaxTerms   = 1024     // nodes of an Expr that are not And, Or, Not or Nested
	MaxDepth   = 64       // And, Or, Not and Nested within each other
	MaxValue   = 1024     // bytes of a value that take part in matching
	MaxTokens  = 512      // tokens of a Phrase
	MaxObjects = 1000     // objects of an event that Nested looks at
)

// Expr is a parsed query. It is never changed, and safe for concurrent use.
//
// It is one of the types And, Or, Not, All, Term, Wildcard, Exists, TimeRange,
// NumberRange, CIDR, Phrase, Text, TextWildcard, Nested and Unknown, as a value,
// never a pointer: an index plans with a type switch. The nodes carry all they
// match by in exported fields, so a hand-made one behaves as one that Parse made.
type Expr interface {
	// Match tells whether the event matches.
	Match(e *event.Event) bool
	// String prints the query so that Parse gives the same Expr again; of one with
	// Unknown in it ParseSearch does.
	String() string
}
