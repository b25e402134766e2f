package httpsource

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/actiontrail/actiontrail/internal/access"
)

// The time that a request may take, apart from waiting.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 30 * time.Second
	answerTimeout = 30 * time.Second
	idleTimeout   = 2 * time.Minute
)

// handler answers clients.
type handler struct {
	in    *inlet
	token *access.Tokens // nil: none is asked for
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	connection := http.NewResponseController(w)
	if connection.SetReadDeadline(time.Now().Add(bodyTimeout)) != nil {
		return // it has failed, and with it the client
	}
	records, repeated, p := h.serve(connection, r)
	h.in.count.answered(p, records)
	if connection.SetWriteDeadline(time.Now().Add(answerTimeout)) != nil {
		return
	}
	switch {
	case p != nil:
		p.write(w, h.in.config.Wait)
	case r.URL.Path == HealthPath:
		fmt.Fprintln(w, "ok")
	default:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "{\"records\":%d,\"repeated\":%t}\n", records, repeated)
	}
}

// serve returns when the records of the request are durable, or are refused. repeated
// tells that they were durable before it came.
func (h *handler) serve(connection *http.ResponseController, r *http.Request) (records int, repeated bool, p *problem) {
	if p := h.check(r); p != nil || r.URL.Path == HealthPath {
		return 0, false, p
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) > maxKey {
		return 0, false, refuse(http.StatusBadRequest, "idempotency-key", "The Idempotency-Key is too long", fmt.Sprintf("it has %d bytes, %d are the most", len(key), maxKey), "")
	}
	how, p := splitOf(h.in.config.Split, r.Header.Get("Content-Type"))
	if p != nil {
		return 0, false, p
	}
	text, held, p := h.in.body(r.Context(), r)
	var named *known
	var parts [][]byte
	if p == nil {
		// The deadline would end a request that waits for its answer, too.
		if err := connection.SetReadDeadline(time.Time{}); err != nil {
			h.in.budget.release(held)
			return 0, false, unread(err, err.Error())
		}
		if key != "" {
			named = name(key, text)
		}
		parts, p = split(text, how, h.in.config.MaxRecords)
	}
	if p != nil || len(parts) == 0 {
		h.in.budget.release(held)
		return 0, false, p
	}
	req, done, err := h.in.submit(parts, held, named)
	switch {
	case errors.Is(err, errOtherBody):
		return 0, false, refuse(http.StatusUnprocessableEntity, "idempotency-key", "The Idempotency-Key is used", err.Error(), "give every body a key of its own")
	case err != nil:
		return 0, false, busy(err.Error())
	case done:
		return len(parts), true, nil
	}
	if p := h.in.wait(r, req); p != nil {
		return 0, false, p
	}
	return len(parts), false, nil
}

// check refuses what can be told to be wrong without the body.
func (h *handler) check(r *http.Request) *problem {
	switch {
	case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "":
		return refuse(http.StatusForbidden, "browser", "A web page cannot send records", "the request was made by a browser", "")
	case r.URL.Path == HealthPath && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return nil
	case r.URL.Path == HealthPath:
		return refuse(http.StatusMethodNotAllowed, "method-not-allowed", "Only GET is answered here", "", "")
	case r.URL.Path != h.in.config.Path:
		return refuse(http.StatusNotFound, "not-found", "There is nothing here", fmt.Sprintf("records are taken at %s", h.in.config.Path), "")
	}
	if h.token != nil {
		token, bearer := access.Bearer(r)
		_, right, err := h.token.Find(token)
		switch {
		case err != nil:
			h.in.config.Log.Error("no client can be let in", "error", err)
			return busy("the tokens cannot be read at present")
		case !right || !bearer:
			return refuse(http.StatusUnauthorized, "unauthorized", "A token is needed", "the request has no Authorization, or not the right one", "send Authorization: Bearer and the token")
		}
	}
	if r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, "method-not-allowed", "Only POST is answered here", "", "")
	}
	return nil
}

// wait returns when the request is durable or is refused. Once its first record is taken
// only the client can end the waiting.
func (in *inlet) wait(r *http.Request, req *request) *problem {
	patience := time.NewTimer(in.config.Wait)
	defer patience.Stop()
	select {
	case <-req.taken:
	case <-req.done:
	case <-r.Context().Done():
	case <-patience.C:
		if in.leave(req) {
			return busy("the spool takes no batches: nothing of the request was taken")
		}
	}
	select {
	case <-req.done:
	case <-r.Context().Done():
		in.leave(req)
		return refuse(statusClientGone, "client-gone", "The client left before the answer", "", "")
	}
	if req.err != nil {
		return busy("the agent stops: some of the records may be in its spool")
	}
	return nil
}

// statusClientGone is what is counted of a client that left; nobody reads it.
const statusClientGone = 499
