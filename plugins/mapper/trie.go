package mapper

import (
	"fmt"
	"strings"
)

// trie finds the route of a path. Of two that match, the one with the literal at
// the first place where they differ wins, then a segment that is partly literal,
// then a parameter, then a tail, as the OpenAPI specification has it; the order of
// the rules never matters.
type trie struct {
	root   node
	filled bool
}

type node struct {
	literals literals
	mixed    *mixes
	param    *node
	here     leaves // patterns that end here
	tail     leaves // patterns whose tail begins here
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

// add puts a route into the trie. Two routes for the same requests are a mistake.
func (t *trie) add(p *Pattern, host string, r *route) error {
	n := &t.root
	end := &n.here
	for _, s := range p.segments {
		switch {
		case s.tail:
			end = &n.tail
			continue
		case s.mixed != nil:
			if n.mixed == nil {
				n.mixed = &mixes{}
			}
			n = n.mixed.make(s.mixed)
		case s.name != "":
			if n.param == nil {
				n.param = &node{}
			}
			n = n.param
		default:
			n = n.literals.make(s.literal)
		}
		end = &n.here
	}
	t.filled = true
	if l := end.add(leaf{pattern: p, host: strings.ToLower(host), route: r}); l != nil {
		return fmt.Errorf("routes %q and %q match the same requests: keep one", l.pattern.text, p.text)
	}
	return nil
}

// find is the route of a request, nil when it has none.
func (t *trie) find(q *request, segments []string) *route {
	if !t.filled {
		return nil
	}
	return t.root.find(q, segments)
}

// find goes as deep as the path has segments. It comes to no node twice, and to
// more than one at a depth only where patterns share a beginning.
func (n *node) find(q *request, rest []string) *route {
	for len(rest) > 0 && n.mixed == nil && len(n.tail.all) == 0 { // while there is one way on
		next := n.literals.find(rest[0])
		if next != nil && n.param != nil {
			break
		}
		if next == nil {
			next = n.param
		}
		if next == nil {
			return nil
		}
		n, rest = next, rest[1:]
	}
	if len(rest) == 0 {
		if r := n.here.find(q); r != nil {
			return r
		}
		return n.tail.find(q)
	}
	if next := n.literals.find(rest[0]); next != nil {
		if r := next.find(q, rest[1:]); r != nil {
			return r
		}
	}
	if n.mixed != nil {
		if r := n.mixed.find(q, rest); r != nil {
			return r
		}
	}
	if n.param != nil {
		if r := n.param.find(q, rest[1:]); r != nil {
			return r
		}
	}
	return n.tail.find(q)
}
