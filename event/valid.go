package event

import (
	"strings"
	"unicode/utf8"
)

// Valid tells whether o is what ParseObject would have made: absent, or an
// object in canonical form. An Object from a stranger is to be checked before
// it is written into JSON.
func (o Object) Valid() bool {
	if o == "" {
		return true
	}
	c := checker{s: string(o)}
	return c.s[0] == '{' && len(o) > 2 && c.value(0) && c.i == len(c.s)
}

// ValidExtra tells whether Extra and Identity.Extra hold no key that is a field's
// own: such a key would stand in the JSON twice, and readers differ on which counts.
func (e *Event) ValidExtra() bool {
	return !e.Extra.has(func(key string) bool {
		return isField("", key) || key == "eventVersion" || key == "userIdentity" || key == "origin"
	}) && !e.Identity.Extra.has(func(key string) bool {
		return isField("userIdentity.", key) || key == "sessionContext"
	})
}

// isField tells whether key is a field by itself, not a path.
func isField(above, key string) bool {
	_, path, ok := Lookup(above + key)
	return ok && path == "" && strings.IndexByte(key, '.') < 0
}

// has tells whether fn is true of a key at the top of the object.
func (o Object) has(fn func(key string) bool) bool {
	if o == "" {
		return false
	}
	c := checker{s: string(o)}
	for c.i++; c.i < len(c.s) && c.s[c.i] == '"'; c.take(',') {
		if fn(c.key()) {
			return true
		}
		if !c.value(0) {
			break
		}
	}
	return false
}

// checker walks canonical JSON. Its methods move i past what they name, or return false.
type checker struct {
	s string
	i int
}

func (c *checker) take(b byte) bool {
	if c.i < len(c.s) && c.s[c.i] == b {
		c.i++
		return true
	}
	return false
}

func (c *checker) literal(s string) bool {
	if len(c.s)-c.i >= len(s) && c.s[c.i:c.i+len(s)] == s {
		c.i += len(s)
		return true
	}
	return false
}

func (c *checker) value(depth int) bool {
	if c.i >= len(c.s) || depth > MaxDepth {
		return false
	}
	switch c.s[c.i] {
	case '"':
		return c.text()
	case '{':
		return c.object(depth)
	case '[':
		return c.array(depth)
	case 't':
		return c.literal("true")
	case 'f':
		return c.literal("false")
	case 'n':
		return c.literal("null")
	}
	return c.number()
}

func (c *checker) object(depth int) bool {
	c.i++
	if c.take('}') {
		return true
	}
	last := ""
	for first := true; ; first = false {
		from := c.i
		if !c.text() {
			return false
		}
		key := c.s[from+1 : c.i-1]
		if !first && !keyLess(last, key) || !c.take(':') || !c.value(depth+1) {
			return false
		}
		last = key
		if c.take('}') {
			return true
		}
		if !c.take(',') {
			return false
		}
	}
}

func (c *checker) array(depth int) bool {
	c.i++
	if c.take(']') {
		return true
	}
	for {
		if !c.value(depth + 1) {
			return false
		}
		if c.take(']') {
			return true
		}
		if !c.take(',') {
			return false
		}
	}
}

// text is a string as AppendString writes it.
func (c *checker) text() bool {
	if !c.take('"') {
		return false
	}
	for s := c.s; c.i < len(s); {
		b := s[c.i]
		switch {
		case b == '"':
			c.i++
			return true
		case b == '\\':
			if !c.escape() {
				return false
			}
		case b < ' ':
			return false
		case b < utf8.RuneSelf:
			c.i++
		default:
			r, n := utf8.DecodeRuneInString(s[c.i:])
			if r == utf8.RuneError && n == 1 {
				return false
			}
			c.i += n
		}
	}
	return false
}

// escape is an escape that AppendString would write, of which there is one for each byte.
func (c *checker) escape() bool {
	s := c.s[c.i:]
	if len(s) < 2 {
		return false
	}
	switch s[1] {
	case '"', '\\', 'n', 'r', 't':
		c.i += 2
		return true
	case 'u':
		if len(s) < 6 || s[2] != '0' || s[3] != '0' {
			return false
		}
		hi, lo := nibble(s[4]), nibble(s[5])
		if hi > 1 || lo > 15 {
			return false
		}
		if b := hi<<4 | lo; b == '\n' || b == '\r' || b == '\t' {
			return false
		}
		c.i += 6
		return true
	}
	return false
}

// number is a JSON number, with the digits of its source.
func (c *checker) number() bool {
	c.take('-')
	if !c.take('0') && !c.digits() {
		return false
	}
	if c.take('.') && !c.digits() {
		return false
	}
	if c.take('e') || c.take('E') {
		if !c.take('+') {
			c.take('-')
		}
		return c.digits()
	}
	return true
}

func (c *checker) digits() bool {
	from := c.i
	for c.i < len(c.s) && c.s[c.i]-'0' < 10 {
		c.i++
	}
	return c.i > from
}

// keyLess compares two keys, as they are written, by the bytes they mean.
func keyLess(a, b string) bool {
	if strings.IndexByte(a, '\\') < 0 && strings.IndexByte(b, '\\') < 0 {
		return a < b
	}
	return unescape(a) < unescape(b)
}

// unescape is the meaning of the inside of a canonical string.
func unescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	for ; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			i++
			switch c = s[i]; c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'u':
				c = nibble(s[i+3])<<4 | nibble(s[i+4])
				i += 4
			}
		}
		b = append(b, c)
	}
	return string(b)
}
