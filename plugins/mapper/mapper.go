// Package mapper gives records their meaning: it reads the dialect of a gateway
// and turns each record into an event by the operator's rules. It is pure: no
// clock, no I/O; the same record always gives the same event.
//
// A dialect (nginx_combined.go, kong.go, kubernetes.go and others) fills a request, the neutral form
// that all gateways share; the rules (rules.go) name its action by the route that
// it took (trie.go), who acted (identity.go) and what of its parameters may leave
// the machine (params.go).
package mapper

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Options describe a mapper.
type Options struct {
	Format         string         // one of Formats
	LogFormat      string         // how the gateway was told to write its lines, in its own language; empty: the dialect's default
	Rules          *Rules         // nil: every record gets the name of its template
	AccountID      string         // recipientAccountId
	Region         string         // acsRegion
	Host           string         // eventSource of records that name no host
	TrustedProxies []netip.Prefix // peers whose word on the client's address is believed
	ProxyHeader    string         // in which they give it, one of ProxyHeaders; empty: X-Forwarded-For
	TimeZone       *time.Location // of stamps without a zone; nil: UTC
	KeepRaw        bool           // the record goes into the event, what looks secret masked
	HashKey        []byte         // of the account, for the hashes of API keys; empty: only their first characters are kept
	Unrouted       *Unrouted      // learns of the requests that no route takes; several mappers may share it; nil: nobody asks
}

// Mapper is made by New. One goroutine uses it: it keeps buffers between records.
type Mapper struct {
	opt        Options
	rules      *rules
	read       reader
	text       text
	request    request
	members    members
	clock      clock
	path       path
	matched    *route               // by the request
	answer     answer               // of a matched route that is a call
	unmapped   uint64               // records that no route took
	learned    uint64               // of them, those up to the last one that Unrouted was given
	recognised []plugins.Recognised // what records of the format auto were of
	observed   event.Time           // when the record was read; zero: not known
	kinds      event.Kinds          // of the event made last
	stripped   bool                 // the rules' prefix was taken off the path
	params     object
	additional object
	joined     []byte // texts of expressions
	attributes object // of the session
	issuer     object // the same
	token      token
	keys       keyNamer
	agents     harmless // user agents
	hosts      harmless
	pages      harmless // referers and other headers
	sizes      sizes
	templates  templates
	outcomes   outcomes
	proxies    [256]bool   // by their first byte, those of IPv4
	given      event.Event // of a record that is one in another form
	isGiven    bool        // the reader has filled it
}

var _ plugins.Mapper = (*Mapper)(nil)

// New checks the options and compiles the rules.
func New(opt Options) (*Mapper, error) {
	m := &Mapper{opt: opt}
	d := dialectOf(opt.Format)
	if d == nil {
		return nil, fmt.Errorf("format %q is not known: %s", opt.Format, strings.Join(Formats(), ", "))
	}
	if opt.Rules != nil && MapsEvents(opt.Format) {
		return nil, fmt.Errorf("format %s takes no mapper: its records are events already", opt.Format)
	}
	var err error
	if m.read, err = d.open(&opt); err != nil {
		return nil, fmt.Errorf("format %s: %w", opt.Format, err)
	}
	if opt.Region == "" {
		m.opt.Region = "default"
	}
	if opt.TimeZone == nil {
		m.opt.TimeZone = time.UTC
	}
	if m.opt.Host == "" {
		m.opt.Host = "gateway"
	}
	if h := opt.ProxyHeader; h != "" && !slices.Contains(ProxyHeaders(), h) {
		return nil, fmt.Errorf("proxy header %q is not known: %s", h, strings.Join(ProxyHeaders(), ", "))
	}
	m.opt.TrustedProxies = slices.Clone(opt.TrustedProxies)
	m.proxies = firstBytes(opt.TrustedProxies)
	m.keys = newKeyNamer(opt.HashKey)
	given := opt.Rules
	if given == nil {
		given = &Rules{}
	}
	if m.rules, err = given.compile(); err != nil {
		return nil, err
	}
	return m, nil
}

// Map fills e from the record, as plugins.Mapper says. Strings of e live until
// the next Map, as long as the record does. e's origin may say when the record was
// read: of stamps without a year that gives the year.
func (m *Mapper) Map(r *plugins.Record, e *event.Event) error {
	m.kinds, m.observed = event.Kinds{}, e.Origin.Observed
	if m.opt.Format == formatNative {
		return m.native(r.Data, e)
	}
	q := &m.request
	q.reset()
	m.matched, m.stripped, m.token.read, m.joined = nil, false, false, m.joined[:0]
	m.text.survey(r.Data)
	if err := m.read(m, r.Data); err != nil {
		return err
	}
	if m.isGiven {
		m.takeGiven(r.Data, e)
		return nil
	}
	var err error
	if m.matched, err = m.route(); err != nil {
		return err
	}
	if m.matched == nil {
		m.unmapped++
		if m.opt.Unrouted != nil && isSampled(m.unmapped) {
			m.learn()
		}
	}
	m.name(e)
	m.describe(e)
	m.identify(e)
	if m.opt.KeepRaw {
		e.Raw = m.raw(r.Data)
	}
	return nil
}

// raw is the record as it may leave the machine.
func (m *Mapper) raw(data []byte) string {
	if len(m.request.hidden) == 0 {
		return shownRecord(m.shownText(&m.pages, view(data)))
	}
	return shownRecord(m.shownText(&m.pages, event.Text(withoutHidden(data, m.request.hidden))))
}

// Unmapped is how many records no route took, since the mapper was made: their
// events have the name of the mapper's action, or of their path. A source without
// routes has no other records. The goroutine that maps calls it.
func (m *Mapper) Unmapped() uint64 { return m.unmapped }

// Seen is the request behind the record that was mapped last, and whether a
// route named it. Its strings live as long as the record.
type Seen struct {
	Method, Path, Query string // as they were sent
	Host                string
	Routed              bool
}

// Seen tells it of the last record that was a request; the goroutine that maps calls it.
func (m *Mapper) Seen() Seen {
	q := &m.request
	return Seen{Method: q.method, Path: q.path, Query: q.query, Host: q.host, Routed: m.matched != nil}
}

// name fills what happened.
func (m *Mapper) name(e *event.Event) {
	q, route := &m.request, m.matched
	e.Category = event.CategoryManagement
	e.Type = event.TypeAPICall
	if m.rules.consoles && m.console() {
		e.Type = event.TypeConsoleOperation
	}
	e.RW = event.Write
	if q.method == "GET" || q.method == "HEAD" || q.method == "OPTIONS" {
		e.RW = event.Read
	}
	e.Service, e.Origin.Mapper = m.rules.service, m.rules.origin
	m.told(e)
	if route != nil {
		e.Origin.Mapper = route.origin
		if route.call.kind != callNone {
			a := &m.answer
			e.Name, e.RW, e.APIVersion, e.Service = a.action, a.rw, or(a.version, e.APIVersion), or(a.service, e.Service)
		}
		if route.Service != nil {
			e.Service = m.eval(route.Service)
		}
		if route.Type != "" {
			e.Type = route.Type
		}
		if route.Category != "" {
			e.Category = route.Category
		}
		if route.RW != "" {
			e.RW = route.RW
		}
		e.APIVersion = or(m.eval(route.APIVersion), e.APIVersion)
		e.ResourceType = or(m.eval(route.ResourceType), e.ResourceType)
		e.ResourceName = or(m.eval(route.ResourceName), e.ResourceName)
		e.Name = or(m.eval(route.Action), e.Name)
		if e.Name == "" && (route.Type == event.TypeConsoleSignin || route.Type == event.TypeConsoleSignout) {
			e.Name = route.Type // such events are called after their type
		}
	}
	if e.Name == "" {
		e.Name = m.eval(m.rules.action)
	}
	if e.Name == "" {
		e.Name = m.template()
	}
	m.kinds.Action = m.actionKind(e)
}

// describe fills where and when, the parameters and the outcome.
func (m *Mapper) describe(e *event.Event) {
	q, route := &m.request, m.matched
	e.Time = q.time
	e.Region = m.opt.Region
	e.RecipientAccountID = m.opt.AccountID
	e.Source = m.shownText(&m.hosts, or(withoutPort(q.host), or(q.server, m.opt.Host)))
	e.SourceIP = m.text.valid(m.clientAddress())
	e.UserAgent = m.shownText(&m.agents, or(q.userAgent, "-"))
	e.RequestID = m.unlessSecret(q.requestID)
	if q.status >= 400 {
		e.ErrorCode, e.ErrorMessage = m.outcomes.of(q.status)
	}
	if q.told.errorCode != "" {
		e.ErrorCode, e.ErrorMessage = m.unlessSecret(q.told.errorCode), or(m.shownText(&m.pages, q.told.errorMessage), e.ErrorMessage)
	}
	if route != nil && route.call.kind == callGRPC && e.ErrorCode == "" {
		if e.ErrorCode = m.grpcError(); e.ErrorCode != "" {
			e.ErrorMessage = "gRPC status"
		}
	}
	if route != nil && route.ErrorCode != nil {
		if code := m.eval(route.ErrorCode); code != "" {
			e.ErrorCode = code
		}
	}
	m.kinds.Outcome = m.outcomeKind(e)
	m.fillParams(e)
	m.fillAdditional(e)
}
