package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// parseQuery reads the query of a search; nil is all. An error of the query has its place.
func parseQuery(text string, now time.Time) (query.Expr, Warnings, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil, nil
	}
	x, found, err := query.ParseSearch(text, now)
	var warnings Warnings
	for _, w := range found {
		at, end := position(text, w.Offset), position(text, w.Offset+w.Length)
		warnings = append(warnings, QueryMistake{Detail: w.Message, Hint: w.Hint, Position: at, Length: *end - *at})
	}
	return x, warnings, err
}

// CheckQuery answers how a query is understood.
func (h *handlers) CheckQuery(w http.ResponseWriter, r *http.Request, params CheckQueryParams) {
	x, warnings, err := parseQuery(params.Query, h.now())
	out := QueryCheck{Valid: err == nil, Warnings: warnings}
	if err != nil {
		p, ok := problemOfQuery(params.Query, err)
		if !ok {
			h.fail(w, r, params.Query, err)
			return
		}
		out.Error = QueryMistake{Detail: p.Detail, Hint: p.Hint, Position: p.Position}
	}
	if x != nil {
		out.Canonical = x.String()
	}
	writeJSON(w, http.StatusOK, "application/json", out)
}

// maxCompletions is how many values or leaves are suggested at once.
const maxCompletions = 20

// CompleteQuery answers with what a query can go on at a place.
func (h *handlers) CompleteQuery(w http.ResponseWriter, r *http.Request, params CompleteQueryParams) {
	begin := h.now()
	out, err := h.complete(r.Context(), params)
	if err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	out.TookMs = h.now().Sub(begin).Milliseconds()
	writeJSON(w, http.StatusOK, "application/json", out)
}

func (h *handlers) complete(ctx context.Context, params CompleteQueryParams) (QueryCompletion, error) {
	out := QueryCompletion{Items: []QueryCompletionItem{}}
	win, err := parseWindow(params.From, params.To, h.now())
	if err != nil {
		return out, err
	}
	at, err := offset(params.Query, params.At)
	if err != nil {
		return out, err
	}
	q := index.Query{From: win.from, To: win.to}
	err = h.look(ctx, h.patience, func(ctx context.Context) error {
		var failed error // of the index: Complete has no place for it
		suggestions := query.Complete(params.Query, at, query.Source{
			Values: func(field, prefix string) []query.Counted {
				f, path, err := parseField("query", field)
				if err != nil || f.Kind == event.Timestamp || f.Kind == event.Prose {
					return nil
				}
				values, _, err := h.valuesWith(ctx, q, f, path, prefix, maxCompletions)
				failed = errors.Join(failed, err)
				var counted []query.Counted
				for _, v := range values {
					counted = append(counted, query.Counted{Text: v.Value, Count: v.Count})
				}
				return counted
			},
			Leaves: func(prefix string) []query.Counted {
				fields, _, err := h.Index.Fields(ctx, q, maxLeaves)
				failed = errors.Join(failed, err)
				var counted []query.Counted
				for _, f := range fields {
					if _, path, ok := event.Lookup(f.Name); ok && path != "" && strings.HasPrefix(f.Name, prefix) && len(counted) < maxCompletions {
						counted = append(counted, query.Counted{Text: f.Name, Count: f.Count})
					}
				}
				return counted
			},
		})
		for _, s := range suggestions {
			out.Items = append(out.Items, QueryCompletionItem{
				Kind: suggestionKinds[s.Kind], Start: *position(params.Query, s.From), End: *position(params.Query, s.To),
				Insert: s.Insert, Label: s.Label, Detail: s.Detail, Count: s.Count,
			})
		}
		return failed
	})
	return out, err
}

// suggestionKinds are the kinds of suggestions in openapi.yaml. Never changed.
var suggestionKinds = map[query.SuggestionKind]QueryCompletionItemKind{
	query.SuggestField: QueryCompletionItemKindField, query.SuggestValue: QueryCompletionItemKindValue,
	query.SuggestOperator: QueryCompletionItemKindOperator, query.SuggestKeyword: QueryCompletionItemKindKeyword,
}

// offset is a place in characters as one in bytes; none is the end.
func offset(text string, at *int) (int, error) {
	if at == nil {
		return len(text), nil
	}
	n := 0
	for i := range text {
		if n == *at {
			return i, nil
		}
		n++
	}
	if *at != n {
		return 0, problemParameter("at", strconv.Itoa(*at)+" is not in the query", "it is a number of characters, 0 to "+strconv.Itoa(n))
	}
	return len(text), nil
}
