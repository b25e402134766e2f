package api

import (
	"context"
	"net/http"
)

// ImportCalls brings events from archives into the index. An error that is a
// Problem is answered as it is.
type ImportCalls interface {
	// ImportEvents returns when what is asked for is kept.
	ImportEvents(ctx context.Context, wanted ImportRequest) (ImportStatus, error)
	RemoveImport(ctx context.Context, id string) error
	ListImports() []ImportStatus
}

// NoImport is the problem with an id that no import has.
func NoImport() Problem {
	return Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Parameter: "id", Detail: "there is no such import", Hint: "actiontrail index imports lists them"}
}

// ListImports answers all imports.
func (h *handlers) ListImports(w http.ResponseWriter, r *http.Request) {
	if h.Imports == nil {
		h.fail(w, r, "", noImports())
		return
	}
	h.answerImports(w)
}

// ImportEvents brings events of a past period into the index.
func (h *handlers) ImportEvents(w http.ResponseWriter, r *http.Request) {
	var wanted ImportRequest
	err := h.importsCanChange(r)
	if err == nil {
		err = readJSON(r, maxTrailBody, &wanted)
	}
	var made ImportStatus
	if err == nil {
		made, err = h.Imports.ImportEvents(r.Context(), wanted)
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	writeJSON(w, http.StatusOK, "application/json", made)
}

// RemoveImport has the index keep the events of an import no longer.
func (h *handlers) RemoveImport(w http.ResponseWriter, r *http.Request, id string) {
	err := h.importsCanChange(r)
	if err == nil {
		err = h.Imports.RemoveImport(r.Context(), id)
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	h.answerImports(w)
}

func (h *handlers) answerImports(w http.ResponseWriter) {
	writeJSON(w, http.StatusOK, "application/json", ImportList{Imports: notNil(h.Imports.ListImports())})
}

func (h *handlers) importsCanChange(r *http.Request) error {
	if h.Imports == nil {
		return noImports()
	}
	return sentAs(r, "application/json")
}

func noImports() Problem {
	return Problem{Type: problemNotFound, Title: "Nothing can be imported", Status: http.StatusNotImplemented}
}
