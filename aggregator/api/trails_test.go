package api

import (
	"context"
	"net/http"
	"testing"
)

// fakeTrails notes what is done to trails.
type fakeTrails struct {
	TrailCalls
	done []string
}

func (f *fakeTrails) StartTrail(_ context.Context, name string) error { return f.do("start", name) }
func (f *fakeTrails) StopTrail(_ context.Context, name string) error  { return f.do("stop", name) }

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
	for _, verb := range []string{"start", "stop"} {
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
	if len(f.done) != 2 || f.done[0] != "start all" || f.done[1] != "stop all" {
		t.Errorf("done is %q", f.done)
	}
}
