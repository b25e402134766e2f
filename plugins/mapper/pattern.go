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
//	GET  /?Action=DescribeInstances
type Pattern struct {
	text     string
	method   string // "*": any
	segments []segment
	query    []field
}

// segment is one part of a template: a literal, a parameter, or the tail.
type segment struct {
	literal string // decoded
	name    string // of a parameter
	tail    bool   // the parameter takes all that is left
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
		case s.name != "":
			b.WriteString("/{}")
		default:
			b.WriteString("/" + strings.ReplaceAll(s.literal, "/", "%2F"))
		}
	}
	for _, q := range p.query {
		b.WriteString("&" + q.name + "=" + q.value)
	}
	return b.String()
}

// ParsePattern reads a pattern.
func ParsePattern(s string) (Pattern, error) {
	parts := strings.Fields(s)
	if len(parts) != 2 {
		return Pattern{}, fmt.Errorf("pattern %q is not a method and a path: write \"DELETE /orders/{order}\"", s)
	}
	p := Pattern{text: parts[0] + " " + parts[1], method: strings.ToUpper(parts[0])}
	if p.method != "*" && !isMethod(p.method) {
		return Pattern{}, fmt.Errorf("pattern %q: %q is not a method: write GET, POST, … or * for any", s, parts[0])
	}
	template, query, _ := strings.Cut(parts[1], "?")
	if !strings.HasPrefix(template, "/") {
		return Pattern{}, fmt.Errorf("pattern %q: its path does not begin with /", s)
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(template, "/") {
		if part == "" {
			continue
		}
		if n := len(p.segments); n > 0 && p.segments[n-1].tail {
			return Pattern{}, fmt.Errorf("pattern %q: {%s...} takes all that is left, so nothing can follow it", s, p.segments[n-1].name)
		}
		seg, err := parseSegment(part)
		if err != nil {
			return Pattern{}, fmt.Errorf("pattern %q: %w", s, err)
		}
		if seg.name != "" {
			if seen[seg.name] {
				return Pattern{}, fmt.Errorf("pattern %q has {%s} twice", s, seg.name)
			}
			seen[seg.name] = true
		}
		p.segments = append(p.segments, seg)
	}
	if len(p.segments) > maxSegments {
		return Pattern{}, fmt.Errorf("pattern %q has more than %d segments", s, maxSegments)
	}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" || value == "" {
			return Pattern{}, fmt.Errorf("pattern %q: %q in its query is not name=value", s, pair)
		}
		p.query = append(p.query, field{name, value})
	}
	slices.SortFunc(p.query, func(a, b field) int { return strings.Compare(a.name+"="+a.value, b.name+"="+b.value) })
	return p, nil
}

func parseSegment(part string) (segment, error) {
	open, shut := strings.IndexByte(part, '{'), strings.IndexByte(part, '}')
	if open < 0 && shut < 0 {
		return segment{literal: string(appendUnescaped(nil, part, false))}, nil
	}
	if open != 0 || shut != len(part)-1 {
		return segment{}, fmt.Errorf("%q: a parameter is a whole segment, like {id}", part)
	}
	name, tail := strings.CutSuffix(part[1:shut], "...")
	if !isIdentifier(name) {
		return segment{}, fmt.Errorf("%q: a parameter's name is made of letters, digits and _", part)
	}
	return segment{name: name, tail: tail}, nil
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

// capture is the place of a parameter in the path; ok is false when the pattern has none of this name.
func (p *Pattern) capture(name string) (i int, tail, ok bool) {
	for i, s := range p.segments {
		if s.name == name && name != "" {
			return i, s.tail, true
		}
	}
	return 0, false, false
}
