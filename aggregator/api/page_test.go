package api

import (
	"net/http"
	"testing"
)

func TestPage(t *testing.T) {
	s, _ := madeUpServer(0)
	get(t, s.Handler(), "/").problem(t, http.StatusNotFound)
	s.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		writeBody(w, http.StatusOK, "text/plain", []byte(r.URL.Path))
	})
	if got := get(t, s.Handler(), "/deep/link"); string(got.body) != "/deep/link" || got.header.Get("Content-Security-Policy") != "default-src 'self'" {
		t.Errorf("%s, %v", got.body, got.header)
	}
	get(t, s.Handler(), "/api/deep/link").problem(t, http.StatusNotFound)
}
