package api

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// exportPage is how many events of a stream are asked for at once.
const exportPage = 1000

// exportStall is how long a client may take to accept one page of a stream.
const exportStall = time.Minute

// csvColumns are the columns of CSV when fields names none. Never changed.
var csvColumns = []string{
	"eventTime", "eventId", "eventName", "eventRW", "eventType", "serviceName", "acsRegion",
	"userIdentity.type", "userIdentity.userName", "userIdentity.principalId", "userIdentity.accountId", "userIdentity.accessKeyId", "userIdentity.trust",
	"sourceIpAddress", "userAgent", "resourceType", "resourceName", "requestId", "errorCode", "errorMessage",
}

// errStored is the error of a row when the fault is not the client's.
var errStored = errors.New("the index gave an event that cannot be read")

// rowWriter writes events of a stream, one a line.
type rowWriter interface {
	row(stored []byte) error
	flush() error
}

// export streams the events page by page. The first page is asked for before
// the answer begins, so that a mistake in the search is still a problem; a
// failure after that breaks the connection off.
func (h *handlers) export(w http.ResponseWriter, r *http.Request, s *search, media string) {
	if !r.ProtoAtLeast(1, 1) {
		// Without chunks a stream that is broken off looks like a whole one.
		writeProblem(w, Problem{Type: problemProtocol, Title: "HTTP/1.1 is needed", Status: http.StatusHTTPVersionNotSupported,
			Detail: "over HTTP/1.0 nobody could tell that a stream of events is not whole", Hint: "of a proxy in between, set the protocol to 1.1 (nginx: proxy_http_version 1.1)"})
		return
	}
	left := -1
	if s.limit != nil {
		left = *s.limit
	}
	var rows rowWriter
	deadline := http.NewResponseController(w)
	defer func() { _ = deadline.SetWriteDeadline(time.Time{}) }() // the connection may serve more calls
	for rows == nil || left != 0 && s.After != "" {
		s.Limit = exportPage
		if left >= 0 {
			s.Limit = min(left, exportPage)
		}
		page, err := h.page(r.Context(), s)
		if err != nil && rows == nil {
			h.fail(w, r, s.text, err)
			return
		}
		if err != nil {
			h.breakOff(w, r, h.problemOf(r, s.text, err), err)
		}
		if rows == nil {
			rows = h.beginExport(w, s, media)
		}
		if r.Method == http.MethodHead {
			return
		}
		if left >= 0 {
			left -= len(page.Events)
		}
		// Not all connections have a deadline (a test's recorder has none); then the server's own timeouts hold.
		_ = deadline.SetWriteDeadline(time.Now().Add(exportStall))
		for _, e := range page.Events {
			if err := rows.row(e); errors.Is(err, errStored) {
				h.breakOff(w, r, internalProblem, err)
			} else if err != nil {
				h.breakOff(w, r, clientGone, err)
			}
		}
		if err := rows.flush(); err != nil {
			h.breakOff(w, r, clientGone, err)
		}
		handedOut(w, len(page.Events))
		if s.After = page.Next; s.Limit == 0 {
			return
		}
	}
}

// breakOff ends a stream so that the client notices. It does not return.
func (h *handlers) breakOff(w http.ResponseWriter, r *http.Request, p Problem, err error) {
	p.noteIn(w)
	if p.Status != statusClientGone {
		h.log.ErrorContext(r.Context(), "a stream of events was broken off", "request", requestID(w), "error", err)
	}
	panic(http.ErrAbortHandler)
}

func (h *handlers) beginExport(w http.ResponseWriter, s *search, media string) rowWriter {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if media == "text/csv" {
		header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		header.Set("Content-Disposition", `attachment; filename="events.csv"`)
		c := &csvRows{w: csv.NewWriter(w), columns: csvColumns}
		if s.fields != nil {
			c.columns = s.fields.paths
		}
		w.WriteHeader(http.StatusOK)
		_ = c.w.Write(c.columns) // kept by the writer: flush returns it
		return c
	}
	header.Set("Content-Type", media)
	w.WriteHeader(http.StatusOK)
	return &ndjsonRows{w: bufio.NewWriterSize(w, 64<<10), fields: s.fields}
}

// ndjsonRows writes the stored bytes.
type ndjsonRows struct {
	w      *bufio.Writer
	fields *projection
	buf    []byte
}

func (n *ndjsonRows) row(stored []byte) error {
	if n.fields != nil {
		n.buf = n.fields.append(n.buf[:0], stored)
		stored = n.buf
	}
	if _, err := n.w.Write(stored); err != nil {
		return err
	}
	return n.w.WriteByte('\n')
}

func (n *ndjsonRows) flush() error { return n.w.Flush() }

// csvRows writes one field a column; objects as their JSON.
type csvRows struct {
	w       *csv.Writer
	columns []string
	values  []string
}

func (c *csvRows) row(stored []byte) error {
	e, err := event.ParseJSON(stored)
	if err != nil {
		return fmt.Errorf("%w: %w", errStored, err)
	}
	c.values = c.values[:0]
	for _, column := range c.columns {
		c.values = append(c.values, harmlessCell(cell(&e, stored, column)))
	}
	return c.w.Write(c.values)
}

func (c *csvRows) flush() error {
	c.w.Flush()
	return c.w.Error()
}

// cell is a field as text.
func cell(e *event.Event, stored []byte, column string) string {
	if f, path, ok := event.Lookup(column); ok && path == "" {
		return f.Value(e)
	}
	// A leaf, an object of several fields, or eventVersion: take it from the JSON.
	value := appendMembers(nil, stored, []string{column})
	for len(value) > 0 && value[0] == '{' {
		var members map[string]json.RawMessage
		if json.Unmarshal(value, &members) != nil || len(members) != 1 || column == "" {
			break
		}
		for key, inner := range members {
			value = inner
			column = strings.TrimPrefix(strings.TrimPrefix(column, key), ".")
		}
		if column == "" {
			break
		}
	}
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(bytes.TrimSpace(value))
}

// harmlessCell puts an apostrophe before what a spreadsheet would run as a
// formula: clients choose parts of an event, such as the user agent.
func harmlessCell(s string) string {
	if len(s) > 1 && strings.IndexByte("=+-@\t\r\n", s[0]) >= 0 {
		return "'" + s
	}
	return s
}
