package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

// GetProof answers the proof that an event is in an archive.
func (h *handlers) GetProof(w http.ResponseWriter, r *http.Request, id string, params GetProofParams) {
	proof, err := h.prove(r.Context(), id, params.Trail)
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	handedOut(w, 1)
	writeBody(w, http.StatusOK, "application/json", proof)
}

func (h *handlers) prove(ctx context.Context, id, trail string) ([]byte, error) {
	if h.Prove == nil {
		return nil, Problem{Type: problemNotFound, Title: "There are no proofs", Status: http.StatusNotImplemented, Detail: "this server has no archives"}
	}
	stored, err := h.event(ctx, id)
	if err != nil {
		return nil, err
	}
	e, err := event.ParseJSON(stored)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	proof, err := h.Prove(ctx, trail, &e)
	if errors.Is(err, archive.ErrNoEvent) || errors.Is(err, archive.ErrUncovered) {
		return nil, Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Parameter: "eventId", Detail: err.Error(),
			Hint: "an event is sealed up to a minute after it became searchable, and only if the filter of the trail takes it"}
	}
	return proof, err
}
