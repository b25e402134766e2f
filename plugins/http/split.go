package httpsource

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

// How a body becomes records.
const (
	SplitAuto  = "auto"  // what it begins with tells
	SplitJSON  = "json"  // values one after the other; of an array, and of an audit EventList, the elements
	SplitLines = "lines" // a record a line, whatever is in it
)

// maxDepth is how deep JSON may be nested.
const maxDepth = 1000

// splitter cuts a body into records. They are parts of the body, which is changed where an
// element is spread over lines.
type splitter struct {
	body    []byte
	most    int // records
	records [][]byte
	nested  []byte // closing brackets that are waited for
}

// split returns the records of a body, in order. Of JSON only the brackets, strings and commas
// are looked at: what is wrong inside of an element its mapper tells, and the others are kept.
func split(body []byte, how string, most int) ([][]byte, *problem) {
	s := splitter{body: body, most: most}
	at := 0
	if bytes.HasPrefix(body, []byte("\ufeff")) {
		at = 3
	}
	if how == SplitAuto {
		how = s.guess(at)
	}
	var p *problem
	if how == SplitLines {
		p = s.lines(at)
	} else {
		p = s.values(at)
	}
	if p != nil {
		return nil, p
	}
	return s.records, nil
}

// guess looks at the beginning. Lines of text may begin with a bracket, too; of JSON lines
// the first one is a whole value and there are others, of which one that is broken does not
// make the rest of the body so.
func (s *splitter) guess(at int) string {
	at = s.space(at)
	if at == len(s.body) {
		return SplitLines
	}
	switch s.body[at] {
	case '[':
		if next := s.space(at + 1); next == len(s.body) || bytes.IndexByte([]byte("{[]"), s.body[next]) >= 0 {
			return SplitJSON
		}
	case '{':
		line := bytes.IndexByte(s.body[at:], '\n')
		if line < 0 {
			return SplitJSON
		}
		first := splitter{body: s.body[:at+line]}
		end, p := first.value(at)
		if p == nil && first.space(end) == len(first.body) && s.space(at+line) < len(s.body) {
			return SplitLines
		}
		return SplitJSON
	}
	return SplitLines
}

func (s *splitter) lines(at int) *problem {
	for at < len(s.body) {
		line, next := s.body[at:], len(s.body)
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line, next = line[:i], at+i+1
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(bytes.TrimSpace(line)) > 0 {
			if p := s.add(line); p != nil {
				return p
			}
		}
		at = next
	}
	return nil
}

// values adds the values of a body; of those that are lists their elements.
func (s *splitter) values(at int) *problem {
	for at = s.space(at); at < len(s.body); at = s.space(at) {
		from, to := at, 0
		var p *problem
		if s.body[at] == '[' {
			to, p = s.elements(at)
		} else if to, p = s.value(at); p == nil {
			if items := s.items(from, to); items >= 0 {
				_, p = s.elements(items)
			} else {
				p = s.element(from, to)
			}
		}
		if p != nil {
			return p
		}
		at = to
	}
	return nil
}

// items is where the list of a Kubernetes audit EventList begins, -1 when the value is none.
func (s *splitter) items(from, to int) int {
	if s.body[from] != '{' || !bytes.Contains(s.body[from:to], []byte(`"EventList"`)) {
		return -1
	}
	list, kind, version := -1, false, false
	at := s.space(from + 1)
	for at < to && s.body[at] == '"' {
		end, p := s.value(at)
		if p != nil {
			return -1
		}
		key := s.body[at:end]
		if at = s.space(end); at >= to || s.body[at] != ':' {
			return -1
		}
		at = s.space(at + 1)
		if end, p = s.value(at); p != nil {
			return -1
		}
		value := s.body[at:end]
		switch string(key) {
		case `"items"`:
			if list = -1; value[0] == '[' {
				list = at
			}
		case `"kind"`:
			kind = string(value) == `"EventList"`
		case `"apiVersion"`:
			version = bytes.HasPrefix(value, []byte(`"audit.k8s.io/`))
		}
		if at = s.space(end); at < to && s.body[at] == ',' {
			at = s.space(at + 1)
		}
	}
	if !kind || !version {
		return -1
	}
	return list
}

// elements adds those of the list that begins here, and returns where it ends.
func (s *splitter) elements(at int) (int, *problem) {
	at = s.space(at + 1)
	if at < len(s.body) && s.body[at] == ']' {
		return at + 1, nil
	}
	for {
		end, p := s.value(at)
		if p != nil {
			return 0, p
		}
		if p := s.element(at, end); p != nil {
			return 0, p
		}
		at = s.space(end)
		switch {
		case at == len(s.body):
			return 0, s.wrong(at, "the body ends inside of a list")
		case s.body[at] == ']':
			return at + 1, nil
		case s.body[at] != ',':
			return 0, s.wrong(at, fmt.Sprintf("a list has %q where a comma or ] belongs", s.body[at]))
		}
		at = s.space(at + 1)
	}
}

// element adds a value as it is; one that is spread over lines, without the space in it.
func (s *splitter) element(from, to int) *problem {
	data := s.body[from:to]
	if bytes.ContainsAny(data, "\n\r") {
		var one bytes.Buffer
		if json.Compact(&one, data) == nil {
			data = data[:copy(data, one.Bytes())]
		}
	}
	return s.add(data)
}

func (s *splitter) add(data []byte) *problem {
	if len(s.records) == s.most {
		return refuse(http.StatusRequestEntityTooLarge, "too-many-records", "The body has too many records", fmt.Sprintf("max_records is %d", s.most), "send fewer records at a time")
	}
	s.records = append(s.records, data[:len(data):len(data)])
	return nil
}

// value returns where the value that begins here ends.
func (s *splitter) value(at int) (int, *problem) {
	if at == len(s.body) {
		return 0, s.wrong(at, "the body ends where a value belongs")
	}
	switch c := s.body[at]; c {
	case '"':
		return s.text(at)
	case '{', '[':
		return s.brackets(at)
	case '}', ']', ',', ':':
		return 0, s.wrong(at, fmt.Sprintf("%q where a value belongs", c))
	}
	for at < len(s.body) && !delimits(s.body[at]) {
		at++
	}
	return at, nil
}

func delimits(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ']', '}', '[', '{', '"', ':':
		return true
	}
	return false
}

func (s *splitter) brackets(at int) (int, *problem) {
	from := at
	s.nested = s.nested[:0]
	for at < len(s.body) {
		switch c := s.body[at]; c {
		case '"':
			end, p := s.text(at)
			if p != nil {
				return 0, p
			}
			at = end
			continue
		case '{', '[':
			if len(s.nested) == maxDepth {
				return 0, s.wrong(at, fmt.Sprintf("nested deeper than %d", maxDepth))
			}
			s.nested = append(s.nested, c+2) // the closing one, in ASCII
		case '}', ']':
			last := len(s.nested) - 1
			if s.nested[last] != c {
				return 0, s.wrong(at, fmt.Sprintf("%q where %q belongs", c, s.nested[last]))
			}
			if s.nested = s.nested[:last]; last == 0 {
				return at + 1, nil
			}
		}
		at++
	}
	return 0, s.wrong(len(s.body), fmt.Sprintf("the body ends inside of the value that begins at byte %d", from))
}

// text returns where the string that begins here ends.
func (s *splitter) text(at int) (int, *problem) {
	for end := at + 1; ; {
		i := bytes.IndexByte(s.body[end:], '"')
		if i < 0 {
			return 0, s.wrong(len(s.body), fmt.Sprintf("the body ends inside of the string that begins at byte %d", at))
		}
		end += i + 1
		escapes := 0
		for j := end - 2; j > at && s.body[j] == '\\'; j-- {
			escapes++
		}
		if escapes%2 == 0 {
			return end, nil
		}
	}
}

func (s *splitter) space(at int) int {
	for at < len(s.body) {
		switch s.body[at] {
		case ' ', '\t', '\r', '\n':
			at++
		default:
			return at
		}
	}
	return at
}

func (s *splitter) wrong(at int, text string) *problem {
	p := refuse(http.StatusBadRequest, "not-json", "The body is not JSON", fmt.Sprintf("at byte %d: %s", at, text), "")
	offset := int64(at)
	p.Offset = &offset
	return p
}
