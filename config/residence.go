package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/query"
)

// restNowhere is what a trail says when it means that what no delivery takes is in the index alone.
const restNowhere = "nowhere"

// scope is what a delivery takes of the events of its trail: values and patterns, of which one must fit. None: all.
type scope struct {
	regions, accounts []string
}

func (s scope) all() bool { return s.regions == nil && s.accounts == nil }

// where is the scope as KQL; empty: all events.
func (s scope) where() string {
	var parts []string
	if s.regions != nil {
		parts = append(parts, anyOf("acsRegion", s.regions))
	}
	if s.accounts != nil {
		parts = append(parts, anyOf("recipientAccountId", s.accounts))
	}
	return strings.Join(parts, " and ")
}

// shares reads what each delivery takes of the trail's events, and proves of a
// trail that keeps residence that no event goes to two of them. blocks are those of t.Deliver.
func (r *reader) shares(b *trailBlock, t *Trail, blocks []*deliverBlock, o owners) {
	t.Residence = r.truth(b.Residence)
	scopes := make([]scope, len(blocks))
	for i, x := range blocks {
		d := &t.Deliver[i]
		scopes[i] = scope{r.values(x.Regions, "region"), r.values(x.Accounts, "account")}
		scopes[i].accounts = r.deliveryAccounts(b, x, scopes[i].accounts, o)
		if d.Narrow, d.Rest = scopes[i].where(), r.truth(x.Rest); d.Rest && !scopes[i].all() {
			r.wrong(x.Rest.Range(), "leave out regions and accounts, or rest", "delivery %q cannot have a rest of its own choice: rest is what no other delivery of the trail takes", d.Name)
		}
	}
	r.rest(b, t, blocks, scopes)
	if t.Residence {
		r.disjoint(t, blocks, scopes)
	}
	for i := range t.Deliver {
		r.join(t, &t.Deliver[i], blocks[i])
	}
}

// values are regions or accounts that are listed: nil stands for all.
func (r *reader) values(x hcl.Expression, what string) []string {
	if !given(x) {
		return nil
	}
	all := r.texts(x)
	if len(all) == 0 {
		r.wrong(x.Range(), "name one, or leave the attribute out: then the delivery takes all", "no %s is named", what)
	}
	for _, v := range all {
		switch {
		case v == "":
			r.wrong(x.Range(), "write "+what+`s as events have them, such as "cn-hangzhou" or "cn-*"; rest = true takes events without one`, "a %s has a name", what)
		case strings.Trim(v, "*") == "":
			return nil
		case strings.Contains(v, "*") && !isPattern(v):
			r.wrong(x.Range(), "write it without spaces, quotes and parentheses", "%q is no pattern", v)
		}
	}
	return all
}

// deliveryAccounts are the ids that names of accounts stand for.
func (r *reader) deliveryAccounts(b *trailBlock, x *deliverBlock, names []string, o owners) []string {
	owner := r.text(b.Account, o.management)
	for i, name := range names {
		if owner != o.management && name != owner && name != o.ids[owner] {
			r.wrong(x.Accounts.Range(), "leave accounts out, or give the trail to the management account of the organization", "a trail of account %q sees no events of account %q", owner, name)
		}
		names[i] = cmp.Or(o.ids[name], name)
	}
	return names
}

// rest gives the delivery that takes the rest what it takes.
func (r *reader) rest(b *trailBlock, t *Trail, blocks []*deliverBlock, scopes []scope) {
	says := r.choice(b.Rest, "rest", "", restNowhere)
	at := -1
	for i := range t.Deliver {
		if !t.Deliver[i].Rest {
			continue
		}
		if at >= 0 {
			r.wrong(blocks[i].Rest.Range(), fmt.Sprintf("the other one is at %s: name the regions or accounts of one of them", t.Deliver[at].Place), "two deliveries of trail %q take the rest", t.Name)
			return
		}
		at = i
	}
	switch {
	case at >= 0 && says != "":
		r.wrong(b.Rest.Range(), "keep one of the two", "the rest goes to delivery %q, so it does not go nowhere", t.Deliver[at].Name)
	case says != "" && !t.Residence:
		r.wrong(b.Rest.Range(), "add residence = true, or leave rest out", "rest is for trails that keep residence")
	case at < 0 && says == "" && t.Residence:
		r.wrong(b.Range, `give one delivery rest = true, or say in the trail that they are to be in the index alone: rest = "nowhere"`, "trail %q does not say where events go that none of its deliveries takes", t.Name)
	}
	if at < 0 {
		return
	}
	var others []string
	for i, s := range scopes {
		switch {
		case i == at:
			continue
		case s.all():
			r.wrong(blocks[at].Rest.Range(), "narrow that one by regions or accounts, or leave rest out", "there is no rest: delivery %q at %s takes every event", t.Deliver[i].Name, t.Deliver[i].Place)
			return
		}
		others = append(others, "("+s.where()+")")
	}
	if len(others) == 0 {
		r.wrong(blocks[at].Rest.Range(), "leave rest out: the delivery takes every event then", "there is no rest: trail %q has no other delivery", t.Name)
		return
	}
	t.Deliver[at].Narrow = "not (" + strings.Join(others, " or ") + ")"
}

// disjoint proves that no two deliveries take the same event: two of them take
// different regions, or different accounts, whatever the patterns fit.
func (r *reader) disjoint(t *Trail, blocks []*deliverBlock, scopes []scope) {
	for i := range t.Deliver {
		d := &t.Deliver[i]
		if scopes[i].all() && !d.Rest {
			r.wrong(blocks[i].Range, `write the regions or accounts it is for: regions = ["cn-*"]`, "delivery %q of trail %q, which keeps residence, takes every event", d.Name, t.Name)
			continue
		}
		for k := range i {
			if d.Rest || t.Deliver[k].Rest || scopes[k].all() {
				continue
			}
			region, regions := common(scopes[i].regions, scopes[k].regions)
			account, accounts := common(scopes[i].accounts, scopes[k].accounts)
			if regions && accounts {
				r.wrong(blocks[i].Range, fmt.Sprintf("the other one is at %s: name each region, or account, in one of them alone; a second copy of the same events is a trail of its own", t.Deliver[k].Place),
					"deliveries %q and %q of trail %q both take events%s%s", t.Deliver[k].Name, d.Name, t.Name, of("region", region), of("account", account))
			}
		}
	}
}

func of(what, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf(" of %s %q", what, value)
}

// common is a value that is in both lists, if there is one; empty when both take all.
func common(a, b []string) (string, bool) {
	switch {
	case a == nil && b == nil:
		return "", true
	case a == nil:
		return b[0], true
	case b == nil:
		return a[0], true
	}
	for _, p := range a {
		for _, q := range b {
			if value, both := overlap(p, q); both {
				return value, true
			}
		}
	}
	return "", false
}

// overlap is a value that fits two values or patterns, if there is one.
func overlap(p, q string) (string, bool) {
	if !isPattern(p) && !isPattern(q) {
		return p, p == q
	}
	star := func(s string, i int) bool { return i < len(s) && s[i] == '*' }
	type at struct{ i, j int }
	failed := map[at]bool{}
	var fit func(i, j int) (string, bool)
	try := func(c string, i, j int) (string, bool) {
		rest, ok := fit(i, j)
		return c + rest, ok
	}
	fit = func(i, j int) (value string, ok bool) {
		switch {
		case i == len(p) && j == len(q):
			return "", true
		case failed[at{i, j}]:
			return "", false
		case star(p, i):
			if value, ok = fit(i+1, j); !ok && j < len(q) && !star(q, j) {
				value, ok = try(q[j:j+1], i, j+1)
			} else if !ok && star(q, j) {
				value, ok = fit(i, j+1)
			}
		case star(q, j):
			if value, ok = fit(i, j+1); !ok && i < len(p) {
				value, ok = try(p[i:i+1], i+1, j)
			}
		case i < len(p) && j < len(q) && p[i] == q[j]:
			value, ok = try(p[i:i+1], i+1, j+1)
		}
		if !ok {
			failed[at{i, j}] = true
		}
		return value, ok
	}
	return fit(0, 0)
}

// join makes the filter of a delivery: that of the trail, and what it takes of it.
func (r *reader) join(t *Trail, d *Delivery, b *deliverBlock) {
	d.Filter, d.Where = t.Filter, t.Where
	if d.Narrow == "" {
		return
	}
	narrow, err := query.Parse(d.Narrow)
	if err != nil { // made of values that are right by themselves
		r.wrong(b.Range, "", "what delivery %q takes: %v", d.Name, err)
		return
	}
	d.Narrow, d.Filter, d.Where = narrow.String(), narrow, narrow.String()
	if t.Where != "" {
		both, err := query.Parse("(" + t.Where + ") and (" + d.Narrow + ")")
		if err != nil {
			r.wrong(b.Range, "", "the filter of delivery %q: %v", d.Name, err)
			return
		}
		d.Filter, d.Where = both, both.String()
	}
	d.Hash = deliveryHash(*d)
}

// Leaves tells whether events of the trail may go to none of its deliveries.
func (t *Trail) Leaves() bool {
	return !slices.ContainsFunc(t.Deliver, func(d Delivery) bool { return d.Narrow == "" || d.Rest })
}
