package query

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
)

// Tokens are the words of a text, in order: runs of letters, digits, '.', '_'
// and '-' that begin and end with a letter or digit, in lower case, each cut as
// by Cut. Han, Hiragana and Katakana, written without spaces, are a token per
// character. The matching of Prose, the index and the parser all use it.
func Tokens(text string) []string {
	var out []string
	for from, to := nextToken(text, 0); from < to; from, to = nextToken(text, to) {
		out = append(out, lower(text[from:to]))
	}
	return out
}

// NextToken is the first token of a text at or after i, as a range of its bytes;
// an empty one when there is none. AppendLower makes of it what Tokens gives.
func NextToken(text string, i int) (from, to int) { return nextToken(text, i) }

// AppendLower appends a token in lower case, cut.
func AppendLower(b []byte, token string) []byte {
	if len(token) > MaxValue {
		return append(b, lower(token)...)
	}
	from := len(b)
	b = append(b, token...)
	for i, c := range b[from:] {
		if c >= utf8.RuneSelf {
			return append(b[:from], lower(token)...)
		}
		if 'A' <= c && c <= 'Z' {
			b[from+i] = c + 'a' - 'A'
		}
	}
	return b
}

// HasTokens tells whether the text has a token.
func HasTokens(text string) bool {
	from, to := nextToken(text, 0)
	return from < to
}

// nextToken is the first token at or after i; an empty one when there is none.
func nextToken(s string, i int) (from, to int) {
	for i < len(s) { // to the first letter or digit
		class, n := classAt(s, i)
		if class == single {
			return i, i + n
		}
		if class == letter {
			break
		}
		i += n
	}
	from, to = i, i
	for i < len(s) {
		class, n := classAt(s, i)
		if class == single || class == other {
			break
		}
		i += n
		if class == letter {
			to = i
		}
	}
	return from, to
}

type class uint8

const (
	other  class = iota
	letter       // a letter, a mark or a digit
	joiner       // within a token only
	single       // a token by itself
)

func classAt(s string, i int) (class, int) {
	if c := s[i]; c < utf8.RuneSelf {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			return letter, 1
		case c == '.', c == '_', c == '-':
			return joiner, 1
		}
		return other, 1
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	switch {
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return single, n
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r):
		return letter, n
	}
	return other, n
}

// lower is a token in lower case, cut.
func lower(s string) string {
	plain := len(s) <= MaxValue
	for i := 0; plain && i < len(s); i++ {
		plain = s[i] < utf8.RuneSelf && (s[i] < 'A' || s[i] > 'Z')
	}
	if plain {
		return s
	}
	b := make([]byte, 0, min(len(s)+utf8.UTFMax, MaxValue))
	for _, r := range s {
		r = unicode.ToLower(r)
		if len(b)+utf8.RuneLen(r) > MaxValue {
			break
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}

// isLower tells whether lower(s) is want, without making it.
func isLower(s, want string) bool {
	n := 0
	for _, r := range s {
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			if n == MaxValue {
				break
			}
			if n >= len(want) || want[n] != byte(r) {
				return false
			}
			n++
			continue
		}
		r = unicode.ToLower(r)
		size := utf8.RuneLen(r)
		if n+size > MaxValue {
			break
		}
		if n+size > len(want) {
			return false
		}
		if w, wn := utf8.DecodeRuneInString(want[n:]); w != r || wn != size {
			return false
		}
		n += size
	}
	return n == len(want)
}

// hasPhrase tells whether the text has these tokens one after another.
func hasPhrase(text string, tokens []string) bool {
	for from, to := nextToken(text, 0); from < to; from, to = nextToken(text, to) {
		if !isLower(text[from:to], tokens[0]) {
			continue
		}
		ok := true
		at := to
		for _, want := range tokens[1:] {
			var begin int
			begin, at = nextToken(text, at)
			if ok = begin < at && isLower(text[begin:at], want); !ok {
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}

func anyTokenLike(text string, parts []string) bool {
	for from, to := nextToken(text, 0); from < to; from, to = nextToken(text, to) {
		if Like(lower(text[from:to]), parts) {
			return true
		}
	}
	return false
}

// The fields that free text looks at; never changed. Whole fields are compared
// as they are, of the others the tokens are.
var (
	wholeFields = fieldsOf(event.Keyword, event.IP)
	textFields  = fieldsOf(event.Prose)
	bodyFields  = fieldsOf(event.Flattened)
)

func fieldsOf(kinds ...event.Kind) []event.Field {
	return slices.DeleteFunc(event.Fields(), func(f event.Field) bool { return !slices.Contains(kinds, f.Kind) })
}

// anyText tells whether fn is true for a text of the event: those in which Text
// and TextWildcard look for tokens, the Prose fields and the leaves of the Flattened ones.
func anyText(e *event.Event, fn func(text string) bool) bool {
	for i := range textFields {
		if text := textFields[i].Value(e); text != "" && fn(text) {
			return true
		}
	}
	for i := range bodyFields {
		if anyLeaf(bodyFields[i].Value(e), "", fn) {
			return true
		}
	}
	return false
}
