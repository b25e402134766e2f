package mapper

import (
	"fmt"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Rules say what the records of a source mean. They are what a mapper block of
// the configuration declares.
type Rules struct {
	Name     string // of the mapper block, for origin.mapper
	Match    Match
	Routes   []Route
	Ignore   []Pattern // records that are left out on purpose, and counted
	Identity Identity
	Console  *Expr // true: the action was taken in a console (eventType ConsoleOperation)
	Params   Params
	Default  Default
}

// Match narrows the rules to a part of the requests; the others get the name of their template.
type Match struct {
	Host       string // exact, or "*." and a domain; empty: any
	PathPrefix string // stripped before routes are looked up; empty: none
}

// Route names the action of the requests that its pattern matches. Expressions
// that are nil leave their field to the defaults.
type Route struct {
	Pattern      Pattern
	Service      *Expr
	Action       *Expr // nil: the template's name
	RW           string
	Type         string
	Category     string
	APIVersion   string
	ResourceType *Expr
	ResourceName *Expr
	ErrorCode    *Expr // a code more telling than the status; empty: the status'
	Parameters   []Named
	Additional   []Named
}

// Named is an expression for one key of requestParameters or additionalEventData.
type Named struct {
	Name  string
	Value *Expr
}

// Default names the action of requests that no route matches.
type Default struct {
	Service *Expr // a literal; nil: "http"
	Action  *Expr // nil: "${method} ${template}"
}

// compiled rules
type rules struct {
	name     string
	host     string
	prefix   []string
	routes   trie
	ignore   trie
	identity identity
	console  *Expr
	params   params
	service  string // of requests without a route
	action   *Expr  // of requests without a route; nil: the template
	origin   string // origin.mapper of those
}

type route struct {
	Route
	origin     string
	captures   []namedCapture
	parameters []namedValue
	additional []namedValue
	masked     bool // one of the captures is
}

// namedCapture is a parameter of a pattern, at its place in the path.
type namedCapture struct {
	namedKey
	at   int
	tail bool
}

type namedValue struct {
	namedKey
	value *Expr
}

func (c *rules) route(given *Route, origin string) *route {
	r := &route{Route: *given, origin: origin}
	named := func(name string) namedKey { return namedKey{newKey(name), c.params.mask.has(name)} }
	for i, s := range given.Pattern.segments {
		if s.name != "" {
			n := namedCapture{named(s.name), i, s.tail}
			r.captures, r.masked = append(r.captures, n), r.masked || n.masked
		}
	}
	for _, p := range given.Parameters {
		r.parameters = append(r.parameters, namedValue{named(p.Name), p.Value})
	}
	for _, p := range given.Additional {
		r.additional = append(r.additional, namedValue{named(p.Name), p.Value})
	}
	return r
}

// compile checks the rules.
func (r *Rules) compile() (*rules, error) {
	c := &rules{name: r.Name, host: strings.ToLower(r.Match.Host), console: r.Console, service: "http", action: r.Default.Action, origin: "default"}
	if r.Name != "" {
		c.origin = r.Name + "/default"
	}
	var p path
	p.split(r.Match.PathPrefix)
	for _, s := range p.segments {
		c.prefix = append(c.prefix, strings.Clone(s))
	}
	if s := r.Default.Service; s != nil {
		text, ok := s.Literal()
		if !ok {
			return nil, fmt.Errorf("mapper %s: the default service is not a plain string", r.Name)
		}
		c.service = text
	}
	c.params = r.Params.compile()
	for i := range r.Routes {
		given := &r.Routes[i]
		if err := given.check(); err != nil {
			return nil, fmt.Errorf("mapper %s: route %q: %w", r.Name, given.Pattern.text, err)
		}
		origin := given.Pattern.text
		if r.Name != "" {
			origin = r.Name + "/" + origin
		}
		if err := c.routes.add(&given.Pattern, c.route(given, origin)); err != nil {
			return nil, fmt.Errorf("mapper %s: %w", r.Name, err)
		}
	}
	for i := range r.Ignore {
		if err := c.ignore.add(&r.Ignore[i], &route{}); err != nil {
			return nil, fmt.Errorf("mapper %s: %w", r.Name, err)
		}
	}
	var err error
	if c.identity, err = r.Identity.compile(); err != nil {
		return nil, fmt.Errorf("mapper %s: %w", r.Name, err)
	}
	return c, nil
}

// check finds what is wrong with a route by itself.
func (r *Route) check() error {
	if r.RW != "" && r.RW != event.Read && r.RW != event.Write {
		return fmt.Errorf("rw is %q: write Read or Write", r.RW)
	}
	for _, x := range r.expressions() {
		if name := x.ForeignCapture(&r.Pattern); name != "" {
			return fmt.Errorf("path.%s is not in its pattern", name)
		}
	}
	return nil
}

func (r *Route) expressions() []*Expr {
	all := []*Expr{r.Service, r.Action, r.ResourceType, r.ResourceName, r.ErrorCode}
	for _, n := range r.Parameters {
		all = append(all, n.Value)
	}
	for _, n := range r.Additional {
		all = append(all, n.Value)
	}
	return all
}

// fieldNames are the keys of the record that the rules ask for, each once.
func (r *Rules) fieldNames() []string {
	if r == nil {
		return nil
	}
	var found []string
	all := []*Expr{r.Console, r.Default.Action, r.Identity.Type, r.Identity.UserName, r.Identity.PrincipalID, r.Identity.AccountID, r.Identity.AccessKeyID}
	for i := range r.Routes {
		all = append(all, r.Routes[i].expressions()...)
	}
	for _, x := range all {
		found = x.fieldNames(found)
	}
	slices.Sort(found)
	return slices.Compact(found)
}
