package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// owners say whose events the trails of an account see.
type owners struct {
	ids        map[string]string // of the accounts that are declared, by name
	management string            // the account whose trails see the events of all accounts; "": there is no organization
}

func (r *reader) trail(b *trailBlock, o owners) Trail {
	t := Trail{Name: b.Name, Place: place(b.Range)}
	if !event.ValidName(b.Name) {
		r.wrong(b.Range, tokenHint, "trail %q is not a name", b.Name)
	}
	t.Notify = r.notify(b)
	t.Witness = r.witnesses(b)
	r.filter(&t, b, o)
	if len(b.Deliver) == 0 {
		r.wrong(b.Range, `add a block: deliver "file" { path = "./data/archive" }`, "trail %q delivers nowhere", b.Name)
		return t
	}
	seen := map[string]string{}
	var read []*deliverBlock
	for i := range b.Deliver {
		b.Deliver[i].trail = b.Name
		d, ok := r.delivery(&b.Deliver[i])
		if first := seen[d.Name]; first != "" {
			r.wrong(b.Deliver[i].Range, fmt.Sprintf(`the other one is at %s: give one of them a name: name = "copy"`, first), "two deliveries of trail %q are called %q", b.Name, d.Name)
			continue
		}
		seen[d.Name] = place(b.Deliver[i].Range)
		if ok {
			t.Deliver, read = append(t.Deliver, d), append(read, &b.Deliver[i])
		}
	}
	r.shares(b, &t, read, o)
	r.archived(b, &t)
	t.Hash = trailHash(&t)
	return t
}

// archived checks that there is an archive for what only archives have.
func (r *reader) archived(b *trailBlock, t *Trail) {
	if len(t.Deliver) == 0 || slices.ContainsFunc(t.Deliver, func(d Delivery) bool { return d.To == nil }) {
		return
	}
	for _, n := range b.Notify {
		r.wrong(n.Range, "leave it out, or add an archive", "notify tells of objects, and trail %q makes none", b.Name)
	}
	for _, w := range b.Witness {
		r.wrong(w.Range, "leave it out, or add an archive", "a witness keeps checkpoints of archives, and trail %q has none", b.Name)
	}
}

// filter joins where and its shorthands into one query.
func (r *reader) filter(t *Trail, b *trailBlock, o owners) {
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
	types := r.texts(b.EventTypes)
	for _, kind := range types {
		if near := suggest(kind, knownTypes); !slices.Contains(knownTypes, kind) && near != suggest("", knownTypes) {
			r.wrong(b.EventTypes.Range(), near, "no event has the eventType %q", kind)
		}
	}
	for _, s := range []struct {
		field  string
		values []string
	}{{"eventType", types}, {"acsRegion", r.texts(b.Regions)}, {"serviceName", r.texts(b.Services)}, {"recipientAccountId", r.seenAccounts(b, o)}} {
		if len(s.values) > 0 && !(len(s.values) == 1 && s.values[0] == "*") {
			parts = append(parts, anyOf(s.field, s.values))
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

// seenAccounts are the ids of the accounts whose events a trail sees; none: of
// all. As in CloudTrail, the trail of an account sees its own alone, and one of
// the organization's management account those of every account.
func (r *reader) seenAccounts(b *trailBlock, o owners) []string {
	names := r.texts(b.Accounts)
	owner := r.token(b.Account, "account", o.management)
	if owner != "" && owner != o.management {
		if _, known := o.ids[owner]; !known && len(o.ids) > 0 {
			r.wrong(b.Account.Range(), suggest(owner, slices.Sorted(maps.Keys(o.ids))), "no block declares account %q", owner)
		}
		for _, name := range names {
			if name != owner && name != o.ids[owner] {
				r.wrong(b.Accounts.Range(), "leave accounts out, or give the trail to the management account of the organization", "a trail of account %q sees no events of account %q", owner, name)
			}
		}
		names = []string{owner}
	}
	ids := make([]string, len(names))
	for i, name := range names { // of an account block, or a recipientAccountId
		ids[i] = cmp.Or(o.ids[name], name)
	}
	return ids
}

// anyOf is a condition that a field has one of these values; * in a value stands for anything.
func anyOf(field string, values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		if isPattern(v) {
			quoted[i] = v
			continue
		}
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
	}
	return field + ": (" + strings.Join(quoted, " or ") + ")"
}

// isPattern tells whether * in a value stands for anything.
func isPattern(v string) bool {
	return strings.Trim(v, "*") != "" && strings.Contains(v, "*") && !strings.ContainsAny(v, "\" \t()\\:<>{}")
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
	fmt.Fprintf(h, "%q %q", t.Name, t.Where)
	for i := range t.Deliver {
		fmt.Fprintf(h, " %s", t.Deliver[i].Hash)
	}
	for _, n := range t.Notify {
		if n.Kind == NotifyWebhook {
			fmt.Fprintf(h, " %q %q", n.URL, n.SecretFile)
			continue
		}
		fmt.Fprintf(h, " %q", []string{n.Kind, n.URL, n.SecretFile, n.Subject, n.Server, n.Credentials, n.TopicARN, n.Owner, n.Topic, n.KeyFile, n.CertificateURL})
	}
	for _, w := range t.Witness {
		fmt.Fprintf(h, " %s", w.Hash)
	}
	return hex.EncodeToString(h.Sum(nil))
}
