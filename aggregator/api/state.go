package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// GetHealth answers as long as the process does.
func (h *handlers) GetHealth(w http.ResponseWriter, _ *http.Request) {
	writeBody(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
}

// GetReadiness answers whether events are taken and searches answered.
func (h *handlers) GetReadiness(w http.ResponseWriter, _ *http.Request) {
	var reasons []string
	if h.Ready != nil {
		reasons = h.Ready()
	}
	if len(reasons) == 0 {
		writeBody(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ready\n"))
		return
	}
	writeProblem(w, Problem{Type: problemNotReady, Title: "Not ready", Status: http.StatusServiceUnavailable,
		Detail: strings.Join(reasons, "; "), Reasons: reasons})
}

// GetStatus answers how far everything has come.
func (h *handlers) GetStatus(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, "application/json", h.status(r.Context()))
}

// status has lists, not null, where there is nothing, and times in UTC.
func (h *handlers) status(ctx context.Context) Status {
	var st Status
	if h.Status != nil {
		st = h.Server.Status(ctx)
	}
	st.StartedAt = st.StartedAt.UTC()
	st.Configuration.LoadedAt, st.Configuration.NeedsRestart = st.Configuration.LoadedAt.UTC(), notNil(st.Configuration.NeedsRestart)
	st.Sources = notNil(slices.Clone(st.Sources))
	for i := range st.Sources {
		st.Sources[i].LastSeen = st.Sources[i].LastSeen.UTC()
	}
	st.Followers = notNil(st.Followers)
	st.Trails = whole(st.Trails)
	st.Index.Damaged = notNil(st.Index.Damaged)
	st.Index.Oldest, st.Index.Newest = st.Index.Oldest.UTC(), st.Index.Newest.UTC()
	return st
}

// whole are the trails as openapi.yaml wants them. What is given stays as it is: its owner may hand it to many.
func whole(trails []TrailStatus) []TrailStatus {
	out := notNil(slices.Clone(trails))
	for i := range out {
		t := &out[i]
		t.Deliver = notNil(slices.Clone(t.Deliver))
		for k := range t.Deliver {
			d := &t.Deliver[k]
			d.LastDelivery, d.LastSeal, d.LastErrorTime, d.OwedSince = d.LastDelivery.UTC(), d.LastSeal.UTC(), d.LastErrorTime.UTC(), d.OwedSince.UTC()
		}
		t.LastDelivery, t.LastSeal, t.LastErrorTime, t.StoppedSince = t.LastDelivery.UTC(), t.LastSeal.UTC(), t.LastErrorTime.UTC(), t.StoppedSince.UTC()
	}
	return out
}

func (h *handlers) agents(ctx context.Context) []AgentStatus {
	if h.Agents == nil {
		return []AgentStatus{}
	}
	out := notNil(slices.Clone(h.Agents(ctx)))
	for i := range out {
		a := &out[i]
		a.LastSeen, a.StartedAt, a.Warnings, a.Sources = a.LastSeen.UTC(), a.StartedAt.UTC(), notNil(a.Warnings), notNil(slices.Clone(a.Sources))
		for j := range a.Sources {
			s := &a.Sources[j]
			s.LastSeen, s.LastErrorTime, s.Warnings = s.LastSeen.UTC(), s.LastErrorTime.UTC(), notNil(s.Warnings)
		}
	}
	return out
}

// ListAgents answers every agent with its sources.
func (h *handlers) ListAgents(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, "application/json", AgentList{Agents: h.agents(r.Context()), Unmapped: h.unmapped(r.Context())})
}

func (h *handlers) unmapped(ctx context.Context) []UnmappedRequests {
	if h.Unmapped == nil {
		return []UnmappedRequests{}
	}
	out := notNil(slices.Clone(h.Unmapped(ctx)))
	for i := range out {
		out[i].Sources, out[i].Routes = notNil(out[i].Sources), notNil(out[i].Routes)
	}
	return out
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func (h *handlers) trails(ctx context.Context) []TrailStatus {
	if h.Trails == nil {
		return []TrailStatus{}
	}
	return whole(h.Trails(ctx))
}

// ListTrails answers all trails.
func (h *handlers) ListTrails(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, "application/json", TrailList{Trails: h.trails(r.Context())})
}
