package mapper

import (
	"strings"
	"testing"
)

// Wherever in a text a secret stands, its text is worth to be looked at; ids are not.
func TestMayHoldSecret(t *testing.T) {
	for n := range 40 {
		safe := strings.Repeat("0af-", n+1)[:n]
		for _, s := range []string{safe + "pwd=12", safe + "%70wd12", safe + "token=" + safe + "a", safe + "=" + safe + "00000", safe + "AKIAIOSFODNN7EXAMPLE", safe + "/glpat-0123456789abcdefghij/" + safe} {
			if !mayHoldSecret(s) {
				t.Errorf("%q is not worth to be looked at", s)
			}
		}
		if mayHoldSecret(safe) && n >= 8 {
			t.Errorf("%q is worth to be looked at", safe)
		}
	}
	for c := range 256 {
		if s := string([]byte{byte(c)}); (kinds[c] == 'w' || strings.ContainsAny(s, `=%: "'`)) != (classes[c] != 0) && (c < 'A' || c > 'F') {
			t.Errorf("class of %q is %d", s, classes[c])
		}
	}
}

// What a path was searched for is shown without being looked at again, and nothing else.
func TestCapturedSecrets(t *testing.T) {
	const token = "ghp_0123456789abcdefghijABCDEFGHIJ456789"
	rules := &Rules{Routes: []Route{
		{Pattern: pattern(t, "* /a/{one}/x"), ResourceName: value(t, "path.one")},
		{Pattern: pattern(t, "* /b/v{part}-x"), ResourceName: value(t, "path.part")},
		{Pattern: pattern(t, "* /c/{rest...}"), ResourceName: value(t, "path.rest")},
		{Pattern: pattern(t, "* /d/{one}/x/{rest...}"), ResourceName: Join(value(t, "path.one"), Literal("/"), value(t, "path.rest"))},
		{Pattern: pattern(t, "* /e/{one}/x/{rest...}"), ResourceName: Join(value(t, "path.one"), value(t, "path.rest"))},
	}}
	m := newMapper(t, Options{Format: "nginx", Rules: rules})
	for path, want := range map[string]string{
		"/a/o-17/x": "o-17", "/a/" + token + "/x": "***", "/a/%67" + token[1:] + "/x": "***", "/a/%2567" + token[1:] + "/x": "***", "/b/v" + token + "-x": "***",
		"/b/vpwd=1a2-x": "***", "/c/a/" + token: "***",
		"/d/o-17/x/a/b.json": "o-17/a/b.json", "/d/o-17/x/a/" + token: "o-17/***", "/d/abc-17/x/b/password:/x": "***", "/e/ghp_0123456789/x/abcdefghijABCDEFGHIJ456789": "***",
		"/d/wJalrXUtn5EMI/x/K7MDENG9bPxRfiCYzEX4MPLEaK": "***",
		"/b/vsk-aaaaaaaaaaaaaaaaaaaa-x":                 "***", "/c/wJalrXUtn5EMI/K7MDENG9bPxRfiCYzEX4MPLEaK": "***", // secret only as the part, or as all, that is captured
	} {
		e := mapNginx(t, m, "GET "+path, "")
		if e.ResourceName != want || strings.Contains(string(e.RequestParameters), token[4:]) {
			t.Errorf("%s: %s", path, e.AppendJSON(nil))
		}
	}
}

// Headers that are never stored are neither in a record that is kept, nor in a
// field that rules ask for, whatever their values look like.
func TestHeadersNeverStored(t *testing.T) {
	rules := &Rules{Params: Params{Headers: []string{"X-Trace"}}, Routes: []Route{{Pattern: pattern(t, "* /{any...}"), Additional: []Named{{"vault", value(t, "fields.request.headers.x-vault-token")}, {"seen", value(t, "fields.request.headers.x-trace")}}}}}
	for _, header := range []string{"x-vault-token", "X-Session-Id", "Cookie", "x-api-key", "X-Csrf"} {
		m := newMapper(t, Options{Format: "kong", KeepRaw: true, Rules: rules})
		text := mapped(m, `{"started_at":1795224417404,"latencies":{},"client_ip":"192.0.2.7","request":{"method":"GET","uri":"/a","headers":{"`+header+`":"plain words","x-trace":"t-1"}},"response":{"status":200}}`)
		if strings.Contains(text, "plain words") || !strings.Contains(text, `"seen":"t-1"`) || !strings.Contains(text, `"raw"`) {
			t.Errorf("%s: %s", header, text)
		}
	}
}
