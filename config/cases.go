package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// Case is a test that an operator wrote for a mapper: a record, and what it must become.
type Case struct {
	Name      string
	Line      string
	Format    string // empty: that of the source that uses the mapper
	LogFormat string
	Outcome   string // one of the outcomes below
	Expect    []Expected
	Place     string // file:line of its block
}

// Outcomes of a Case.
const (
	OutcomeEvent    = "event"    // an event with the fields expected
	OutcomeIgnored  = "ignored"  // the rules leave it out
	OutcomeUnparsed = "unparsed" // it is not in the format
)

// Expected is a field of an event and the value that it must have.
type Expected struct {
	Field string // with dots: userIdentity.userName
	Value any    // string, bool, float64; nil: the event must not have it
	Place string // file:line of the value
}

// cases reads the test blocks of a mapper.
func (r *reader) cases(b *mapperBlock) []Case {
	var all []Case
	seen := map[string]string{}
	for i := range b.Tests {
		t := &b.Tests[i]
		if first := seen[t.Name]; first != "" {
			r.wrong(t.Range, "the first one is at "+first+": give each a name of its own", "test %q is there twice", t.Name)
			continue
		}
		seen[t.Name] = place(t.Range)
		c := Case{
			Name: t.Name, Place: place(t.Range),
			Line:      strings.TrimSuffix(r.text(t.Line, ""), "\n"), // a heredoc ends with one
			Format:    r.choice(t.Format, "format", "", mapper.Formats()...),
			LogFormat: r.text(t.LogFormat, ""),
			Outcome:   r.choice(t.Outcome, "outcome", OutcomeEvent, OutcomeEvent, OutcomeIgnored, OutcomeUnparsed),
			Expect:    r.expected(t.Expect),
		}
		switch {
		case c.Line == "":
			r.wrong(t.Range, "write line = <<EOT … EOT, with one line of the gateway's log", "the test has no line to map")
		case strings.Contains(c.Line, "\n"):
			r.wrong(t.Line.Range(), "write a test for each line", "the test has more than one line")
		}
		if c.Outcome != OutcomeEvent && given(t.Expect) {
			r.wrong(t.Expect.Range(), "leave it out", "a record that is %s makes no event to compare", c.Outcome)
		}
		if c.Outcome == OutcomeEvent && len(c.Expect) == 0 && !r.toldAt(t.Range) && (!given(t.Expect) || !r.toldAt(t.Expect.Range())) {
			r.wrong(t.Range, `write expect = { eventName = "StopInstance", "userIdentity.userName" = "alice" }, or outcome = "ignored"`, "the test expects nothing")
		}
		all = append(all, c)
	}
	return all
}

// expected reads an object of plain values, in the order of the file.
func (r *reader) expected(x hcl.Expression) []Expected {
	if !given(x) {
		return nil
	}
	pairs, diags := hcl.ExprMap(x)
	if diags.HasErrors() {
		r.wrong(x.Range(), `write { eventName = "StopInstance" }`, "an object is needed here")
		return nil
	}
	var all []Expected
	for _, p := range pairs {
		key, diags := p.Key.Value(nil)
		if diags.HasErrors() || key.Type() != cty.String || key.IsNull() {
			r.wrong(p.Key.Range(), `put names with dots into quotes: "userIdentity.userName"`, "a field's name is needed here")
			continue
		}
		v, diags := p.Value.Value(nil)
		e := Expected{Field: key.AsString(), Place: place(p.Value.Range())}
		if _, _, known := event.Lookup(e.Field); !known {
			names := []string{}
			for _, f := range event.Fields() {
				names = append(names, f.Name)
			}
			hint := suggest(e.Field, names)
			if strings.HasPrefix(hint, "use one of") {
				hint = `write an event's field, like eventName, "userIdentity.userName" or "requestParameters.id"`
			}
			r.wrong(p.Key.Range(), hint, "an event has no field %q", e.Field)
			continue
		}
		switch {
		case diags.HasErrors():
			r.wrong(p.Value.Range(), "only a plain value can stand here", "%s", strings.ToLower(diags[0].Summary))
			continue
		case v.IsNull():
		case v.Type() == cty.String:
			e.Value = v.AsString()
		case v.Type() == cty.Bool:
			e.Value = v.True()
		case v.Type() == cty.Number:
			e.Value, _ = v.AsBigFloat().Float64()
		default:
			r.wrong(p.Value.Range(), `name what is inside: "requestParameters.id" = "i-1"`, "a string, a number, true, false or null is needed here")
			continue
		}
		all = append(all, e)
	}
	return all
}
