package mapper

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"sync"

	"github.com/actiontrail/actiontrail/event"
)

// leastSecret is how long a value is at least that looksSecret knows.
const leastSecret = 16

// looksSecret tells whether a value is a token by its form, whatever name it
// has: a JWT, a bearer or basic credential, or a key of a well-known issuer.
func looksSecret(s string) bool {
	if len(s) < leastSecret {
		return false
	}
	switch s[0] {
	case 'e':
		return strings.HasPrefix(s, "eyJ") && strings.IndexByte(s, '.') > 0
	case 'B', 'b':
		_, bearer := cutPrefixFold(s, "bearer ")
		_, basic := cutPrefixFold(s, "basic ")
		return bearer || basic
	case 's', 'g', 'x':
		for _, prefix := range [...]string{"sk-", "sk_live_", "sk_test_", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-"} {
			if strings.HasPrefix(s, prefix) {
				return true
			}
		}
	}
	return false
}

// keyName is what is kept of an API key: enough of it to recognise it, and a
// keyed hash that cannot be turned back or guessed without the account's key.
func (m *Mapper) keyName(key string) string {
	prefix := key[:min(4, len(key)/4)]
	if len(m.opt.HashKey) == 0 {
		return event.Text(prefix) + masked
	}
	h := hmac.New(sha256.New, m.opt.HashKey)
	h.Write([]byte(key))
	return event.Text(prefix) + ":" + hex.EncodeToString(h.Sum(nil)[:8])
}

// secretsInText finds what may be a secret in text whose form is not known. The
// first group of each is kept. Most processes never need it.
var secretsInText = sync.OnceValue(func() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`()eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?`),
		// What was sent and answered, to the end: nobody knows what it holds.
		regexp.MustCompile(`(?s)("(?:requestObject|responseObject|body|payload)"\s*:).*`),
		// Headers in JSON: all of the string, or of the array of strings.
		regexp.MustCompile(`(?i)((?:authorization|cookie2?|api[_-]?key)"\s*:\s*)(?:\[(?:\s*,?\s*"(?:[^"\\]|\\.)*"?)*\s*\]?|"(?:[^"\\]|\\.)*"?)`),
		regexp.MustCompile(`(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]+`),
		regexp.MustCompile(`(?i)(authorization["']?\s*[:=]\s*["']?)(?:\w+\s+)?[^\s"',}]+`),
		regexp.MustCompile(`(?i)([\w.-]*(?:passw|secret|token|api[_-]?key|access[_-]?key|signature|credential|session|cookie)[\w.-]*["']?\s*[=:]\s*["']?)[^\s"'&,;}]+`),
		regexp.MustCompile(`([?&][^=&\s"]{1,100}=)[^&\s"]+`),
	}
})

// maskText masks what may be a secret.
func maskText(s string) string {
	for _, r := range secretsInText() {
		s = r.ReplaceAllString(s, "${1}"+masked)
	}
	return s
}
