package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// operation is what is known of a route beside its handler.
type operation struct {
	action     string   // name in the audit, that of openapi.yaml with a capital
	parameters []string // in the query; a call with others is refused, since a misspelt filter would find too much
	open       bool     // needs no token
	audited    bool
}

// operations are the routes of openapi.yaml; a test holds them together. Never changed.
var operations = map[string]operation{
	"GET /healthz": {action: "GetHealth", open: true},
	"GET /readyz":  {action: "GetReadiness", open: true},
	"GET /metrics": {action: "GetMetrics"},
	"GET /api/v1/events": {
		action:     "SearchEvents",
		parameters: []string{"query", "from", "to", "limit", "count", "cursor", "sort", "fields"},
		audited:    true,
	},
	"GET /api/v1/events/{eventId}":       {action: "GetEvent", audited: true},
	"GET /api/v1/events/{eventId}/proof": {action: "GetProof", parameters: []string{"trail"}, audited: true},
	"GET /api/v1/events/{eventId}/surrounding": {
		action:     "ListSurrounding",
		parameters: []string{"by", "n", "query"},
		audited:    true,
	},
	"GET /api/v1/export": {
		action:     "ExportEvents",
		parameters: []string{"query", "from", "to", "format", "sort", "limit", "fields", "gzip", "count"},
		audited:    true,
	},
	"GET /api/v1/bundle": {
		action:     "GetBundle",
		parameters: []string{"trail", "delivery", "from", "to", "query", "late"},
		audited:    true,
	},
	"GET /api/v1/tail": {
		action:     "TailEvents",
		parameters: []string{"query", "fields", "after"},
		audited:    true,
	},
	"GET /api/v1/histogram": {
		action:     "GetHistogram",
		parameters: []string{"query", "from", "to", "interval", "buckets", "by", "n"},
		audited:    true,
	},
	"GET /api/v1/fields": {
		action:     "ListFields",
		parameters: []string{"query", "from", "to", "leaves"},
		audited:    true,
	},
	"GET /api/v1/fields/{field}/values": {
		action:     "ListFieldValues",
		parameters: []string{"query", "from", "to", "limit", "prefix"},
		audited:    true,
	},
	"GET /api/v1/query/check":               {action: "CheckQuery", parameters: []string{"query"}, audited: true},
	"GET /api/v1/query/complete":            {action: "CompleteQuery", parameters: []string{"query", "at", "from", "to"}, audited: true},
	"GET /api/v1/searches":                  {action: "ListSearches", audited: true},
	"GET /api/v1/searches/{name}":           {action: "GetSearch", audited: true},
	"PUT /api/v1/searches/{name}":           {action: "PutSearch", audited: true},
	"DELETE /api/v1/searches/{name}":        {action: "DeleteSearch", audited: true},
	"POST /api/v1/links":                    {action: "CreateLink", audited: true},
	"GET /api/v1/links/{name}":              {action: "GetLink", audited: true},
	"GET /api/v1/imports":                   {action: "ListImports", audited: true},
	"POST /api/v1/imports":                  {action: "ImportEvents", audited: true},
	"DELETE /api/v1/imports/{id}":           {action: "RemoveImport", audited: true},
	"GET /api/v1/trails":                    {action: "ListTrails", audited: true},
	"POST /api/v1/trails":                   {action: "CreateTrail", audited: true},
	"GET /api/v1/trails/{name}":             {action: "GetTrail", parameters: []string{"format"}, audited: true},
	"PUT /api/v1/trails/{name}":             {action: "PutTrail", audited: true},
	"DELETE /api/v1/trails/{name}":          {action: "DeleteTrail", audited: true},
	"POST /api/v1/trails/{name}/backfill":   {action: "BackfillTrail", audited: true},
	"POST /api/v1/trails/plan":              {action: "PlanTrails", audited: true},
	"POST /api/v1/trails/{name}/renotify":   {action: "RenotifyTrail", audited: true},
	"POST /api/v1/trails/{name}/start":      {action: "StartTrail", audited: true},
	"POST /api/v1/trails/{name}/stop":       {action: "StopTrail", audited: true},
	"GET /api/v1/trails/{name}/verify":      {action: "ListVerifications", audited: true},
	"POST /api/v1/trails/{name}/verify":     {action: "VerifyTrail", audited: true},
	"GET /api/v1/agents":                    {action: "ListAgents", audited: true},
	"GET /api/v1/quarantine":                {action: "ListQuarantine", parameters: []string{"limit"}, audited: true},
	"POST /api/v1/quarantine/{entry}/retry": {action: "RetryQuarantined", audited: true},
	"GET /api/v1/status":                    {action: "GetStatus", audited: true},
}

// unknownOperation is what a call to no route is audited as.
var unknownOperation = operation{action: "UnknownOperation"}

// pageOperation is what is served outside the API; it is never audited.
var pageOperation = operation{action: "GetPage", open: true}

// maxLengths are the longest values of the parameters in the query, in bytes. Never changed.
var maxLengths = map[string]int{"query": 16384, "from": 64, "to": 64, "cursor": 1024, "fields": 4096, "interval": 16, "after": 64, "by": 256, "prefix": 1024, "trail": 64, "delivery": 64, "late": 16}

// checked refuses a query string that cannot be read whole, and parameters that
// the operation does not have, that come twice or are too long.
func (op operation) checked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			writeProblem(w, problemParameter("", "the query string cannot be read: "+err.Error(), "percent-encode the values"))
			return
		}
		for name, given := range values {
			if !slices.Contains(op.parameters, name) {
				hint := "this call takes no parameters"
				if len(op.parameters) > 0 {
					hint = "it takes " + strings.Join(op.parameters, ", ")
				}
				writeProblem(w, problemParameter(name, "there is no such parameter", hint))
				return
			}
			if len(given) > 1 {
				writeProblem(w, problemParameter(name, "it is given more than once", ""))
				return
			}
			if most := maxLengths[name]; most > 0 && len(given[0]) > most {
				writeProblem(w, problemParameter(name, fmt.Sprintf("it has %d bytes", len(given[0])), fmt.Sprintf("%d are allowed", most)))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// noSuchRoute answers what no route takes: 405 where another method would be right, else 404.
func noSuchRoute(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		get := r.Clone(r.Context())
		get.Method = http.MethodGet
		if _, pattern := mux.Handler(get); strings.HasPrefix(pattern, "GET ") {
			w.Header().Set("Allow", "GET, HEAD")
			writeProblem(w, Problem{Type: problemMethod, Title: "Method not allowed", Status: http.StatusMethodNotAllowed,
				Detail: r.Method + " is not for " + r.URL.Path})
			return
		}
		writeProblem(w, Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound,
			Detail: "there is nothing at " + r.URL.Path, Hint: "openapi.yaml lists what there is; /api/v1/status is a good start"})
	})
}
