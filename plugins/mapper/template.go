package mapper

import "strings"

// templates remembers the names made for requests without a route: there are few
// of them, and each is used again and again.
type templates struct {
	made  map[string]numbered // by method and template
	cased map[string]string   // names in pascal case, by how they were logged
	text  []byte
	last  int // number of the one that was asked for last; 0: it has none
}

type numbered struct {
	text   string
	number int
}

// Limits of templates.
const (
	maxTemplateSegments = 8    // what is deeper is {path...}
	maxTemplates        = 4096 // remembered
	maxWord             = 40   // bytes of a segment that may be a word
)

// InvalidRequest names requests that are none: the first line was not HTTP.
const InvalidRequest = "InvalidRequest"

// template is "METHOD /path" with what looks like an id replaced: the name of
// requests that no route names. It never holds an id or a name that a client chose
// where the path's form tells them apart.
func (m *Mapper) template() string {
	q := &m.request
	if q.method == "" || q.path == "" {
		m.templates.last = firstTemplate
		return InvalidRequest
	}
	t := &m.templates
	t.text = append(append(t.text[:0], q.method...), ' ')
	t.text = m.appendShape(t.text)
	return t.intern()
}

// shape is the template of the path alone.
func (m *Mapper) shape() string {
	t := &m.templates
	t.text = m.appendShape(t.text[:0])
	return t.intern()
}

func (t *templates) intern() string {
	if had, ok := t.made[string(t.text)]; ok {
		t.last = had.number
		return had.text
	}
	s := string(t.text)
	if t.made == nil {
		t.made = map[string]numbered{}
	}
	if t.last = 0; len(t.made) < maxTemplates {
		t.last = firstTemplate + 1 + len(t.made)
		t.made[s] = numbered{s, t.last}
	}
	return s
}

func (m *Mapper) appendShape(b []byte) []byte {
	segments := m.path.segments
	for _, s := range m.rulesPrefix() {
		b = append(append(b, '/'), s...)
	}
	if len(segments) == 0 {
		return append(b, '/')
	}
	before := ""
	for i, s := range segments {
		b = append(b, '/')
		switch {
		case i == maxTemplateSegments:
			return append(b, "{path...}"...)
		case m.path.secret && looksSecret(s):
			b = append(b, "{id}"...)
			before = ""
		case isWord(s) && (!isCollection(before) || isVerb(s)):
			b = append(b, s...)
			before = s
		default:
			b = append(b, "{id}"...)
			before = ""
		}
	}
	return b
}

// rulesPrefix is the prefix that was stripped of the path.
func (m *Mapper) rulesPrefix() []string {
	if m.stripped {
		return m.rules.prefix
	}
	return nil
}

// isWord tells whether a segment may be a part of the interface: letters, with
// single - _ or . between them, and a version such as v2. Digits elsewhere, a
// mixture of cases as in a token, and whatever is long make it an id.
func isWord(s string) bool {
	if len(s) > maxWord {
		return false
	}
	if s[0] == 'v' && len(s) <= 4 && len(s) > 1 {
		if _, ok := whole(s[1:]); ok {
			return true
		}
	}
	if c := s[0]; !isLetter(c) && c != '.' && c != '_' {
		return false
	}
	changes := 0 // from a small letter to a capital
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
		if i > 0 && c >= 'A' && c <= 'Z' && s[i-1] >= 'a' && s[i-1] <= 'z' {
			changes++
		}
	}
	return changes <= 4
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// isCollection tells whether what follows a segment names one of many: the
// segment is a plural (orders, users). "/users/alice" must not make a name of alice.
func isCollection(s string) bool {
	return len(s) > 3 && s[len(s)-1] == 's' && s[len(s)-2] != 's' && !strings.HasSuffix(s, "us") && !strings.HasSuffix(s, "is")
}

// isVerb tells whether a segment after a collection is an operation on it rather than one of it.
func isVerb(s string) bool {
	switch s {
	case "search", "count", "batch", "bulk", "export", "import", "me", "self", "current", "status", "health", "login", "logout", "new", "stats", "list", "query":
		return true
	}
	return false
}
