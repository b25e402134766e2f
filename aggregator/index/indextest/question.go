package indextest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// question is a query, and all that is asked about what matches.
type question struct {
	index.Query
	pages int           // how many are read; 0: all
	step  time.Duration // of the histogram
	field string        // whose values are asked for
	n     int           // how many of them
	id    string        // asked for by Get
}

// way is one method of an index.
type way struct {
	name  string
	check func(context.Context, index.Index, *oracle, question) error
}

func ways() []way {
	return []way{
		{"search", checkSearch},
		{"total", checkTotal},
		{"histogram", checkHistogram},
		{"values", checkValues},
		{"fields", checkFields},
		{"get", checkGet},
		{"printed", checkPrinted},
	}
}

func (q question) String() string {
	var b strings.Builder
	filter := "all"
	if q.Filter != nil {
		filter = fmt.Sprintf("%s\n  (%s)", q.Filter, nodes(q.Filter))
	}
	fmt.Fprintf(&b, "%s\n  ascending %v, limit %d, no total %v", filter, q.Ascending, q.Limit, q.NoTotal)
	if !q.From.IsZero() {
		fmt.Fprintf(&b, ", from %s", q.From.Format(time.RFC3339Nano))
	}
	if !q.To.IsZero() {
		fmt.Fprintf(&b, ", to %s", q.To.Format(time.RFC3339Nano))
	}
	fmt.Fprintf(&b, "; by %v; %d values of %q; id %q", q.step, q.n, q.field, q.id)
	return b.String()
}

// nodes writes a query as the types that it is made of.
func nodes(x query.Expr) string {
	parts := func(of []query.Expr) string {
		var s []string
		for _, x := range of {
			s = append(s, nodes(x))
		}
		return "{" + strings.Join(s, ", ") + "}"
	}
	switch x := x.(type) {
	case query.And:
		return "And" + parts(x.Exprs)
	case query.Or:
		return "Or" + parts(x.Exprs)
	case query.Not:
		return "Not{" + nodes(x.Expr) + "}"
	case query.Nested:
		return "Nested{" + nodes(x.Expr) + "}"
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", x), "query.")
}

// checkSearch reads pages, and compares the very bytes.
func checkSearch(ctx context.Context, x index.Index, o *oracle, q question) error {
	hits := o.hits(q.Query)
	total := len(hits)
	if q.NoTotal {
		total = -1
	}
	for rest, n := hits, 0; n < q.pages || q.pages == 0; n++ {
		page, err := x.Search(ctx, q.Query)
		if err != nil {
			return fmt.Errorf("page %d: %w", n, err)
		}
		if page.Total != total {
			return fmt.Errorf("page %d has the total %d, want %d%s", n, page.Total, total, o.difference(ctx, x, q))
		}
		if page.Incomplete != nil {
			return fmt.Errorf("page %d is incomplete: %q", n, page.Incomplete)
		}
		want := rest[:min(q.Limit, len(rest))]
		if err := o.same(want, page.Events); err != nil {
			return fmt.Errorf("page %d: %w", n, err)
		}
		rest = rest[len(want):]
		if (page.Next == "") != (len(rest) == 0) {
			return fmt.Errorf("page %d continues with %q, and %d events are left", n, page.Next, len(rest))
		}
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	return nil
}

// same compares a page with the events that it should hold.
func (o *oracle) same(want []int, got [][]byte) error {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			return fmt.Errorf("it ends after %d of %d events; the next is %s", i, len(want), show(o.docs[want[i]]))
		case i >= len(want):
			return fmt.Errorf("it has %d events, want %d; too many is %s", len(got), len(want), show(got[i]))
		case !bytes.Equal(got[i], o.docs[want[i]]):
			return fmt.Errorf("event %d is\n  %s, want\n  %s", i, show(got[i]), show(o.docs[want[i]]))
		}
	}
	return nil
}

// show is an event for people: long ones are cut.
func show(doc []byte) string {
	const most = 6000
	if len(doc) > most {
		return fmt.Sprintf("%s … (%d bytes)", doc[:most], len(doc))
	}
	return string(doc)
}

// difference tells of an event that is missing or that should not be there.
func (o *oracle) difference(ctx context.Context, x index.Index, q question) string {
	q.After, q.Limit = "", index.MaxLimit
	var got [][]byte
	for {
		page, err := x.Search(ctx, q.Query)
		if err != nil {
			return ""
		}
		got = append(got, page.Events...)
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if err := o.same(o.hits(q.Query), got); err != nil {
		return ": " + err.Error()
	}
	return ", and yet the pages are right"
}

func checkTotal(ctx context.Context, x index.Index, o *oracle, q question) error {
	q.Limit, q.NoTotal = 0, false
	page, err := x.Search(ctx, q.Query)
	if err != nil {
		return err
	}
	if want := len(o.hits(q.Query)); page.Total != want || len(page.Events) > 0 || page.Next != "" {
		return fmt.Errorf("with limit 0 it has the total %d, %d events and continues with %q; want the total %d alone%s", page.Total, len(page.Events), page.Next, want, o.difference(ctx, x, q))
	}
	return nil
}

func checkHistogram(ctx context.Context, x index.Index, o *oracle, q question) error {
	got, missing, err := x.Histogram(ctx, q.Query, q.step)
	if err != nil {
		return err
	}
	if missing != nil {
		return fmt.Errorf("the counts are incomplete: %q", missing)
	}
	if diff := cmp.Diff(o.histogram(o.hits(q.Query), q.step), got, sameEmpty[index.Bucket]()); diff != "" {
		return fmt.Errorf("(-want +got)\n%s%s", diff, o.difference(ctx, x, q))
	}
	return nil
}

func checkValues(ctx context.Context, x index.Index, o *oracle, q question) error {
	got, missing, err := x.Values(ctx, q.Query, q.field, q.n)
	if err != nil {
		return err
	}
	if missing != nil {
		return fmt.Errorf("the counts are incomplete: %q", missing)
	}
	if diff := cmp.Diff(o.values(o.hits(q.Query), q.field, q.n), got, sameEmpty[index.Value]()); diff != "" {
		return fmt.Errorf("(-want +got)\n%s%s", diff, o.difference(ctx, x, q))
	}
	return nil
}

func checkFields(ctx context.Context, x index.Index, o *oracle, q question) error {
	got, missing, err := x.Fields(ctx, q.Query, q.n)
	if err != nil {
		return err
	}
	if missing != nil {
		return fmt.Errorf("the counts are incomplete: %q", missing)
	}
	if diff := cmp.Diff(o.namesOf(o.hits(q.Query), q.n), got, sameEmpty[index.Field]()); diff != "" {
		return fmt.Errorf("(-want +got)\n%s%s", diff, o.difference(ctx, x, q))
	}
	return nil
}

func checkGet(ctx context.Context, x index.Index, o *oracle, q question) error {
	doc, err := x.Get(ctx, q.id)
	i, ok := o.byID[q.id]
	switch {
	case !ok && !errors.Is(err, index.ErrNotFound):
		return fmt.Errorf("%s, %v; want ErrNotFound", show(doc), err)
	case ok && err != nil:
		return err
	case ok && !bytes.Equal(doc, o.docs[i]):
		return fmt.Errorf("%s, want %s", show(doc), show(o.docs[i]))
	}
	return nil
}

// checkPrinted asks no index: a query that is printed and read again means the same.
func checkPrinted(_ context.Context, _ index.Index, o *oracle, q question) error {
	if q.Filter == nil {
		return nil
	}
	again, _, err := query.ParseSearch(q.Filter.String(), Start) // which knows Unknown too
	if err != nil {
		return err
	}
	if !slices.Equal(o.matching(q.Filter), o.matching(again)) {
		return fmt.Errorf("it is read as %s, which matches something else", nodes(again))
	}
	return nil
}

func sameEmpty[T any]() cmp.Option {
	return cmp.Transformer("sameEmpty", func(s []T) []T {
		if len(s) == 0 {
			return nil
		}
		return s
	})
}

// asker draws questions.
type asker struct {
	*rand.Rand
	o      *oracle
	leaves [][]query.Expr // of each event that they were drawn from
	froms  []time.Time    // of these events
}

// newAsker draws the leaves that about n questions are made of.
func newAsker(r *rand.Rand, o *oracle, n int) *asker {
	const leaves = 10
	a := &asker{Rand: r, o: o, leaves: make([][]query.Expr, 2+n/16)}
	var far, long []int // of no time, or of one that few events have; with values that are cut
	for i := range o.events {
		e := &o.events[i]
		if e.Time.IsZero() || e.Time.Std().Year() != Start.Year() {
			far = append(far, i)
		}
		if hasLong(e) {
			long = append(long, i)
		}
	}
	for i := range a.leaves {
		at := r.IntN(len(o.events))
		if n := r.IntN(20); n == 0 && len(far) > 0 {
			at = far[r.IntN(len(far))]
		} else if n < 4 && len(long) > 0 {
			at = long[r.IntN(len(long))]
		}
		c := conditions{r, &o.events[at]}
		a.froms = append(a.froms, c.of.Time.Std())
		for range leaves {
			a.leaves[i] = append(a.leaves[i], c.leaf())
		}
	}
	return a
}

// question draws one. Its conditions are mostly of the same event, so that some match together.
func (a *asker) question() question {
	q := question{Query: index.Query{Ascending: a.IntN(2) == 0, NoTotal: a.IntN(3) == 0}}
	of := a.IntN(len(a.leaves))
	if a.IntN(20) > 0 {
		q.Filter = a.expr(of, a.IntN(4))
	}
	switch a.IntN(200) {
	case 0:
	case 1:
		q.From = a.time()
	case 2:
		q.To = a.time()
	case 3:
		q.From, q.To = a.time(), a.time()
	default: // around the event, so that many questions take little time
		most := int64([]time.Duration{10 * time.Minute, 30 * time.Minute, 2 * time.Hour}[a.IntN(3)])
		q.From = a.froms[of].Add(-time.Duration(a.Int64N(most)))
		q.To = a.froms[of].Add(time.Duration(a.Int64N(most)))
	}
	q.Limit = []int{1, 2, 7, 20, 100}[a.IntN(5)]
	q.pages = 1 + a.IntN(3)
	if a.IntN(50) == 0 {
		q.Limit, q.pages = 1000+a.IntN(index.MaxLimit-999), 0
	}
	const day = 24 * time.Hour
	q.step = []time.Duration{time.Second, time.Minute, time.Hour, 7 * time.Hour, day, 7 * day, 1234567891}[a.IntN(7)]
	q.field = a.field()
	q.n = []int{1, 3, 10, 10_000}[a.IntN(4)]
	q.id = a.event().ID
	if a.IntN(6) == 0 {
		q.id = conditions{a.Rand, a.event()}.near(q.id)
	}
	return q
}

func (a *asker) event() *event.Event { return &a.o.events[a.IntN(len(a.o.events))] }

func (a *asker) time() time.Time {
	t := a.event().Time.Std()
	switch a.IntN(4) {
	case 0:
		return t.Truncate(time.Hour)
	case 1:
		return t.Add(time.Duration(a.IntN(3) - 1))
	}
	return t
}

// field is one whose values can be asked for.
func (a *asker) field() string {
	f := event.Fields()[a.IntN(len(event.Fields()))]
	if f.Kind == event.Flattened {
		path, _ := conditions{a.Rand, a.event()}.aLeaf(f)
		if path == "" {
			path = "Tag.Key"
		}
		return f.Name + "." + path
	}
	return f.Name
}

func (a *asker) expr(of, depth int) query.Expr {
	if a.IntN(6) == 0 {
		of = a.IntN(len(a.leaves))
	}
	kind := a.IntN(5)
	if depth == 0 || kind == 0 {
		return a.leaves[of][a.IntN(len(a.leaves[of]))]
	}
	if kind == 1 {
		return query.Not{Expr: a.expr(of, depth-1)}
	}
	parts := make([]query.Expr, 2+a.IntN(2))
	for i := range parts {
		parts[i] = a.expr(of, depth-1)
	}
	if kind == 2 {
		return query.Or{Exprs: parts}
	}
	return query.And{Exprs: parts}
}

// smaller are questions with a little less in them.
func (q question) smaller() []question {
	var out []question
	with := func(change func(*question)) {
		less := q
		change(&less)
		out = append(out, less)
	}
	if q.Filter != nil {
		with(func(q *question) { q.Filter = nil })
		for _, x := range smaller(q.Filter) {
			with(func(q *question) { q.Filter = x })
		}
	}
	if !q.From.IsZero() {
		with(func(q *question) { q.From = time.Time{} })
	}
	if !q.To.IsZero() {
		with(func(q *question) { q.To = time.Time{} })
	}
	if q.pages != 1 {
		with(func(q *question) { q.pages = 1 })
	}
	if !q.Ascending {
		with(func(q *question) { q.Ascending = true })
	}
	return out
}

func smaller(x query.Expr) []query.Expr {
	var out []query.Expr
	several := func(parts []query.Expr, make func([]query.Expr) query.Expr) {
		out = append(out, parts...)
		for i := range parts {
			if len(parts) > 1 {
				out = append(out, make(slices.Delete(slices.Clone(parts), i, i+1)))
			}
			for _, less := range smaller(parts[i]) {
				changed := slices.Clone(parts)
				changed[i] = less
				out = append(out, make(changed))
			}
		}
	}
	switch x := x.(type) {
	case query.And:
		several(x.Exprs, func(parts []query.Expr) query.Expr { return query.And{Exprs: parts} })
	case query.Or:
		several(x.Exprs, func(parts []query.Expr) query.Expr { return query.Or{Exprs: parts} })
	case query.Not:
		out = append(out, x.Expr)
		for _, less := range smaller(x.Expr) {
			out = append(out, query.Not{Expr: less})
		}
	case query.Nested:
		for _, less := range smaller(x.Expr) {
			out = append(out, query.Nested{Field: x.Field, Path: x.Path, Expr: less})
		}
	}
	return out
}

// shrink leaves conditions out for as long as fails says so.
func shrink(q question, fails func(question) bool) question {
	for again := true; again; {
		again = false
		for _, less := range q.smaller() {
			if fails(less) {
				q, again = less, true
				break
			}
		}
	}
	return q
}
