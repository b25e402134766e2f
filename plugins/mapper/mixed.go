package mapper

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// mixed is a segment of text and parameters: {name}.{format}, v{version},
// {id}:cancel. There is text between any two of its parameters. Each takes one
// byte at least; where there is a choice, the first ones take as much as they can,
// so that of archive.tar.gz the format is gz.
type mixed struct {
	texts []string // decoded; before, between and after the parameters
	names []string // one less than texts
}

func parseMixed(part string) (*mixed, error) {
	x := &mixed{}
	for rest := part; ; {
		text, after, more := strings.Cut(rest, "{")
		if strings.IndexByte(text, '}') >= 0 {
			return nil, fmt.Errorf("%q: a } without its {", part)
		}
		if text == "" && len(x.names) > 0 && more {
			return nil, fmt.Errorf("%q: nothing stands between two parameters: nobody could tell where the first one ends", part)
		}
		x.texts = append(x.texts, string(appendUnescaped(nil, text, false)))
		if !more {
			return x, nil
		}
		name, behind, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("%q: a { without its }", part)
		}
		x.names, rest = append(x.names, name), behind
	}
}

// part is what the k-th parameter takes of s; ok is false when s is not such a segment.
func (x *mixed) part(s string, k int) (value string, ok bool) {
	last := len(x.names)
	if len(s) < len(x.texts[0])+len(x.texts[last])+last || !strings.HasPrefix(s, x.texts[0]) || !strings.HasSuffix(s, x.texts[last]) {
		return "", false
	}
	rest := s[len(x.texts[0]) : len(s)-len(x.texts[last])]
	for i := last - 1; i > 0; i-- {
		at := strings.LastIndex(rest[:len(rest)-1], x.texts[i])
		if at < 1 {
			return "", false
		}
		if i == k {
			value = rest[at+len(x.texts[i]):]
		}
		rest = rest[:at]
	}
	if k == 0 {
		value = rest
	}
	return value, true
}

// order compares two mixed segments: the one that is looked at first is less. That
// is the one with the longer end, then the longer beginning, then more text.
func (x *mixed) order(y *mixed) int {
	return cmp.Or(
		len(y.last())-len(x.last()),
		len(y.texts[0])-len(x.texts[0]),
		len(strings.Join(y.texts, ""))-len(strings.Join(x.texts, "")),
		slices.Compare(x.texts, y.texts),
	)
}

func (x *mixed) last() string { return x.texts[len(x.texts)-1] }

// mixes are the nodes below one, by their mixed segments. They are found by how a
// segment ends, then how it begins, so that many of them cost no more than a few.
type mixes struct {
	ends    []int // lengths of the ends, longest first
	byEnd   map[string]*beginnings
	written []mixedChild
}

type beginnings struct {
	lengths []int // longest first
	by      map[string][]mixedChild
}

type mixedChild struct {
	mixed *mixed
	node  *node
}

// make finds a node, or adds it.
func (m *mixes) make(x *mixed) *node {
	for _, c := range m.written {
		if slices.Equal(c.mixed.texts, x.texts) {
			return c.node
		}
	}
	c := mixedChild{x, &node{}}
	m.written = append(m.written, c)
	if m.byEnd == nil {
		m.byEnd = map[string]*beginnings{}
	}
	b := m.byEnd[x.last()]
	if b == nil {
		b = &beginnings{by: map[string][]mixedChild{}}
		m.byEnd[x.last()] = b
		m.ends = longestFirst(m.ends, len(x.last()))
	}
	b.lengths = longestFirst(b.lengths, len(x.texts[0]))
	all := append(b.by[x.texts[0]], c)
	slices.SortFunc(all, func(a, b mixedChild) int { return a.mixed.order(b.mixed) })
	b.by[x.texts[0]] = all
	return c.node
}

func longestFirst(all []int, n int) []int {
	if !slices.Contains(all, n) {
		all = append(all, n)
		slices.SortFunc(all, func(a, b int) int { return b - a })
	}
	return all
}

// find is the route of a request whose next segment fits one of m.
func (m *mixes) find(q *request, rest []string) *route {
	s := rest[0]
	for _, n := range m.ends {
		if n >= len(s) {
			continue
		}
		b := m.byEnd[s[len(s)-n:]]
		if b == nil {
			continue
		}
		for _, k := range b.lengths {
			if k+n >= len(s) {
				continue
			}
			for _, c := range b.by[s[:k]] {
				if _, ok := c.mixed.part(s, -1); !ok {
					continue
				}
				if r := c.node.find(q, rest[1:]); r != nil {
					return r
				}
			}
		}
	}
	return nil
}
