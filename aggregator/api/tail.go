package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/query"
)

// heartbeat is how long a tail is silent at most: proxies end connections that are.
const heartbeat = 15 * time.Second

// TailEvents sends events as they become searchable, until the client leaves.
func (h *handlers) TailEvents(w http.ResponseWriter, r *http.Request, params TailEventsParams) {
	if h.Live == nil {
		writeProblem(w, Problem{Type: problemNotFound, Title: "There is no tail", Status: http.StatusNotImplemented, Detail: "this server does not follow the stream"})
		return
	}
	if h.Leads != nil {
		if err := h.Leads(); err != nil {
			h.fail(w, r, params.Query, err)
			return
		}
	}
	t := tail{live: h.Live}
	var err error
	if t.filter, _, err = parseQuery(params.Query, h.now()); err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	if t.fields, err = parseFields(params.Fields); err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	after, named := params.After, "after"
	if params.LastEventID != nil && *params.LastEventID != "" {
		after, named = *params.LastEventID, "Last-Event-ID"
	}
	t.at = h.Live.Now()
	if after != "" {
		if t.at, err = aggregator.ParsePlace(after); err != nil {
			h.fail(w, r, params.Query, problemParameter(named, err.Error(), "send the last id that was received, or none"))
			return
		}
	}
	if err := h.tails.enter(); err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	defer h.tails.leave()
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	t.w, t.control = bufio.NewWriterSize(w, 64<<10), http.NewResponseController(w)
	defer func() { _ = t.control.SetWriteDeadline(time.Time{}) }()
	// However it ends, the client sees the connection end; a tail has no other end.
	_ = t.run(r.Context(), func(n int) { handedOut(w, n) })
}

// tail is one client that watches.
type tail struct {
	live    *aggregator.Live
	at      aggregator.Place
	filter  query.Expr
	fields  *projection
	w       *bufio.Writer
	control *http.ResponseController
	buf     []byte
	json    []byte
}

// run sends until the client leaves or is too slow to take anything, or the server
// stops. While it writes it does not read, so what the client misses is gone from
// the ring, and nothing piles up here.
func (t *tail) run(ctx context.Context, sent func(n int)) error {
	t.frame("ready", t.at, []byte("{}"))
	if err := t.send(); err != nil {
		return err
	}
	for {
		wait, cancel := context.WithTimeout(ctx, heartbeat)
		events, next, missed, err := t.live.Next(wait, t.at)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if missed != nil {
			if err := t.missed(missed); err != nil {
				return err
			}
		}
		n := 0
		for _, seen := range events {
			if t.filter != nil && !t.filter.Match(seen.Event) {
				continue
			}
			t.json = seen.Event.AppendJSON(t.json[:0])
			if t.fields != nil {
				t.json = t.fields.append(nil, t.json)
			}
			t.frame("event", seen.After, t.json)
			n++
		}
		t.at = next
		if n == 0 && len(events) == 0 && missed == nil {
			_, _ = fmt.Fprintf(t.w, "id: %s\n: still here\n\n", t.at) // kept by the writer: send returns it
		}
		if n > 0 || len(events) == 0 || missed != nil {
			if err := t.send(); err != nil {
				return err
			}
		}
		sent(n)
	}
}

// missed tells of events that were not seen.
func (t *tail) missed(m *aggregator.Missed) error {
	told := TailMissed{After: t.at.String()}
	if m.Events >= 0 {
		n := int64(m.Events)
		told.Events, told.From, told.To = &n, m.From, m.To.Add(1)
	}
	data, err := json.Marshal(told)
	if err != nil {
		return fmt.Errorf("encode what was missed: %w", err)
	}
	t.frame("missed", m.Before, data)
	return nil
}

// frame writes one event of the stream. Its data has no line end: canonical JSON escapes them.
func (t *tail) frame(name string, at aggregator.Place, data []byte) {
	t.buf = append(append(t.buf[:0], "event: "...), name...)
	t.buf = append(append(t.buf, "\nid: "...), at.String()...)
	t.buf = append(append(append(t.buf, "\ndata: "...), data...), "\n\n"...)
	_, _ = t.w.Write(t.buf) // an error is kept by the writer: send returns it
}

// send lets the client have what was written.
func (t *tail) send() error {
	_ = t.control.SetWriteDeadline(time.Now().Add(exportStall)) // as in export
	if err := t.w.Flush(); err != nil {
		return err
	}
	return t.control.Flush()
}
