package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/query"
)

// DefaultLimit is how many events a page has when nobody says.
const DefaultLimit = 100

// search is what SearchEvents was asked for.
type search struct {
	index.Query
	text   string
	window window
	limit  *int
	fields *projection // nil: the whole event
}

func (h *handlers) parseSearch(p SearchEventsParams) (search, error) {
	s := search{text: p.Query, limit: p.Limit}
	var err error
	if s.Filter, err = parseQuery(p.Query); err != nil {
		return s, err
	}
	if s.window, err = parseWindow(p.From, p.To, h.now()); err != nil {
		return s, err
	}
	switch p.Sort {
	case "", SearchEventsParamsSortDesc:
	case SearchEventsParamsSortAsc:
		s.Ascending = true
	default:
		return s, problemParameter("sort", strconv.Quote(string(p.Sort))+" is no order", "it is asc or desc")
	}
	if p.Cursor != "" {
		c, err := parseCursor(p.Cursor)
		if err != nil {
			return s, err
		}
		if c.ascending != s.Ascending || c.query != queryHash(p.Query) {
			return s, problemParameter("cursor", "it belongs to another search", "query and sort must be those of the page before")
		}
		s.window, s.After = c.window, c.after
	}
	if p.Limit != nil && *p.Limit < 0 {
		return s, problemParameter("limit", "it is negative", "")
	}
	if s.fields, err = parseFields(p.Fields); err != nil {
		return s, err
	}
	s.From, s.To = s.window.from, s.window.to
	return s, nil
}

func parseQuery(text string) (query.Expr, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil // all
	}
	return query.Parse(text)
}

// cursorAfter is the cursor of the page after this one; empty when there is none.
func (s *search) cursorAfter(next string) string {
	if next == "" {
		return ""
	}
	return cursor{s.window, s.Ascending, queryHash(s.text), next}.String()
}

// SearchEvents answers a page, or streams all.
func (h *handlers) SearchEvents(w http.ResponseWriter, r *http.Request, params SearchEventsParams) {
	begin := h.now()
	media, err := negotiate(strings.Join(r.Header.Values("Accept"), ","), "application/json", "application/x-ndjson", "text/csv")
	if err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	s, err := h.parseSearch(params)
	if err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	w.Header().Set("Vary", "Accept")
	if media != "application/json" {
		h.export(w, r, &s, media)
		return
	}
	s.Limit = DefaultLimit
	if s.limit != nil {
		s.Limit = *s.limit
	}
	if s.Limit > index.MaxLimit {
		h.fail(w, r, s.text, problemParameter("limit", strconv.Itoa(s.Limit)+" is more than a page can hold",
			fmt.Sprintf("at most %d; ask for application/x-ndjson to get all in one stream", index.MaxLimit)))
		return
	}
	page, err := h.page(r.Context(), &s)
	if err != nil {
		h.fail(w, r, s.text, err)
		return
	}
	h.writePage(w, &s, page, begin)
}

// page asks the index, within the time for one search.
func (h *handlers) page(ctx context.Context, s *search) (index.Page, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	page, err := h.Index.Search(ctx, s.Query)
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
	body = append(body, `","tookMs":`...)
	body = strconv.AppendInt(body, h.now().Sub(begin).Milliseconds(), 10)
	body = append(body, '}', '\n')
	handedOut(w, len(page.Events))
	writeBody(w, http.StatusOK, "application/json", body)
}

// handedOut counts events for the audit.
func handedOut(w http.ResponseWriter, n int) {
	if a, ok := w.(*answer); ok {
		a.events += n
	}
}

// GetEvent answers one event.
func (h *handlers) GetEvent(w http.ResponseWriter, r *http.Request, id string) {
	if len(id) > 256 {
		h.fail(w, r, "", problemParameter("eventId", "no id is that long", ""))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.timeout)
	defer cancel()
	event, err := h.Index.Get(ctx, id)
	if errors.Is(err, index.ErrNotFound) {
		err = Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Parameter: "eventId",
			Detail: "the index holds no event with this id", Hint: "it may be older than the index's retention, and still be in an archive"}
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	handedOut(w, 1)
	writeBody(w, http.StatusOK, "application/json", append(event, '\n'))
}
