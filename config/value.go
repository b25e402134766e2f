package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/actiontrail/actiontrail/event"
)

// reader turns what is written into values and collects every mistake.
type reader struct {
	diagnostics hcl.Diagnostics
	documents   []File // that the files name
	kept        string // folder of files that callers of the API have asked for; "": there is none
}

// wrong notes a mistake.
func (r *reader) wrong(at hcl.Range, detail, format string, args ...any) {
	r.diagnostics = append(r.diagnostics, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf(format, args...), Detail: detail, Subject: &at})
}

// later notes something that the design knows and this version does not.
func (r *reader) later(at hcl.Range, what, instead string) {
	r.wrong(at, instead, "%s is not in this version yet", what)
}

// given tells whether an optional attribute is there: for one that is not, gohcl
// fills in a value that was not read from a file.
func given(x hcl.Expression) bool {
	_, ok := x.(hclsyntax.Expression)
	return ok
}

// value evaluates an expression that stands for itself.
func (r *reader) value(x hcl.Expression, want cty.Type) (cty.Value, bool) {
	if !given(x) {
		return cty.NilVal, false
	}
	v, diags := x.Value(nil)
	if diags.HasErrors() {
		r.notPlain(diags)
		return cty.NilVal, false
	}
	v, err := convert.Convert(v, want)
	if err != nil || v.IsNull() || !v.IsWhollyKnown() {
		r.wrong(x.Range(), "", "%s is needed here", kindName(want))
		return cty.NilVal, false
	}
	return v, true
}

// notPlain notes what cannot be evaluated by itself: mostly it is text without its quotes.
func (r *reader) notPlain(diags hcl.Diagnostics) {
	for _, d := range diags {
		hint := "only a plain value can stand here"
		if word := hcl.ExprAsKeyword(d.Expression); word != "" {
			hint = fmt.Sprintf("if it is text, write it in quotes: %q", word)
		}
		r.wrong(*d.Subject, hint, "%s", strings.ToLower(d.Summary))
	}
}

func kindName(t cty.Type) string {
	switch {
	case t == cty.String:
		return "a string"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsListType():
		return `a list of strings, like ["a", "b"],`
	}
	return `an object of strings, like { a = "b" },`
}

// text reads a string; otherwise when the attribute is not there.
func (r *reader) text(x hcl.Expression, otherwise string) string {
	v, ok := r.value(x, cty.String)
	if !ok {
		return otherwise
	}
	return v.AsString()
}

// texts reads a list of strings.
func (r *reader) texts(x hcl.Expression) []string {
	v, ok := r.value(x, cty.List(cty.String))
	if !ok {
		return nil
	}
	var all []string
	for _, e := range v.AsValueSlice() {
		if e.IsNull() {
			r.wrong(x.Range(), "", "a list of strings cannot hold null")
			continue
		}
		all = append(all, e.AsString())
	}
	return all
}

// table reads an object of strings.
func (r *reader) table(x hcl.Expression) map[string]string {
	v, ok := r.value(x, cty.Map(cty.String))
	if !ok {
		return nil
	}
	all := map[string]string{}
	for k, e := range v.AsValueMap() {
		if e.IsNull() {
			r.wrong(x.Range(), "", "an object of strings cannot hold null")
			continue
		}
		all[k] = e.AsString()
	}
	return all
}

func (r *reader) truth(x hcl.Expression) bool {
	v, ok := r.value(x, cty.Bool)
	return ok && v.True()
}

// choice reads one of a few strings.
func (r *reader) choice(x hcl.Expression, what, otherwise string, choices ...string) string {
	s := r.text(x, otherwise)
	for _, c := range choices {
		if c == s {
			return s
		}
	}
	if given(x) && s != otherwise {
		r.wrong(x.Range(), suggest(s, choices), "unknown %s %q", what, s)
	}
	return otherwise
}

// suggest tells what may have been meant.
func suggest(s string, choices []string) string {
	best, least := "", 3
	for _, c := range choices {
		if d := levenshtein.Distance(strings.ToLower(s), strings.ToLower(c), nil); d < least {
			best, least = c, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "use one of: " + strings.Join(choices, ", ")
}

func (r *reader) bytes(x hcl.Expression, otherwise int64) int64 {
	if !given(x) {
		return otherwise
	}
	before := len(r.diagnostics)
	s := r.text(x, "")
	n, err := parseBytes(s)
	if err != nil {
		if len(r.diagnostics) == before {
			r.wrong(x.Range(), `write a whole number and a unit: "512KiB", "64MiB", "1GiB"`, "%v", err)
		}
		return otherwise
	}
	return n
}

func (r *reader) duration(x hcl.Expression, otherwise time.Duration) time.Duration {
	if !given(x) {
		return otherwise
	}
	before := len(r.diagnostics)
	s := r.text(x, "")
	d, err := parseDuration(s)
	if err != nil {
		if len(r.diagnostics) == before {
			r.wrong(x.Range(), `write a number and a unit: "30s", "5m", "12h", "90d"`, "%v", err)
		}
		return otherwise
	}
	return d
}

// token reads a name that becomes part of a NATS subject.
func (r *reader) token(x hcl.Expression, what, otherwise string) string {
	s := r.text(x, otherwise)
	if given(x) && !event.ValidName(s) {
		r.wrong(x.Range(), tokenHint, "%s %q is not a name", what, s)
		return otherwise
	}
	return s
}

const tokenHint = "names are 1 to 64 letters, digits, - and _"

// one is the only block of a kind, nil when there is none. More than one is a mistake.
func one[B any](r *reader, blocks []B, what string, place func(*B) hcl.Range) *B {
	for i := 1; i < len(blocks); i++ {
		first := place(&blocks[0])
		r.wrong(place(&blocks[i]), fmt.Sprintf("the first one is at %s:%d: keep one", first.Filename, first.Start.Line), "a second %s block", what)
	}
	if len(blocks) == 0 {
		return nil
	}
	return &blocks[0]
}
