package local

import (
	"encoding/json"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// The shape of an object is its text with a mark in the place of each leaf, so
// that objects made alike have one shape, and differ by their leaves only. An
// object that cannot be taken apart and put together again has its whole text
// behind the mark wholeObject as its shape.
const (
	markText    = 0x00 // of a string
	markLiteral = 0x01 // of a number, true or false; null belongs to the shape
	wholeObject = 0x02
	flatObject  = 0x03 // in a block: the whole shape of an object of strings only, whose keys the names of its leaf columns tell
)

// maxShapeLeaves is how many leaves an object has that is taken apart.
const maxShapeLeaves = 256

// shaper takes objects apart. Its results are valid until the next one.
type shaper struct {
	shape  []byte
	leaves []string
	odd    bool // a number may not be one, or true or false
}

// split takes an object apart.
func (s *shaper) split(o event.Object) {
	s.shape, s.leaves, s.odd = s.shape[:0], s.leaves[:0], false
	if !s.walk(string(o)) {
		s.shape, s.leaves = append(append(s.shape[:0], wholeObject), o...), s.leaves[:0]
	}
}

func (s *shaper) walk(o string) bool {
	if o == "" || o[0] != '{' {
		return false
	}
	taken := 0
	for i := 0; i < len(o); {
		switch c := o[i]; {
		case c == '"':
			end, plain := textEnd(o, i)
			if end < 0 {
				return false
			}
			if end < len(o) && o[end] == ':' {
				i = end + 1
				continue
			}
			value := o[i+1 : end-1]
			if !plain {
				if json.Unmarshal([]byte(o[i:end]), &value) != nil || string(event.AppendString(nil, value)) != o[i:end] {
					return false
				}
			}
			s.shape = append(append(s.shape, o[taken:i]...), markText)
			s.leaves = append(s.leaves, value)
			i, taken = end, end
		case c == '-' || '0' <= c && c <= '9' || c == 't' || c == 'f':
			end := i + 1
			for end < len(o) && o[end] != ',' && o[end] != '}' && o[end] != ']' {
				end++
			}
			s.shape = append(append(s.shape, o[taken:i]...), markLiteral)
			s.leaves = append(s.leaves, o[i:end])
			s.odd = s.odd || !isPlainLiteral(o[i:end])
			i, taken = end, end
		case c < ' ':
			return false
		default:
			i++
		}
	}
	s.shape = append(s.shape, o[taken:]...)
	return len(s.leaves) <= maxShapeLeaves
}

// isPlainLiteral tells whether a text is quickly seen to be true, false or a number.
func isPlainLiteral(s string) bool {
	if s[0] > '9' {
		return s == "true" || s == "false"
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s[0] != '0' || len(s) == 1
}

// textEnd is behind the string that begins at i, or -1; plain tells that nothing in it is escaped, or could be.
func textEnd(o string, i int) (end int, plain bool) {
	plain = true
	for i++; i < len(o); i++ {
		switch c := o[i]; {
		case c == '"':
			return i + 1, plain
		case c == '\\':
			plain = false
			i++
		case c < ' ' || c >= 0x80:
			plain = false
		}
	}
	return -1, false
}

// shapePiece is a part of a shape and the leaf behind it.
type shapePiece struct {
	text string
	path string
	mark byte
}

// isFlat tells whether flatPieces of the paths makes these pieces.
func isFlat(pieces []shapePiece, end string) bool {
	for i, p := range pieces {
		head := `{"`
		if i > 0 {
			head = `,"`
		}
		n := len(p.path)
		if p.mark != markText || len(p.text) != n+4 || p.text[:2] != head || p.text[2:n+2] != p.path || p.text[n+2:] != `":` {
			return false
		}
	}
	return len(pieces) > 0 && end == "}"
}

// flatPieces are those of an object of strings with these keys.
func flatPieces(keys []string) (pieces []shapePiece, end string) {
	for i, key := range keys {
		head := `{"`
		if i > 0 {
			head = `,"`
		}
		pieces = append(pieces, shapePiece{head + key + `":`, key, markText})
	}
	return pieces, "}"
}

// shapePieces takes a shape apart: pieces with a leaf each, and what follows the
// last one. A shape that walk does not make gives paths that mean nothing, and no panic.
func shapePieces(shape string) (pieces []shapePiece, end string) {
	if shape == "" || shape[0] == wholeObject {
		return nil, strings.TrimPrefix(shape, string(rune(wholeObject)))
	}
	type level struct {
		path  string
		array bool
	}
	stack := []level{{}}
	key := ""
	at := func() string {
		top := stack[len(stack)-1]
		if top.array || len(stack) == 1 {
			return top.path
		}
		if len(stack) == 2 {
			return key
		}
		return top.path + "." + key
	}
	from := 0
	for i := 0; i < len(shape); {
		switch c := shape[i]; c {
		case '"':
			end, plain := textEnd(shape, i)
			if end < 0 {
				end = len(shape)
			}
			if key = shape[i+1 : max(i+1, end-1)]; !plain {
				var text string
				if json.Unmarshal([]byte(shape[i:end]), &text) == nil {
					key = text
				}
			}
			i = end
			continue
		case '{', '[':
			stack = append(stack, level{at(), c == '['})
		case '}', ']':
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
		case markText, markLiteral:
			pieces = append(pieces, shapePiece{shape[from:i], at(), c})
			from = i + 1
		}
		i++
	}
	return pieces, shape[from:]
}
