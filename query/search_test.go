package query

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// thursday is the now of tests.
var thursday = time.Date(2026, 11, 19, 10, 30, 45, 5e8, time.UTC)

func TestDateMathInSearch(t *testing.T) {
	for q, want := range map[string]string{
		"eventTime > now-7d":                        `eventTime > "2026-11-12T10:30:45.5Z"`,
		"eventTime >= now-7d/d":                     `eventTime >= 2026-11-12`,
		"eventTime > now-7d/d":                      `eventTime >= 2026-11-13`,
		"eventTime < now/d":                         `eventTime < 2026-11-19`,
		"eventTime <= now/d":                        `eventTime < 2026-11-20`,
		"eventTime: now/d":                          `eventTime >= 2026-11-19 and eventTime < 2026-11-20`,
		"eventTime: now":                            `eventTime: "2026-11-19T10:30:45.5Z"`,
		`eventTime: "now/w"`:                        `eventTime >= 2026-11-16 and eventTime < 2026-11-23`,
		"eventTime: (now/d or now-1d/d)":            `eventTime >= 2026-11-19 and eventTime < 2026-11-20 or eventTime >= 2026-11-18 and eventTime < 2026-11-19`,
		"eventTime: 2026-11-01||+1d/d":              `eventTime >= 2026-11-02 and eventTime < 2026-11-03`,
		"eventTime: 2026-11-15||/M":                 `eventTime >= 2026-11-01 and eventTime < 2026-12-01`,
		"eventTime: 2026-11-01||+1d":                `eventTime: "2026-11-02T00:00:00Z"`, // a day before || is its midnight
		"eventTime <= 2026-11-01T10:30:00Z||/h":     `eventTime < "2026-11-01T11:00:00Z"`,
		"eventTime >= 2026-11-01T10:30:00+01:00||":  `eventTime >= "2026-11-01T09:30:00Z"`,
		"eventTime: now/M/d":                        `eventTime >= 2026-11-01 and eventTime < 2026-12-01`,
		"eventTime: now/d+1h":                       `eventTime >= "2026-11-19T01:00:00Z" and eventTime < "2026-11-20T01:00:00Z"`,
		"eventTime >= 2026-10-31||-1M":              `eventTime >= 2026-09-30`,
		"eventTime >= 2024-02-29||+1y":              `eventTime >= 2025-02-28`,
		"origin.observedTime < now-1y/y":            `origin.observedTime < 2025-01-01`,
		"*Time > now-1M/M and not eventName: now-x": `(eventTime >= 2026-11-01 or origin.observedTime >= 2026-11-01) and not eventName: now-x`,
	} {
		x, warnings, err := ParseSearch(q, thursday)
		if err != nil || warnings != nil {
			t.Errorf("%s: %v, %v", q, warnings, err)
			continue
		}
		if x.String() != want {
			t.Errorf("%s: %s, want %s", q, x, want)
		}
		readAgain(t, x, deletion(t)) // what is printed is timeless
	}
	const hint = "date math is now, or a time and ||, then steps such as -7d and /d, with the units y M w d h m s"
	for q, want := range map[string]string{
		"eventTime > now-7x":              `"now-7x" is not date math`,
		"eventTime > now7d":               `"now7d" is not date math`,
		"eventTime > 2026-11-01||7d":      `"2026-11-01||7d" is not date math`,
		"eventTime > x||+1d":              `"x" is not a time`,
		"eventTime > 2026-11-01||-9000y":  `"2026-11-01||-9000y" is out of range (years 1678 to 2261)`,
		"eventTime <= 2261-12-31||+1d":    `"2261-12-31||+1d" is out of range (years 1678 to 2261)`,
		"eventTime > now-99999999999999d": `"now-99999999999999d" has a number that is too large`,
	} {
		var e *Error
		if _, _, err := ParseSearch(q, thursday); !errors.As(err, &e) || e.Error() != want || e.Offset() < 12 || e.Hint() != hint {
			t.Errorf("%s: %v", q, err)
		}
	}
	if x, _, err := ParseSearch("eventTime <= 2261-12-31||/d", thursday); err != nil || x.String() != `eventTime < "2262-01-01T00:00:00Z"` {
		t.Errorf("%v, %v", x, err)
	}
}

func TestUnknownInSearch(t *testing.T) {
	for _, c := range []struct {
		query, printed string
		match          bool
		warnings       []Warning
	}{
		{"usrName: alice", "usrName: alice", false, []Warning{{0, 7, `an event has no field "usrName"`, "did you mean userIdentity.userName?"}}},
		{"eventRW: Write and\nusrName > 5", "eventRW: Write and usrName > 5", false, []Warning{{19, 7, `an event has no field "usrName"`, "did you mean userIdentity.userName?"}}},
		{"not evntName: (a or b* and not \"c d\")", `not evntName: (a or b* and not "c d")`, true, []Warning{{4, 8, `an event has no field "evntName"`, "did you mean eventName?"}}},
		{"xyz: *", "xyz: *", false, []Warning{{0, 3, `an event has no field "xyz"`, "to search for the text, write it in quotes; fields are listed in docs/format/query.md"}}},
		{`"a b": "" or "*": x or zz*: y`, `"a b": "" or "*": x or zz*: y`, false, []Warning{
			{0, 5, `an event has no field "a b"`, "to search for the text, write it in quotes; fields are listed in docs/format/query.md"},
			{13, 3, `an event has no field "*"`, "to search for the text, write it in quotes; fields are listed in docs/format/query.md"},
			{23, 3, `no field of an event is like zz*`, "fields are listed in docs/format/query.md; the path of a leaf is written in full"}}},
		{"acs:ram::1", `acs: "ram::1"`, false, []Warning{{0, 3, `an event has no field "acs"`, "to search for the text, write it in quotes; fields are listed in docs/format/query.md"}}},
		{"labels: { Key: env and not b*: { c: d } }", "labels: * and labels.Key: env and not (labels.b*: * and labels.b*.c: d)", false,
			[]Warning{{0, 6, `an event has no field "labels"`, "to search for the text, write it in quotes; fields are listed in docs/format/query.md"}}},
	} {
		x, warnings, err := ParseSearch(c.query, thursday)
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		if d := cmp.Diff(c.warnings, warnings); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.query, d)
		}
		if x.String() != c.printed || x.Match(deletion(t)) != c.match {
			t.Errorf("%s: %s, %v", c.query, x, !c.match)
		}
		searchAgain(t, x)
		if _, err := Parse(c.query); err == nil || err.(*Error).Error() != warnings[0].Message || err.(*Error).Hint() != warnings[0].Hint || err.(*Error).Offset() != warnings[0].Offset {
			t.Errorf("%s: Parse: %v", c.query, err)
		}
	}
}

// searchAgain parses what x prints.
func searchAgain(t *testing.T, x Expr) {
	t.Helper()
	again, _, err := ParseSearch(x.String(), time.Time{}) // what is printed has no date math
	if err != nil {
		t.Errorf("%s: %v", x, err)
	} else if d := cmp.Diff(x, again, sameExpr()); d != "" {
		t.Errorf("%s (-before +after):\n%s", x, d)
	}
}

// FuzzPrint parses a search, prints it and parses it again.
func FuzzPrint(f *testing.F) {
	r := randomQuery{rand.New(rand.NewPCG(2, 1))}
	for range 200 {
		f.Add(r.query(2))
	}
	f.Add("a\\ b*: {c: d and *: {x: {y*: z}}} or eventTime: now/d")
	f.Add("requestParameters.: {.0: 0} or userIdentity: {t*: a or sessionContext: {*: a and attributes.x: {y: z}}}")
	f.Add("not (usr: (a or b) and requestParameters.a: { b: { * and \"*\": {*: * }}})")
	e := deletion(f)
	f.Fuzz(func(t *testing.T, q string) {
		x, warnings, err := ParseSearch(q, thursday)
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Error() == "" || e.Offset() < 0 || e.Offset() > len(q) {
				t.Errorf("%v", err)
			}
			return
		}
		for _, w := range warnings {
			if w.Offset < 0 || w.Length <= 0 || w.Offset+w.Length > len(q) || w.Message == "" || w.Hint == "" {
				t.Errorf("%+v", w)
			}
		}
		if x == nil || len(x.String()) > MaxLength {
			return
		}
		searchAgain(t, x)
		x.Match(e)
		if _, err := Parse(q); err == nil && warnings != nil || err == nil && warnings == nil && x.String() == "" {
			t.Errorf("warnings of a query that has no mistake: %+v", warnings)
		}
	})
}
