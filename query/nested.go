package query

import (
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Nested matches when one object at a path of a body satisfies the whole of
// Expr: an element of an array there, or the object itself. The parts of Expr
// are And, Or, Not, All, and of the same field Term, Wildcard, Exists and
// Nested, whose paths begin in that object; an empty one means any leaf within
// it. They are not to be matched by themselves.
type Nested struct {
	Field event.Field // a Flattened one
	Path  string      // of the objects; Parse leaves none empty
	Expr  Expr
}

func (x Nested) Match(e *event.Event) bool {
	body := x.Field.Value(e)
	return body != "" && x.within(body, countedBytes(e, x.Field))
}

// within tells whether an object at the path below this one does. Objects that
// begin at counted or later do not count.
func (x Nested) within(object string, counted int) bool {
	if x.Path == "" {
		return counted > 0 && holds(x.Expr, object, counted)
	}
	found := false
	walkObjects(object, x.Path, func(from, to int) bool {
		found = from < counted && holds(x.Expr, object[from:to], counted-from)
		return !found && from < counted
	})
	return found
}

// holds tells whether an object satisfies a part of a Nested.
func holds(x Expr, object string, counted int) bool {
	switch x := x.(type) {
	case And:
		for _, part := range x.Exprs {
			if !holds(part, object, counted) {
				return false
			}
		}
		return true
	case Or:
		for _, part := range x.Exprs {
			if holds(part, object, counted) {
				return true
			}
		}
		return false
	case Not:
		return !holds(x.Expr, object, counted)
	case All:
		return true
	case Term:
		return anyLeaf(object, x.Path, func(v string) bool { return Cut(v) == x.Value })
	case Wildcard:
		return anyLeaf(object, x.Path, func(v string) bool { return Like(Cut(v), x.Parts) })
	case Exists:
		return anyLeaf(object, x.Path, func(string) bool { return true })
	case Nested:
		return x.within(object, counted)
	}
	return false
}

// Candidates is an Expr without Nested that every event matches which x
// matches, and others: what an index looks up before it asks x.
func (x Nested) Candidates() Expr { return candidates(x, x.Field, "") }

func candidates(x Expr, f event.Field, within string) Expr {
	path := func(s string) string {
		if s == "" || within == "" {
			return s
		}
		return within + "." + s
	}
	all := func(parts []Expr) []Expr {
		out := make([]Expr, len(parts))
		for i, part := range parts {
			out[i] = candidates(part, f, within)
		}
		return out
	}
	switch x := x.(type) {
	case And:
		return And{all(x.Exprs)}
	case Or:
		return Or{all(x.Exprs)}
	case Term:
		return Term{f, path(x.Path), x.Value}
	case Wildcard:
		return Wildcard{f, path(x.Path), x.Parts}
	case Exists:
		return Exists{f, path(x.Path)}
	case Nested:
		if x.Path == "" {
			return candidates(x.Expr, f, within)
		}
		return candidates(x.Expr, f, path(x.Path))
	case Not, All: // another object of the event may be the one
		return All{}
	}
	return Not{All{}}
}

// Objects calls fn for the objects of an event that Nested looks at, in the
// order in which they count: the bodies in the order of event.Fields, in each
// those within it from first to last, one before those within itself, not the
// body itself. After MaxObjects, or when fn returns false, it ends. An object's
// path has the keys above it, joined by dots; the elements of an array have its own.
func Objects(e *event.Event, fn func(f event.Field, path string, object event.Object) bool) {
	n := 0
	for _, f := range bodyFields {
		body := f.Value(e)
		more := allObjects(body, func(path string, from, to int) bool {
			n++
			return fn(f, path, event.Object(body[from:to])) && n < MaxObjects
		})
		if !more {
			return
		}
	}
}

// countedBytes is how much of the body has the objects that count: those that begin before.
func countedBytes(e *event.Event, field event.Field) int {
	most := 0 // that there can be so far; in texts stand braces too
	for _, f := range bodyFields {
		body := f.Value(e)
		most += strings.Count(body, "{")
		if f.Name == field.Name {
			if most <= MaxObjects {
				return len(body)
			}
			break
		}
	}
	n := 0
	for _, f := range bodyFields {
		body := f.Value(e)
		counted := len(body)
		allObjects(body, func(_ string, from, _ int) bool {
			if n++; n > MaxObjects {
				counted = from
			}
			return n <= MaxObjects
		})
		if f.Name == field.Name {
			return counted
		}
		if n > MaxObjects {
			break
		}
	}
	return 0
}
