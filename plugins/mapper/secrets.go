package mapper

import "strings"

// leastSecret is how long a text is at least that looksSecret finds something in.
const leastSecret = 6

// leastToken is how long a token is at least.
const leastToken = 16

// looksSecret tells whether there is a secret somewhere in a text, by its form:
// a token of a well-known issuer, a credential of HTTP, a private key, a password
// in an address or behind its name. Ids are none: UUIDs, hashes in hex, ULIDs and
// the like. docs/guide/security.md has the forms.
func looksSecret(s string) bool {
	if strings.IndexByte(s, '=') >= 0 && assignsSecret(s) {
		return true
	}
	if len(s) < leastToken {
		return false
	}
	word, hex := 0, true // where the word begins; whether it is of hex digits and hyphens so far
	for i := 0; i <= len(s); i++ {
		kind := byte(' ')
		if i < len(s) {
			kind = kinds[s[i]]
		}
		if kind != ' ' {
			hex = hex && kind == 'h'
			continue
		}
		if i-word >= leastToken && !hex && holdsToken(s, word, i) {
			return true
		}
		if i < len(s) && endsInSecret(s, word, i) {
			return true
		}
		word, hex = i+1, true
	}
	return len(s) >= awsSecret && holdsAWSSecret(s)
}

// kinds are the bytes that words are made of: h those of hex and hyphens, w the others.
const kinds = "" +
	"                                             h  hhhhhhhhhh      " +
	" hhhhhhwwwwwwwwwwwwwwwwwwww    w hhhhhhwwwwwwwwwwwwwwwwwwww     " +
	"                                                                " +
	"                                                                "

// endsInSecret tells whether the word s[word:i] and what follows are a credential,
// a private key, or an address with a password.
func endsInSecret(s string, word, i int) bool {
	switch s[i] {
	case ' ':
		return i-word >= 4 && i-word <= 6 && isScheme(s[word:i]) && wordLen(s[i+1:]) >= 6 || strings.HasPrefix(s[i:], " PRIVATE KEY")
	case ':':
		return i > word && isPassword(s[word:i]) && isValue(strings.TrimLeft(s[i+1:], ` "'`)) || strings.HasPrefix(s[i:], "://") && hasPassword(s[i+3:])
	case '"', '\'': // "password":
		return i > word && isPassword(s[word:i]) && len(s) > i+2 && s[i+1] == ':' && isValue(strings.TrimLeft(s[i+2:], ` "'`))
	}
	return false
}

// isScheme tells whether a word is the scheme of a credential (RFC 9110 §11).
func isScheme(s string) bool {
	return strings.EqualFold(s, "bearer") || strings.EqualFold(s, "basic") || strings.EqualFold(s, "dpop")
}

func wordLen(s string) int {
	n := 0
	for n < len(s) && (kinds[s[n]] != ' ' || s[n] == '.' || s[n] == '+' || s[n] == '/') {
		n++
	}
	return n
}

// hasPassword tells whether an authority (RFC 3986 §3.2) begins with user:password@.
func hasPassword(s string) bool {
	colon := -1
	for i := range len(s) {
		switch s[i] {
		case ':':
			if colon < 0 {
				colon = i
			}
		case '@':
			return colon >= 0 && isValue(s[colon+1:i])
		case '/', '?', '#', ' ', '"':
			return false
		}
	}
	return false
}

// holdsToken tells whether a token of a well-known issuer begins in the word
// s[from:to]. Forms that may be a part of other words only count where one begins.
func holdsToken(s string, from, to int) bool {
	if to-from >= 20 && from >= 3 && (strings.HasSuffix(s[:from], "hvs.") || strings.HasSuffix(s[:from], "ya29.") || strings.HasSuffix(s[:from], "SG.")) {
		return true
	}
	inner := false
	for i := from; i+leastToken <= to; i++ {
		if beginsToken(s[i:to], inner) {
			return true
		}
		inner = s[i] != '-' && s[i] != '_'
	}
	return false
}

func beginsToken(s string, inner bool) bool {
	least, prefixes := 0, ""
	switch s[0] {
	case 'A':
		if strings.HasPrefix(s, "AKIA") || strings.HasPrefix(s, "ASIA") {
			return len(s) >= 20 && capitals(s[4:20])
		}
		least, prefixes = 35, "AIza"
	case 'L':
		least, prefixes = leastToken, "LTAI"
		if inner {
			return false
		}
	case 'e':
		least, prefixes = leastToken, "eyJ" // base64 of {", as in a JWT
		if inner {
			return false
		}
	case 'g':
		return len(s) >= 20 && (s[1] == 'h' && s[3] == '_' && strings.IndexByte("pousr", s[2]) >= 0 || strings.HasPrefix(s, "github_pat_") || s[1] == 'l' && (strings.HasPrefix(s, "glpat-") || strings.HasPrefix(s, "glrt-") || strings.HasPrefix(s, "gldt-") || strings.HasPrefix(s, "glptt-")))
	case 'x':
		return s[1] == 'o' && s[2] == 'x' && s[4] == '-' && strings.IndexByte("abeoprs", s[3]) >= 0 || strings.HasPrefix(s, "xapp-")
	case 's', 'r':
		if s[1] == 'k' && (strings.HasPrefix(s[2:], "_live_") || strings.HasPrefix(s[2:], "_test_")) {
			return true
		}
		return !inner && strings.HasPrefix(s, "sk-")
	case 'w':
		least, prefixes = 20, "whsec_"
	case 'n':
		least, prefixes = 36, "npm_"
	case 'p':
		least, prefixes = 20, "pypi-AgE"
	case 'd':
		least, prefixes = 20, "dckr_pat_"
	}
	return prefixes != "" && len(s) >= least && strings.HasPrefix(s, prefixes)
}

func capitals(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// awsSecret is the length of the secret part of an AWS key, which nothing marks.
const awsSecret = 40

// holdsAWSSecret tells whether just so many characters of base64 stand together
// that look drawn by chance, and no more: ids may be longer. In a path a slash may
// be one of them, or not. The fingerprint of a key of SSH is no secret, whatever its
// slashes cut it into.
func holdsAWSSecret(s string) bool {
	wide, narrow := 0, 0 // where what is of base64 begins, and what is of base64 without slashes
	found := func(from, to int) bool {
		return to-from == awsSecret && isRandom(s[from:to]) && !isFingerprint(s, wide)
	}
	for i := 0; i <= len(s); i++ {
		slash := i < len(s) && s[i] == '/'
		if i < len(s) && !slash && (kinds[s[i]] != ' ' || s[i] == '+') {
			continue
		}
		if found(narrow, i) {
			return true
		}
		narrow = i + 1
		if slash {
			continue
		}
		if found(wide, i) {
			return true
		}
		wide = i + 1
	}
	return false
}

// isFingerprint tells whether the fingerprint of a key of SSH begins at s[i]: the
// 43 characters of a SHA-256 in base64, and no more.
func isFingerprint(s string, i int) bool {
	return strings.HasSuffix(s[:i], "SHA256:") && wordLen(s[i:]) == 43
}

// isRandom tells whether a text of letters and digits changes between small ones,
// capitals and digits as often as chance does (0.62 of the time), and words do not.
func isRandom(s string) bool {
	var count [3]int
	changes, last := 0, -1
	for i := range len(s) {
		kind := -1
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			kind = 0
		case c >= 'A' && c <= 'Z':
			kind = 1
		case c >= '0' && c <= '9':
			kind = 2
		}
		if kind < 0 {
			continue
		}
		if count[kind]++; last >= 0 && kind != last {
			changes++
		}
		last = kind
	}
	return count[0] >= 4 && count[1] >= 4 && count[2] >= 1 && changes*100 >= 42*len(s)
}
