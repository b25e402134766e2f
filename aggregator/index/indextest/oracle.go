package indextest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// oracle knows what an index of these events must answer: query.Match is asked
// for each event. So that thousands of queries take seconds, a condition that
// occurs again is not asked again, one of a field is asked once for each value
// of the field, and and, or and not are made of these; direct checks that.
type oracle struct {
	events []event.Event // by time and id
	docs   [][]byte      // canonical JSON of each
	byID   map[string]int

	fields map[string]func() []sameValue // of events, by name of a field; worked out once
	probes func() []sameValue            // of events with one field alone, for free text
	full   []int                         // events with so many objects that not all of them count

	mu    sync.Mutex
	asked map[string]*answer
	lists map[string]func() [][]string
}

// sameValue are events of which a condition is asked once.
type sameValue struct {
	asked  *event.Event
	events []int
}

// answer is worked out once.
type answer struct {
	once sync.Once
	set  bits
}

// bits are events, by their places in the order.
type bits []uint64

func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }
func (b bits) add(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bits) remove(i int)   { b[i/64] &^= 1 << (i % 64) }

func newOracle(events []event.Event) *oracle {
	o := &oracle{events: slices.Clone(events), byID: map[string]int{}, fields: map[string]func() []sameValue{}, asked: map[string]*answer{}, lists: map[string]func() [][]string{}}
	slices.SortFunc(o.events, func(a, b event.Event) int {
		return cmp.Or(cmp.Compare(a.Time.Nanos, b.Time.Nanos), strings.Compare(a.ID, b.ID))
	})
	o.docs = make([][]byte, len(o.events))
	for i := range o.events {
		o.docs[i] = o.events[i].AppendJSON(nil)
		o.byID[o.events[i].ID] = i // the newest stays
		if bytes.Count(o.docs[i], []byte("{")) > query.MaxObjects {
			o.full = append(o.full, i)
		}
	}
	for _, f := range event.Fields() {
		o.fields[f.Name] = sync.OnceValue(func() []sameValue { return o.group(f) })
	}
	o.probes = sync.OnceValue(o.alone)
	return o
}

// alone are events that have one field of another each, and nothing else.
func (o *oracle) alone() []sameValue {
	var out []sameValue
	for _, f := range event.Fields() {
		if f.Kind != event.Keyword && f.Kind != event.IP && f.Kind != event.Prose && f.Kind != event.Flattened {
			continue
		}
		for _, same := range o.fields[f.Name]() {
			if v := f.Value(same.asked); v != "" {
				out = append(out, sameValue{only(f, v), same.events})
			}
		}
	}
	return out
}

func (o *oracle) group(f event.Field) []sameValue {
	var out []sameValue
	number := map[string]int{}
	for i := range o.events {
		v := f.Value(&o.events[i])
		n, ok := number[v]
		if !ok {
			n = len(out)
			number[v] = n
			out = append(out, sameValue{asked: &o.events[i]})
		}
		out[n].events = append(out[n].events, i)
	}
	return out
}

// only is an event that has nothing but one field.
func only(f event.Field, v string) *event.Event {
	text := []byte(v)
	if f.Kind != event.Flattened {
		text = event.AppendString(nil, v)
	}
	names := strings.Split(f.Name, ".")
	for _, name := range slices.Backward(names) {
		text = fmt.Appendf(nil, "{%q:%s}", name, text)
	}
	e, err := event.ParseJSON(text)
	if err != nil || f.Value(&e) != v {
		panic(fmt.Sprintf("an event of %s alone: %v", f.Name, err))
	}
	return &e
}

func (o *oracle) none() bits { return make(bits, (len(o.events)+63)/64) }

// matching are the events that match. The caller does not change them.
func (o *oracle) matching(x query.Expr) bits {
	switch x := x.(type) {
	case nil:
		return o.not(o.none())
	case query.And:
		out := o.not(o.none())
		for _, part := range x.Exprs {
			for i, w := range o.matching(part) {
				out[i] &= w
			}
		}
		return out
	case query.Or:
		out := o.none()
		for _, part := range x.Exprs {
			for i, w := range o.matching(part) {
				out[i] |= w
			}
		}
		return out
	case query.Not:
		return o.not(o.matching(x.Expr))
	}
	key := fmt.Sprintf("%#v", x)
	o.mu.Lock()
	a := o.asked[key]
	if a == nil {
		a = &answer{}
		o.asked[key] = a
	}
	o.mu.Unlock()
	a.once.Do(func() { a.set = o.ask(x) })
	return a.set
}

func (o *oracle) not(set bits) bits {
	out := o.none()
	for i := range o.events {
		if !set.has(i) {
			out.add(i)
		}
	}
	return out
}

// ask asks query.Match.
func (o *oracle) ask(x query.Expr) bits {
	var of []sameValue
	switch x := x.(type) {
	case query.Term:
		of = o.fields[x.Field.Name]()
	case query.Wildcard:
		of = o.fields[x.Field.Name]()
	case query.Exists:
		of = o.fields[x.Field.Name]()
	case query.TimeRange:
		of = o.fields[x.Field.Name]()
	case query.NumberRange:
		of = o.fields[x.Field.Name]()
	case query.CIDR:
		of = o.fields[x.Field.Name]()
	case query.Phrase:
		of = o.fields[x.Field.Name]()
	case query.Nested:
		of = o.fields[x.Field.Name]()
	case query.Text, query.TextWildcard:
		of = o.probes()
	default:
		out := o.none()
		for i := range o.events {
			if x.Match(&o.events[i]) {
				out.add(i)
			}
		}
		return out
	}
	out := o.none()
	for _, same := range of {
		if x.Match(same.asked) {
			for _, i := range same.events {
				out.add(i)
			}
		}
	}
	if _, ok := x.(query.Nested); ok {
		for _, i := range o.full { // whether its objects count depends on its other fields
			if out.remove(i); x.Match(&o.events[i]) {
				out.add(i)
			}
		}
	}
	return out
}

// direct checks the answer of an event, without any of what makes the oracle fast.
func (o *oracle) direct(x query.Expr, i int) error {
	want := x == nil || x.Match(&o.events[i])
	if got := o.matching(x).has(i); got != want {
		return fmt.Errorf("the suite is wrong: match says %v of %s", want, o.docs[i])
	}
	return nil
}

// hits are the places of the events of a query, in its order.
func (o *oracle) hits(q index.Query) []int {
	from, to := 0, len(o.events)
	if !q.From.IsZero() {
		from = sort.Search(to, func(i int) bool { return !o.events[i].Time.Std().Before(q.From) })
	}
	if !q.To.IsZero() {
		to = sort.Search(to, func(i int) bool { return !o.events[i].Time.Std().Before(q.To) })
	}
	set := o.matching(q.Filter)
	var out []int
	for i := from; i < to; i++ {
		if set.has(i) {
			out = append(out, i)
		}
	}
	if !q.Ascending {
		slices.Reverse(out)
	}
	return out
}

func (o *oracle) histogram(hits []int, step time.Duration) []index.Bucket {
	buckets := map[int64]index.Bucket{}
	for _, i := range hits {
		e := &o.events[i]
		rest := e.Time.Nanos % int64(step)
		if rest < 0 {
			rest += int64(step)
		}
		start := e.Time.Nanos - rest
		b := buckets[start]
		b.Start = time.Unix(0, start).UTC()
		b.Count++
		if e.ErrorCode != "" {
			b.Errors++
		}
		buckets[start] = b
	}
	out := make([]index.Bucket, 0, len(buckets))
	for _, b := range buckets {
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b index.Bucket) int { return a.Start.Compare(b.Start) })
	return out
}

// listed are strings of each event, none twice for the same event, worked out once.
func (o *oracle) listed(name string, of func(e *event.Event) []string) [][]string {
	o.mu.Lock()
	list := o.lists[name]
	if list == nil {
		list = sync.OnceValue(func() [][]string {
			out := make([][]string, len(o.events))
			for i := range o.events {
				out[i] = of(&o.events[i])
				slices.Sort(out[i])
				out[i] = slices.Compact(out[i])
			}
			return out
		})
		o.lists[name] = list
	}
	o.mu.Unlock()
	return list()
}

// counted are the n strings that most of the hits have, and how many have each; of equal ones the smallest first.
func counted(hits []int, list [][]string, n int) []index.Value {
	counts := map[string]int{}
	for _, i := range hits {
		for _, v := range list[i] {
			counts[v]++
		}
	}
	out := make([]index.Value, 0, len(counts))
	for v, k := range counts {
		out = append(out, index.Value{Value: v, Count: k})
	}
	slices.SortFunc(out, func(a, b index.Value) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return out[:min(n, len(out))]
}

func (o *oracle) values(hits []int, name string, n int) []index.Value {
	f, path, _ := event.Lookup(name)
	list := o.listed("values of "+name, func(e *event.Event) []string {
		var of []string
		if f.Kind == event.Flattened {
			event.Object(f.Value(e)).Leaves(func(p, v string) {
				if p == path {
					of = append(of, query.Cut(v))
				}
			})
		} else if v := f.Value(e); v != "" {
			of = append(of, query.Cut(v))
		}
		return of
	})
	return counted(hits, list, n)
}

// namesOf are the fields and leaves that the hits have.
func (o *oracle) namesOf(hits []int, n int) []index.Field {
	list := o.listed("fields", func(e *event.Event) []string {
		var of []string
		for _, f := range event.Fields() {
			if f.Kind == event.Flattened {
				event.Object(f.Value(e)).Leaves(func(path, _ string) {
					if path != "" { // a query cannot name it
						of = append(of, f.Name+"."+path)
					}
				})
			} else if (query.Exists{Field: f}).Match(e) {
				of = append(of, f.Name)
			}
		}
		return of
	})
	var out []index.Field
	for _, v := range counted(hits, list, n) {
		out = append(out, index.Field{Name: v.Value, Count: v.Count})
	}
	return out
}
