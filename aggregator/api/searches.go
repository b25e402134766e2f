package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/query"
)

// ListSearches answers all searches that are kept.
func (h *handlers) ListSearches(w http.ResponseWriter, r *http.Request) {
	out := SearchList{Searches: []SavedSearch{}}
	if h.Searches != nil {
		for _, name := range h.Searches.Names() {
			kept := h.Searches.Get(name)
			if kept == nil {
				continue // deleted just now
			}
			s, err := savedSearch(name, kept)
			if err != nil {
				h.fail(w, r, "", err)
				return
			}
			out.Searches = append(out.Searches, s)
		}
	}
	writeJSON(w, http.StatusOK, "application/json", out)
}

// GetSearch answers one.
func (h *handlers) GetSearch(w http.ResponseWriter, r *http.Request, name SearchName) {
	var kept json.RawMessage
	if h.Searches != nil {
		kept = h.Searches.Get(name)
	}
	h.answerSearch(w, r, name, kept)
}

// answerSearch answers a search, or that there is none.
func (h *handlers) answerSearch(w http.ResponseWriter, r *http.Request, name string, kept json.RawMessage) {
	if kept == nil {
		writeProblem(w, Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Parameter: "name",
			Detail: "no search is kept under " + strconv.Quote(cut(name)), Hint: "/api/v1/searches lists them"})
		return
	}
	s, err := savedSearch(name, kept)
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	writeJSON(w, http.StatusOK, "application/json", s)
}

// savedSearch reads what the server keeps.
func savedSearch(name string, kept json.RawMessage) (SavedSearch, error) {
	var s SavedSearch
	if err := json.Unmarshal(kept, &s); err != nil {
		return s, fmt.Errorf("search %q that is kept cannot be read: %w", name, err)
	}
	s.Name = name
	return s, nil
}

// PutSearch keeps a search.
func (h *handlers) PutSearch(w http.ResponseWriter, r *http.Request, name SearchName) {
	s, err := h.parseSavedSearch(r, name)
	if err != nil {
		h.fail(w, r, s.Query, err)
		return
	}
	s.UpdatedAt = h.now().UTC()
	data, err := json.Marshal(s)
	if err != nil {
		h.fail(w, r, "", fmt.Errorf("encode a search: %w", err))
		return
	}
	switch err := h.Searches.Put(name, data); {
	case errors.Is(err, aggregator.ErrTooManySearches):
		h.fail(w, r, "", Problem{Type: problemInvalid, Title: "Too many searches", Status: http.StatusConflict, Parameter: "name",
			Detail: fmt.Sprintf("there are %d already", aggregator.MaxSearches), Hint: "delete one that nobody needs"})
	case err != nil:
		h.fail(w, r, "", err)
	default:
		h.answerSearch(w, r, name, data)
	}
}

// parseSavedSearch reads and checks the body of a call.
func (h *handlers) parseSavedSearch(r *http.Request, name string) (SavedSearch, error) {
	var s SavedSearch
	wrong := func(detail, hint string) (SavedSearch, error) { return s, problemParameter("body", detail, hint) }
	if h.Searches == nil {
		return s, Problem{Type: problemNotFound, Title: "Searches cannot be kept", Status: http.StatusNotImplemented}
	}
	if err := aggregator.CheckSearchName(name); err != nil {
		return s, problemParameter("name", err.Error(), "")
	}
	// A page of another site can send text without asking first, but not JSON.
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return s, Problem{Type: problemInvalid, Title: "Unsupported media type", Status: http.StatusUnsupportedMediaType, Detail: "a search is sent as application/json"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, aggregator.MaxSearchBytes+1))
	if err != nil {
		return wrong("it could not be read to its end", "")
	}
	if len(body) > aggregator.MaxSearchBytes-1024 { // what the server adds must fit, too
		return s, Problem{Type: problemInvalid, Title: "The search is too large", Status: http.StatusRequestEntityTooLarge, Parameter: "body",
			Detail: fmt.Sprintf("it has more than %d bytes", aggregator.MaxSearchBytes-1024)}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return wrong("it is not a search: "+err.Error(), "openapi.yaml has its form, SavedSearch")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return wrong("more follows after the search", "")
	}
	switch {
	case s.Name != "" && s.Name != name:
		return wrong("it has another name than the path", "leave the name out")
	case s.Sort != "" && s.Sort != SavedSearchSortAsc && s.Sort != SavedSearchSortDesc:
		return wrong(strconv.Quote(string(s.Sort))+" is no order", "sort is asc or desc")
	case len(s.Query) > maxLengths["query"] || len(s.From) > maxLengths["from"] || len(s.To) > maxLengths["to"]:
		return wrong("its query or time range is longer than a search can have", "")
	case len(s.View) > 0 && s.View[0] != '{' && string(s.View) != "null":
		return wrong("view is not an object", "")
	case len(s.Fields) > maxFields:
		return wrong(fmt.Sprintf("it names %d fields", len(s.Fields)), fmt.Sprintf("%d are allowed", maxFields))
	}
	if string(s.View) == "null" {
		s.View = nil
	}
	for _, field := range s.Fields {
		if !knownField(field) {
			return wrong(fmt.Sprintf("an event has no field %q", cut(field)), nearestField(field))
		}
	}
	if s.From != "" {
		if _, err := query.ParseTime(s.From, h.now(), false); err != nil {
			return wrong("from: "+err.Error(), instantHint)
		}
	}
	if s.To != "" {
		if _, err := query.ParseTime(s.To, h.now(), true); err != nil {
			return wrong("to: "+err.Error(), instantHint)
		}
	}
	_, _, err = parseQuery(s.Query, h.now())
	return s, err
}

// DeleteSearch forgets a search.
func (h *handlers) DeleteSearch(w http.ResponseWriter, r *http.Request, name SearchName) {
	var kept json.RawMessage
	if h.Searches != nil {
		var err error
		if kept, err = h.Searches.Delete(name); err != nil {
			h.fail(w, r, "", err)
			return
		}
	}
	h.answerSearch(w, r, name, kept)
}
