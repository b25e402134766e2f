package api

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator"
)

const linksPath = "/api/v1/links"

// TestLinks: a short name leads to its address, also after a restart, and each call is audited.
func TestLinks(t *testing.T) {
	s, _ := madeUpServer(1)
	dir := filepath.Join(t.TempDir(), "links")
	s.Links = must(aggregator.OpenLinks(dir))(t)
	var calls []Call
	s.Audit = func(_ context.Context, c Call) error { calls = append(calls, c); return nil }
	h := s.Handler()
	const address = "/?q=eventName:+Stop*&from=now-7d"
	made := decode[Link](t, send(t, h, http.MethodPost, linksPath, "application/json", `{"address":"`+address+`"}`))
	if diff := cmp.Diff(Link{Name: made.Name, Address: address, CreatedAt: testNow}, made); diff != "" || len(made.Name) != 10 {
		t.Errorf("made %q (-want +got):\n%s", made.Name, diff)
	}
	s.Links = must(aggregator.OpenLinks(dir))(t)
	h = s.Handler()
	if diff := cmp.Diff(made, decode[Link](t, get(t, h, linksPath+"/"+made.Name))); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
	get(t, h, linksPath+"/aaaaaaaaaa").problem(t, http.StatusNotFound)
	for i, want := range []Call{{Action: "CreateLink", Status: 200, Write: true}, {Action: "GetLink", Status: 200}, {Action: "GetLink", Status: 404}} {
		if c := calls[i]; c.Action != want.Action || c.Status != want.Status || c.Write != want.Write {
			t.Errorf("call %d is audited as %+v", i, c)
		}
	}
}

func TestLinkProblems(t *testing.T) {
	s, _ := madeUpServer(1)
	s.Links = must(aggregator.OpenLinks(t.TempDir()))(t)
	h := s.Handler()
	for name, c := range map[string]struct {
		contentType, body string
		status            int
		parameter         string
	}{
		"text":         {"text/plain", `{"address":"/"}`, http.StatusUnsupportedMediaType, ""},
		"no JSON":      {"application/json", `/`, http.StatusBadRequest, "body"},
		"other member": {"application/json", `{"address":"/","name":"mine"}`, http.StatusBadRequest, "body"},
		"no address":   {"application/json", `{}`, http.StatusBadRequest, "address"},
		"other site":   {"application/json", `{"address":"//example.com/"}`, http.StatusBadRequest, "address"},
		"long":         {"application/json", `{"address":"/` + strings.Repeat("a", aggregator.MaxLinkAddress) + `"}`, http.StatusBadRequest, "address"},
		"large":        {"application/json", `{"address":"/` + strings.Repeat("a", 2*aggregator.MaxLinkAddress) + `"}`, http.StatusRequestEntityTooLarge, "body"},
	} {
		p := send(t, h, http.MethodPost, linksPath, c.contentType, c.body).problem(t, c.status)
		if p.Parameter != c.parameter || p.Detail == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	s.Links = nil
	if got := send(t, s.Handler(), http.MethodPost, linksPath, "application/json", `{"address":"/"}`); got.status != http.StatusNotImplemented {
		t.Errorf("status %d where none can be kept", got.status)
	}
}
