package indextest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// conditions draws the leaves of queries from the values of an event: they are
// there, nearly there, or not at all.
type conditions struct {
	*rand.Rand
	of *event.Event
}

// The fields that conditions draw from, by how queries treat them.
var fieldsByKind = func() map[event.Kind][]event.Field {
	m := map[event.Kind][]event.Field{}
	for _, f := range event.Fields() {
		m[f.Kind] = append(m[f.Kind], f)
	}
	return m
}()

// leaf is a query of one node, or of a few where the language has it so.
func (c conditions) leaf() query.Expr {
	switch n := c.IntN(29); {
	case n < 6:
		return c.keyword(c.field(event.Keyword))
	case n < 8:
		return c.address(c.field(event.IP))
	case n < 15:
		return c.body(c.field(event.Flattened))
	case n < 18:
		return c.prose(c.field(event.Prose))
	case n < 20:
		f := fieldsByKind[event.Timestamp][c.IntN(2)]
		if c.IntN(8) == 0 {
			return query.Exists{Field: f}
		}
		return query.TimeRange{Field: f, Op: query.Op(c.IntN(5)), Bound: c.instant()}
	case n < 22:
		return c.number(c.field(event.Number))
	case n == 22:
		f := c.field(event.Boolean)
		if c.IntN(3) == 0 {
			return query.Exists{Field: f}
		}
		return query.Term{Field: f, Value: "true"}
	case n < 25:
		return c.free()
	case n < 28:
		return c.nested()
	}
	return c.written()
}

// isLong tells whether a value is around the limit of what is compared, which few are.
func isLong(v string) bool { return len(v) > query.MaxValue-10 }

// hasLong tells whether a field or a leaf of the event is long.
func hasLong(e *event.Event) bool {
	for _, f := range event.Fields() {
		v := f.Value(e)
		switch {
		case !isLong(v):
		case f.Kind != event.Flattened:
			return true
		default:
			long := false
			event.Object(v).Leaves(func(_, leaf string) { long = long || isLong(leaf) })
			if long {
				return true
			}
		}
	}
	return false
}

// field is one of a kind, and mostly one that the event has.
func (c conditions) field(k event.Kind) event.Field {
	fields := fieldsByKind[k]
	if c.IntN(4) == 0 {
		for _, f := range fields {
			if isLong(f.Value(c.of)) {
				return f
			}
		}
	}
	f := fields[c.IntN(len(fields))]
	for i := 0; i < 4 && f.Value(c.of) == ""; i++ {
		f = fields[c.IntN(len(fields))]
	}
	return f
}

// near is the value, or one like it.
func (c conditions) near(v string) string {
	switch c.IntN(12) {
	case 0:
		return v + "x"
	case 1:
		return strings.ToUpper(v)
	case 2:
		return strings.ToLower(v)
	case 3:
		from, to := c.piece(v)
		return v[from:to]
	case 4:
		return " " + v
	case 5:
		return "nowhere"
	}
	return v
}

// piece is a part of v, cut between characters.
func (c conditions) piece(v string) (from, to int) {
	if v == "" {
		return 0, 0
	}
	from, to = c.IntN(len(v)+1), c.IntN(len(v)+1)
	if c.IntN(3) > 0 { // mostly few characters
		to = from + c.IntN(8)
	}
	from, to = min(from, to), min(max(from, to), len(v))
	for from > 0 && from < len(v) && !utf8.RuneStart(v[from]) {
		from--
	}
	for to < len(v) && !utf8.RuneStart(v[to]) {
		to++
	}
	return from, to
}

// pattern is one that v is like, or nearly.
func (c conditions) pattern(v string) []string {
	from, to := c.piece(v)
	first, middle, last := v[:from], v[from:to], v[to:]
	var parts []string
	switch c.IntN(6) {
	case 0:
		parts = []string{first, ""}
	case 1:
		parts = []string{"", last}
	case 2:
		parts = []string{first, last}
	case 3:
		parts = []string{"", middle, ""}
	case 4:
		parts = []string{first, middle, ""}
	default:
		i, _ := c.piece(middle)
		parts = []string{"", middle[:i], middle[i:], last}
	}
	if c.IntN(6) == 0 {
		parts[c.IntN(len(parts))] += c.pick("x", "*", "", "É")
	}
	if strings.Join(parts, "") == "" { // that is Exists
		parts[0] = "x"
	}
	return parts
}

func (c conditions) pick(values ...string) string { return values[c.IntN(len(values))] }

func (c conditions) keyword(f event.Field) query.Expr {
	v := query.Cut(f.Value(c.of))
	switch c.IntN(6) {
	case 0:
		return query.Exists{Field: f}
	case 1, 2:
		return query.Wildcard{Field: f, Parts: c.pattern(v)}
	}
	if v = query.Cut(c.near(v)); v == "" {
		return query.Not{Expr: query.Exists{Field: f}}
	}
	if f.Kind == event.IP { // no text, when it is an address
		return mustParse(query.Term{Field: f, Value: v}.String())
	}
	return query.Term{Field: f, Value: v}
}

func mustParse(text string) query.Expr {
	x, err := query.Parse(text)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", text, err))
	}
	return x
}

func (c conditions) address(f event.Field) query.Expr {
	v := f.Value(c.of)
	a, ok := query.ParseAddr(v)
	if c.IntN(4) == 0 {
		a, ok = netip.MustParseAddr(c.pick("10.0.0.1", "10.1.2.3", "11.0.0.0", "2001:db8::1", "2001:db8:1::", "::", "fe80::1", "0.0.0.0")), true
	}
	if !ok || c.IntN(4) == 0 {
		return c.keyword(f)
	}
	bits := c.IntN(a.BitLen() + 1)
	if c.IntN(2) == 0 {
		bits = a.BitLen() - c.IntN(10)
	}
	return query.CIDR{Field: f, Prefix: netip.PrefixFrom(a, bits).Masked()}
}

// body is a condition on a leaf of a body, on all leaves of it, or on what is no leaf.
func (c conditions) body(f event.Field) query.Expr {
	path, v := c.aLeaf(f)
	v = query.Cut(v)
	switch c.IntN(12) {
	case 0, 1:
		path = ""
	case 2:
		path += ".x"
	case 3:
		if i := strings.LastIndexByte(path, '.'); i > 0 {
			path = path[:i]
		}
	case 4:
		path = c.pick("Tag.Key", "Tag.Value", "InstanceId", "a.b", "a.b.c", "k7", "k1999", "none")
	}
	switch c.IntN(6) {
	case 0:
		return query.Exists{Field: f, Path: path}
	case 1, 2:
		return query.Wildcard{Field: f, Path: path, Parts: c.pattern(v)}
	}
	return query.Term{Field: f, Path: path, Value: query.Cut(c.near(v))}
}

// aLeaf is one of the leaves of a body.
func (c conditions) aLeaf(f event.Field) (path, value string) {
	path, value = "InstanceId", "denied"
	n := 0
	event.Object(f.Value(c.of)).Leaves(func(p, v string) {
		if n++; c.IntN(n) == 0 || isLong(v) {
			path, value = p, v
		}
	})
	return path, value
}

// nested are conditions on one object in a body, which has what they ask for, or nearly.
func (c conditions) nested() query.Expr {
	x := query.Nested{Field: c.field(event.Flattened), Path: "Tag"}
	object := event.Object(`{"Key":"env"}`)
	n := 0
	query.Objects(c.of, func(f event.Field, path string, o event.Object) bool {
		if n++; path != "" && c.IntN(n) == 0 {
			x.Field, x.Path, object = f, path, o
		}
		return n < 50
	})
	if c.IntN(8) == 0 {
		x.Path = c.pick("Tag", "a", "a.b", "none")
	}
	part := func() query.Expr {
		inner := c
		inner.of = &event.Event{RequestParameters: object}
		leaf := inner.body(fieldsByKind[event.Flattened][0])
		if c.IntN(5) == 0 {
			return query.Not{Expr: leaf}
		}
		return leaf
	}
	switch c.IntN(6) {
	case 0:
		x.Expr = part()
	case 1:
		x.Expr = query.Or{Exprs: []query.Expr{part(), part()}}
	default:
		x.Expr = query.And{Exprs: []query.Expr{part(), part()}}
	}
	return x
}

// words are some that stand one after another in a text, or nearly so.
func (c conditions) words(text string) []string {
	tokens := query.Tokens(text)
	if len(tokens) == 0 {
		return []string{"denied"}
	}
	from := c.IntN(len(tokens))
	out := slices.Clone(tokens[from:min(len(tokens), from+1+c.IntN(4))])
	switch k := c.IntN(len(out)); c.IntN(12) {
	case 0:
		out[k] += "x"
	case 1:
		slices.Reverse(out)
	case 2:
		out = append(out, tokens[0])
	case 3:
		if len(out) > 2 {
			out = slices.Delete(out, 1, 2)
		}
	}
	return query.Tokens(strings.Join(out, " "))
}

func (c conditions) prose(f event.Field) query.Expr {
	words := c.words(f.Value(c.of))
	switch c.IntN(6) {
	case 0:
		return query.Exists{Field: f}
	case 1, 2:
		return query.Wildcard{Field: f, Parts: lower(c.pattern(words[0]))}
	}
	return query.Phrase{Field: f, Tokens: words}
}

func (c conditions) instant() int64 {
	at := c.of.Time.Nanos
	if c.IntN(3) == 0 {
		at = c.of.Origin.Observed.Nanos
	}
	switch c.IntN(6) {
	case 0:
		return at + int64(c.IntN(3)) - 1
	case 1:
		return at - at%1e9
	case 2:
		return []int64{0, -1, firstTime, lastTime}[c.IntN(4)]
	}
	return at
}

// The first and the last time that a query can name.
var (
	firstTime = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	lastTime  = time.Date(2262, 1, 1, 0, 0, 0, -1, time.UTC).UnixNano()
)

func (c conditions) number(f event.Field) query.Expr {
	if c.IntN(8) == 0 {
		return query.Exists{Field: f}
	}
	bound, _ := query.Number(f, c.of)
	switch c.IntN(5) {
	case 0:
		bound += uint64(c.IntN(3)) - 1
	case 1:
		bound = []uint64{0, 1, 1 << 53, 1<<53 + 1, 1<<63 - 1, 1 << 63, 1<<64 - 1}[c.IntN(7)]
	}
	return query.NumberRange{Field: f, Op: query.Op(c.IntN(5)), Bound: bound}
}

func lower(parts []string) []string {
	out := make([]string, len(parts))
	for i := range parts {
		out[i] = strings.ToLower(parts[i])
	}
	return out
}

// free is free text: a value of any field as a whole, or words of one.
func (c conditions) free() query.Expr {
	var f event.Field
	for range 5 {
		if f = c.field([]event.Kind{event.Keyword, event.Keyword, event.IP, event.Prose, event.Flattened, event.Flattened, event.Number}[c.IntN(7)]); f.Value(c.of) != "" {
			break
		}
	}
	text := f.Value(c.of)
	if f.Kind == event.Flattened {
		_, text = c.aLeaf(f)
	}
	if c.IntN(2) == 0 {
		text = strings.Join(c.words(text), c.pick(" ", " ", "/", ", "))
	}
	text = query.Cut(text)
	if c.IntN(3) == 0 {
		parts := c.pattern(text)
		return query.TextWildcard{Parts: parts, Lower: lower(parts)}
	}
	if text = query.Cut(c.near(text)); text == "" {
		return query.All{}
	}
	return query.Text{Value: text, Tokens: query.Tokens(text)}
}

// written is a condition as people write them, where the language makes several nodes of one.
func (c conditions) written() query.Expr {
	at := c.of.Time.Nanos
	if far := int64(36 * time.Hour); at > firstTime+far && at < lastTime-far {
		at += int64(c.IntN(3)-1) * int64(24*time.Hour)
	}
	day := time.Unix(0, at).UTC().Format(time.DateOnly)
	return mustParse(c.pick(
		fmt.Sprintf("%s %s %s", c.pick("eventTime", "origin.observedTime"), c.pick(":", ">", ">=", "<", "<="), day),
		fmt.Sprintf("%s: %s", c.pick("eventTime", "origin.observedTime"), day),
		"eventName: (RunInstances or DeleteInstance or not Create*)",
		"errorMessage: (access denied)", "access denied", "resource*name or not quota.exceeded",
		"not isGlobal: false", "sourceIpAddress: (10.0.0.0/8 or 2001:db8::/32)", "requestParameters: (true or 1)", `requestParameters.a: ""`, "errorMessage: (den* and not not-found)",
		"origin.batch: (3 or 7)", "eventTime: *", "*", "*: alice", `"denied access"`,
	))
}
