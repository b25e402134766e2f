package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/actiontrail/actiontrail/aggregator"
)

// Quarantine is what could not be processed.
type Quarantine interface {
	// List tells what is in it, oldest first.
	List() ([]aggregator.Quarantined, error)
	// Retry takes an entry in again, and returns when that is durable.
	Retry(ctx context.Context, entry string) (aggregator.Quarantined, error)
}

// defaultQuarantine is how many entries are shown when nobody says how many, mostQuarantine how many can be.
const (
	defaultQuarantine = 100
	mostQuarantine    = 1000
)

// ListQuarantine answers the newest entries.
func (h *handlers) ListQuarantine(w http.ResponseWriter, r *http.Request, params ListQuarantineParams) {
	most := defaultQuarantine
	if params.Limit != nil {
		most = *params.Limit
	}
	var all []aggregator.Quarantined
	err := h.hasQuarantine()
	if err == nil && (most < 1 || most > mostQuarantine) {
		err = problemParameter("limit", "it is not from 1 to 1000", "")
	}
	if err == nil {
		all, err = h.Quarantine.List()
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	list := QuarantineList{Entries: []QuarantineEntry{}, Total: len(all)}
	for i := len(all) - 1; i >= 0 && len(list.Entries) < most; i-- {
		list.Entries = append(list.Entries, quarantineEntry(&all[i]))
	}
	writeJSON(w, http.StatusOK, "application/json", list)
}

// RetryQuarantined takes an entry in again.
func (h *handlers) RetryQuarantined(w http.ResponseWriter, r *http.Request, entry string) {
	err := h.hasQuarantine()
	if err == nil {
		err = sentAs(r, "application/json")
	}
	var one aggregator.Quarantined
	if err == nil {
		one, err = h.Quarantine.Retry(r.Context(), entry)
	}
	switch {
	case errors.Is(err, aggregator.ErrNotQuarantined):
		err = Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Parameter: "entry", Detail: "there is no such entry in quarantine", Hint: "GET /api/v1/quarantine lists them"}
	case errors.Is(err, aggregator.ErrRefusedAgain):
		err = Problem{Type: problemInvalid, Title: "Refused again", Status: http.StatusConflict, Parameter: "entry", Detail: err.Error(), Hint: "docs/runbook/quarantine.md tells what to do"}
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	writeJSON(w, http.StatusOK, "application/json", quarantineEntry(&one))
}

func (h *handlers) hasQuarantine() error {
	if h.Quarantine == nil {
		return Problem{Type: problemNotFound, Title: "The quarantine is not shown here", Status: http.StatusNotImplemented}
	}
	return nil
}

func quarantineEntry(q *aggregator.Quarantined) QuarantineEntry {
	e := QuarantineEntry{ID: q.Name, Seq: q.Seq, Subject: q.Subject, Stored: q.Stored.UTC(), Reason: string(q.Reason), Detail: q.Detail, Bytes: q.Bytes}
	if q.Retry != nil && q.Retry.Over() {
		e.TakenIn, e.TakenInEvents, e.KnownEvents = q.Retry.Ended, q.Retry.Events, q.Retry.Known
	}
	return e
}
