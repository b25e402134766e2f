package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// Limits of ListSurrounding, as openapi.yaml says.
const (
	defaultNeighbours = 10
	maxNeighbours     = 100
)

// ListSurrounding answers the events right before and after one.
func (h *handlers) ListSurrounding(w http.ResponseWriter, r *http.Request, id string, params ListSurroundingParams) {
	begin := h.now()
	out, err := h.surrounding(r.Context(), id, params)
	if err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	handedOut(w, 1+len(out.Before)+len(out.After))
	out.TookMs = h.now().Sub(begin).Milliseconds()
	writeJSON(w, http.StatusOK, "application/json", out)
}

func (h *handlers) surrounding(ctx context.Context, id string, params ListSurroundingParams) (Surrounding, error) {
	n, err := parseCount("n", params.N, defaultNeighbours, 1, maxNeighbours)
	if err != nil {
		return Surrounding{}, err
	}
	filter, warnings, err := parseQuery(params.Query, h.now())
	if err != nil {
		return Surrounding{}, err
	}
	stored, err := h.event(ctx, id)
	if err != nil {
		return Surrounding{}, err
	}
	e, err := event.ParseJSON(stored)
	if err != nil {
		return Surrounding{}, fmt.Errorf("%w: %w", errStored, err)
	}
	alike, err := parseAlike(params.By, &e)
	if err != nil {
		return Surrounding{}, err
	}
	out := Surrounding{Event: stored, Warnings: warnings}
	q := index.Query{Filter: filter, NoTotal: true}
	if alike != nil {
		out.Query = alike.String()
		q = and(q, alike)
	}
	err = h.look(ctx, h.patience, func(ctx context.Context) error {
		if out.Before, out.MoreBefore, err = h.neighbours(ctx, q, &e, n, &out.Incomplete); err != nil {
			return err
		}
		slices.Reverse(out.Before)
		q.Ascending = true
		out.After, out.MoreAfter, err = h.neighbours(ctx, q, &e, n, &out.Incomplete)
		return err
	})
	return out, err
}

// neighbours are the n events next to e on one side, the nearest first. The order
// is that of time and id, so events of the same time are passed over until e is.
func (h *handlers) neighbours(ctx context.Context, q index.Query, e *event.Event, n int, incomplete *Incomplete) (out []Event, more bool, err error) {
	at := e.Time.Std()
	if q.Ascending {
		q.From = at
	} else {
		q.To = at.Add(1)
	}
	out = []Event{}
	for q.Limit = n + 2; ; q.Limit = index.MaxLimit / 10 {
		page, err := h.Index.Search(ctx, q)
		if err != nil {
			return nil, false, err
		}
		addMissing(incomplete, page.Incomplete)
		for _, stored := range page.Events {
			if len(out) == 0 { // perhaps not past e yet
				other, err := event.ParseJSON(stored)
				if err != nil {
					return nil, false, fmt.Errorf("%w: %w", errStored, err)
				}
				if c := cmp.Or(cmp.Compare(other.Time.Nanos, e.Time.Nanos), cmp.Compare(other.ID, e.ID)); c == 0 || (c > 0) != q.Ascending {
					continue
				}
			}
			if len(out) == n {
				return out, true, nil
			}
			out = append(out, stored)
		}
		if q.After = page.Next; q.After == "" {
			return out, false, nil
		}
	}
}

// parseAlike is what neighbours have in common with e; nil is nothing.
func parseAlike(by ListSurroundingParamsBy, e *event.Event) (query.Expr, error) {
	var same alike
	lacks := ""
	u := &e.Identity
	switch by {
	case "", ListSurroundingParamsByAny:
		return nil, nil
	case ListSurroundingParamsByActor:
		lacks = same.actor(u)
	case ListSurroundingParamsBySourceIp:
		lacks = same.field("sourceIpAddress", e.SourceIP, "an address")
	case ListSurroundingParamsByResource:
		lacks = same.field("resourceName", e.ResourceName, "a resource")
		_ = same.field("resourceType", e.ResourceType, "")
	case ListSurroundingParamsByAccessKey:
		lacks = same.field("userIdentity.accessKeyId", u.AccessKeyID, "an access key")
	case ListSurroundingParamsBySession:
		if u.SessionAttributes == "" && u.SessionIssuer == "" {
			lacks = "a session"
			break
		}
		lacks = same.actor(u)
		same.leaves("userIdentity.sessionContext.attributes", u.SessionAttributes)
		same.leaves("userIdentity.sessionContext.sessionIssuer", u.SessionIssuer)
	case ListSurroundingParamsByAgentSource:
		lacks = same.field("origin.agent", e.Origin.Agent, "an agent")
		_ = same.field("origin.source", e.Origin.Source, "")
	default:
		return nil, problemParameter("by", strconv.Quote(string(by))+" is nothing that events have in common", "it is any, actor, sourceIp, resource, accessKey, session or agentSource")
	}
	if lacks != "" {
		return nil, problemParameter("by", "the event has not "+lacks, "choose something else; any takes all events")
	}
	if len(same) == 1 {
		return same[0], nil
	}
	return query.And{Exprs: same}, nil
}

// alike are conditions that all must hold.
type alike []query.Expr

// field adds that a field has this value; it returns what is lacking when there is none.
func (a *alike) field(name, value, what string) (lacks string) {
	if value == "" {
		return what
	}
	f, _, _ := event.Lookup(name)
	*a = append(*a, equals(f, "", value))
	return ""
}

// actor adds who acted: by the stable id where there is one, else by name. Of an
// anonymous client nobody can tell who it is.
func (a *alike) actor(u *event.Identity) (lacks string) {
	if u.Type == "anonymous" {
		return "an actor who can be told from others"
	}
	_ = a.field("userIdentity.type", u.Type, "")
	_ = a.field("userIdentity.accountId", u.AccountID, "")
	if u.PrincipalID != "" {
		return a.field("userIdentity.principalId", u.PrincipalID, "")
	}
	return a.field("userIdentity.userName", u.UserName, "a named actor")
}

// leaves adds that the leaves of an object are the same.
func (a *alike) leaves(name string, o event.Object) {
	f, _, _ := event.Lookup(name)
	o.Leaves(func(path, value string) {
		if len(*a) < 32 {
			*a = append(*a, equals(f, path, value))
		}
	})
}
