package local

import (
	"math"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// found are the events of a view that an expression may match. When exact is
// false there are too many, never too few: each must be read and asked.
type found struct {
	set   *roaring.Bitmap
	exact bool
}

func none() found { return found{roaring.New(), true} }

// planner finds events by dictionaries and columns, without reading them.
type planner struct {
	view   view
	within *roaring.Bitmap // the events asked for; it is not changed
}

// everything is the answer for what cannot be planned.
func (p planner) everything(exact bool) found { return found{p.within.Clone(), exact} }

func (p planner) plan(x query.Expr) (found, error) {
	switch x := x.(type) {
	case query.And:
		return p.and(x.Exprs)
	case query.Or:
		return p.or(x.Exprs)
	case query.Not:
		f, err := p.plan(x.Expr)
		if err != nil || !f.exact {
			return p.everything(false), err
		}
		return found{roaring.AndNot(p.within, f.set), true}, nil
	case query.All:
		return p.everything(true), nil
	case query.Term:
		return p.term(x)
	case query.Wildcard:
		return p.wildcard(x)
	case query.Exists:
		return p.exists(x)
	case query.TimeRange:
		return p.timeRange(x)
	case query.NumberRange:
		if no, ok := p.field(x.Field); ok && x.Field.Kind == event.Number {
			return p.column(no, func(v uint64) bool { return query.Holds(x.Op, v, x.Bound) })
		}
	case query.CIDR:
		return p.cidr(x)
	case query.Phrase:
		return p.phrase(x.Field, x.Tokens)
	case query.Text:
		return p.text(x)
	case query.TextWildcard:
		return p.textWildcard(x)
	case query.Nested: // the leaves do not tell which of them share an object
		f, err := p.plan(x.Candidates())
		f.exact = f.exact && f.set.IsEmpty()
		return f, err
	case query.Unknown:
		return none(), nil
	}
	return p.everything(false), nil
}

// field is the number of a field; false for one that is not the event's own.
func (p planner) field(f event.Field) (int, bool) {
	no, ok := fieldNo[f.Name]
	return no, ok && fields[no].Kind == f.Kind
}

func (p planner) and(parts []query.Expr) (found, error) {
	out := p.everything(true)
	for _, x := range parts {
		f, err := p.plan(x)
		if err != nil {
			return f, err
		}
		out.set.And(f.set)
		out.exact = out.exact && f.exact
		if out.set.IsEmpty() {
			return none(), nil
		}
	}
	return out, nil
}

func (p planner) or(parts []query.Expr) (found, error) {
	out := none()
	for _, x := range parts {
		f, err := p.plan(x)
		if err != nil {
			return f, err
		}
		out.set.Or(f.set)
		out.exact = out.exact && f.exact
	}
	return out, nil
}

// dictionaries calls fn for each dictionary of a field: one, or for a Flattened
// field without a path all of its leaves. What no dictionary holds is added to out.
func (p planner) dictionaries(no int, path string, out *found, fn func(dictionary) error) error {
	one := func(path string) error {
		d, err := p.view.dictionary(no, path)
		if err != nil || d == nil {
			return err
		}
		return fn(d)
	}
	if fields[no].Kind != event.Flattened {
		return one("")
	}
	more, err := p.view.unnamed(no)
	if err != nil {
		return err
	}
	if !more.IsEmpty() {
		out.set.Or(more)
		out.exact = false
	}
	if path != "" {
		return one(path)
	}
	paths, err := p.view.leafPaths(no)
	for i := 0; err == nil && i < len(paths); i++ {
		err = one(paths[i])
	}
	return err
}

// keyed are the events that fn finds in the dictionaries of a field.
func (p planner) keyed(f event.Field, path string, fn func(d dictionary, into *roaring.Bitmap) error) (found, error) {
	no, ok := p.field(f)
	if !ok || !hasDictionary(no) && f.Kind != event.Flattened {
		return p.everything(false), nil
	}
	out := none()
	err := p.dictionaries(no, path, &out, func(d dictionary) error { return fn(d, out.set) })
	out.set.And(p.within)
	return out, err
}

func (p planner) term(x query.Term) (found, error) {
	if x.Value == "" && x.Field.Kind != event.Flattened { // matches what is absent
		return p.everything(false), nil
	}
	if x.Field.Name == fields[eventID].Name {
		return p.id(x.Value)
	}
	return p.keyed(x.Field, x.Path, func(d dictionary, into *roaring.Bitmap) error {
		set, err := d.find(x.Value)
		if err == nil {
			into.Or(set)
		}
		return err
	})
}

// id are the events with an id. A longer id than what takes part in matching may have a cut one's value.
func (p planner) id(id string) (found, error) {
	if len(id)+4 >= query.MaxValue {
		return p.everything(false), nil
	}
	set, err := p.view.byID(id)
	if err != nil {
		return none(), err
	}
	set.And(p.within)
	return found{set, true}, nil
}

func (p planner) wildcard(x query.Wildcard) (found, error) {
	if len(x.Parts) < 2 {
		return p.everything(false), nil
	}
	if x.Field.Kind == event.Prose {
		d, exact, err := p.wordsOf(x.Field)
		if err != nil {
			return none(), err
		}
		f, err := p.wordsLike(d, x.Parts)
		f.exact = f.exact && exact
		return f, err
	}
	return p.patterned(x.Field, x.Path, likePattern(x.Parts))
}

// patterned are the events that have a value like the pattern in a field.
func (p planner) patterned(f event.Field, path string, like *pattern) (found, error) {
	unread := roaring.New()
	out, err := p.keyed(f, path, func(d dictionary, into *roaring.Bitmap) error { return addLike(d, like, into, unread) })
	if err == nil {
		p.addUnread(&out, unread)
	}
	return out, err
}

// addLike adds the events of the keys that are like the pattern, and to unread
// those that must be read to know.
func addLike(d dictionary, like *pattern, into, unread *roaring.Bitmap) error {
	if like.ids {
		hidden, err := d.hidden()
		if err != nil {
			return err
		}
		unread.Or(hidden)
	}
	return d.like(like, into)
}

// addUnread adds events that must be read.
func (p planner) addUnread(out *found, unread *roaring.Bitmap) {
	unread.And(p.within)
	unread.AndNot(out.set)
	if !unread.IsEmpty() {
		out.set.Or(unread)
		out.exact = false
	}
}

func (p planner) exists(x query.Exists) (found, error) {
	no, ok := p.field(x.Field)
	if ok && hasColumn(no) {
		return p.column(no, func(uint64) bool { return true })
	}
	if ok && x.Field.Kind == event.Prose {
		d, err := p.view.dictionary(no, "")
		out := none()
		if err == nil && d != nil {
			out.set, err = d.find(anyText)
		}
		out.set.And(p.within)
		return out, err
	}
	return p.keyed(x.Field, x.Path, func(d dictionary, into *roaring.Bitmap) error {
		set, err := d.all()
		if err == nil {
			into.Or(set)
		}
		return err
	})
}

func (p planner) timeRange(x query.TimeRange) (found, error) {
	no, ok := p.field(x.Field)
	if !ok || x.Field.Kind != event.Timestamp {
		return p.everything(false), nil
	}
	if no != eventTime {
		return p.column(no, func(v uint64) bool { return query.Holds(x.Op, v, ordered(x.Bound)) })
	}
	first, last, some := span(x.Op, x.Bound)
	if !some {
		return none(), nil
	}
	set, err := p.view.window(first, last)
	if err != nil {
		return none(), err
	}
	set.And(p.within)
	return found{set, !p.view.timeless()}, nil
}

func (p planner) column(no int, want func(v uint64) bool) (found, error) {
	var in []uint32
	err := p.view.column(no, func(n uint32, v uint64) {
		if want(v) {
			in = append(in, n)
		}
	})
	set := roaring.BitmapOf(in...)
	set.And(p.within)
	return found{set, true}, err
}

func (p planner) cidr(x query.CIDR) (found, error) {
	if x.Field.Kind != event.IP {
		return p.everything(false), nil
	}
	return p.patterned(x.Field, "", &pattern{want: x.Holds}) // what looks like an id is no address
}

// span are the first and the last time for which op holds; some is false when there are none.
func span(op query.Op, bound int64) (first, last int64, some bool) {
	first, last = math.MinInt64, math.MaxInt64
	switch op {
	case query.Less:
		last = bound - 1
		some = bound > math.MinInt64
	case query.LessOrEqual:
		last, some = bound, true
	case query.Greater:
		first = bound + 1
		some = bound < math.MaxInt64
	case query.GreaterOrEqual:
		first, some = bound, true
	default:
		first, last, some = bound, bound, true
	}
	return first, last, some
}
