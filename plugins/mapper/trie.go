package mapper

import (
	"fmt"
	"slices"
)

// trie finds the route of a path. Of two that match, the one with the literal at
// the first place where they differ wins, then a parameter, then a tail, as the
// OpenAPI specification has it; the order of the rules never matters.
type trie struct{ root node }

type node struct {
	literals literals
	param    *node
	here     []leaf // patterns that end here
	tail     []leaf // patterns whose tail begins here
}

// literals are the nodes below one, by their segment. Most have a few, which are
// compared faster than hashed.
type literals struct {
	few   []child
	slots [32]uint8        // of few, plus 1, by form
	clash bool             // two of them have one form
	many  map[string]*node // all of them, from maxFew on
}

type child struct {
	literal string
	node    *node
}

func (l *literals) find(s string) *node {
	if l.many != nil {
		return l.many[s]
	}
	if !l.clash {
		if i := l.slots[form(s)]; i > 0 && l.few[i-1].literal == s {
			return l.few[i-1].node
		}
		return nil
	}
	for i := range l.few {
		if l.few[i].literal == s {
			return l.few[i].node
		}
	}
	return nil
}

// form tells segments apart by their length and their ends. None is empty.
func form(s string) uint8 {
	return (uint8(len(s)) + s[0]<<1 + s[len(s)-1]<<3) % 32
}

// make finds a node, or adds it.
func (l *literals) make(s string) *node {
	if n := l.find(s); n != nil {
		return n
	}
	n := &node{}
	l.few = append(l.few, child{s, n})
	if slot := &l.slots[form(s)]; *slot == 0 {
		*slot = uint8(min(len(l.few), maxFew))
	} else {
		l.clash = true
	}
	if len(l.few) == maxFew {
		l.many = map[string]*node{}
		for _, c := range l.few {
			l.many[c.literal] = c.node
		}
	} else if l.many != nil {
		l.many[s] = n
	}
	return n
}

// leaf is a route by what is left to check once its path fits. Leaves are
// ordered: more query conditions first, then a method before any.
type leaf struct {
	method  string // of the pattern; empty: any
	pattern *Pattern
	route   *route
}

// add puts a route into the trie. Two routes for the same requests are a mistake.
func (t *trie) add(p *Pattern, r *route) error {
	n := &t.root
	leaves := &n.here
	for _, s := range p.segments {
		switch {
		case s.tail:
			leaves = &n.tail
			continue
		case s.name != "":
			if n.param == nil {
				n.param = &node{}
			}
			n = n.param
		default:
			n = n.literals.make(s.literal)
		}
		leaves = &n.here
	}
	for _, l := range *leaves {
		if l.pattern.method == p.method && slices.Equal(l.pattern.query, p.query) {
			return fmt.Errorf("routes %q and %q match the same requests: keep one", l.pattern.text, p.text)
		}
	}
	method := p.method
	if method == "*" {
		method = ""
	}
	*leaves = append(*leaves, leaf{method, p, r})
	slices.SortStableFunc(*leaves, func(a, b leaf) int {
		if d := len(b.pattern.query) - len(a.pattern.query); d != 0 {
			return d
		}
		return anyMethod(a) - anyMethod(b)
	})
	return nil
}

func anyMethod(l leaf) int {
	if l.method == "" {
		return 1
	}
	return 0
}

// find is the route of a request, nil when it has none.
func (t *trie) find(q *request, segments []string) *route {
	if t.root.literals.few == nil && t.root.param == nil && t.root.here == nil && t.root.tail == nil {
		return nil
	}
	return t.root.find(q, segments)
}

// find goes as deep as the path has segments; parameters make it look at no more
// than two branches a segment, and both only where patterns share a beginning.
func (n *node) find(q *request, rest []string) *route {
	if len(rest) == 0 {
		if r := choose(n.here, q); r != nil {
			return r
		}
		return choose(n.tail, q)
	}
	if next := n.literals.find(rest[0]); next != nil {
		if r := next.find(q, rest[1:]); r != nil {
			return r
		}
	}
	if n.param != nil {
		if r := n.param.find(q, rest[1:]); r != nil {
			return r
		}
	}
	return choose(n.tail, q)
}

func choose(leaves []leaf, q *request) *route {
	for i := range leaves {
		l := &leaves[i]
		if l.method != "" && l.method != q.method {
			continue
		}
		if want := l.pattern.query; len(want) == 0 || hasAll(q.query, want) {
			return l.route
		}
	}
	return nil
}

// hasAll tells whether a query has all of these parameters.
func hasAll(query string, want []field) bool {
	for _, w := range want {
		if v, ok := queryValue(query, w.name); !ok || v != w.value {
			return false
		}
	}
	return true
}
