package api

import (
	"context"
	"net/http"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// Limits of ListFields, as openapi.yaml says.
const (
	defaultLeaves = 200
	maxLeaves     = 1000
)

// ListFields answers the fields of events and how many have each.
func (h *handlers) ListFields(w http.ResponseWriter, r *http.Request, params ListFieldsParams) {
	begin := h.now()
	out, err := h.fields(r.Context(), params)
	if err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	out.TookMs = h.now().Sub(begin).Milliseconds()
	writeJSON(w, http.StatusOK, "application/json", out)
}

func (h *handlers) fields(ctx context.Context, params ListFieldsParams) (FieldList, error) {
	leaves, err := parseCount("leaves", params.Leaves, defaultLeaves, 0, maxLeaves)
	if err != nil {
		return FieldList{}, err
	}
	q, err := parseAsked(params.Query, params.From, params.To, h.now())
	if err != nil {
		return FieldList{}, err
	}
	all := query.Catalogue()
	out := FieldList{Fields: make([]FieldInfo, 0, len(all)+leaves), Warnings: q.warnings}
	at := map[string]int{}
	for _, f := range all {
		at[f.Name] = len(out.Fields)
		out.Fields = append(out.Fields, FieldInfo{Name: f.Name, Kind: FieldInfoKind(query.KindName(f.Kind)), Description: f.Description, Aggregatable: f.Aggregatable})
	}
	err = h.look(ctx, h.patience, func(ctx context.Context) error {
		page, err := h.Index.Search(ctx, q.Query)
		if err != nil {
			return err
		}
		out.Total = page.Total
		addMissing(&out.Incomplete, page.Incomplete)
		for i, f := range all {
			if f.Kind != event.Flattened {
				continue // the index counts these below, and of an object its leaves
			}
			body, _, _ := event.Lookup(f.Name)
			page, err := h.Index.Search(ctx, and(q.Query, query.Exists{Field: body}))
			if err != nil {
				return err
			}
			out.Fields[i].Count = page.Total
			addMissing(&out.Incomplete, page.Incomplete)
		}
		counted, missing, err := h.Index.Fields(ctx, q.Query, leaves+len(all))
		addMissing(&out.Incomplete, missing)
		for _, c := range counted {
			if i, ok := at[c.Name]; ok {
				out.Fields[i].Count = c.Count
			} else if len(out.Fields) < len(all)+leaves {
				out.Fields = append(out.Fields, FieldInfo{Name: c.Name, Kind: FieldInfoKindKeyword, Leaf: true, Aggregatable: true, Count: c.Count})
			}
		}
		return err
	})
	return out, err
}
