package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLongestPage: the limit of a page can be lowered, and a stream has none all the same.
func TestLongestPage(t *testing.T) {
	s, _ := madeUpServer(200)
	s.MostEvents = 20
	h := s.Handler()
	if page := decode[EventPage](t, get(t, h, "/api/v1/events")); len(page.Events) != 20 || page.Total != 200 {
		t.Errorf("%d events of %d", len(page.Events), page.Total)
	}
	if p := get(t, h, searchTarget("limit", "21")).problem(t, http.StatusBadRequest); p.Parameter != "limit" || !strings.Contains(p.Hint, "at most 20") {
		t.Errorf("%+v", p)
	}
	if got := get(t, h, "/api/v1/events", "Accept", ndjson); len(lines(got.body)) != 200 {
		t.Errorf("a stream of %d events", len(lines(got.body)))
	}
}

// TestFewerExports: how many exports there are at once can be set.
func TestFewerExports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, x := madeUpServer(3)
		b := &blockedIndex{x, make(chan struct{}, 10), make(chan struct{})}
		s.Index, s.MostExports, s.Timeout = b, 1, time.Hour
		h := s.Handler()
		done := make(chan reply)
		go func() { done <- get(t, h, exportTarget()) }()
		synctest.Wait()
		get(t, h, exportTarget()).problem(t, http.StatusServiceUnavailable)
		close(b.free)
		if got := <-done; len(lines(got.body)) != 3 {
			t.Errorf("%d lines", len(lines(got.body)))
		}
	})
}

// TestFewerTails: how many tails there are at once can be set.
func TestFewerTails(t *testing.T) {
	s, _, whole := tailServer(t)
	whole.Close()
	s.MostTails = 1
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	first := startTail(t, server, "/api/v1/tail")
	first.next()
	resp := must(server.Client().Get(server.URL + "/api/v1/tail"))(t)
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d of a second tail", resp.StatusCode)
	}
	first.resp.Body.Close()
}
