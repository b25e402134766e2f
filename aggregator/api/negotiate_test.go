package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestNegotiate(t *testing.T) {
	s, _ := madeUpServer(1)
	h := s.Handler()
	for accept, want := range map[string]string{
		"":                                  "application/json",
		"*/*":                               "application/json",
		"application/*":                     "application/json",
		"text/*":                            "text/csv; charset=utf-8; header=present",
		"text/csv":                          "text/csv; charset=utf-8; header=present",
		"Text/CSV; header=absent":           "text/csv; charset=utf-8; header=present",
		"application/x-ndjson":              "application/x-ndjson",
		"application/json;q=0.5, text/csv":  "text/csv; charset=utf-8; header=present",
		"*/*, application/json;q=0":         "application/x-ndjson",
		"application/x-ndjson;q=0.1, */*":   "application/json",
		"text/html,application/xml,*/*;q=1": "application/json",     // a browser's
		"application/json;q=0.2, */*;q=0.5": "application/x-ndjson", // the more specific range counts, wherever it stands
		"nonsense, text/csv":                "text/csv; charset=utf-8; header=present",
	} {
		got := get(t, h, "/api/v1/events", "Accept", accept)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != want || got.header.Get("Vary") != "Accept" {
			t.Errorf("Accept %q: status %d, Content-Type %q, Vary %q", accept, got.status, got.header.Get("Content-Type"), got.header.Get("Vary"))
		}
	}
	// A header that comes in two lines is one list.
	if got := get(t, h, "/api/v1/events", "Accept", "text/html", "Accept", "application/x-ndjson"); got.header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("of two headers: status %d, Content-Type %q", got.status, got.header.Get("Content-Type"))
	}
	for _, accept := range []string{"text/html", "application/json;q=0", "*/*;q=0", "text/csv;q=2", "text/csv;q=NaN", "text/csv;q=x", "nonsense"} {
		p := get(t, h, "/api/v1/events", "Accept", accept).problem(t, http.StatusNotAcceptable)
		if p.Type != problemAccept || !strings.Contains(p.Hint, "application/x-ndjson") {
			t.Errorf("Accept %q: problem %+v", accept, p)
		}
	}
}
