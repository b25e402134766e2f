package mapper

import (
	"errors"
	"strings"
)

// errPair refuses a line of pairs.
var errPair = errors.New("a pair of key and value that is cut off, or has no key")

// pairs reads a line of key=value, with this between them: ", " as Keycloak has it,
// " " as logfmt (Go's log/slog, go-kit). A value may stand in double quotes, with a
// backslash before a quote, or in single ones, if these end before a separator.
type pairs struct{ separator string }

// each calls fn with the pairs in their order until it returns an error.
func (p pairs) each(s string, q *request, fn func(key, value string) error) error {
	for s != "" {
		key, rest, ok := cut(s, '=')
		if !ok || !isKey(key) {
			return errPair
		}
		var value string
		switch {
		case strings.HasPrefix(rest, `"`):
			end := quoteEnd(rest[1:])
			if end < 0 {
				return errPair
			}
			value, s = q.unquoted(rest[1:1+end]), rest[end+2:]
		case p.separator == ", " && strings.HasPrefix(rest, "'"):
			end := strings.Index(rest[1:], "', ")
			if end < 0 && strings.HasSuffix(rest[1:], "'") {
				end = len(rest) - 2
			}
			if end < 0 {
				return errPair
			}
			value, s = rest[1:1+end], rest[end+2:]
		default:
			end := strings.Index(rest, p.separator)
			if end < 0 {
				end = len(rest)
			}
			value, s = rest[:end], rest[end:]
		}
		if s, ok = strings.CutPrefix(s, p.separator); !ok && s != "" {
			return errPair
		}
		if err := fn(key, value); err != nil {
			return err
		}
	}
	return nil
}

// isKey tells whether s may be a key: what is none is a part of a value.
func isKey(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '_' && c != '.' && c != '-' && c != ':' {
			return false
		}
	}
	return true
}

// quoteEnd is where the quote is that ends a text; -1: there is none.
func quoteEnd(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// unquoted undoes the backslashes of a text in quotes: \" \\ \n \t, and of all others
// only the backslash goes.
func (q *request) unquoted(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	at := len(q.scratch)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			i++
			switch c = s[i]; c {
			case 'n', 'r', 't':
				c = ' '
			}
		}
		q.scratch = append(q.scratch, c)
	}
	return view(q.scratch[at:])
}
