package mapper

import (
	"cmp"
	"slices"
	"strings"
)

// leaf is a route by what is left to check once its path fits.
type leaf struct {
	method  string // of the pattern; empty: any
	pattern *Pattern
	host    string // in lower case; empty: any
	route   *route
	rank    int // place among the leaves of a node: the first that fits is taken
}

// leaves are the routes whose paths end at one node, ordered: those of one host
// first, then those of a domain, the longer one first; of these those with more
// query conditions, then by these; of these one method before any. Where there are many, as for an API whose actions
// stand in the query, they are found by their first condition.
type leaves struct {
	all  []leaf
	many *conditions // only of many leaves
}

// conditions are leaves by their first condition.
type conditions struct {
	asked  []string                     // names
	values map[string]map[string][]leaf // by name and value
	free   []leaf                       // without conditions
}

func (l *leaf) order(k *leaf) int {
	return cmp.Or(
		hostRank(l.host)-hostRank(k.host),
		len(k.host)-len(l.host),
		len(k.pattern.query)-len(l.pattern.query),
		slices.CompareFunc(l.pattern.query, k.pattern.query, func(a, b field) int {
			return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
		}),
		methodRank(l)-methodRank(k),
	)
}

func hostRank(host string) int {
	switch {
	case host == "":
		return 2
	case strings.HasPrefix(host, "*"):
		return 1
	}
	return 0
}

func methodRank(l *leaf) int {
	if l.method == "" {
		return 1
	}
	return 0
}

// add adds a leaf, unless there is one for the same requests: that one is the result.
func (l *leaves) add(n leaf) *leaf {
	for i := range l.all {
		k := &l.all[i]
		if k.host == n.host && k.pattern.method == n.pattern.method && slices.Equal(k.pattern.query, n.pattern.query) {
			return k
		}
	}
	if n.method = n.pattern.method; n.method == "*" {
		n.method = ""
	}
	l.all = append(l.all, n)
	slices.SortStableFunc(l.all, func(a, b leaf) int { return a.order(&b) })
	for i := range l.all {
		l.all[i].rank = i
	}
	l.index()
	return nil
}

func (l *leaves) index() {
	if len(l.all) < maxFew {
		return
	}
	c := &conditions{values: map[string]map[string][]leaf{}}
	for _, n := range l.all {
		if len(n.pattern.query) == 0 {
			c.free = append(c.free, n)
			continue
		}
		name, value := n.pattern.query[0].name, n.pattern.query[0].value
		if c.values[name] == nil {
			c.values[name] = map[string][]leaf{}
			c.asked = append(c.asked, name)
		}
		c.values[name][value] = append(c.values[name][value], n)
	}
	l.many = c
}

// find is the route of a request whose path ends here.
func (l *leaves) find(q *request) *route {
	var best *leaf
	if l.many != nil {
		best = l.many.find(q)
	} else {
		best = first(l.all, q)
	}
	if best == nil {
		return nil
	}
	return best.route
}

func (c *conditions) find(q *request) *leaf {
	best := first(c.free, q)
	for _, name := range c.asked {
		if v, ok := queryValue(q.query, name); ok {
			if n := first(c.values[name][v], q); n != nil && (best == nil || n.rank < best.rank) {
				best = n
			}
		}
	}
	return best
}

// first is the first of these leaves that fits.
func first(all []leaf, q *request) *leaf {
	for i := range all {
		l := &all[i]
		if l.method != "" && l.method != q.method || l.host != "" && !hostMatches(l.host, q.host) {
			continue
		}
		if want := l.pattern.query; len(want) == 0 || hasAll(q.query, want) {
			return l
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
