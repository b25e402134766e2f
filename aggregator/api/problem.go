package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"unicode/utf8"
)

// Kinds of problems, the `type` of RFC 9457. Clients may rely on them.
const (
	problemPrefix    = "urn:actiontrail:problem:"
	problemQuery     = problemPrefix + "invalid-query"
	problemInvalid   = problemPrefix + "invalid-parameter"
	problemNotFound  = problemPrefix + "not-found"
	problemMethod    = problemPrefix + "method-not-allowed"
	problemAccept    = problemPrefix + "not-acceptable"
	problemToken     = problemPrefix + "unauthorized"
	problemNoTokens  = problemPrefix + "tokens-unreadable"
	problemHost      = problemPrefix + "unknown-host"
	problemNotReady  = problemPrefix + "not-ready"
	problemTimeout   = problemPrefix + "timeout"
	problemUnaudited = problemPrefix + "not-recorded"
	problemBusy      = problemPrefix + "busy"
	problemProtocol  = problemPrefix + "http-version"
	problemStandby   = problemPrefix + "standby"
	problemInternal  = problemPrefix + "internal"
)

// statusClientGone is what a call is audited with whose client left before the answer.
const statusClientGone = 499

// clientGone is audited, never sent. Never changed.
var clientGone = Problem{Type: problemPrefix + "client-gone", Title: "The client left before the end of the answer", Status: statusClientGone}

// internalProblem keeps to itself what went wrong: that may name files. Never changed.
var internalProblem = Problem{Type: problemInternal, Title: "The server could not answer", Status: http.StatusInternalServerError,
	Detail: "the reason is in the server's log, by the X-Request-Id of this answer"}

// Error makes a Problem that a handler or a client has in hand an error.
func (p Problem) Error() string {
	s := p.Title
	if p.Parameter != "" {
		s += " (" + p.Parameter + ")"
	}
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

func problemParameter(name, detail, hint string) Problem {
	return Problem{Type: problemInvalid, Title: "Invalid parameter", Status: http.StatusBadRequest, Parameter: name, Detail: detail, Hint: hint}
}

// positioned is an error of package query.
type positioned interface {
	error
	Offset() int // bytes
}

// hinted is an error that says what to do.
type hinted interface{ Hint() string }

// problemOfQuery is the problem with a query that cannot be parsed or answered; ok says whether err is one.
func problemOfQuery(query string, err error) (p Problem, ok bool) {
	var at positioned
	if !errors.As(err, &at) {
		return Problem{}, false
	}
	p = Problem{Type: problemQuery, Title: "Invalid query", Status: http.StatusBadRequest, Parameter: "query", Detail: at.Error(), Position: position(query, at.Offset())}
	if h, ok := at.(hinted); ok {
		p.Hint = h.Hint()
	}
	return p, true
}

// position is an offset in bytes as one in characters.
func position(query string, offset int) *int {
	n := utf8.RuneCountInString(query[:min(max(offset, 0), len(query))])
	return &n
}

// writeProblem answers p. What it quotes of the call is cut: the audit keeps it.
func writeProblem(w http.ResponseWriter, p Problem) {
	p.Parameter, p.Detail, p.Hint = cut(p.Parameter), cut(p.Detail), cut(p.Hint)
	p.noteIn(w)
	if p.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfterSeconds))
	}
	writeJSON(w, p.Status, "application/problem+json", p)
}

// noteIn tells the audit what became of the answer.
func (p Problem) noteIn(w http.ResponseWriter) {
	if a, ok := w.(*answer); ok {
		a.problem = p
	}
}

// badParameter answers what the generated code refuses.
func badParameter(w http.ResponseWriter, _ *http.Request, err error) {
	var format *InvalidParamFormatError
	if errors.As(err, &format) {
		writeProblem(w, problemParameter(format.ParamName, cause(format.Err), ""))
		return
	}
	writeProblem(w, problemParameter("", err.Error(), ""))
}

// cause is the innermost error that says something in words for the caller.
func cause(err error) string {
	var number *strconv.NumError
	if errors.As(err, &number) {
		return strconv.Quote(number.Num) + " is not a number in range"
	}
	return err.Error()
}

// fail answers an error of the index or of reading the parameters. When the
// client is gone it breaks the connection off: a proxy must not take the
// nothing that was written for an empty answer.
func (h *handlers) fail(w http.ResponseWriter, r *http.Request, query string, err error) {
	p := h.problemOf(r, query, err)
	if p.Status == statusClientGone {
		p.noteIn(w)
		panic(http.ErrAbortHandler)
	}
	if p.Status == http.StatusInternalServerError {
		h.log.ErrorContext(r.Context(), "a call failed", "method", r.Method, "path", r.URL.Path, "request", requestID(w), "error", err)
	}
	writeProblem(w, p)
}

func (h *handlers) problemOf(r *http.Request, query string, err error) Problem {
	var p Problem
	if errors.As(err, &p) {
		return p
	}
	if r.Context().Err() != nil {
		return clientGone
	}
	if p, ok := problemOfQuery(query, err); ok {
		return p
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Problem{Type: problemTimeout, Title: "The search took too long", Status: http.StatusServiceUnavailable,
			Detail: "it was stopped after " + h.timeout.String(), Hint: "narrow the time range or the query"}
	}
	return internalProblem
}
