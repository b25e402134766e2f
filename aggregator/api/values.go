package api

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// Limits of ListFieldValues, as openapi.yaml says.
const (
	defaultValues = 10
	maxValues     = 1000
)

// ListFieldValues answers the most frequent values of a field.
func (h *handlers) ListFieldValues(w http.ResponseWriter, r *http.Request, field string, params ListFieldValuesParams) {
	begin := h.now()
	out, err := h.fieldValues(r.Context(), field, params)
	if err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	out.TookMs = h.now().Sub(begin).Milliseconds()
	writeJSON(w, http.StatusOK, "application/json", out)
}

func (h *handlers) fieldValues(ctx context.Context, field string, params ListFieldValuesParams) (FieldValues, error) {
	f, path, err := parseField("field", field)
	if err != nil {
		return FieldValues{}, err
	}
	if f.Kind == event.Timestamp {
		return FieldValues{}, problemParameter("field", field+" is a time", "ask for /api/v1/histogram")
	}
	n, err := parseCount("limit", params.Limit, defaultValues, 1, maxValues)
	if err != nil {
		return FieldValues{}, err
	}
	q, err := parseAsked(params.Query, params.From, params.To, h.now())
	if err != nil {
		return FieldValues{}, err
	}
	out := FieldValues{Field: field, Values: []ValueCount{}, Warnings: q.warnings}
	err = h.look(ctx, h.patience, func(ctx context.Context) error {
		having, err := h.Index.Search(ctx, and(q.Query, query.Exists{Field: f, Path: path}))
		if err != nil {
			return err
		}
		out.Having = having.Total
		addMissing(&out.Incomplete, having.Incomplete)
		values, missing, err := h.valuesWith(ctx, q.Query, f, path, params.Prefix, n)
		for _, v := range values {
			out.Values = append(out.Values, ValueCount{Value: v.Value, Count: v.Count})
		}
		addMissing(&out.Incomplete, missing)
		return err
	})
	return out, err
}

// valuesWith are the most frequent values that begin with prefix.
func (h *handlers) valuesWith(ctx context.Context, q index.Query, f event.Field, path, prefix string, n int) (values []index.Value, missing []string, err error) {
	name := fieldName(f, path)
	if prefix == "" {
		return h.Index.Values(ctx, q, name, n)
	}
	ask := n
	switch f.Kind {
	case event.Flattened:
		q, ask = and(q, query.Wildcard{Field: f, Path: path, Parts: []string{prefix, ""}}), maxValues // events have other values beside
	case event.Keyword, event.IP:
		q = and(q, query.Wildcard{Field: f, Parts: []string{prefix, ""}})
	default:
		ask = maxValues
	}
	values, missing, err = h.Index.Values(ctx, q, name, ask)
	values = slices.DeleteFunc(values, func(v index.Value) bool { return !strings.HasPrefix(v.Value, prefix) })
	return values[:min(n, len(values))], missing, err
}

// parseField reads the name of a field that has values of its own, or of a leaf.
func parseField(parameter, name string) (event.Field, string, error) {
	f, path, ok := event.Lookup(name)
	switch {
	case !ok || len(name) > 256:
		return f, "", problemParameter(parameter, fmt.Sprintf("an event has no field %q", cut(name)), nearestField(name))
	case f.Kind == event.Flattened && path == "":
		return f, "", problemParameter(parameter, name+" is an object", "name a leaf of it, such as "+name+".InstanceId")
	}
	return f, path, nil
}

func fieldName(f event.Field, path string) string {
	if path == "" {
		return f.Name
	}
	return f.Name + "." + path
}

// equals matches the events whose field has a value that the index lists.
func equals(f event.Field, path, value string) query.Expr {
	switch f.Kind {
	case event.IP:
		if addr, ok := query.ParseAddr(value); ok {
			return query.CIDR{Field: f, Prefix: netip.PrefixFrom(addr, addr.BitLen())}
		}
	case event.Number:
		if n, err := strconv.ParseUint(value, 10, 64); err == nil {
			return query.NumberRange{Field: f, Op: query.Equal, Bound: n}
		}
	}
	return query.Term{Field: f, Path: path, Value: query.Cut(value)}
}
