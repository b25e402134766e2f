package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// fakeImports has one import.
type fakeImports struct{ wanted []ImportRequest }

func (f *fakeImports) ListImports() []ImportStatus { return nil }

func (f *fakeImports) ImportEvents(_ context.Context, wanted ImportRequest) (ImportStatus, error) {
	f.wanted = append(f.wanted, wanted)
	at := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	return ImportStatus{ID: "1", From: at, To: at, Until: at}, nil
}

func (f *fakeImports) RemoveImport(_ context.Context, id string) error {
	if id != "1" {
		return NoImport()
	}
	return nil
}

// Events are imported and given up by calls that no page of another site can make.
func TestImports(t *testing.T) {
	s, _ := madeUpServer(1)
	h := s.Handler()
	if got := send(t, h, http.MethodGet, "/api/v1/imports", "", ""); got.status != http.StatusNotImplemented {
		t.Errorf("a server that cannot answers %d", got.status)
	}
	f := &fakeImports{}
	s.Imports = f
	h = s.Handler()
	const body = `{"archive":{"place":"/a"},"from":"2026-01-01T00:00:00Z","until":"2027-01-01T00:00:00Z"}`
	for _, c := range []struct {
		method, path, media, body string
		status                    int
	}{
		{http.MethodPost, "/api/v1/imports", "application/json", body, http.StatusOK},
		{http.MethodPost, "/api/v1/imports", "text/plain", body, http.StatusUnsupportedMediaType},
		{http.MethodPost, "/api/v1/imports", "application/json", strings.Replace(body, "from", "form", 1), http.StatusBadRequest},
		{http.MethodDelete, "/api/v1/imports/1", "application/json", "", http.StatusOK},
		{http.MethodDelete, "/api/v1/imports/2", "application/json", "", http.StatusNotFound},
		{http.MethodDelete, "/api/v1/imports/1", "text/plain", "", http.StatusUnsupportedMediaType},
		{http.MethodGet, "/api/v1/imports", "", "", http.StatusOK},
	} {
		if got := send(t, h, c.method, c.path, c.media, c.body); got.status != c.status {
			t.Errorf("%s %s as %s is answered with %d, want %d", c.method, c.path, c.media, got.status, c.status)
		}
	}
	if len(f.wanted) != 1 || f.wanted[0].Archive.Place != "/a" {
		t.Errorf("wanted is %+v", f.wanted)
	}
}
