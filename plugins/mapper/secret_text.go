package mapper

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/actiontrail/actiontrail/event"
)

// secretsInText finds what may be a secret in text whose form is not known. Most processes never need it.
var secretsInText = sync.OnceValue(func() []secretInText {
	of := func(pattern string, marks ...string) secretInText {
		return secretInText{regexp.MustCompile(pattern), marks}
	}
	return []secretInText{
		of(`()-----BEGIN[A-Z ]*PRIVATE KEY[\s\S]*?(?:-----END[A-Z ]*-----|$)`, "private key"),
		of(`()eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?`, "eyj"),
		// What was sent and answered, to the end: nobody knows what it holds.
		of(`(?s)("(?:requestObject|responseObject|body|payload)"\s*:).*`, `object"`, `body"`, `payload"`),
		// Headers in JSON: all of the string, or of the array of strings.
		of(`(?i)((?:authorization|cookie2?|api[_-]?key)"\s*:\s*)(?:\[(?:\s*,?\s*"(?:[^"\\]|\\.)*"?)*\s*\]?|"(?:[^"\\]|\\.)*"?)`, `authorization"`, "cookie", `key"`),
		of(`(?i)(\b(?:bearer|basic|dpop)\s+)[\w.~+/=-]+`, "bearer", "basic", "dpop"),
		of(`(?i)(authorization["']?\s*[:=]\s*["']?)(?:\w+\s+)?[^\s"',}]+`, "authorization"),
		of(`(?i)(\b(?:set-)?cookie["']?\s*[:=]\s*["']?)[^"'}\r\n]+`, "cookie"),
		of(`(?i)([\w.-]*(?:passw|pwd|secret|token|api[_-]?key|access[_-]?key|signature|credential|session|cookie)[\w.-]*["']?\s*[=:]\s*["']?)[^\s"'&,;}]+`,
			"passw", "pwd", "secret", "token", "key", "signature", "credential", "session", "cookie"),
		of(`(://[^\s/?#"':@]*:)[^\s/?#"']*@`, "://"),
		of(`([?&][^=&\s"]{1,100}=)[^&\s"]+`, "?", "&"),
	}
})

// secretInText is a kind of secret. The first group of the pattern is kept. What
// the pattern finds has one of the marks, in lower case: to look for these is fast.
type secretInText struct {
	pattern *regexp.Regexp
	marks   []string
}

// maskText masks what may be a secret, and leaves the text around it.
func maskText(s string) string {
	lower, plain := strings.ToLower(s), isASCII([]byte(s)) // other letters fold to ASCII ones, in patterns only
	for _, kind := range secretsInText() {
		marked := func(mark string) bool { return strings.Contains(lower, mark) }
		if plain && !slices.ContainsFunc(kind.marks, marked) {
			continue
		}
		if without := kind.pattern.ReplaceAllString(s, "${1}"+masked); without != s {
			s, lower = without, strings.ToLower(without)
		}
	}
	s = maskWords(s)
	if looksSecret(s) { // of a form that crosses words
		return masked
	}
	return s
}

// maskWords masks the words that are tokens, or that chance has drawn.
func maskWords(s string) string {
	var b strings.Builder
	for from := 0; from < len(s); {
		end := from
		for end < len(s) && !strings.ContainsRune(" \t\r\n\"'<>()[]{},;&?\\", rune(s[end])) {
			end++
		}
		if word := s[from:end]; looksSecret(word) || hidesSecret(word) || len(word) >= awsSecret && isRandom(word) {
			b.WriteString(masked)
		} else {
			b.WriteString(word)
		}
		if end < len(s) {
			b.WriteByte(s[end])
		}
		from = end + 1
	}
	return b.String()
}

// shownText is a text of the request as it may be seen: what looks secret in it is
// masked, also where it is percent-encoded. known are those of its kind.
func (m *Mapper) shownText(known *harmless, s string) string {
	if known.has(s) {
		return m.text.valid(s)
	}
	if len(s) >= leastSecret && !mayHoldSecret(s) {
		return m.text.valid(s)
	}
	if !looksSecret(s) && !hidesSecret(s) {
		known.add(s)
		return m.text.valid(s)
	}
	if s = maskText(event.Text(s)); hidesSecret(s) {
		return masked
	}
	return s
}

// hidesSecret tells whether there is a secret in what is percent-encoded.
func hidesSecret(s string) bool {
	return strings.IndexByte(s, '%') >= 0 && looksSecret(string(appendUnescaped(nil, s, true)))
}

// shownRecord is a record, or a part of one, whose secrets are masked, unless there
// is another behind what gateways write in place of a byte: then nothing is shown.
func shownRecord(s string) string {
	if strings.IndexByte(s, '\\') < 0 && strings.IndexByte(s, '#') < 0 {
		return s
	}
	if plain := view(appendPlain(nil, s)); looksSecret(plain) || hidesSecret(plain) {
		return masked
	}
	return s
}

// appendPlain undoes what gateways write in place of a byte: \x22 (nginx), #22
// (HAProxy), \u0022, \n and \" (JSON). Of characters beyond ASCII there is a space:
// no secret has them.
func appendPlain(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c, digits := s[i], 0
		switch {
		case c == '#':
			digits = 2
		case c == '\\' && i+1 < len(s):
			switch i++; s[i] {
			case 'x':
				digits = 2
			case 'u':
				digits = 4
			case '"', '\\', '/':
				c = s[i]
			default: // \n and the like, and what is none
				c = ' '
			}
		}
		if digits == 0 || i+digits >= len(s) {
			b = append(b, c)
			continue
		}
		n, valid := 0, true
		for _, d := range []byte(s[i+1 : i+1+digits]) {
			h := hexValue(d)
			n, valid = n<<4|int(h), valid && h < 16
		}
		switch {
		case !valid:
			b = append(b, c)
			continue
		case n < 0x80:
			b = append(b, byte(n))
		default:
			b = append(b, ' ')
		}
		i += digits
	}
	return b
}

// harmless remembers texts in which no secret was found: the same few user agents
// and pages come again and again.
type harmless struct{ texts [64][]byte }

const maxHarmless = 512 // bytes of a text that is remembered

func (h *harmless) slot(s string) *[]byte {
	return &h.texts[(uint(len(s))*31+uint(s[len(s)/2])*7+uint(s[len(s)-1]))%uint(len(h.texts))]
}

func (h *harmless) has(s string) bool { return s == "" || string(*h.slot(s)) == s }

func (h *harmless) add(s string) {
	if len(s) <= maxHarmless {
		at := h.slot(s)
		*at = append((*at)[:0], s...)
	}
}
