package query

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

type kind uint8

const (
	end kind = iota
	word
	quoted
	and
	or
	not
	opening // (
	closing // )
	colon
	compare // < <= > >=
	brace   // { or }
)

// token is a piece of a query.
type token struct {
	kind  kind
	op    Op       // of compare
	from  int      // offset of its first byte
	to    int      // offset after its last
	parts []string // of word and quoted: the text; of a word with wildcards what stands between them
}

// special are the characters that mean something outside quotes, and need a backslash to be themselves.
const special = `\():<>"*{}`

// scan reads the token at or after i. As the first word of a value, a word may
// hold colons, as in acs:ram::1 or 10:00, where one stands before more of the word.
func scan(s string, i int, value bool) (token, error) {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsSpace(r) {
			break
		}
		i += n
	}
	t := token{from: i, to: i + 1}
	if i == len(s) {
		t.to = i
		return t, nil
	}
	switch s[i] {
	case '(':
		t.kind = opening
	case ')':
		t.kind = closing
	case '{', '}':
		t.kind = brace
	case '"':
		return scanQuoted(s, i)
	case '<', '>':
		t.kind, t.op = compare, Less
		if s[i] == '>' {
			t.op = Greater
		}
		if i+1 < len(s) && s[i+1] == '=' {
			t.op++
			t.to++
		}
	case ':':
		if !value || !inner(s, i+1) {
			t.kind = colon
			break
		}
		return scanWord(s, i, true)
	default:
		return scanWord(s, i, value)
	}
	return t, nil
}

// inner tells whether a word goes on at i after a colon.
func inner(s string, i int) bool {
	if i >= len(s) || strings.IndexByte(`()<>"{}`, s[i]) >= 0 {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return !unicode.IsSpace(r)
}

func scanWord(s string, from int, value bool) (token, error) {
	t := token{kind: word, from: from}
	var b strings.Builder
	i := from
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if unicode.IsSpace(r) {
			break
		}
		if r == '*' {
			t.parts = append(t.parts, b.String())
			b.Reset()
			for i < len(s) && s[i] == '*' {
				i++
			}
			continue
		}
		if r == '\\' {
			size, err := unescape(s, i, &b)
			if err != nil {
				return t, err
			}
			i += size
			continue
		}
		if r == ':' && value && inner(s, i+1) {
			b.WriteByte(':')
			i++
			continue
		}
		if strings.ContainsRune(special, r) {
			break
		}
		b.WriteString(s[i : i+n])
		i += n
	}
	t.to = i
	t.parts = append(t.parts, b.String())
	switch raw := s[from:i]; {
	case strings.EqualFold(raw, "and"):
		t.kind = and
	case strings.EqualFold(raw, "or"):
		t.kind = or
	case strings.EqualFold(raw, "not"):
		t.kind = not
	}
	return t, nil
}

// unescape appends what the backslash at i and the following stand for, outside quotes.
func unescape(s string, i int, b *strings.Builder) (size int, err error) {
	if i+1 == len(s) {
		return 0, &Error{"the query ends with a backslash", `write \\ for a backslash`, i}
	}
	c := s[i+1]
	switch {
	case strings.IndexByte(special, c) >= 0 || c == ' ':
		b.WriteByte(c)
		return 2, nil
	case c == 'u':
		return unescapeUnicode(s, i, b)
	}
	rest := s[i+1:]
	n := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(special, r) })
	if n < 0 {
		n = len(rest)
	}
	switch strings.ToLower(rest[:n]) { // \and is the word, not the operator
	case "and", "or", "not":
		b.WriteString(rest[:n])
		return 1 + n, nil
	}
	switch c {
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	case 'n':
		b.WriteByte('\n')
	default:
		_, size := utf8.DecodeRuneInString(rest)
		return 0, &Error{"there is no escape " + s[i:i+1+size], `write \\ for a backslash`, i}
	}
	return 2, nil
}

// unescapeUnicode reads \uXXXX at i, or two of them that are one character.
func unescapeUnicode(s string, i int, b *strings.Builder) (size int, err error) {
	r, ok := hex4(s, i)
	size = 6
	if ok && utf16.IsSurrogate(r) {
		var low rune
		low, ok = hex4(s, i+6)
		if r = utf16.DecodeRune(r, low); r == unicode.ReplacementChar {
			ok = false
		}
		size = 12
	}
	if !ok {
		return 0, &Error{`\u is not followed by the code of a character`, `write four hexadecimal digits, as in \u00e9, or \\ for a backslash`, i}
	}
	b.WriteRune(r)
	return size, nil
}

func hex4(s string, i int) (rune, bool) {
	if len(s) < i+6 || s[i] != '\\' || s[i+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[i+2:i+6], 16, 16)
	return rune(n), err == nil
}

// scanQuoted reads a text in quotes. Within them a backslash that begins no escape is itself.
func scanQuoted(s string, from int) (token, error) {
	var b strings.Builder
	for i := from + 1; i < len(s); {
		c := s[i]
		if c == '"' {
			return token{kind: quoted, from: from, to: i + 1, parts: []string{b.String()}}, nil
		}
		if c != '\\' || i+1 == len(s) {
			b.WriteByte(c)
			i++
			continue
		}
		switch s[i+1] {
		case '\\', '"':
			b.WriteByte(s[i+1])
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'n':
			b.WriteByte('\n')
		case 'u':
			size, err := unescapeUnicode(s, i, &b)
			if err != nil {
				return token{}, err
			}
			i += size
			continue
		default:
			b.WriteByte('\\')
			i++
			continue
		}
		i += 2
	}
	return token{}, &Error{"the quote is not closed", `write " at the end, and \" for a quote within`, from}
}
