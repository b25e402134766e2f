package mapper

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
)

// maxName is how long a name of an action may be that records give, in bytes.
const maxName = 128

// pascal is a name as actions are written: list-orders, orders/list and listOrders
// become ListOrders and OrdersList. What is no letter or digit parts words.
func pascal(s string) string {
	var b strings.Builder
	shouted := strings.ToUpper(s) == s // LIST_ORDERS
	first := true
	for _, r := range s {
		switch {
		case r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r):
			first = true
			continue
		case first:
			r = unicode.ToUpper(r)
		case shouted:
			r = unicode.ToLower(r)
		}
		if first = false; b.Len()+utf8.RuneLen(r) > maxName {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isName tells whether a value of a record may name an action: it is a client that
// chose it, and what is no name must not become one.
func isName(s string) bool {
	if s == "" || len(s) > maxName || !isLetter(s[0]) && s[0] != '_' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && c != '_' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// verbRW is Read for an action whose name begins as that of a reading one, else
// Write: a read that is taken for a write does no harm, the other way round it
// would go unseen. GetOrCreateOrder writes.
func verbRW(action string) string {
	verb, rest := firstWord(action)
	if strings.EqualFold(verb, "batch") {
		verb, rest = firstWord(rest)
	}
	next, _ := firstWord(rest)
	if !isReading(verb) || strings.EqualFold(verb, "check") && (strings.EqualFold(next, "in") || strings.EqualFold(next, "out")) {
		return event.Write
	}
	for word := ""; rest != ""; {
		if word, rest = firstWord(rest); strings.EqualFold(word, "or") || strings.EqualFold(word, "and") {
			return event.Write
		}
	}
	return event.Read
}

func isReading(verb string) bool {
	for _, v := range [...]string{"get", "list", "describe", "query", "search", "read", "watch", "check", "count", "lookup", "find", "fetch", "head", "scan", "show", "view", "has", "is"} {
		if strings.EqualFold(v, verb) {
			return true
		}
	}
	return false
}

// firstWord is the first word of a name in camel case, or with underscores between its words.
func firstWord(s string) (word, rest string) {
	for i := 1; i < len(s); i++ {
		if c := s[i]; c == '_' {
			return s[:i], s[i+1:]
		} else if c >= 'A' && c <= 'Z' && (s[i-1] < 'A' || s[i-1] > 'Z') || c >= '0' && c <= '9' {
			return s[:i], s[i:]
		}
	}
	return s, ""
}
