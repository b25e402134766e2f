package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// A trail is made while the server runs, is there after a kill, is exported as a
// block that makes it again, and goes away.
func TestTrailMadeByTheAPI(t *testing.T) {
	b := newBox(t, "")
	b.start()
	b.write(200)
	b.indexed()
	send := func(method, path, media, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+b.addr+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", media)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	folder := filepath.Join(b.dir, "made")
	spec := fmt.Sprintf(`{"name":"made","where":"sourceIpAddress: *","deliver":[{"kind":"file","path":%q,"roll":{"maxAge":"1s"}}]}`, folder)
	for _, wrong := range []struct {
		method, path, media, body string
		status                    int
		says                      string
	}{
		{"POST", "/api/v1/trails", "text/plain", spec, http.StatusUnsupportedMediaType, "application/hcl"},
		{"POST", "/api/v1/trails", "application/json", strings.Replace(spec, "sourceIpAddress", "sauceIpAddress", 1), http.StatusBadRequest, "an event has no field"},
		{"POST", "/api/v1/trails", "application/json", strings.Replace(spec, `"kind":"file"`, `"kind":"fil"`, 1), http.StatusBadRequest, `did you mean \"file\"`},
		{"POST", "/api/v1/trails", "application/json", strings.Replace(spec, folder, b.archive(), 1), http.StatusBadRequest, "two deliveries go into"},
		{"POST", "/api/v1/trails", "application/json", strings.Replace(spec, "made", "../made", 1), http.StatusBadRequest, "it is not a name"},
		{"PUT", "/api/v1/trails/all", "application/json", spec, http.StatusConflict, "it is declared at"},
		{"PUT", "/api/v1/trails/other", "application/hcl", "trail \"made\" {}", http.StatusBadRequest, "it declares trail made"},
		{"DELETE", "/api/v1/trails/all", "application/json", "", http.StatusConflict, "it is declared at"},
		{"DELETE", "/api/v1/trails/none", "application/json", "", http.StatusNotFound, "there is no trail"},
	} {
		if code, body := send(wrong.method, wrong.path, wrong.media, wrong.body); code != wrong.status || !strings.Contains(body, wrong.says) {
			t.Errorf("%s %s of %s is answered with %d: %s, want %d and %s", wrong.method, wrong.path, wrong.body, code, body, wrong.status, wrong.says)
		}
	}
	if code, body := send("POST", "/api/v1/trails", "application/json", spec); code != http.StatusOK {
		t.Fatalf("%d: %s", code, body)
	}
	if code, _ := send("POST", "/api/v1/trails", "application/json", spec); code != http.StatusConflict {
		t.Errorf("a second one of the name is answered with %d", code)
	}
	b.write(200)
	b.indexed()
	b.server.Kill()
	b.start()
	if s := b.trail("made"); s.Where != "sourceIpAddress: *" || s.DeclaredAt != "" || b.trail("all").DeclaredAt == "" {
		t.Errorf("after a kill the trail is %+v", s)
	}
	b.write(100)
	b.indexed()
	b.archivedIn(folder)

	shown := b.trailCommand("show", "made", "--hcl")
	file := filepath.Join(b.dir, "made.trail")
	if err := os.WriteFile(file, []byte(strings.Replace(shown, "sourceIpAddress: *", "eventRW: Write", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	b.trailCommand("put", file)
	if s := b.trail("made"); s.Where != "eventRW: Write" {
		t.Errorf("the changed trail is %+v", s)
	}
	b.trailCommand("stop", "made")
	b.trailCommand("delete", "made")
	if s := b.trail("made"); s.Name != "" {
		t.Errorf("the trail that was taken away is %+v", s)
	}
	// Made again it begins an archive in another place; what was delivered stays where it is.
	if err := os.WriteFile(file, []byte(strings.Replace(shown, folder, folder+"-again", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	b.trailCommand("put", file)
	realtest.Until(t, realtest.Patience, "the trail that is made again", func() bool { return b.trail("made").State == api.TrailStatusStateRunning })
	for query, want := range map[string]int{"eventName: CreateTrail and resourceName: made": 2, "eventName: UpdateTrail and resourceName: made": 1,
		"eventName: DeleteTrail and resourceName: made": 1, "eventName: PutTrail": 1} {
		realtest.Until(t, realtest.Patience, query, func() bool { return b.total(query) >= want })
	}
}
