package query

import (
	"encoding/json"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// The text of a body is canonical JSON (event.Object), so it is walked where it
// stands. What is not canonical ends a walk; it has no further objects.

// walkObjects calls fn with the begin and the end of each object at the path
// below an object, in the order of the text, until fn returns false.
func walkObjects(object, path string, fn func(from, to int) bool) {
	walkMembers(object, 0, path, 0, fn)
}

// walkMembers looks for the path in the object at i. It returns where that ends; -1 ends the walk.
func walkMembers(s string, i int, path string, depth int, fn func(from, to int) bool) int {
	if i >= len(s) || s[i] != '{' || depth > event.MaxDepth {
		return -1
	}
	for i++; i < len(s) && s[i] != '}'; {
		var key string
		if key, i = keyAt(s, i); i < 0 {
			return -1
		}
		switch {
		case key == path:
			i = walkValue(s, i, "", true, depth+1, fn)
		case len(path) > len(key) && path[len(key)] == '.' && strings.HasPrefix(path, key):
			i = walkValue(s, i, path[len(key)+1:], false, depth+1, fn)
		default:
			i = skipValue(s, i)
		}
		if i < 0 || i >= len(s) {
			return -1
		}
		if s[i] == ',' {
			i++
		}
	}
	return i + 1
}

// walkValue looks for the path below the value at i, or here: then an object there is one.
func walkValue(s string, i int, path string, here bool, depth int, fn func(from, to int) bool) int {
	switch {
	case i >= len(s) || depth > event.MaxDepth:
		return -1
	case s[i] == '[':
		for i++; i < len(s) && s[i] != ']'; {
			if i = walkValue(s, i, path, here, depth+1, fn); i < 0 || i >= len(s) {
				return -1
			}
			if s[i] == ',' {
				i++
			}
		}
		return i + 1
	case s[i] == '{' && !here:
		return walkMembers(s, i, path, depth, fn)
	}
	end := skipValue(s, i)
	if s[i] == '{' && end > 0 && !fn(i, end) {
		return -1
	}
	return end
}

// allObjects calls fn for each object within a body, one before those within
// itself, until fn returns false; it tells whether fn never did.
func allObjects(body string, fn func(path string, from, to int) bool) bool {
	more := true
	var value func(i int, path string, depth int) int
	value = func(i int, path string, depth int) int {
		if i >= len(body) || depth > event.MaxDepth {
			return -1
		}
		switch body[i] {
		case '{':
			if depth > 0 {
				end := skipValue(body, i)
				if end < 0 {
					return -1
				}
				if more = fn(path, i, end); !more {
					return -1
				}
				path += "."
			}
			for i++; i < len(body) && body[i] != '}'; {
				var key string
				if key, i = keyAt(body, i); i < 0 {
					return -1
				}
				if i = value(i, path+key, depth+1); i < 0 || i >= len(body) {
					return -1
				}
				if body[i] == ',' {
					i++
				}
			}
			return i + 1
		case '[':
			for i++; i < len(body) && body[i] != ']'; {
				if i = value(i, path, depth+1); i < 0 || i >= len(body) {
					return -1
				}
				if body[i] == ',' {
					i++
				}
			}
			return i + 1
		}
		return skipValue(body, i)
	}
	value(0, "", 0)
	return more
}

// keyAt is the key at i, and where its value begins; -1 when there is none.
func keyAt(s string, i int) (key string, next int) {
	end := skipValue(s, i)
	if end < 0 || s[i] != '"' || end >= len(s) || s[end] != ':' {
		return "", -1
	}
	if key = s[i+1 : end-1]; strings.IndexByte(key, '\\') >= 0 {
		return unescapedKey(s[i:end], end+1)
	}
	return key, end + 1
}

func unescapedKey(text string, then int) (key string, next int) {
	if json.Unmarshal([]byte(text), &key) != nil {
		return "", -1
	}
	return key, then
}

// skipValue is the end of the value at i, after it; -1 when there is none.
func skipValue(s string, i int) int {
	if i >= len(s) {
		return -1
	}
	if c := s[i]; c != '"' && c != '{' && c != '[' {
		n := strings.IndexAny(s[i:], ",:]}")
		if n <= 0 {
			return -1
		}
		return i + n
	}
	for open := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			open++
		case '}', ']':
			open--
		}
		if open == 0 {
			if i >= len(s) {
				return -1
			}
			return i + 1
		}
	}
	return -1
}
