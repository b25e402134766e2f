package mapper

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	errObject = errors.New("it does not begin with {")
	errMember = errors.New("a key or value is broken")
	errCut    = errors.New("it ends too early")
	errMore   = errors.New("more follows after the object")
	errDeep   = errors.New("objects and arrays are nested too deep")
)

// members reads the members of JSON objects. It remembers what stood before each
// value of the object before, because the records of a log mostly have the same
// keys in the same order: then one comparison finds a key. The zero value is ready
// for the keys of nginx.
type members struct {
	steps  []step
	quotes quotes                // of the object that is read
	slot   func(key string) slot // of a key, always the same; nil: slotOf
}

// step is what stood between two values: the comma or brace, the key, the colon,
// and the quote of a value that is a string.
type step struct {
	text     []byte
	from, to int // the key in text
	slot     slot
	quoted   bool
}

// maxSteps bounds what is remembered of objects that are not records of a log.
const maxSteps = 128

// each goes through the members of a JSON object. A value whose slot has a place in
// texts goes there, unless it says nothing. Of a slot that says text and nothing
// else (textSlots) the last counts; of any other fn is given the second one, and
// all after it. For all else it calls fn with the slot of the key: strings unescaped,
// numbers and literals as they are written, objects and arrays as their text. The
// strings alias b, or scratch where they had to be unescaped.
// Values are checked as far as is needed to find their end. escapes tells that
// there may be a backslash in b.
func (m *members) each(b []byte, escapes bool, scratch *[]byte, texts []string, fn func(s slot, key, value string, quoted bool)) error {
	m.quotes.mark(b)
	return m.eachMarked(b, m.quotes, escapes, scratch, texts, fn)
}

// eachMarked is each of an object whose quotes are marked already.
func (m *members) eachMarked(b []byte, quotes quotes, escapes bool, scratch *[]byte, texts []string, fn func(s slot, key, value string, quoted bool)) error {
	for i, k := 0, 0; ; k++ {
		if !escapes { // nearly always
			i, k = m.foreseen(b, quotes, i, k, texts)
		}
		var key string
		var s *step
		start := i
		if k < len(m.steps) && m.steps[k].foresees(b, i) {
			s = &m.steps[k]
			key = view(b[i+s.from : i+s.to])
			i += len(s.text)
		} else {
			var done bool
			var err error
			var found step
			if key, i, done, err = readKey(b, i, k == 0, escapes, scratch); err != nil || done {
				return err
			}
			s = m.learn(k, &found, b[start:i], key)
		}
		value, next, err := valueAt(b, quotes, i, s.quoted, escapes, scratch)
		if err != nil {
			return err
		}
		i = next
		if at := int(s.slot); at >= len(texts) || at >= int(textSlots) && texts[at] != "" {
			fn(s.slot, key, value, s.quoted)
		} else if value = dash(value); value != "" && (s.quoted || value != "null") { // a number, where text is usual
			texts[at] = value
		}
	}
}

// foreseen goes on through members that come as they did in the object before, from
// b[i] and the step k on: those whose values are strings or numbers that go into
// texts, which nearly all of a log's are. It tells how far it came. b has no
// backslash.
func (m *members) foreseen(b []byte, quotes quotes, i, k int, texts []string) (next, step int) {
	steps := m.steps
	for ; uint(k) < uint(len(steps)); k++ {
		s := &steps[k]
		text, at := s.text, uint(s.slot)
		from := i + len(text)
		if from >= len(b) || len(text) < 8 || at >= uint(len(texts)) || !alike(b[i:from], text) {
			break
		}
		to := quotes.next(from, len(b))
		if to < 0 {
			break
		}
		i = to + 1
		if !s.quoted {
			to-- // the comma before the next key
			if i = to; to <= from || b[to] != ',' || !areDigits(b, from, to) {
				return from - len(text), k
			}
		}
		if value := dash(view(b[from:to])); value != "" {
			if at >= uint(textSlots) && texts[at] != "" {
				return from - len(text), k
			}
			texts[at] = value
		}
	}
	return i, k
}

// valueAt reads the value at b[i], for a string that after its quote, and returns
// the index after it.
func valueAt(b []byte, quotes quotes, i int, quoted, escapes bool, scratch *[]byte) (value string, next int, err error) {
	if quoted && escapes {
		return stringAt(b, i-1, escapes, scratch)
	}
	if quoted {
		if next = quotes.next(i, len(b)); next < 0 {
			return "", 0, errCut
		}
		return view(b[i:next]), next + 1, nil
	}
	if next = plainEnd(b, i); next < 0 {
		if next, err = valueEnd(b, i); err != nil {
			return "", 0, err
		}
	}
	return view(trimRight(b[i:next])), next, nil
}

// foresees tells whether the step stands at b[i], with a value after it.
func (s *step) foresees(b []byte, i int) bool {
	n := i + len(s.text)
	if n >= len(b) || !same(b[i:n], s.text) {
		return false
	}
	return s.quoted || b[n] != '"' && b[n] > ' '
}

// same tells whether b is text, which has as many bytes.
func same(b, text []byte) bool {
	if len(text) < 8 || len(b) != len(text) {
		return string(b) == string(text)
	}
	return alike(b, text)
}

// alike is same of eight bytes or more. They are a few words, which are compared
// in less time than a call takes.
func alike(b, text []byte) bool {
	last := len(text) - 8
	differ := binary.LittleEndian.Uint64(b) ^ binary.LittleEndian.Uint64(text)
	differ |= binary.LittleEndian.Uint64(b[last:]) ^ binary.LittleEndian.Uint64(text[last:])
	for k := 8; k < last; k += 8 {
		differ |= binary.LittleEndian.Uint64(b[k:]) ^ binary.LittleEndian.Uint64(text[k:])
	}
	return differ == 0
}

// learn makes the step to member k of what was read: all from the end of the
// value before to the beginning of this one. What will not come again goes into
// spare.
func (m *members) learn(k int, spare *step, text []byte, key string) *step {
	s := spare
	from := bytes.IndexByte(text, '"') + 1
	if k <= len(m.steps) && k < maxSteps && bytes.IndexByte(text, '\\') < 0 { // no step after one that could not be learnt
		if k == len(m.steps) {
			m.steps = append(m.steps, step{})
		}
		s = &m.steps[k]
		s.text = append(s.text[:0], text...)
	}
	s.from, s.to = from, from+len(key)
	if m.slot != nil {
		s.slot = m.slot(key)
	} else {
		s.slot = slotOf(key)
	}
	s.quoted = text[len(text)-1] == '"'
	return s
}

// readKey reads what stands before a value, from b[i] on: the object's brace or a
// comma, the key, the colon. The result is the index of the value, for a string
// that after its quote. done tells that there are no more members.
func readKey(b []byte, i int, first, escapes bool, scratch *[]byte) (key string, next int, done bool, err error) {
	i = skipSpace(b, i)
	switch {
	case first:
		if i == len(b) || b[i] != '{' {
			return "", 0, false, errObject
		}
		if i = skipSpace(b, i+1); i < len(b) && b[i] == '}' {
			return "", 0, true, end(b, i+1)
		}
	case i == len(b):
		return "", 0, false, errCut
	case b[i] == '}':
		return "", 0, true, end(b, i+1)
	case b[i] != ',':
		return "", 0, false, errMember
	default:
		i = skipSpace(b, i+1)
	}
	key, i, err = stringAt(b, i, escapes, scratch)
	if err != nil {
		return "", 0, false, err
	}
	if i = skipSpace(b, i); i == len(b) || b[i] != ':' {
		return "", 0, false, errMember
	}
	if i = skipSpace(b, i+1); i == len(b) {
		return "", 0, false, errCut
	}
	if b[i] == '"' {
		i++
	}
	return key, i, false, nil
}

// areDigits tells whether b[i:next] is up to eight digits and points.
func areDigits(b []byte, i, next int) bool {
	if next-i > 8 || i+8 > len(b) {
		return false
	}
	inside := uint64(1)<<(8*uint(next-i)) - 1
	x := binary.LittleEndian.Uint64(b[i:])&inside | '0'*ones&^inside
	return (x|(x&^highs+(0x80-'9'-1)*ones)|^(x&^highs+(0x80-'.')*ones))&highs == 0
}

// plainEnd is the index after a number or a literal that is followed at once by
// the next member or the end; -1 for all else.
func plainEnd(b []byte, i int) int {
	for start := i; i < len(b); i++ {
		switch c := b[i]; {
		case c >= '0' && c <= '9', c == '.', c >= 'a' && c <= 'z':
		case (c == ',' || c == '}') && i > start:
			return i
		default:
			return -1
		}
	}
	return -1
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
	n := quoteAt(b, i)
	if n < 0 {
		return "", 0, errCut
	}
	if s := b[i:n]; !escapes || bytes.IndexByte(s, '\\') < 0 {
		return view(s), n + 1, nil
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

// quoteAt is the index of the first quote from b[i] on, -1 when there is none. Most
// values are short: the first bytes are looked at without a call.
func quoteAt(b []byte, i int) int {
	for far := min(len(b)-8, i+24); i <= far; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:]) ^ '"'*ones
		if zero := (x - ones) &^ x & highs; zero != 0 {
			return i + bits.TrailingZeros64(zero)>>3
		}
	}
	n := bytes.IndexByte(b[i:], '"')
	if n < 0 {
		return -1
	}
	return i + n
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
