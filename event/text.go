package event

import (
	"strings"
	"unicode/utf8"
)

// Text is s as valid UTF-8: each run of bytes that is not becomes U+FFFD.
func Text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string with the least escaping that JSON
// allows: quote, backslash and control characters only. What is not UTF-8
// becomes U+FFFD.
func AppendString(b []byte, s string) []byte {
	if isPlain(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	return appendEscaped(b, s)
}

func appendEscaped(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// isPlain tells whether s is ASCII without anything to escape. It looks at eight
// bytes at a time: nearly all strings are, and there are many.
func isPlain(s string) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i, all := 0, uint64(0)
	for ; i+8 <= len(s); i += 8 {
		w := load(s, i)
		// Of bytes below 0x80 each difference sets its highest bit for a byte to escape, and only then borrows.
		all |= w | (w - ' '*ones) | ((w ^ '"'*ones) - ones) | ((w ^ '\\'*ones) - ones)
	}
	if all&highs != 0 {
		return false
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// load is the eight bytes at s[i].
func load(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
