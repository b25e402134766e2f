package api

import (
	"net/http"
	"strings"
	"testing"
)

const testToken = "correct-horse-battery"

func TestToken(t *testing.T) {
	s, _ := madeUpServer(1)
	s.Tokens = oneToken(testToken)
	h := s.Handler()
	for authorization, ok := range map[string]bool{
		"":                                false,
		"Bearer":                          false,
		"Bearer ":                         false,
		"Bearer wrong":                    false,
		"Bearer " + testToken[:20]:        false,
		"Bearer " + testToken + "x":       false,
		"Bearer " + testToken + " x":      false,
		"Bearer Correct-Horse-Battery":    false,
		"Basic " + testToken:              false,
		testToken:                         false,
		"Bearer " + testToken:             true,
		"bearer  " + testToken:            true,
		"Bearer " + testToken + "\t":      true,
		"Basic dXNlcjpjb3JyZWN0LWhvcnNl=": false,
	} {
		for _, path := range []string{"/api/v1/events", "/api/v1/status", "/api/v1/trails", "/api/v1/histogram", "/api/v1/fields/eventName/values", "/metrics"} {
			got := get(t, h, path, "Authorization", authorization)
			if ok {
				if got.status != http.StatusOK {
					t.Errorf("%s with %q: status %d", path, authorization, got.status)
				}
				continue
			}
			p := got.problem(t, http.StatusUnauthorized)
			if p.Type != problemToken || got.header.Get("WWW-Authenticate") != `Bearer realm="actiontrail"` || strings.Contains(string(got.body), testToken) {
				t.Errorf("%s with %q: problem %+v, %v", path, authorization, p, got.header)
			}
		}
	}
	// What there is and what is wrong with a call is only for those who may ask.
	for _, path := range []string{"/api/v1/nothing", searchTarget("limit", "x"), "/api/v1/events/none"} {
		get(t, h, path).problem(t, http.StatusUnauthorized)
	}
	call(t, h, http.MethodDelete, "/api/v1/events").problem(t, http.StatusUnauthorized)
	// Open: what machines watch, and the page, which asks for the token.
	s.Page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeBody(w, http.StatusOK, "text/plain", nil) })
	h = s.Handler()
	for _, path := range []string{"/healthz", "/readyz", "/", "/assets/index.js"} {
		if got := get(t, h, path); got.status != http.StatusOK {
			t.Errorf("%s needs a token: status %d", path, got.status)
		}
	}
}

// TestHosts: a page of another site that points a name of its own here (DNS rebinding) reads nothing.
func TestHosts(t *testing.T) {
	s, _ := madeUpServer(1)
	s.Hosts = []string{"audit.shop.example"}
	h := s.Handler()
	for host, ok := range map[string]bool{
		"localhost": true, "localhost:8320": true, "LocalHost": true, "127.0.0.1": true, "127.0.0.1:8320": true, "[::1]:8320": true, "[::1]": true,
		"10.1.2.3:8320": true, "audit.shop.example": true, "Audit.Shop.Example:443": true,
		"evil.example": false, "evil.example:8320": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"xaudit.shop.example": false, "audit.shop.example.evil.example": false, "": false, "127.1": false, "0x7f000001": false, "localhost.": false,
	} {
		for _, path := range []string{"/api/v1/events", "/", "/healthz", "/metrics", "/api/v1/nothing"} {
			got := get(t, h, path, "Host", host)
			if ok == (got.status == http.StatusMisdirectedRequest) {
				t.Errorf("%s at %q: status %d", path, host, got.status)
			}
			if !ok {
				if p := got.problem(t, http.StatusMisdirectedRequest); p.Type != problemHost || p.Hint == "" {
					t.Errorf("problem %+v", p)
				}
			}
		}
	}
	// With a token the name does not matter: a foreign page has none.
	s.Tokens = oneToken(testToken)
	h = s.Handler()
	if got := get(t, h, "/api/v1/events", "Host", "evil.example", "Authorization", "Bearer "+testToken); got.status != http.StatusOK {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	get(t, h, "/api/v1/events", "Host", "evil.example").problem(t, http.StatusUnauthorized)
}

func TestSecurityHeaders(t *testing.T) {
	s, x := madeUpServer(1)
	h := s.Handler()
	for _, at := range []string{"/", "/nothing", "/healthz", "/metrics", "/api/v1/events", "/api/v1/nothing", searchTarget("limit", "x"), "/api/v1/events/" + x.events[0].ID} {
		for _, host := range []string{"localhost", "evil.example"} {
			got := get(t, h, at, "Host", host)
			for name, want := range map[string]string{
				"Content-Security-Policy":      contentSecurityPolicy,
				"X-Content-Type-Options":       "nosniff",
				"Referrer-Policy":              "no-referrer",
				"Cross-Origin-Resource-Policy": "same-origin",
				"Cross-Origin-Opener-Policy":   "same-origin",
				"Access-Control-Allow-Origin":  "",
			} {
				if v := got.header.Get(name); v != want {
					t.Errorf("%s at %s: %s is %q, want %q", at, host, name, v, want)
				}
			}
		}
	}
	for _, directive := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(contentSecurityPolicy, directive) {
			t.Errorf("the policy lacks %s", directive)
		}
	}
	if strings.Contains(contentSecurityPolicy, "unsafe") {
		t.Error("the policy allows what is unsafe")
	}
}
