package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// rules is what a mapper block declares, with the source that it is narrowed to.
type rules struct {
	mapper.Rules
	source      string // match.source; empty: any
	sourceRange hcl.Range
	place       hcl.Range
}

func (r *reader) mapper(b *mapperBlock) *rules {
	m := &rules{Rules: mapper.Rules{Name: b.Name}, place: b.Range}
	if !event.ValidName(b.Name) {
		r.wrong(b.Range, tokenHint, "mapper %q is not a name", b.Name)
	}
	m.GRPC = r.truth(b.GRPC)
	if x := one(r, b.Match, "match", func(x *matchBlock) hcl.Range { return x.Range }); x != nil {
		m.Match = mapper.Match{Host: r.host(x.Host), PathPrefix: r.pathPrefix(x.PathPrefix, "path_prefix")}
		if m.source = r.token(x.Source, "source", ""); m.source != "" {
			m.sourceRange = x.Source.Range()
		}
	}
	for i := range b.Routes {
		if route, ok := r.route(&b.Routes[i]); ok {
			m.Routes = append(m.Routes, route)
		}
	}
	for i := range b.OpenAPI {
		m.OpenAPI = append(m.OpenAPI, r.openAPI(&b.OpenAPI[i], m.Match.PathPrefix)...)
	}
	m.RPC, m.GraphQL = r.rpc(b.RPC), r.graphQL(b.GraphQL)
	for i := range b.Ignore {
		if p, ok := r.pattern(b.Ignore[i].Pattern, b.Ignore[i].PatternRange); ok {
			m.Ignore = append(m.Ignore, p)
		}
	}
	r.clashes(b)
	if x := one(r, b.Identity, "identity", func(x *identityBlock) hcl.Range { return x.Range }); x != nil {
		m.Identity = r.identity(x)
	}
	if x := one(r, b.Console, "console", func(x *consoleBlock) hcl.Range { return x.Range }); x != nil {
		m.Console = r.console(x)
	}
	if x := one(r, b.Params, "params", func(x *paramsBlock) hcl.Range { return x.Range }); x != nil {
		m.Params = mapper.Params{Keep: r.texts(x.Keep), Mask: r.texts(x.Mask), Headers: r.texts(x.Headers)}
		if err := m.Params.Check(); err != nil {
			r.wrong(x.Headers.Range(), "leave it out; an identity block makes a name of it: jwt.<claim>, api_key", "%v", err)
		}
	}
	if x := one(r, b.Default, "default", func(x *defaultBlock) hcl.Range { return x.Range }); x != nil {
		m.Default = mapper.Default{Service: r.textExpression(x.Service), Action: r.textExpression(x.Action)}
		if name := m.Default.Action.ForeignCapture(&mapper.Pattern{}); name != "" {
			r.wrong(x.Action.Range(), "use template, method, query.… or fields.…", "path.%s is not known here: no route has taken the request", name)
			m.Default.Action = nil
		}
		if m.Default.Service != nil {
			if _, plain := m.Default.Service.Literal(); !plain {
				r.wrong(x.Service.Range(), "", "the default service is a plain string")
				m.Default.Service = nil
			}
		}
	}
	return m
}

func (r *reader) console(b *consoleBlock) mapper.Console {
	c := mapper.Console{When: r.expression(b.When), Hosts: r.texts(b.Hosts), UserAgents: r.texts(b.UserAgents)}
	if c.When != nil && !c.When.IsTruth() {
		r.wrong(b.When.Range(), `write startswith(headers.referer, "https://console.") or contains(…)`, "a condition is needed here")
	}
	if !given(b.When) && !given(b.Hosts) && !given(b.UserAgents) {
		r.wrong(b.Range, `write hosts = ["console.shop.example"]`, "a console block needs when, hosts or user_agents")
	}
	if err := c.Check(); err != nil {
		at := b.Range
		if given(b.Hosts) {
			at = b.Hosts.Range()
		}
		if given(b.UserAgents) && (&mapper.Console{Hosts: c.Hosts}).Check() == nil {
			at = b.UserAgents.Range()
		}
		r.wrong(at, "", "%v", err)
	}
	return c
}

func (r *reader) pattern(text string, at hcl.Range) (mapper.Pattern, bool) {
	p, err := mapper.ParsePattern(text)
	if err != nil {
		r.wrong(at, "", "%v", err)
		return p, false
	}
	return p, true
}

// host reads the host that requests must be for.
func (r *reader) host(x hcl.Expression) string {
	s := r.text(x, "")
	name, _ := strings.CutPrefix(s, "*.")
	if given(x) && (s == "" || strings.ContainsAny(name, "*/ ") || strings.Contains(strings.Trim(name, "[]"), ":") && !strings.HasPrefix(name, "[")) {
		r.wrong(x.Range(), `write "api.shop.example", or "*.shop.example" for all below; without scheme, port and path`, "%q is not a host", s)
		return ""
	}
	return s
}

// pathPrefix reads the beginning that paths have in common.
func (r *reader) pathPrefix(x hcl.Expression, what string) string {
	s := r.text(x, "")
	if s != "" && (s[0] != '/' || strings.ContainsAny(s, "{}?*#")) {
		r.wrong(x.Range(), `write plain text that begins with a slash, like "/v1"`, "%s %q is not the beginning of a path", what, s)
		return ""
	}
	return s
}

func (r *reader) route(b *routeBlock) (mapper.Route, bool) {
	p, ok := r.pattern(b.Pattern, b.PatternRange)
	if !ok {
		return mapper.Route{}, false
	}
	route := mapper.Route{
		Pattern:    p,
		Host:       r.host(b.Host),
		Service:    r.captureExpression(b.Service, &p),
		Action:     r.captureExpression(b.Action, &p),
		RW:         r.choice(b.RW, "rw", "", event.Read, event.Write),
		Type:       r.text(b.Type, ""),
		Category:   r.choice(b.Category, "category", "", event.CategoryManagement, event.CategoryData),
		APIVersion: r.captureExpression(b.APIVersion, &p),
		ErrorCode:  r.captureExpression(b.ErrorCode, &p),
	}
	for _, n := range r.expressions(b.Resource) {
		r.captures(n.Value, &p, b.Resource.Range())
		switch n.Name {
		case "type":
			route.ResourceType = n.Value
		case "name":
			route.ResourceName = n.Value
		default:
			r.wrong(b.Resource.Range(), `write resource = { type = "Shop::Order", name = path.order }`, "a resource has a type and a name, not %q", n.Name)
		}
	}
	route.Parameters = r.expressions(b.Parameters)
	route.Additional = r.expressions(b.Additional)
	for _, n := range route.Parameters {
		r.captures(n.Value, &p, b.Parameters.Range())
	}
	for _, n := range route.Additional {
		r.captures(n.Value, &p, b.Additional.Range())
	}
	return route, true
}

func (r *reader) captureExpression(x hcl.Expression, p *mapper.Pattern) *mapper.Expr {
	e := r.textExpression(x)
	if e != nil {
		r.captures(e, p, x.Range())
	}
	return e
}

// captures checks that what an expression takes of the path is in the pattern.
func (r *reader) captures(e *mapper.Expr, p *mapper.Pattern, at hcl.Range) {
	if name := e.ForeignCapture(p); name != "" {
		r.wrong(at, fmt.Sprintf("write {%s} into the pattern, or take another name", name), "path.%s is not in the pattern %q", name, p.String())
	}
}

// clashes finds rules for the same requests: which of them wins would depend on their order.
func (r *reader) clashes(b *mapperBlock) {
	routes, ignored, calls := patterns{}, patterns{}, patterns{}
	for i := range b.Routes {
		routes.note(r, "route", b.Routes[i].Pattern, b.Routes[i].Host, b.Routes[i].PatternRange)
	}
	for i := range b.Ignore {
		ignored.note(r, "ignore", b.Ignore[i].Pattern, nil, b.Ignore[i].PatternRange)
	}
	for i := range b.RPC {
		calls.note(r, "rpc", b.RPC[i].Pattern, b.RPC[i].Host, b.RPC[i].PatternRange)
	}
	for i := range b.GraphQL {
		calls.note(r, "graphql", b.GraphQL[i].Pattern, b.GraphQL[i].Host, b.GraphQL[i].PatternRange)
	}
}

// patterns are those of one kind of rule, by the requests that they match.
type patterns map[string]hcl.Range

func (p patterns) note(r *reader, what, text string, host hcl.Expression, at hcl.Range) {
	parsed, err := mapper.ParsePattern(text)
	if err != nil {
		return // told already
	}
	var again reader // its mistakes are told already
	key := strings.ToLower(again.host(host)) + " " + parsed.Shape()
	if first, twice := p[key]; twice {
		r.wrong(at, fmt.Sprintf("it matches the same requests as the one at %s: keep one", place(first)), "%s %q is there twice", what, text)
		return
	}
	p[key] = at
}

func (r *reader) identity(b *identityBlock) mapper.Identity {
	i := mapper.Identity{
		Order: r.texts(b.Order), Trust: r.table(b.Trust), TrustedFrom: r.proxies(b.TrustedFrom),
		Type: r.textExpression(b.Type), UserName: r.textExpression(b.UserName), PrincipalID: r.textExpression(b.PrincipalID),
		AccountID: r.textExpression(b.AccountID), AccessKeyID: r.textExpression(b.AccessKeyID),
	}
	if err := i.Check(); err != nil {
		at := b.Range
		if given(b.Order) {
			at = b.Order.Range()
		}
		switch {
		case i.CheckOrder() != nil:
		case given(b.Trust) && len(i.Trust) > 0:
			at = b.Trust.Range()
		case given(b.TrustedFrom):
			at = b.TrustedFrom.Range()
		}
		r.wrong(at, "", "%v", err)
	}
	return i
}
