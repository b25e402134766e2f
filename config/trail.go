package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

func (r *reader) trail(b *trailBlock) Trail {
	t := Trail{Name: b.Name, Place: place(b.Range)}
	if !event.ValidName(b.Name) {
		r.wrong(b.Range, tokenHint, "trail %q is not a name", b.Name)
	}
	for _, n := range b.Notify {
		r.later(n.Range, "notify", "leave it out")
	}
	r.filter(&t, b)
	d := one(r, b.Deliver, "deliver", func(d *deliverBlock) hcl.Range { return d.Range })
	if d == nil {
		r.wrong(b.Range, `add a block: deliver "file" { path = "./data/archive" }`, "trail %q delivers nowhere", b.Name)
		return t
	}
	r.deliver(&t, d)
	t.Hash = trailHash(&t)
	return t
}

// filter joins where and its shorthands into one query.
func (r *reader) filter(t *Trail, b *trailBlock) {
	var parts []string
	if where := r.text(b.Where, ""); strings.TrimSpace(where) != "" {
		if _, err := query.Parse(where); err != nil {
			r.wrongQuery(b.Where, err)
			return
		}
		parts = append(parts, where)
	}
	if rw := r.choice(b.EventRW, "event_rw", "", event.Read, event.Write, "All"); rw != "" && rw != "All" {
		parts = append(parts, "eventRW: "+rw)
	}
	for _, s := range []struct {
		field string
		x     hcl.Expression
	}{{"acsRegion", b.Regions}, {"serviceName", b.Services}, {"recipientAccountId", b.Accounts}} {
		if values := r.texts(s.x); len(values) > 0 && !(len(values) == 1 && values[0] == "*") {
			parts = append(parts, anyOf(s.field, values))
		}
	}
	if len(parts) == 0 {
		return
	}
	text := parts[0]
	if len(parts) > 1 {
		text = "(" + strings.Join(parts, ") and (") + ")"
	}
	filter, err := query.Parse(text)
	if err != nil { // each part is right by itself
		r.wrong(b.Range, "", "the filter of trail %q: %v", b.Name, err)
		return
	}
	t.Filter, t.Where = filter, filter.String()
}

// anyOf is a condition that a field has one of these values; * in a value stands for anything.
func anyOf(field string, values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		if strings.Trim(v, "*") != "" && strings.Contains(v, "*") && !strings.ContainsAny(v, "\" \t()\\:<>{}") {
			quoted[i] = v
			continue
		}
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
	}
	return field + ": (" + strings.Join(quoted, " or ") + ")"
}

// wrongQuery notes a mistake in a query at its own column, where the string is written plainly.
func (r *reader) wrongQuery(x hcl.Expression, err error) {
	at, hint := x.Range(), ""
	if e := (*query.Error)(nil); errors.As(err, &e) {
		hint = e.Hint()
		if text, ok := literalText(x); ok && at.Start.Line == at.End.Line && at.End.Byte-at.Start.Byte == len(text)+2 {
			n := min(e.Offset(), max(len(text)-1, 0))
			at.Start.Byte += 1 + n
			at.Start.Column += 1 + len([]rune(text[:n]))
			at.End = hcl.Pos{Line: at.Start.Line, Column: at.Start.Column + 1, Byte: at.Start.Byte + 1}
		}
	}
	r.wrong(at, hint, "%v", err)
}

// literalText is the text of a string without ${…}.
func literalText(x hcl.Expression) (string, bool) {
	t, ok := x.(*hclsyntax.TemplateExpr)
	if !ok || !t.IsStringLiteral() {
		return "", false
	}
	v, diags := t.Value(nil)
	return v.AsString(), !diags.HasErrors()
}

func trailHash(t *Trail) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %+v", t.Name, t.Where, t.File)
	if d := t.S3; d != nil {
		plain, style := *d, "auto"
		if plain.PathStyle = nil; d.PathStyle != nil {
			style = fmt.Sprint(*d.PathStyle)
		}
		fmt.Fprintf(h, " %+v %s", plain, style)
	}
	return hex.EncodeToString(h.Sum(nil))
}
