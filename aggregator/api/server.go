package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// DefaultTimeout is how long one search may take; of a stream, one page of it.
const DefaultTimeout = 30 * time.Second

// Server answers the HTTP API. Its fields are set before Handler is called and
// not changed afterwards. The functions are called by many goroutines at once.
type Server struct {
	Index  index.Index
	Status func(context.Context) Status        // what GET /api/v1/status shows
	Trails func(context.Context) []TrailStatus // in the order of their names
	Agents func(context.Context) []AgentStatus // in the order of account and name
	// Unmapped is what no route names, with the lines that are proposed for it.
	Unmapped func(context.Context) []UnmappedRequests
	Ready    func() []string // why the server is not ready; none: it is. nil: always ready

	// Prove makes the proof that an event is in the archive of the trail, or with ""
	// of any. archive.ErrNoEvent: in none. nil: there are no proofs.
	Prove func(ctx context.Context, trail string, e *event.Event) ([]byte, error)

	// Bundle finds the archive that a bundle is asked of; write then makes it, and writes
	// nothing before it is known that it can be made. archive.ErrNoEvent: there is no such
	// trail, or nothing in the period. nil: there are no bundles.
	Bundle func(ctx context.Context, r BundleRequest) (name string, write func(context.Context, io.Writer) (events uint64, err error), err error)

	// Audit is told of every call below /api/v1, refused ones too: of a write
	// before its answer is sent (when it fails, so does the write), of a read after. It must not block
	// for long: it is given auditTimeout. nil: nobody is told.
	Audit func(context.Context, Call) error

	// Tokens knows what calls to /api/v1 and /metrics must bring as a bearer; nil: none is asked for.
	Tokens Tokens
	// Hosts are names under which the server may be called without a token, beside
	// localhost and plain addresses. A page on another site could otherwise point a
	// name of its own at this server and read it through a visitor's browser.
	Hosts []string

	TrailCalls TrailCalls  // what is done to trails; nil: nothing can be
	Imports    ImportCalls // what is brought from archives into the index; nil: nothing can be
	Quarantine Quarantine  // what could not be processed; nil: it is not shown

	Leads    func() error         // why this server does not see what becomes searchable; nil: it does
	Live     *aggregator.Live     // what is tailed; nil: there is no tail
	Searches *aggregator.Searches // those that are kept; nil: none can be
	Links    *aggregator.Links    // addresses of the console under short names; nil: none can be kept

	// MostSearches is how many searches look through the index at once (0: some for
	// each core). The others wait for Patience (0: DefaultPatience) and are refused then.
	MostSearches int
	Patience     time.Duration
	MostExports  int // that are under way at once; 0: DefaultExports
	MostTails    int // 0: DefaultTails
	MostEvents   int // of one page; 0: index.MaxLimit

	Page    http.Handler     // what is served outside the API, with a policy of its own; nil: nothing
	Timeout time.Duration    // 0: DefaultTimeout
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: nothing is logged
}

// Handler serves the API and the pages.
func (s *Server) Handler() http.Handler {
	h := &handlers{
		Server:  s,
		now:     s.Now,
		log:     s.Log,
		timeout: s.Timeout,
		counts:  newCounts(),

		patience: s.Patience,
		turns:    newGate(or(s.MostSearches, defaultSearches())),
		longest:  min(or(s.MostEvents, index.MaxLimit), index.MaxLimit),
		exports:  bound{what: "exports", most: or(s.MostExports, DefaultExports)},
		tails:    bound{what: "tails", most: or(s.MostTails, DefaultTails)},
	}
	if h.patience <= 0 {
		h.patience = DefaultPatience
	}
	if h.now == nil {
		h.now = time.Now
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.timeout <= 0 {
		h.timeout = DefaultTimeout
	}
	page := s.Page
	if page == nil {
		page = http.HandlerFunc(noPage)
	}

	mux := http.NewServeMux()
	r := &router{ServeMux: mux, handlers: h}
	HandlerWithOptions(h, StdHTTPServerOptions{BaseRouter: r, ErrorHandlerFunc: badParameter})
	mux.Handle("/api/", h.audited(unknownOperation, h.authenticated(noSuchRoute(mux))))
	mux.Handle("/", h.recovered(pageOperation, page))
	return h.hardened(mux)
}

// or is n, or what holds when nobody says.
func or(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// handlers implement the routes that are generated from openapi.yaml.
type handlers struct {
	*Server
	now     func() time.Time
	log     *slog.Logger
	timeout time.Duration
	counts  *counts
	refused refusals

	patience time.Duration // of a search that waits for its turn
	turns    *gate
	longest  int // events of a page
	exports  bound
	tails    bound
}

var _ ServerInterface = (*handlers)(nil)

// router hangs what every call goes through before each generated route.
type router struct {
	*http.ServeMux
	handlers *handlers
}

// HandleFunc is called by the generated code, once a route.
func (r *router) HandleFunc(pattern string, fn func(http.ResponseWriter, *http.Request)) {
	op, ok := operations[pattern]
	if !ok {
		panic("no operation for the route " + pattern) // a route of openapi.yaml that operation.go lacks; the first test sees it
	}
	var next http.Handler = http.HandlerFunc(fn)
	next = op.checked(next)
	if !op.open {
		next = r.handlers.authenticated(next)
	}
	if op.audited {
		next = r.handlers.audited(op, next)
	} else {
		next = r.handlers.recovered(op, next)
	}
	r.Handle(pattern, next)
}
