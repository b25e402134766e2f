package api

import (
	"context"
	"net/http"
	"strconv"
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

// status has lists, not null, where there is nothing.
func (h *handlers) status(ctx context.Context) Status {
	var st Status
	if h.Status != nil {
		st = h.Server.Status(ctx)
	}
	st.Sources = notNil(st.Sources)
	st.Followers = notNil(st.Followers)
	st.Trails = notNil(st.Trails)
	for i := range st.Trails {
		st.Trails[i].Deliver = notNil(st.Trails[i].Deliver)
	}
	st.Index.Damaged = notNil(st.Index.Damaged)
	return st
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
	trails := notNil(h.Trails(ctx))
	for i := range trails {
		trails[i].Deliver = notNil(trails[i].Deliver)
	}
	return trails
}

// ListTrails answers all trails.
func (h *handlers) ListTrails(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, "application/json", TrailList{Trails: h.trails(r.Context())})
}

// GetTrail answers one trail.
func (h *handlers) GetTrail(w http.ResponseWriter, r *http.Request, name string) {
	var names []string
	for _, t := range h.trails(r.Context()) {
		if t.Name == name {
			writeJSON(w, http.StatusOK, "application/json", t)
			return
		}
		names = append(names, t.Name)
	}
	hint := "there are no trails"
	if len(names) > 0 {
		hint = "there are " + strings.Join(names, ", ")
	}
	writeProblem(w, Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Parameter: "name",
		Detail: "there is no trail " + strconv.Quote(cut(name)), Hint: hint})
}
