package api

import "net/http"

// VerifyTrail begins to check the archives of a trail, and answers how far that is.
func (h *handlers) VerifyTrail(w http.ResponseWriter, r *http.Request, name TrailName) {
	err := h.trailsCanChange(r)
	if err == nil {
		err = h.TrailCalls.VerifyTrail(r.Context(), name)
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	h.ListVerifications(w, r, name)
}

// ListVerifications answers the last checks of the archives of a trail.
func (h *handlers) ListVerifications(w http.ResponseWriter, r *http.Request, name TrailName) {
	if h.TrailCalls == nil {
		h.fail(w, r, "", Problem{Type: problemNotFound, Title: "Trails are not checked here", Status: http.StatusNotImplemented})
		return
	}
	all, err := h.TrailCalls.Verifications(r.Context(), name)
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	for i := range all {
		all[i].Problems = notNil(all[i].Problems)
	}
	writeJSON(w, http.StatusOK, "application/json", VerificationList{Verifications: notNil(all)})
}
