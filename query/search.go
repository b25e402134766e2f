package query

import "time"

// Warning is something in a query that is probably not meant so.
type Warning struct {
	Offset  int // where in the query, in bytes
	Length  int // of what is meant, in bytes
	Message string
	Hint    string // what to write instead; empty when there is nothing to add
}

// search is what only a search knows.
type search struct{ now time.Time }

// ParseSearch reads the query of a search, which is asked once: it knows date
// math, resolved with now, and a field that no event has is a warning; its
// condition matches nothing. For all else it is Parse.
func ParseSearch(s string, now time.Time) (Expr, []Warning, error) {
	p := parser{s: s, search: &search{now}}
	x, err := p.parse()
	if err != nil {
		return nil, nil, err
	}
	return x, p.warnings, nil
}
