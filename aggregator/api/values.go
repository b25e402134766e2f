package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// Limits of ListFieldValues, as openapi.yaml says.
const (
	defaultValues = 10
	maxValues     = 1000
)

// ListFieldValues answers the most frequent values of a field.
func (h *handlers) ListFieldValues(w http.ResponseWriter, r *http.Request, field string, params ListFieldValuesParams) {
	begin := h.now()
	values, err := h.fieldValues(r.Context(), field, params)
	if err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	out := FieldValues{Field: field, Values: make([]ValueCount, len(values))}
	for i, v := range values {
		out.Values[i] = ValueCount{Value: v.Value, Count: v.Count}
	}
	out.TookMs = h.now().Sub(begin).Milliseconds()
	writeJSON(w, http.StatusOK, "application/json", out)
}

func (h *handlers) fieldValues(ctx context.Context, field string, params ListFieldValuesParams) ([]index.Value, error) {
	f, path, ok := event.Lookup(field)
	switch {
	case !ok || len(field) > 256:
		return nil, problemParameter("field", fmt.Sprintf("an event has no field %q", cut(field)), nearestField(field))
	case f.Kind == event.Flattened && path == "":
		return nil, problemParameter("field", field+" is an object", "name a leaf of it, such as "+field+".InstanceId")
	case f.Kind == event.Timestamp:
		return nil, problemParameter("field", field+" is a time", "ask for /api/v1/histogram")
	}
	n := defaultValues
	if params.Limit != nil {
		n = *params.Limit
	}
	if n < 1 || n > maxValues {
		return nil, problemParameter("limit", strconv.Itoa(n)+" is out of range", fmt.Sprintf("1 to %d", maxValues))
	}
	filter, err := parseQuery(params.Query)
	if err != nil {
		return nil, err
	}
	win, err := parseWindow(params.From, params.To, h.now())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	return h.Index.Values(ctx, index.Query{Filter: filter, From: win.from, To: win.to}, field, n)
}
