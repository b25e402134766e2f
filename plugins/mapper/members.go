package mapper

import (
	"bytes"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	errObject = errors.New("it does not begin with {")
	errMember = errors.New("a key or value is broken")
	errCut    = errors.New("it ends too early")
	errMore   = errors.New("more follows after the object")
)

// eachMember calls fn for each member of a JSON object: strings unescaped,
// numbers and literals as they are written, objects and arrays as their text.
// The strings alias b, or scratch where they had to be unescaped. Values are
// checked as far as is needed to find their end.
func eachMember(b []byte, scratch *[]byte, fn func(key, value string, quoted bool)) error {
	escapes := bytes.IndexByte(b, '\\') >= 0 // nearly no record has any
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '{' {
		return errObject
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return end(b, i+1)
	}
	for {
		key, next, err := stringAt(b, i, escapes, scratch)
		if err != nil {
			return err
		}
		if i = skipSpace(b, next); i == len(b) || b[i] != ':' {
			return errMember
		}
		i = skipSpace(b, i+1)
		if i == len(b) {
			return errCut
		}
		if b[i] == '"' {
			value, next, err := stringAt(b, i, escapes, scratch)
			if err != nil {
				return err
			}
			fn(key, value, true)
			i = next
		} else {
			next, err := valueEnd(b, i)
			if err != nil {
				return err
			}
			fn(key, view(trimRight(b[i:next])), false)
			i = next
		}
		if i = skipSpace(b, i); i == len(b) {
			return errCut
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case '}':
			return end(b, i+1)
		default:
			return errMember
		}
	}
}

// trimRight is b without the white space at its end.
func trimRight(b []byte) []byte {
	for len(b) > 0 && skipSpace(b, len(b)-1) == len(b) {
		b = b[:len(b)-1]
	}
	return b
}

func end(b []byte, i int) error {
	if skipSpace(b, i) != len(b) {
		return errMore
	}
	return nil
}

// stringAt reads the JSON string at b[i] and returns the index after it. escapes
// tells that there may be a backslash in b.
func stringAt(b []byte, i int, escapes bool, scratch *[]byte) (string, int, error) {
	if i >= len(b) || b[i] != '"' {
		return "", 0, errMember
	}
	i++
	n := bytes.IndexByte(b[i:], '"')
	if n < 0 {
		return "", 0, errCut
	}
	if s := b[i : i+n]; !escapes || bytes.IndexByte(s, '\\') < 0 {
		return view(s), i + n + 1, nil
	}
	from := len(*scratch)
	for i < len(b) && b[i] != '"' {
		if b[i] != '\\' {
			*scratch = append(*scratch, b[i])
			i++
			continue
		}
		if i+1 == len(b) {
			return "", 0, errCut
		}
		c := b[i+1]
		i += 2
		switch c {
		case '"', '\\', '/':
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, next := unicodeAt(b, i)
			if next < 0 {
				return "", 0, errMember
			}
			*scratch, i = utf8.AppendRune(*scratch, r), next
			continue
		default:
			return "", 0, errMember
		}
		*scratch = append(*scratch, c)
	}
	if i >= len(b) {
		return "", 0, errCut
	}
	return view((*scratch)[from:]), i + 1, nil
}

// unicodeAt reads the four digits after \u, and the second half of a surrogate
// pair; next is -1 when they are not there.
func unicodeAt(b []byte, i int) (r rune, next int) {
	r = fourDigits(b, i)
	if r < 0 {
		return 0, -1
	}
	i += 4
	if !utf16.IsSurrogate(r) {
		return r, i
	}
	if i+6 <= len(b) && b[i] == '\\' && b[i+1] == 'u' {
		if both := utf16.DecodeRune(r, fourDigits(b, i+2)); both != utf8.RuneError {
			return both, i + 6
		}
	}
	return utf8.RuneError, i
}

func fourDigits(b []byte, i int) rune {
	if i+4 > len(b) {
		return -1
	}
	var r rune
	for _, c := range b[i : i+4] {
		v := hexValue(c)
		if v > 15 {
			return -1
		}
		r = r<<4 | rune(v)
	}
	return r
}

// valueEnd is the index after the value at b[i], which is not a string.
func valueEnd(b []byte, i int) (int, error) {
	depth := 0
	for start := i; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				if i == start {
					return 0, errMember
				}
				return i, nil
			}
			depth--
		case ',':
			if depth == 0 {
				if i == start {
					return 0, errMember
				}
				return i, nil
			}
		}
	}
	return 0, errCut
}
