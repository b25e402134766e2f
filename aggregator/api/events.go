package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// DefaultLimit is how many events a page has when nobody says.
const DefaultLimit = 100

// search is what SearchEvents or ExportEvents was asked for.
type search struct {
	asked
	text   string
	now    time.Time // of the first page
	limit  *int
	fields *projection // nil: the whole event
}

// searchText are the parameters of a search as they came.
type searchText struct{ query, from, to, sort, cursor, fields string }

func (h *handlers) parseSearch(p searchText, limit *int) (search, error) {
	s := search{text: p.query, limit: limit, now: h.now().UTC()}
	ascending := false
	switch p.sort {
	case "", string(SearchEventsParamsSortDesc):
	case string(SearchEventsParamsSortAsc):
		ascending = true
	default:
		return s, problemParameter("sort", strconv.Quote(p.sort)+" is no order", "it is asc or desc")
	}
	var c cursor
	var err error
	if p.cursor != "" {
		if c, err = parseCursor(p.cursor); err != nil {
			return s, err
		}
		if c.ascending != ascending || c.query != queryHash(p.query) {
			return s, problemParameter("cursor", "it belongs to another search", "query and sort must be those of the page before")
		}
		if !c.now.IsZero() {
			s.now = c.now
		}
	}
	if s.asked, err = parseAsked(p.query, p.from, p.to, s.now); err != nil {
		return s, err
	}
	if s.Ascending = ascending; p.cursor != "" {
		s.window, s.After = c.window, c.after
		s.From, s.To = c.from, c.to
	}
	if limit != nil && *limit < 0 {
		return s, problemParameter("limit", "it is negative", "")
	}
	s.fields, err = parseFields(p.fields)
	return s, err
}

// cursorAfter is the cursor of the page after this one; empty when there is none.
func (s *search) cursorAfter(next string) string {
	if next == "" {
		return ""
	}
	return cursor{s.window, s.Ascending, queryHash(s.text), s.now, next}.String()
}

// SearchEvents answers a page, or streams all.
func (h *handlers) SearchEvents(w http.ResponseWriter, r *http.Request, params SearchEventsParams) {
	begin := h.now()
	media, err := negotiate(strings.Join(r.Header.Values("Accept"), ","), "application/json", "application/x-ndjson", "text/csv")
	if err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	s, err := h.parseSearch(searchText{params.Query, params.From, params.To, string(params.Sort), params.Cursor, params.Fields}, params.Limit)
	if err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	w.Header().Set("Vary", "Accept")
	if media != "application/json" {
		format := formatNDJSON
		if media == "text/csv" {
			format = formatCSV
		}
		h.export(w, r, &export{search: s, format: format})
		return
	}
	s.NoTotal = params.Count != nil && !*params.Count
	s.Limit = min(DefaultLimit, h.longest)
	if s.limit != nil {
		s.Limit = *s.limit
	}
	if s.Limit > h.longest {
		h.fail(w, r, s.text, problemParameter("limit", strconv.Itoa(s.Limit)+" is more than a page can hold",
			fmt.Sprintf("at most %d; ask for application/x-ndjson to get all in one stream", h.longest)))
		return
	}
	page, err := h.page(r.Context(), s.Query, h.patience)
	if err != nil {
		h.fail(w, r, s.text, err)
		return
	}
	h.writePage(w, &s, page, begin)
}

// page asks the index when it is this search's turn.
func (h *handlers) page(ctx context.Context, q index.Query, patience time.Duration) (page index.Page, err error) {
	if q.Limit == 0 && q.NoTotal {
		return index.Page{Total: -1}, ctx.Err()
	}
	err = h.look(ctx, patience, func(ctx context.Context) error {
		page, err = h.Index.Search(ctx, q)
		return err
	})
	if errors.Is(err, index.ErrCursor) {
		err = problemParameter("cursor", "it is not a cursor of this index", "begin again without a cursor")
	}
	return page, err
}

// writePage sends the events as they are stored: they are not decoded.
func (h *handlers) writePage(w http.ResponseWriter, s *search, page index.Page, begin time.Time) {
	size := 128
	for _, e := range page.Events {
		size += len(e) + 1
	}
	body := append(make([]byte, 0, size), `{"events":[`...)
	for i, e := range page.Events {
		if i > 0 {
			body = append(body, ',')
		}
		body = s.fields.append(body, e)
	}
	body = append(body, `],"total":`...)
	body = strconv.AppendInt(body, int64(page.Total), 10)
	if c := s.cursorAfter(page.Next); c != "" && s.Limit > 0 {
		body = append(body, `,"cursor":"`...)
		body = append(append(body, c...), '"')
	}
	body = append(body, `,"from":"`...)
	body = s.window.from.AppendFormat(body, time.RFC3339Nano)
	body = append(body, `","to":"`...)
	body = s.window.to.AppendFormat(body, time.RFC3339Nano)
	body = append(body, '"')
	body = appendMember(body, "incomplete", page.Incomplete)
	body = appendMember(body, "warnings", s.warnings)
	body = append(body, `,"tookMs":`...)
	body = strconv.AppendInt(body, h.now().Sub(begin).Milliseconds(), 10)
	body = append(body, '}', '\n')
	handedOut(w, len(page.Events))
	writeBody(w, http.StatusOK, "application/json", body)
}

// appendMember appends a member that has a value, after others.
func appendMember[T any](b []byte, name string, list []T) []byte {
	if len(list) == 0 {
		return b
	}
	value, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", list, err)) // only our own types come here; serve answers 500
	}
	return append(append(append(append(b, `,"`...), name...), `":`...), value...)
}

// handedOut counts events for the audit.
func handedOut(w http.ResponseWriter, n int) {
	if a, ok := w.(*answer); ok {
		a.events += n
	}
}

// GetEvent answers one event.
func (h *handlers) GetEvent(w http.ResponseWriter, r *http.Request, id string) {
	stored, err := h.event(r.Context(), id)
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	handedOut(w, 1)
	writeBody(w, http.StatusOK, "application/json", append(stored, '\n'))
}

// event is one event, as it is stored.
func (h *handlers) event(ctx context.Context, id string) ([]byte, error) {
	if len(id) > 256 {
		return nil, problemParameter("eventId", "no id is that long", "")
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	stored, err := h.Index.Get(ctx, id)
	if errors.Is(err, index.ErrNotFound) {
		err = Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Parameter: "eventId",
			Detail: "the index holds no event with this id", Hint: "it may be older than the index's retention, and still be in an archive"}
	}
	return stored, err
}
