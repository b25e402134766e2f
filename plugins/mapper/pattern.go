package mapper

import (
	"fmt"
	"slices"
	"strings"
)

// Pattern is what a route matches: a method, a path template, and for gateways
// whose action stands in the query (RPC style) the parameters that tell it:
//
//	POST /v1/instances/{id}/stop
//	*    /repos/{owner}/{repo}/contents/{path...}
//	GET  /reports/{name}.{format}
//	GET  /?Action=DescribeInstances
type Pattern struct {
	text     string
	method   string // "*": any
	segments []segment
	query    []field
}

// segment is one part of a template: a literal, a parameter, both, or the tail.
type segment struct {
	literal string // decoded
	name    string // of a parameter that takes all of it
	tail    bool   // the parameter takes all that is left
	mixed   *mixed // parameters that take parts of it
}

// names are those of its parameters.
func (s *segment) names() []string {
	switch {
	case s.mixed != nil:
		return s.mixed.names
	case s.name != "":
		return []string{s.name}
	}
	return nil
}

// String is the pattern as it was written, with one space between its parts.
func (p *Pattern) String() string { return p.text }

// Shape is the same for two patterns exactly if they match the same requests.
func (p *Pattern) Shape() string {
	var b strings.Builder
	b.WriteString(p.method)
	for _, s := range p.segments {
		switch {
		case s.tail:
			b.WriteString("/{...}")
		case s.mixed != nil:
			b.WriteByte('/')
			for i, text := range s.mixed.texts {
				if i > 0 {
					b.WriteString("{}")
				}
				b.WriteString(shapeText(text))
			}
		case s.name != "":
			b.WriteString("/{}")
		default:
			b.WriteString("/" + shapeText(s.literal))
		}
	}
	for _, q := range p.query {
		b.WriteString("&" + q.name + "=" + q.value)
	}
	return b.String()
}

// shapeText is decoded text as it stands in a shape.
func shapeText(s string) string {
	for _, c := range "%/{}&" {
		s = strings.ReplaceAll(s, string(c), fmt.Sprintf("%%%02X", c))
	}
	return s
}

// ParsePattern reads a pattern.
func ParsePattern(s string) (Pattern, error) {
	parts := strings.Fields(s)
	if len(parts) != 2 {
		return Pattern{}, fmt.Errorf("pattern %q is not a method and a path: write \"DELETE /orders/{order}\"", s)
	}
	return parsePattern(parts[0], parts[1], isIdentifier)
}

// parsePattern reads a pattern whose parameters may have these names.
func parsePattern(method, target string, named func(string) bool) (Pattern, error) {
	text := method + " " + target
	p := Pattern{text: text, method: strings.ToUpper(method)}
	if p.method != "*" && !isMethod(p.method) {
		return Pattern{}, fmt.Errorf("pattern %q: %q is not a method: write GET, POST, … or * for any", text, method)
	}
	template, query, _ := strings.Cut(target, "?")
	if !strings.HasPrefix(template, "/") {
		return Pattern{}, fmt.Errorf("pattern %q: its path does not begin with /: write the host of a route as its attribute, host = \"api.example\"", text)
	}
	if strings.IndexByte(template, '#') >= 0 {
		return Pattern{}, fmt.Errorf("pattern %q: no request has a #: leave out what follows", text)
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(template, "/") {
		if part == "" {
			continue
		}
		if l := string(appendUnescaped(nil, part, false)); l == "." || l == ".." {
			return Pattern{}, fmt.Errorf("pattern %q: . and .. are resolved before routes are looked up: leave them out", text)
		}
		if n := len(p.segments); n > 0 && p.segments[n-1].tail {
			return Pattern{}, fmt.Errorf("pattern %q: {%s...} takes all that is left, so nothing can follow it", text, p.segments[n-1].name)
		}
		seg, err := parseSegment(part, named)
		if err != nil {
			return Pattern{}, fmt.Errorf("pattern %q: %w", text, err)
		}
		for _, name := range seg.names() {
			if seen[name] {
				return Pattern{}, fmt.Errorf("pattern %q has {%s} twice", text, name)
			}
			seen[name] = true
		}
		p.segments = append(p.segments, seg)
	}
	if len(p.segments) > maxSegments {
		return Pattern{}, fmt.Errorf("pattern %q has more than %d segments", text, maxSegments)
	}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" || value == "" {
			return Pattern{}, fmt.Errorf("pattern %q: %q in its query is not name=value", text, pair)
		}
		if strings.ContainsAny(value, "{}") {
			return Pattern{}, fmt.Errorf("pattern %q: %q in its query is no fixed value: a block rpc %q names all actions of a query", text, pair, method+" "+template)
		}
		p.query = append(p.query, field{name, value})
	}
	slices.SortFunc(p.query, func(a, b field) int { return strings.Compare(a.name+"="+a.value, b.name+"="+b.value) })
	return p, nil
}

func parseSegment(part string, named func(string) bool) (segment, error) {
	if strings.IndexByte(part, '{') < 0 && strings.IndexByte(part, '}') < 0 {
		return segment{literal: string(appendUnescaped(nil, part, false))}, nil
	}
	x, err := parseMixed(part)
	if err != nil {
		return segment{}, err
	}
	whole := len(x.names) == 1 && x.texts[0] == "" && x.texts[1] == ""
	for i, name := range x.names {
		name, tail := strings.CutSuffix(name, "...")
		if tail && !whole {
			return segment{}, fmt.Errorf("%q: {%s...} takes all that is left, so it is a whole segment", part, name)
		}
		if !named(name) {
			return segment{}, fmt.Errorf("%q: a parameter's name is made of letters, digits and _", part)
		}
		if whole {
			return segment{name: name, tail: tail}, nil
		}
		x.names[i] = name
	}
	return segment{mixed: x}, nil
}

// isIdentifier tells whether s can stand after path. in an expression.
func isIdentifier(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// spot is where a parameter of a pattern stands in a path.
type spot struct {
	at    int    // segment
	tail  bool   // all from there on
	mixed *mixed // a part of the segment; nil: all of it
	part  int
}

// capture is the place of a parameter; ok is false when the pattern has none of this name.
func (p *Pattern) capture(name string) (at spot, ok bool) {
	for i := range p.segments {
		s := &p.segments[i]
		for k, n := range s.names() {
			if n == name {
				return spot{i, s.tail, s.mixed, k}, true
			}
		}
	}
	return spot{}, false
}
