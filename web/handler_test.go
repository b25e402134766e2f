package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

const script = "export const answer = 42;\n"

// built is a console as the build lays it out.
func built(t *testing.T) http.Handler {
	t.Helper()
	h, err := serve(fstest.MapFS{
		"index.html":           {Data: []byte(`<!doctype html><meta property="csp-nonce" nonce="__CSP_NONCE__"><script nonce="__CSP_NONCE__" src="/assets/a-1.js"></script>`)},
		"assets/a-1.js.br":     {Data: []byte("brotli")},
		"assets/a-1.js.gz":     {Data: packed(t, script)},
		"assets/inter-2.woff2": {Data: []byte("font")},
		"icon.svg.br":          {Data: []byte("brotli")},
		"icon.svg.gz":          {Data: packed(t, "<svg/>")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func ask(h http.Handler, method, path string, headers ...string) (*http.Response, string) {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer := w.Result()
	body, _ := io.ReadAll(answer.Body) // of a recorder: it cannot fail
	return answer, string(body)
}

func TestAssetForms(t *testing.T) {
	h := built(t)
	tags := map[string]bool{}
	for accept, want := range map[string]struct{ encoding, body string }{
		"gzip, deflate, br, zstd": {"br", "brotli"},
		"gzip, deflate":           {"gzip", string(packed(t, script))},
		"gzip;q=0.5, br;q=0":      {"gzip", string(packed(t, script))},
		"GZIP; Q=0.5":             {"gzip", string(packed(t, script))},
		"identity":                {"", script},
		"":                        {"", script},
		"brotli, gzipped":         {"", script},
	} {
		got, body := ask(h, http.MethodGet, "/assets/a-1.js", "Accept-Encoding", accept)
		if got.StatusCode != http.StatusOK || got.Header.Get("Content-Encoding") != want.encoding || body != want.body {
			t.Errorf("%q: status %d, encoding %q, %q", accept, got.StatusCode, got.Header.Get("Content-Encoding"), body)
		}
		if got.Header.Get("Vary") != "Accept-Encoding" || got.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" ||
			got.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("%q: %v", accept, got.Header)
		}
		tag := got.Header.Get("ETag")
		tags[tag] = true
		again, _ := ask(h, http.MethodGet, "/assets/a-1.js", "Accept-Encoding", accept, "If-None-Match", tag)
		if tag == "" || again.StatusCode != http.StatusNotModified {
			t.Errorf("%q, ETag %q: status %d when it is not changed", accept, tag, again.StatusCode)
		}
	}
	if len(tags) != 3 {
		t.Errorf("three forms have the ETags %v", tags)
	}
}

func TestAssetAsItIs(t *testing.T) {
	got, body := ask(built(t), http.MethodGet, "/assets/inter-2.woff2", "Accept-Encoding", "gzip, br")
	if body != "font" || got.Header.Get("Content-Encoding") != "" || got.Header.Get("Content-Type") != "font/woff2" || got.Header.Get("Vary") != "" {
		t.Errorf("%q, %v", body, got.Header)
	}
	// A name without a hash is asked for again each time.
	got, body = ask(built(t), http.MethodGet, "/icon.svg")
	if body != "<svg/>" || got.Header.Get("Cache-Control") != "no-cache" || got.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("%q, %v", body, got.Header)
	}
}

// TestPages: every path that is no file is a page, with a nonce of its own.
func TestPages(t *testing.T) {
	h := built(t)
	nonces := map[string]bool{}
	for _, at := range []string{"/", "/?q=a", "/trails", "/investigate/actor/alice", "/index.html", "/assets", "/..%2fembed.go"} {
		got, body := ask(h, http.MethodGet, at)
		if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "text/html; charset=utf-8" || got.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: status %d, %v", at, got.StatusCode, got.Header)
		}
		found := regexp.MustCompile(`nonce="([^"]+)"`).FindAllStringSubmatch(body, -1)
		if len(found) != 2 || found[0][1] != found[1][1] || len(found[0][1]) < 20 || strings.Contains(body, noncePlaceholder) {
			t.Errorf("%s: %s", at, body)
			continue
		}
		nonce := found[0][1]
		if nonces[nonce] {
			t.Errorf("%s: the nonce %s was given before", at, nonce)
		}
		nonces[nonce] = true
		if p := got.Header.Get("Content-Security-Policy"); !strings.Contains(p, "style-src 'self' 'nonce-"+nonce+"'") {
			t.Errorf("%s: policy %s", at, p)
		}
	}
}

func TestPolicy(t *testing.T) {
	p := policy("x")
	for _, directive := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"} {
		if !strings.Contains(p, directive) {
			t.Errorf("the policy lacks %s", directive)
		}
	}
	for _, bad := range []string{"unsafe", "*", "http:", "https:"} {
		if strings.Contains(p, bad) {
			t.Errorf("the policy has %s", bad)
		}
	}
}

func TestRefused(t *testing.T) {
	h := built(t)
	for _, at := range []string{"/assets/a-0.js", "/assets/a-1.js.br", "/assets/a-1.js.gz", "/assets/", "/assets/../embed.go"} {
		got, body := ask(h, http.MethodGet, at)
		if got.StatusCode != http.StatusNotFound || got.Header.Get("Cache-Control") != "no-store" || strings.Contains(body, "<") {
			t.Errorf("%s: status %d, %v, %s", at, got.StatusCode, got.Header, body)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		if got, _ := ask(h, method, "/"); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d", method, got.StatusCode)
		}
	}
	for _, at := range []string{"/", "/assets/a-1.js"} {
		if got, body := ask(h, http.MethodHead, at); got.StatusCode != http.StatusOK || body != "" {
			t.Errorf("HEAD %s: status %d, %q", at, got.StatusCode, body)
		}
	}
}

func TestBrokenBuild(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"no index":     {"assets/a.js.gz": {Data: packed(t, "a")}},
		"brotli alone": {"index.html": {Data: []byte("x")}, "assets/a.js.br": {Data: []byte("b")}},
		"damaged gzip": {"index.html": {Data: []byte("x")}, "assets/a.js.gz": {Data: packed(t, "a")[:12]}},
	} {
		if _, err := serve(files); err == nil {
			t.Errorf("%s: it is served", name)
		} else if !strings.HasPrefix(err.Error(), "console: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestHandler: whatever this program was built with answers, within the policy.
func TestHandler(t *testing.T) {
	h, err := Handler()
	if err != nil {
		t.Fatal(err)
	}
	got, body := ask(h, http.MethodGet, "/")
	if got.StatusCode != http.StatusOK || !strings.Contains(body, "<title>actiontrail") || !strings.Contains(body, "nonce=") || strings.Contains(body, noncePlaceholder) {
		t.Errorf("status %d: %s", got.StatusCode, body)
	}
}
