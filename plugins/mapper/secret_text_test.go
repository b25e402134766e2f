package mapper

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// To look for the marks first saves time, and misses nothing: without them the
// patterns mask the same.
func TestMarksMissNothing(t *testing.T) {
	slow := func(s string) string {
		for _, kind := range secretsInText() {
			s = kind.pattern.ReplaceAllString(s, "${1}"+masked)
		}
		if s = maskWords(s); looksSecret(s) {
			return masked
		}
		return s
	}
	r := rand.New(rand.NewPCG(3, 3))
	texts := attacks()
	texts = append(texts, `{"X-API_Key": ["a", "b"]}`, `"Cookie2": "a=b"`, `"requestObject" : {"a":1}`, `PASSWD='x'`, "aUTHORIZATION: Basic dTpw", "https://u:p@h/", "?a=b", "a&b=c", "API-KEY=1", "sEt-cOOkie: a",
		"COO\u212AIE: a=b", "\u017fecret=abc", "to\u212aen: x", "eyJabc.def", "-----BEGIN PRIVATE KEY-----abc")
	for _, secret := range secrets(r) {
		texts = append(texts, secret, strings.ToUpper(secret), strings.ToLower(secret))
	}
	for _, c := range labelled("Hunter2x") {
		texts = append(texts, c.path, c.query, c.referer, c.agent, c.trace, c.authorization)
	}
	for range 4000 {
		s := ""
		for range 1 + r.IntN(4) {
			part := texts[r.IntN(len(texts))]
			s += part[:min(len(part), 200)] + []string{" ", "", `"`, "&", ": "}[r.IntN(5)]
		}
		if r.IntN(4) == 0 {
			s = strings.ToUpper(s)
		}
		if got, want := maskText(s), slow(s); got != want {
			t.Fatalf("%q is masked to\n%q, want\n%q", s, got, want)
		}
	}
}
