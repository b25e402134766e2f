package api

import "net/http"

// unserved answers operations of openapi.yaml that have no handler yet.
func (h *handlers) unserved(w http.ResponseWriter) {
	writeProblem(w, Problem{Type: problemNotFound, Title: "Not served yet", Status: http.StatusNotImplemented})
}

func (h *handlers) ExportEvents(w http.ResponseWriter, _ *http.Request, _ ExportEventsParams) {
	h.unserved(w)
}

func (h *handlers) TailEvents(w http.ResponseWriter, _ *http.Request, _ TailEventsParams) {
	h.unserved(w)
}

func (h *handlers) ListSurrounding(w http.ResponseWriter, _ *http.Request, _ string, _ ListSurroundingParams) {
	h.unserved(w)
}

func (h *handlers) ListFields(w http.ResponseWriter, _ *http.Request, _ ListFieldsParams) {
	h.unserved(w)
}

func (h *handlers) CheckQuery(w http.ResponseWriter, _ *http.Request, _ CheckQueryParams) {
	h.unserved(w)
}

func (h *handlers) CompleteQuery(w http.ResponseWriter, _ *http.Request, _ CompleteQueryParams) {
	h.unserved(w)
}

func (h *handlers) ListSearches(w http.ResponseWriter, _ *http.Request)               { h.unserved(w) }
func (h *handlers) GetSearch(w http.ResponseWriter, _ *http.Request, _ SearchName)    { h.unserved(w) }
func (h *handlers) PutSearch(w http.ResponseWriter, _ *http.Request, _ SearchName)    { h.unserved(w) }
func (h *handlers) DeleteSearch(w http.ResponseWriter, _ *http.Request, _ SearchName) { h.unserved(w) }
