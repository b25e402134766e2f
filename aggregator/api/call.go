package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"
	"unicode/utf8"
)

// auditTimeout is how long the audit of one call may take.
const auditTimeout = 5 * time.Second

// maxAuditedValue is how many bytes of a parameter are audited.
const maxAuditedValue = 2048

// Call is one call of the API, as the audit of actiontrail itself records it.
type Call struct {
	Time          time.Time
	ID            string            // also sent as X-Request-Id
	Action        string            // "SearchEvents", "GetStatus", …; "UnknownOperation"
	Method        string            // as it came
	Route         string            // template, "/api/v1/events/{eventId}"; of an unknown operation its path
	Parameters    map[string]string // of path and query; long values are cut
	RemoteAddr    string            // the client's address without port
	UserAgent     string
	Authenticated bool   // brought a right token
	Token         string // name of that token, if it has one
	Write         bool   // changes something, or would have
	Status        int    // of the answer, or of what broke it off later; 499: the client left before its end
	Problem       Problem
	Events        int // how many events were handed out
	Duration      time.Duration
	Unrecorded    int // calls refused for want of a token, before this one, that were not recorded themselves: too many came
}

// answer watches what a handler answers.
type answer struct {
	http.ResponseWriter
	id            string
	status        int // 0: nothing was sent
	problem       Problem
	events        int
	authenticated bool
	token         string // name of the one that the call brought
}

// Unwrap lets http.ResponseController through.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader keeps the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

func requestID(w http.ResponseWriter) string {
	if a, ok := w.(*answer); ok {
		return a.id
	}
	return ""
}

// audited reports each call that goes through it.
func (h *handlers) audited(op operation, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := h.now()
		a := &answer{ResponseWriter: w, id: newRequestID()}
		w.Header().Set("X-Request-Id", a.id)
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			aborted := h.serve(a, r, next)
			// The answer leaves before the audit, which may wait for a disk. It has a Content-Length, so the client
			// sees its end already now. A failed flush means that the client is gone.
			if !aborted || a.status != 0 {
				_ = http.NewResponseController(w).Flush()
			}
			if err := h.report(r, op, a, begin); err != nil {
				h.log.ErrorContext(r.Context(), "a call could not be audited", "action", op.action, "request", a.id, "error", err)
			}
			if aborted {
				panic(http.ErrAbortHandler) // tells the client that the stream is not whole
			}
			return
		}
		kept := &keptResponse{header: w.Header()}
		a.ResponseWriter = kept
		aborted := h.serve(a, r, next)
		if err := h.report(r, op, a, begin); err != nil {
			h.log.ErrorContext(r.Context(), "a call could not be audited", "action", op.action, "request", a.id, "error", err)
			w.Header().Del("Content-Length")
			writeProblem(w, Problem{Type: problemUnaudited, Title: "The call could not be recorded", Status: http.StatusServiceUnavailable,
				Detail: "a change must be in the audit log before it is answered", Hint: "look at /readyz, then ask for what the change was to do"})
			return
		}
		if aborted {
			panic(http.ErrAbortHandler)
		}
		kept.sendTo(w)
	})
}

// recovered answers for handlers that panic where nothing is audited, but for calls without the right token.
func (h *handlers) recovered(op operation, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := h.now()
		a := &answer{ResponseWriter: w, id: newRequestID()}
		w.Header().Set("X-Request-Id", a.id)
		if h.serve(a, r, next) {
			panic(http.ErrAbortHandler)
		}
		if a.problem.Type == problemToken {
			if err := h.report(r, op, a, begin); err != nil {
				h.log.ErrorContext(r.Context(), "a call could not be audited", "action", op.action, "request", a.id, "error", err)
			}
		}
	})
}

// serve runs the handler and answers for it when it panics. It says whether a
// stream was broken off, which the client must notice.
func (h *handlers) serve(a *answer, r *http.Request, next http.Handler) (aborted bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			aborted = true
		default:
			h.log.ErrorContext(r.Context(), "a handler panicked", "path", r.URL.Path, "request", a.id,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			problem := internalProblem
			if aborted = a.status != 0; aborted {
				problem.noteIn(a)
			} else {
				writeProblem(a, problem)
			}
		}
	}()
	next.ServeHTTP(a, r)
	return false
}

// report tells the audit and the counters.
func (h *handlers) report(r *http.Request, op operation, a *answer, begin time.Time) error {
	c := Call{
		Time: begin, ID: a.id, Action: op.action, Method: r.Method, Route: route(r, op), Parameters: parameters(r),
		RemoteAddr: remoteHost(r), UserAgent: cut(r.UserAgent()), Authenticated: a.authenticated, Token: a.token,
		Write:  r.Method != http.MethodGet && r.Method != http.MethodHead,
		Status: a.status, Problem: a.problem, Events: a.events, Duration: h.now().Sub(begin),
	}
	switch {
	case a.problem.Status != 0:
		c.Status = a.problem.Status
	case c.Status == 0:
		c.Status = http.StatusOK
	}
	if r.Method == http.MethodHead {
		c.Events = 0 // an answer to HEAD has no body
	}
	h.counts.add(c)
	if h.Audit == nil || a.problem.Type == problemToken && h.refused.skip(begin, c.RemoteAddr) {
		return nil
	}
	c.Unrecorded = h.refused.take()
	// The client may be gone; that it asked is recorded all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), auditTimeout)
	defer cancel()
	err := h.Audit(ctx, c)
	if err != nil {
		h.refused.giveBack(c.Unrecorded)
	}
	return err
}

func route(r *http.Request, op operation) string {
	if op.action == unknownOperation.action {
		return cut(r.URL.Path)
	}
	_, path, _ := bytes.Cut([]byte(r.Pattern), []byte(" "))
	return string(path)
}

func parameters(r *http.Request) map[string]string {
	out := map[string]string{}
	for name, values := range r.URL.Query() {
		if len(out) == 32 {
			break // no operation has so many: the call was refused
		}
		out[cut(name)] = cut(values[0])
	}
	for _, name := range []string{"eventId", "field", "name"} { // the wildcards of openapi.yaml
		if v := r.PathValue(name); v != "" {
			out[name] = cut(v)
		}
	}
	return out
}

func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// cut shortens s to what is audited, at a character's end.
func cut(s string) string {
	if len(s) <= maxAuditedValue {
		return s
	}
	n := maxAuditedValue
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func newRequestID() string {
	var b [12]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

// keptResponse holds a short answer back until the audit has taken the call.
type keptResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *keptResponse) Header() http.Header { return k.header }

func (k *keptResponse) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
}

func (k *keptResponse) Write(b []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(b)
}

func (k *keptResponse) sendTo(w http.ResponseWriter) {
	if k.status != 0 {
		w.WriteHeader(k.status)
	}
	_, _ = w.Write(k.body.Bytes()) // fails when the client is gone; what was done is recorded
}

// writeJSON sends v whole, with its length.
func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err)) // only our own types come here; serve answers 500
	}
	writeBody(w, status, contentType, append(body, '\n'))
}

// writeBody sends a short answer with its length. An error of writing means that the client is gone.
func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
