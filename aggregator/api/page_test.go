package api

import (
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	s, _ := madeUpServer(0)
	h := s.Handler()
	kinds := map[string]string{".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
	files := must(fs.ReadDir(pageFiles, "page"))(t)
	for _, f := range files {
		got := get(t, h, "/"+f.Name())
		if got.status != http.StatusOK || got.header.Get("Content-Type") != kinds[path.Ext(f.Name())] || len(got.body) == 0 {
			t.Errorf("%s: status %d, %v", f.Name(), got.status, got.header)
		}
		tag := got.header.Get("ETag")
		if again := get(t, h, "/"+f.Name(), "If-None-Match", tag); tag == "" || again.status != http.StatusNotModified {
			t.Errorf("%s, ETag %q: status %d when it is not changed", f.Name(), tag, again.status)
		}
	}
	if got := get(t, h, "/"); !strings.Contains(string(got.body), "<title>actiontrail</title>") || got.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("status %d, %v: %s", got.status, got.header, got.body)
	}
	for _, at := range []string{"/page/index.html", "/page", "/server.go", "/..%2fserver.go", "/%2e%2e/openapi.yaml", "/index.html%00"} {
		if got := get(t, h, at); got.status == http.StatusOK {
			t.Errorf("%s is served: %.60s", at, got.body)
		}
	}
}

// TestPageKeepsPolicy: everything the page needs is a file of its own that the
// policy lets through, and what comes out of events is never made into markup.
func TestPageKeepsPolicy(t *testing.T) {
	s, _ := madeUpServer(0)
	h := s.Handler()
	for _, f := range must(fs.ReadDir(pageFiles, "page"))(t) {
		text := string(must(fs.ReadFile(pageFiles, "page/"+f.Name()))(t))
		for _, forbidden := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "<style", "javascript:", "localStorage"} {
			if strings.Contains(text, forbidden) {
				t.Errorf("%s has %s", f.Name(), forbidden)
			}
		}
		if m := regexp.MustCompile(`(?i)\s(on[a-z]+|style)="`).FindString(text); m != "" && path.Ext(f.Name()) == ".html" {
			t.Errorf("%s has %s in its markup, which the policy stops", f.Name(), m)
		}
		for _, m := range regexp.MustCompile(`(?:src|href|from)[= ]"(\.?/[a-z.]+)"`).FindAllStringSubmatch(text, -1) {
			if got := get(t, h, path.Join("/", m[1])); got.status != http.StatusOK {
				t.Errorf("%s needs %s: status %d", f.Name(), m[1], got.status)
			}
		}
		if m := regexp.MustCompile(`https?://[^"'\s]*`).FindString(text); m != "" && m != "http://www.w3.org/2000/svg" {
			t.Errorf("%s names %s", f.Name(), m)
		}
		// Each id that a script looks for is in the markup.
		markup := string(must(fs.ReadFile(pageFiles, "page/index.html"))(t))
		for _, m := range regexp.MustCompile(`\$\("([a-z-]+)"\)`).FindAllStringSubmatch(text, -1) {
			if !strings.Contains(markup, `id="`+m[1]+`"`) {
				t.Errorf("%s looks for #%s", f.Name(), m[1])
			}
		}
	}
}

func TestOwnPage(t *testing.T) {
	s, _ := madeUpServer(0)
	s.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeBody(w, http.StatusOK, "text/plain", []byte(r.URL.Path))
	})
	if got := get(t, s.Handler(), "/deep/link"); string(got.body) != "/deep/link" {
		t.Errorf("%s", got.body)
	}
	get(t, s.Handler(), "/api/deep/link").problem(t, http.StatusNotFound)
}
