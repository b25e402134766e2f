package event

import "strings"

// Leaves calls fn for each value that is not an object or an array, with the
// keys above it joined by dots; the elements of an array have its own path.
// Numbers and booleans come as they are written; null is left out. The order is
// that of the text: keys sorted.
func (o Object) Leaves(fn func(path, value string)) {
	if !o.Valid() { // not made here
		o, _ = ParseObject([]byte(o))
	}
	if o != "" {
		c := checker{s: string(o)}
		c.leaves("", true, fn)
	}
}

// Get is the first value that Leaves would give for this path.
func (o Object) Get(path string) (value string, ok bool) {
	o.Each(path, func(v string) bool {
		value, ok = v, true
		return false
	})
	return value, ok
}

// Each calls fn for the values that Leaves would give for this path, until it returns false.
func (o Object) Each(path string, fn func(value string) bool) {
	if o != "" {
		c := checker{s: string(o)}
		c.each(path, false, 0, fn)
	}
}

// leaf is the value at c, if it is one; what is not, and null, is left where it is.
func (c *checker) leaf() (value string, ok bool) {
	from := c.i
	switch c.s[from] {
	case '{', '[', 'n':
		return "", false
	case '"':
		if !c.text() {
			return "", false
		}
		return unescape(c.s[from+1 : c.i-1]), true
	}
	if !c.value(0) {
		return "", false
	}
	return c.s[from:c.i], true
}

// leaves walks the value at c, which is valid.
func (c *checker) leaves(path string, root bool, fn func(path, value string)) {
	switch c.s[c.i] {
	case '{':
		for c.i++; c.s[c.i] != '}'; c.take(',') {
			key := c.key()
			if !root {
				key = path + "." + key
			}
			c.leaves(key, false, fn)
		}
		c.i++
	case '[':
		for c.i++; c.s[c.i] != ']'; c.take(',') {
			c.leaves(path, false, fn)
		}
		c.i++
	case 'n':
		c.literal("null")
	default:
		if v, ok := c.leaf(); ok {
			fn(path, v)
		}
	}
}

// key moves past a key and its colon; "" also when there is none.
func (c *checker) key() string {
	from := c.i
	if !c.text() {
		return ""
	}
	key := unescape(c.s[from+1 : c.i-1])
	c.take(':')
	return key
}

// each walks the value at c for path, which ends here or goes on below. It
// returns false when fn did, or when the text is not canonical.
func (c *checker) each(path string, here bool, depth int, fn func(string) bool) bool {
	if c.i >= len(c.s) || depth > MaxDepth {
		return false
	}
	open := c.s[c.i]
	switch {
	case open == '{' && !here:
		for c.i++; !c.take('}'); c.take(',') {
			if c.i >= len(c.s) || c.s[c.i] != '"' {
				return false
			}
			key := c.key()
			ok := false
			switch {
			case key == path:
				ok = c.each("", true, depth+1, fn)
			case len(path) > len(key) && path[len(key)] == '.' && strings.HasPrefix(path, key):
				ok = c.each(path[len(key)+1:], false, depth+1, fn)
			default:
				ok = c.value(0)
			}
			if !ok {
				return false
			}
		}
		return true
	case open == '[':
		for c.i++; !c.take(']'); c.take(',') {
			if !c.each(path, here, depth+1, fn) {
				return false
			}
		}
		return true
	case here && open != '{' && open != 'n':
		v, ok := c.leaf()
		return ok && fn(v)
	}
	return c.value(0)
}
