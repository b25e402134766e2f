package query

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

// sameExpr compares what cmp cannot: functions and what a prefix hides.
func sameExpr() cmp.Option {
	return cmp.Options{
		cmp.Comparer(func(a, b event.Field) bool { return a.Name == b.Name && a.Kind == b.Kind }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	}
}

func TestPrint(t *testing.T) {
	for q, want := range map[string]string{
		`eventName:Delete`:                                        `eventName: Delete`,
		`eventName: a b`:                                          `eventName: "a b"`,
		`eventName: "and"`:                                        `eventName: "and"`,
		`eventName: \and`:                                         `eventName: "and"`,
		`eventName: a or eventName: b`:                            `eventName: (a or b)`,
		`eventName: (a or (b and not c))`:                         `eventName: (a or b and not c)`,
		`eventName: ((a or b) and c)`:                             `eventName: ((a or b) and c)`,
		`not eventName: (a or b)`:                                 `not eventName: (a or b)`,
		`not (eventName: a or eventRW: b)`:                        `not (eventName: a or eventRW: b)`,
		`(eventName: a or eventRW: b) and vpcId: c`:               `(eventName: a or eventRW: b) and vpcId: c`,
		`eventName: a and eventRW: b or vpcId: c`:                 `eventName: a and eventRW: b or vpcId: c`,
		`vpcId: c and eventName: (a or b)`:                        `vpcId: c and eventName: (a or b)`,
		`eventName: (a and b) and vpcId: c`:                       `eventName: (a and b) and vpcId: c`,
		`((a) and (b and (c)))`:                                   `a and b and c`,
		`a b`:                                                     `a and b`,
		`not a b`:                                                 `not (a and b)`,
		`not not a`:                                               `not not a`,
		`eventTime: 2026-11-29`:                                   `eventTime >= 2026-11-29 and eventTime < 2026-11-30`,
		`eventTime > 2026-11-29`:                                  `eventTime >= 2026-11-30`,
		`eventTime: 2026-11-29T00:00:00Z`:                         `eventTime: "2026-11-29T00:00:00Z"`,
		`eventTime > "2026-11-29T00:00:00Z"`:                      `eventTime > "2026-11-29T00:00:00Z"`,
		`eventTime <= 2261-12-31`:                                 `eventTime < "2262-01-01T00:00:00Z"`,
		`isGlobal: (true or false)`:                               `isGlobal: (true or not true)`,
		`sourceIpAddress: 10.1.2.3/8`:                             `sourceIpAddress: 10.0.0.0/8`,
		`sourceIpAddress: (::1 or host)`:                          `sourceIpAddress: ("::1" or host)`,
		`origin.batch >= 007`:                                     `origin.batch >= 7`,
		`eventName: a**b*`:                                        `eventName: a*b*`,
		`eventName: \*a b*\"`:                                     `eventName: \*a\ b*\"`,
		`eventName: **`:                                           `eventName: *`,
		`"requestParameters.a b": "c\\d\n"`:                       `"requestParameters.a b": "c\\d\n"`,
		`errorMessage: "Access-Denied, for YOU"`:                  `errorMessage: "access-denied for you"`,
		`errorMessage: not\ A*`:                                   `errorMessage: not\ a*`,
		`errorMessage: a b c`:                                     `errorMessage: (a and b and c)`,
		`*`:                                                       `*`,
		`a* and *`:                                                `a* and *`,
		`eventName: \u0021a*\u00a0*`:                              `eventName: \u0021a*\u00a0*`,
		`requestParameters.x: "" and requestParameters: ""`:       `requestParameters.x: "" and requestParameters: ""`,
		`requestParameters.*: a`:                                  `requestParameters: a`,
		`"requestParameters.*": a`:                                `"requestParameters.*": a`,
		`user*Name: a`:                                            `userIdentity.userName: a`,
		`*Name: (a and not b)`:                                    `(eventName: a or serviceName: a or resourceName: a or userIdentity.userName: a) and not (eventName: b or serviceName: b or resourceName: b or userIdentity.userName: b)`,
		`*Time: 2026-11-29`:                                       `eventTime >= 2026-11-29 and eventTime < 2026-11-30 or origin.observedTime >= 2026-11-29 and origin.observedTime < 2026-11-30`,
		`*Time > 2026-11-29`:                                      `eventTime >= 2026-11-30 or origin.observedTime >= 2026-11-30`,
		`is*: false`:                                              `not isGlobal: true`,
		`acs*: a or acs*: b`:                                      `acsRegion: (a or b)`,
		`*: (a or b c)`:                                           `a or b and c`,
		`requestParameters.Tag:{Key:a and Value:(b or c)}`:        `requestParameters.Tag: { Key: a and Value: (b or c) }`,
		`requestParameters.Tag: { *: (a or b) or "*": c }`:        `requestParameters.Tag: { *: (a or b) or "*": c }`,
		`requestParameters.Tag: { * and not *: * }`:               `requestParameters.Tag: { * and not *: * }`,
		`not requestParameters.Tag: {a.b: {c: d}}`:                `not requestParameters.Tag: { a.b: { c: d } }`,
		`requestParameters: { a: b or Tag: {c: d} }`:              `requestParameters: * and (requestParameters.a: b or requestParameters.Tag: { c: d })`,
		`requestParameters: { a: b and Tag: {c: d} }`:             `requestParameters: * and requestParameters.a: b and requestParameters.Tag: { c: d }`,
		`userIdentity: {userName: a and not type: b}`:             `userIdentity.userName: a and not userIdentity.type: b`,
		`origin: { batch > 5 or a*: (x or y) }`:                   `origin.batch > 5 or origin.agent: (x or y)`,
		`userIdentity: {sessionContext: {attributes: {a:{b:c}}}}`: `userIdentity.sessionContext.attributes: * and userIdentity.sessionContext.attributes.a: { b: c }`,
		`eventTime: 2026-11`:                                      `eventTime >= 2026-11-01 and eventTime < 2026-12-01`,
		`eventTime <= 2026`:                                       `eventTime < 2027-01-01`,
		`eventTime > 2026-11-29T10`:                               `eventTime >= "2026-11-29T11:00:00Z"`,
		`eventTime >= 2026-11-29T10:30+01:00`:                     `eventTime >= "2026-11-29T09:30:00Z"`,
		`eventTime: 2026-11-29T10:30:00`:                          `eventTime: "2026-11-29T10:30:00Z"`,
	} {
		x, err := Parse(q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		if got := x.String(); got != want {
			t.Errorf("%s: printed as %s, want %s", q, got, want)
		}
		again, err := Parse(x.String())
		if err != nil {
			t.Errorf("%s: %v", x, err)
			continue
		}
		if d := cmp.Diff(x, again, sameExpr()); d != "" {
			t.Errorf("%s: read again (-before +after):\n%s", q, d)
		}
	}
}

func TestPrintHandMade(t *testing.T) {
	name, _, _ := event.Lookup("eventName")
	a := Term{Field: name, Value: "a"}
	for want, x := range map[string]Expr{
		"*": And{}, "not *": Or{}, "eventName: a": And{[]Expr{a}}, "eventName: (a or a)": Or{[]Expr{a, Or{[]Expr{a}}}},
		"eventName: (a and (a and a))": And{[]Expr{a, And{[]Expr{a, a}}}}, "eventName: a and (* and *)": And{[]Expr{a, And{[]Expr{All{}, All{}}}}},
		"not eventName: a": Not{Or{[]Expr{a}}}, "not (eventName: a and *)": Not{And{[]Expr{a, All{}}}}, "* and eventName: a": And{[]Expr{And{}, a}},
	} {
		if got := x.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		again, err := Parse(x.String())
		e := &event.Event{Name: "a"}
		if err != nil || again.Match(e) != x.Match(e) {
			t.Errorf("%s: %v, %v", want, again, err)
		}
	}
}

// randomQuery writes a query with all that the grammar has, in one of the ways to write it.
type randomQuery struct{ *rand.Rand }

func (r randomQuery) pick(s ...string) string { return s[r.IntN(len(s))] }

func (r randomQuery) space() string { return r.pick(" ", "  ", "\n", "\t") }

var awkward = []string{
	"a", "b", "DeleteInstance", "i-1", "and", "Or", "nOt", "x y", " ", "  a", "*", "a*b", `"`, `\`, `\\"`, "a:b", "::", "(", ")", "<", ">=", "{}", "é", "日本語", "\u00a0", "\u2028x",
	"\t", "\n", "\r\n", "\x00", "\U0001F600", "=", "!", "!a", "&&", "eventName=a", "İ", "K", "not a", "10.1.2.3", "10.0.0.0/8", "::1", "true", "5", "2026-11-29", "now", ".", "-a-", strings.Repeat("n", 1023) + "éé",
}

func (r randomQuery) quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func (r randomQuery) word(s string) string {
	var b strings.Builder
	var p printer
	for _, c := range s {
		if r.IntN(6) == 0 && c < 0x10000 {
			const hex = "0123456789ABCDEF"
			b.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[c>>shift&15])
			}
			continue
		}
		p.Reset()
		p.pattern([]string{string(c)})
		b.WriteString(p.String())
	}
	if s := b.String(); !plain(s) && len(s) < 4 && !strings.Contains(s, `\`) {
		return `\` + s // perhaps and, or, not
	}
	return b.String()
}

func (r randomQuery) value() string {
	s := awkward[r.IntN(len(awkward))]
	switch r.IntN(4) {
	case 0:
		return r.word(s) + "*" + r.pick("", r.word(awkward[r.IntN(len(awkward))]))
	case 1:
		return r.quoted(s)
	case 2:
		return "*"
	}
	return r.pick("a", "DeleteInstance", "i-1", "a b", "prod", "10.0.0.0/8", "::1", "a:b", r.word("x "+s))
}

func (r randomQuery) group(depth int) string {
	if depth == 0 || r.IntN(3) == 0 {
		return r.value()
	}
	return r.joined(depth, r.group)
}

func (r randomQuery) joined(depth int, part func(int) string) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range 1 + r.IntN(3) {
		if i > 0 {
			b.WriteString(r.space() + r.pick("and", "or", "AND", "Or") + r.space())
		}
		if r.IntN(5) == 0 {
			b.WriteString("not ")
		}
		b.WriteString(part(depth - 1))
	}
	return b.String() + ")"
}

var someFields = []string{"eventName", "userIdentity.userName", "sourceIpAddress", "requestParameters", "requestParameters.InstanceId", "requestParameters.Tag.Key", `"requestParameters.a b"`, "errorMessage", "raw", "event*", "user*.user*", "requestParameters.*", "*.type", "*"}

// leaves are conditions that can stand in braces.
func (r randomQuery) leaves(depth int) string {
	if depth > 0 && r.IntN(2) == 0 {
		return r.joined(depth, r.leaves)
	}
	if depth > 0 && r.IntN(4) == 0 {
		return r.pick("Tag", "Tag.Sub", `"a b"`) + r.pick(":", ": ") + "{" + r.leaves(depth-1) + "}"
	}
	return r.pick("Key: ", "Value:", "*: ", `"*":`, `"a b" : `, "a\\:b :") + r.group(depth)
}

func (r randomQuery) query(depth int) string {
	if depth > 0 && r.IntN(10) == 0 {
		return r.pick("requestParameters.Tag", "requestParameters", "eventAttributes.a.b") + ": {" + r.leaves(depth-1) + r.pick("", " and *") + "}"
	}
	if depth > 0 && r.IntN(2) == 0 {
		return r.joined(depth, r.query)
	}
	day := r.pick("2026-11-29", "1678-01-01", "2261-12-31", `"2026-11-29T10:00:00.5Z"`, "2026-11-29T00:00:00Z", "2026-11-29T10:00:00+01:00")
	number := r.pick("0", "7", "18446744073709551615")
	switch r.IntN(8) {
	case 0:
		return r.value()
	case 1:
		return "eventTime" + r.pick(":", "<", " <= ", ">", ">=") + day
	case 2:
		return "origin.batch " + r.pick(":", "<", " <= ", ">", ">=") + number
	case 3:
		return r.pick("eventTime: ("+day+" or not "+day+")", "origin.epoch: ("+number+" and *)", "isGlobal: (true or not false)", "isGlobal: *")
	}
	return r.pick(someFields...) + r.pick(":", ": ", " :") + r.group(depth)
}

func TestRandomQueriesReadAgain(t *testing.T) {
	seed := rand.Uint64()
	r := randomQuery{rand.New(rand.NewPCG(seed, 1))}
	e := deletion(t)
	good := 0
	for range 6000 {
		q := r.query(4)
		x, err := Parse(q)
		if err != nil {
			continue // a text without a word, an operator of other languages
		}
		good++
		readAgain(t, x, e)
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, q)
		}
	}
	if good < 2400 {
		t.Errorf("only %d queries were good", good)
	}
}

// readAgain parses what x prints.
func readAgain(t *testing.T, x Expr, e *event.Event) {
	t.Helper()
	text := x.String()
	again, err := Parse(text)
	if err != nil {
		t.Errorf("%s: %v", text, err)
		return
	}
	if again.String() != text || again.Match(e) != x.Match(e) {
		t.Errorf("%s is read as %s", text, again)
	}
	if d := cmp.Diff(x, again, sameExpr()); d != "" {
		t.Errorf("%s (-before +after):\n%s", text, d)
	}
}

func FuzzParse(f *testing.F) {
	r := randomQuery{rand.New(rand.NewPCG(1, 1))}
	for range 200 {
		f.Add(r.query(2))
	}
	f.Add(`eventName: \u0021a*`)
	f.Add("!a* or \\u003d=* \\|")
	e := deletion(f)
	f.Fuzz(func(t *testing.T, q string) {
		x, err := Parse(q)
		if err != nil {
			e, ok := err.(*Error)
			if !ok || e.Error() == "" || e.Offset() < 0 || e.Offset() > len(q) {
				t.Errorf("%v", err)
			}
			return
		}
		if x != nil && len(x.String()) <= MaxLength {
			readAgain(t, x, e)
		}
	})
}
