package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

// fakeTrails notes what is done to trails.
type fakeTrails struct {
	TrailCalls
	done []string
}

func (f *fakeTrails) StartTrail(_ context.Context, name string) error { return f.do("start", name) }
func (f *fakeTrails) StopTrail(_ context.Context, name string) error  { return f.do("stop", name) }

func (f *fakeTrails) VerifyTrail(_ context.Context, name string) error { return f.do("verify", name) }
func (f *fakeTrails) Verifications(context.Context, string) ([]Verification, error) {
	return []Verification{{Delivery: "file", State: VerificationStateNever}}, nil
}

func (f *fakeTrails) RenotifyTrail(_ context.Context, name string) error {
	return f.do("renotify", name)
}

func (f *fakeTrails) TrailText(context.Context, string) (string, error) { return "trail {}", nil }

func (f *fakeTrails) do(what, name string) error {
	if name == "none" {
		return NoTrail(name, []string{"all", "security"})
	}
	f.done = append(f.done, what+" "+name)
	return nil
}

// A trail is started and stopped by its name, and never by a page of another site.
func TestStartAndStop(t *testing.T) {
	s, _ := madeUpServer(1)
	h := s.Handler()
	if got := send(t, h, http.MethodPost, "/api/v1/trails/all/stop", "application/json", ""); got.status != http.StatusNotImplemented {
		t.Errorf("a server that cannot answers %d", got.status)
	}
	f := &fakeTrails{}
	s.TrailCalls = f
	h = s.Handler()
	for _, verb := range []string{"start", "stop", "renotify"} {
		path := "/api/v1/trails/all/" + verb
		if got := decode[TrailStatus](t, send(t, h, http.MethodPost, path, "application/json", "")); got.Name != "all" {
			t.Errorf("%s answers %+v", verb, got)
		}
		if got := send(t, h, http.MethodPost, path, "text/plain", ""); got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%s as text is answered with %d", verb, got.status)
		}
		if got := send(t, h, http.MethodPost, "/api/v1/trails/none/"+verb, "application/json", ""); got.status != http.StatusNotFound {
			t.Errorf("%s of no trail is answered with %d", verb, got.status)
		}
	}
	if len(f.done) != 3 || f.done[2] != "renotify all" || f.done[0] != "start all" || f.done[1] != "stop all" {
		t.Errorf("done is %q", f.done)
	}
}

// A check of archives is asked for as other changes are, and its list is never null.
func TestVerifications(t *testing.T) {
	s, _ := madeUpServer(1)
	if got := get(t, s.Handler(), "/api/v1/trails/all/verify"); got.status != http.StatusNotImplemented {
		t.Errorf("a server that cannot answers %d", got.status)
	}
	f := &fakeTrails{}
	s.TrailCalls = f
	h := s.Handler()
	path := "/api/v1/trails/all/verify"
	if got := get(t, h, path); got.status != http.StatusOK || !strings.Contains(string(got.body), `"problems":[]`) {
		t.Errorf("GET is answered with %d: %s", got.status, got.body)
	}
	if got := send(t, h, http.MethodPost, path, "text/plain", ""); got.status != http.StatusUnsupportedMediaType || len(f.done) != 0 {
		t.Errorf("as text it is answered with %d, done is %q", got.status, f.done)
	}
	if got := send(t, h, http.MethodPost, path, "application/json", ""); got.status != http.StatusOK || len(f.done) != 1 {
		t.Errorf("POST is answered with %d: %s; done is %q", got.status, got.body, f.done)
	}
	if got := send(t, h, http.MethodPost, "/api/v1/trails/none/verify", "application/json", ""); got.status != http.StatusNotFound {
		t.Errorf("of no trail it is answered with %d", got.status)
	}
}
