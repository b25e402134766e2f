package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

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
	switch d.Kind {
	case "file":
		t.File = r.fileDelivery(d)
	case "s3", "oss", "sls", "kafka", "webhook", "syslog":
		r.later(d.Range, fmt.Sprintf("deliver %q", d.Kind), `use deliver "file"`)
	default:
		r.wrong(d.Range, suggest(d.Kind, []string{"file"}), "unknown kind of delivery %q", d.Kind)
	}
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

func (r *reader) fileDelivery(b *deliverBlock) FileDelivery {
	var body fileDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := FileDelivery{Path: r.text(body.Path, ""), Prefix: r.text(body.Prefix, ""), RollAge: DefaultRollAge, RollBytes: DefaultRollBytes}
	if given(body.Path) && d.Path == "" {
		r.wrong(body.Path.Range(), "", "a path is needed here")
	}
	if p := d.Prefix; p != "" && (filepath.IsAbs(p) || !filepath.IsLocal(p)) {
		r.wrong(body.Prefix.Range(), "write a path below the folder, without ..", "prefix %q leads out of the archive", p)
	}
	r.only(body.Layout, "layout", "actiontrail", "cloudtrail", "hive")
	r.only(body.Format, "format", "ndjson.gz", "ndjson.zst", "parquet")
	for _, l := range body.Lock {
		r.later(l.Range, "lock", "leave it out: a folder cannot be locked against its owner")
	}
	if x := one(r, body.Roll, "roll", func(x *rollBlock) hcl.Range { return x.Range }); x != nil {
		d.RollAge = r.duration(x.MaxAge, DefaultRollAge)
		d.RollBytes = r.bytes(x.MaxBytes, DefaultRollBytes)
		if d.RollAge > time.Hour || d.RollAge < time.Second {
			r.wrong(x.MaxAge.Range(), "choose between 1s and 1h", "max_age is out of range")
			d.RollAge = DefaultRollAge
		}
	}
	return d
}

// only reads a choice of which this version has the first.
func (r *reader) only(x hcl.Expression, what, built string, later ...string) {
	if s := r.choice(x, what, built, append([]string{built}, later...)...); s != built {
		r.later(x.Range(), fmt.Sprintf("%s %q", what, s), fmt.Sprintf("use %q, which is also the default", built))
	}
}

func trailHash(t *Trail) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %+v", t.Name, t.Where, t.File)
	return hex.EncodeToString(h.Sum(nil))
}
