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
	OpenAPI  []Route // of documents; Routes go before them
	RPC      []RPC   // these, GraphQL and GRPC come after both
	GraphQL  []GraphQL
	GRPC     bool      // POST /package.Service/Method
	Ignore   []Pattern // records that are left out on purpose, and counted
	Identity Identity
	Console  Console
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
	Host         string // exact, or "*." and a domain; empty: any that the rules match
	Service      *Expr
	Action       *Expr // nil: the template's name
	RW           string
	Type         string
	Category     string
	APIVersion   *Expr
	ResourceType *Expr
	ResourceName *Expr
	ErrorCode    *Expr // a code more telling than the status; empty: the status'
	Parameters   []Named
	Additional   []Named
	Operation    string   // operationId of the document that it comes from; empty: none
	Shown        []string // parameters of the query whose values may leave the machine
	Masked       []string // parameters of path and query whose values may not, whatever else is said
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
	imported trie
	calls    trie
	grpc     *route // nil: not asked for
	ignore   trie
	identity identity
	console  Console
	consoles bool // there is one
	params   params
	service  string // of requests without a route
	action   *Expr  // of requests without a route; nil: the template
	origin   string // origin.mapper of those
	shaped   bool   // action has few texts
	numbered int    // routes that have a number
}

type route struct {
	Route
	origin     string
	captures   []namedCapture
	parameters []namedValue
	additional []namedValue
	masked     bool  // one of the captures is
	shown      names // parameters of the query
	hidden     names // parameters
	call       calling
	number     int // see kinds.go; 0: what its requests are stands in them
}

// namedCapture is a parameter of a pattern, at its place in the path.
type namedCapture struct {
	namedKey
	spot
}

type namedValue struct {
	namedKey
	value *Expr
}

func (c *rules) route(given *Route, origin string) *route {
	r := &route{Route: *given, origin: origin, hidden: newNames(given.Masked), number: c.number(given)}
	for _, x := range []**Expr{&r.Service, &r.Action, &r.APIVersion, &r.ResourceType, &r.ResourceName, &r.ErrorCode} {
		*x = (*x).bound(&given.Pattern)
	}
	shown := slices.Clone(given.Shown)
	for _, q := range given.Pattern.query { // the value stands in the rules
		shown = append(shown, q.name)
	}
	r.shown = newNames(shown)
	named := func(name string) namedKey {
		return namedKey{newKey(name), c.params.mask.has(name) || r.hidden.has(name)}
	}
	for i := range given.Pattern.segments {
		for _, name := range given.Pattern.segments[i].names() {
			at, _ := given.Pattern.capture(name)
			n := namedCapture{named(name), at}
			r.captures, r.masked = append(r.captures, n), r.masked || n.masked
		}
	}
	for _, p := range given.Parameters {
		r.parameters = append(r.parameters, namedValue{named(p.Name), p.Value.bound(&given.Pattern)})
	}
	for _, p := range given.Additional {
		r.additional = append(r.additional, namedValue{named(p.Name), p.Value.bound(&given.Pattern)})
	}
	return r
}

// compile checks the rules.
func (r *Rules) compile() (*rules, error) {
	c := &rules{name: r.Name, host: strings.ToLower(r.Match.Host), service: "http", action: r.Default.Action}
	c.origin, c.shaped = c.originOf("default"), c.action != nil && c.action.shaped()
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
		n, err := c.take(&r.Routes[i], "route")
		if err == nil {
			err = c.routes.add(&n.Pattern, n.Host, n)
		}
		if err != nil {
			return nil, fmt.Errorf("mapper %s: %w", r.Name, err)
		}
	}
	for i := range r.OpenAPI {
		n, err := c.take(&r.OpenAPI[i], "operation")
		if err != nil {
			return nil, fmt.Errorf("mapper %s: %w", r.Name, err)
		}
		_ = c.imported.add(&n.Pattern, n.Host, n) // of two for the same requests the first counts
	}
	if err := c.takeCalls(r); err != nil {
		return nil, fmt.Errorf("mapper %s: %w", r.Name, err)
	}
	for i := range r.Ignore {
		if err := c.ignore.add(&r.Ignore[i], "", &route{}); err != nil {
			return nil, fmt.Errorf("mapper %s: %w", r.Name, err)
		}
	}
	if err := r.Console.Check(); err != nil {
		return nil, fmt.Errorf("mapper %s: %w", r.Name, err)
	}
	c.console = Console{When: r.Console.When, Hosts: slices.Clone(r.Console.Hosts), UserAgents: slices.Clone(r.Console.UserAgents)}
	c.consoles = c.console.When != nil || len(c.console.Hosts) > 0 || len(c.console.UserAgents) > 0
	var err error
	if c.identity, err = r.Identity.compile(); err != nil {
		return nil, fmt.Errorf("mapper %s: %w", r.Name, err)
	}
	return c, nil
}

// take checks and compiles a route.
func (c *rules) take(given *Route, what string) (*route, error) {
	if err := given.check(); err != nil {
		return nil, fmt.Errorf("%s %q: %w", what, given.Pattern.text, err)
	}
	return c.route(given, c.originOf(given.Pattern.text)), nil
}

// originOf is the origin.mapper of the events that a rule of this name makes.
func (c *rules) originOf(rule string) string {
	if c.name == "" {
		return rule
	}
	return c.name + "/" + rule
}

// takeCalls compiles the rules whose action stands in the record.
func (c *rules) takeCalls(r *Rules) error {
	for i := range r.RPC {
		given := r.RPC[i]
		x := calling{callRPC, given.Action, given.APIVersion, given.Target, nil, nil}
		if x.action == nil && x.target == nil {
			x.action = &Expr{kind: parameter, text: "Action"}
		}
		if x.version == nil && x.target == nil {
			x.version = &Expr{kind: parameter, text: "Version"}
		}
		given.Shown = x.version.asked(x.action.asked(slices.Clone(given.Shown)))
		given.Action, given.APIVersion = nil, nil
		if err := c.addCall(&given.Route, "rpc", x, given.Target); err != nil {
			return err
		}
	}
	for i := range r.GraphQL {
		given := r.GraphQL[i]
		x := calling{kind: callGraphQL, operation: given.Operation, operationOf: given.Kind}
		if err := c.addCall(&given.Route, "graphql", x, given.Operation, given.Kind); err != nil {
			return err
		}
	}
	if r.GRPC {
		c.grpc = &route{origin: c.originOf("grpc"), call: calling{kind: callGRPC}}
	}
	return nil
}

func (c *rules) addCall(given *Route, what string, x calling, more ...*Expr) error {
	for _, e := range more {
		if name := e.ForeignCapture(&given.Pattern); name != "" {
			return fmt.Errorf("%s %q: path.%s is not in its pattern", what, given.Pattern.text, name)
		}
	}
	n, err := c.take(given, what)
	if err != nil {
		return err
	}
	n.call = x
	return c.calls.add(&n.Pattern, n.Host, n)
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
	all := []*Expr{r.Service, r.Action, r.APIVersion, r.ResourceType, r.ResourceName, r.ErrorCode}
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
	all := []*Expr{r.Console.When, r.Default.Action, r.Identity.Type, r.Identity.UserName, r.Identity.PrincipalID, r.Identity.AccountID, r.Identity.AccessKeyID}
	for i := range r.Routes {
		all = append(all, r.Routes[i].expressions()...)
	}
	for _, x := range all {
		found = x.fieldNames(found)
	}
	slices.Sort(found)
	return slices.Compact(found)
}
