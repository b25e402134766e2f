package mapper

import "strings"

// valueForm is what the value of a variable may hold. A form is there for variables
// whose values surely have it: what is uncertain is text.
type valueForm uint8

const (
	formText    valueForm = iota // anything
	formPath                     // the same; where no text stands before it, it begins with a slash
	formWord                     // no space
	formAddress                  // of the network
	formHost                     // no space and no slash
	formNumber                   // digits, or a dash for none
	formDecimal                  // digits with a fraction, or a dash for none
	formNumbers                  // decimals of several upstreams: 0.001, 0.002 : 0.003
	formWords                    // words of several upstreams
	formLocal                    // 21/Nov/2026:01:26:57 +0000
	formMark                     // a question mark, or nothing
	formQuery                    // begins with a question mark, or nothing
	formBraces                   // {several|values}, or nothing at all, and then not the text behind it either
	formRest                     // several values in quotes up to the end of the line, or nothing
	formSigned                   // digits, which may have a sign; or a dash
	formState                    // a termination state of HAProxy
	formDate                     // 21/Nov/2026:01:26:57.404
)

// mayHold tells whether a value of this form may hold the byte.
func (f valueForm) mayHold(c byte) bool {
	switch f {
	case formWord:
		return c != ' '
	case formAddress:
		return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' || strings.IndexByte(".:-unix", c) >= 0
	case formHost:
		return c != ' ' && c != '/'
	case formNumber:
		return isDigit(c) || c == '-'
	case formDecimal:
		return isDigit(c) || c == '-' || c == '.'
	case formSigned:
		return isDigit(c) || c == '-' || c == '+'
	case formState:
		return c == '-' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	case formLocal, formDate:
		return c == ' ' && f == formLocal || c > ' ' && strings.IndexByte(`"[]{}|`, c) < 0
	}
	return true
}

// holds tells whether v has this form.
func (f valueForm) holds(v string) bool {
	switch f {
	case formWord:
		return strings.IndexByte(v, ' ') < 0
	case formAddress:
		if v == "unix:" || v == "unix" || v == "-" {
			return true
		}
		for i := range len(v) {
			if c := v[i]; hexValue(c) > 15 && c != '.' && c != ':' {
				return false
			}
		}
		return true
	case formQuery:
		return v == "" || v[0] == '?' || v[0] == '<' || v == "-"
	case formHost:
		return strings.IndexByte(v, ' ') < 0 && strings.IndexByte(v, '/') < 0
	case formNumber:
		return number(v, false) || v == "-" || v == ""
	case formDecimal:
		return number(v, true) || v == "-" || v == ""
	case formNumbers:
		return several(v, func(v string) bool { return number(v, true) || v == "-" })
	case formWords:
		return several(v, func(v string) bool { return v != "" && strings.IndexByte(v, ' ') < 0 && v[len(v)-1] != ',' })
	case formSigned:
		if v == "-" {
			return true
		}
		if v != "" && (v[0] == '-' || v[0] == '+') {
			v = v[1:]
		}
		return number(v, false)
	case formState:
		return (len(v) == 2 || len(v) == 4) && strings.IndexFunc(v, func(r rune) bool { return r > 'z' || !f.mayHold(byte(r)) }) < 0
	case formDate:
		return len(v) >= 20 && v[2] == '/' && v[11] == ':'
	case formRest:
		for v = strings.Trim(v, " "); v != ""; v = strings.TrimLeft(v, " ") {
			var ok bool
			if v[0] != '"' {
				return false
			}
			if _, v, ok = cut(v[1:], '"'); !ok {
				return false
			}
		}
		return true
	case formBraces:
		return len(v) > 1 && strings.IndexByte(v, '}') == len(v)-1
	case formLocal:
		return len(v) == 26 && v[2] == '/' && v[11] == ':' && v[20] == ' '
	}
	return true
}

// hopeless tells, of what has not this form, that more text behind it does not
// change that.
func (f valueForm) hopeless(v string) bool {
	switch f {
	case formWord, formHost:
		return true
	case formAddress:
		return v != "" && v[0] != 'u'
	case formLocal:
		return len(v) >= 26
	case formBraces:
		return strings.IndexByte(v, '}') >= 0
	}
	return false
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// number tells whether v is digits, with a fraction where it may have one.
func number(v string, fraction bool) bool {
	for i := range len(v) {
		if !isDigit(v[i]) && (v[i] != '.' || !fraction) {
			return false
		}
	}
	return v != ""
}

// several tells whether v is what nginx writes of several upstreams: values with a
// comma between those of one group and a colon between groups, or nothing.
func several(v string, is func(string) bool) bool {
	for v != "" {
		i := strings.IndexByte(v, ' ')
		if i < 0 {
			return is(v)
		}
		one := strings.TrimSuffix(v[:i], ",")
		if one == v[:i] {
			if !strings.HasPrefix(v[i:], " : ") {
				return false
			}
			i += 2
		}
		if v = v[i+1:]; !is(one) || v == "" {
			return false
		}
	}
	return true
}
