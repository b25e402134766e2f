package mapper

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// Unrouted learns of the requests that no route takes, and proposes routes for
// them: what an operator has still to write. Mappers that are told of it in their
// Options give it a sample; any goroutine may ask it. The zero value is ready. It
// holds about a megabyte at most, whatever the paths are.
type Unrouted struct {
	mu       sync.Mutex
	learner  Learner
	proposed []Proposal // of all that was learned; nil: not asked since the last request
}

const (
	// learnAll is how many requests without a route are looked at, each of them, before
	// a sample of one in learnOneIn has to do: to learn of one costs a good part of
	// what it costs to map it, and a source without a mapper has no others.
	learnAll   = 1 << 10
	learnOneIn = 64
	// mostUnrouted bounds the words and endings that are kept of one source.
	mostUnrouted = 1 << 10
)

// isSampled tells whether the n-th request without a route is looked at. The gaps
// between those that are differ, as a log may have a rhythm of its own.
func isSampled(n uint64) bool {
	const golden = 0x9e3779b97f4a7c15
	return n <= learnAll || n*golden < (1<<64-1)/learnOneIn
}

// learn gives the request to Unrouted. It stands for those that were passed over
// since the one before it. What could take no route of these rules, wherever it
// stood, what the gateway names itself and what its server did not know is left out.
func (m *Mapper) learn() {
	q, r := &m.request, m.rules
	weight := m.unmapped - m.learned
	m.learned = m.unmapped
	switch {
	case q.path == "" || q.told.action != "":
		return
	case r.host != "" && !hostMatches(r.host, q.host), len(r.prefix) > 0 && !m.stripped:
		return
	case q.status == 400 || q.status == 404 || q.status == 405 || q.status == 410: // scanners
		return
	}
	u := m.opt.Unrouted
	u.mu.Lock()
	defer u.mu.Unlock()
	u.learner.limit = mostUnrouted
	u.learner.add(&m.path, q.method, q.query, weight)
	u.proposed = nil
}

// Top are the proposals for most requests, at most n of them, and how many there
// are in all. Their counts are true up to about a thousand requests without a
// route, and then those of a sample, multiplied. They are not to be changed.
func (u *Unrouted) Top(n int) (top []Proposal, all int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.proposed == nil {
		settled := Learner{root: *u.learner.root.clone()}
		u.proposed = settled.Propose()
		slices.SortStableFunc(u.proposed, func(a, b Proposal) int { return cmp.Compare(b.Count, a.Count) })
	}
	return u.proposed[:min(n, len(u.proposed)):min(n, len(u.proposed))], len(u.proposed)
}

// clone is a copy that shares nothing that changes.
func (n *learned) clone() *learned {
	if n == nil {
		return nil
	}
	c := &learned{param: n.param.clone(), tail: n.tail.clone(), files: n.files.clone(), words: maps.Clone(n.words), ends: maps.Clone(n.ends)}
	for w, child := range c.words {
		c.words[w] = child.clone()
	}
	for end, t := range c.ends {
		counted := *t
		c.ends[end] = &counted
	}
	return c
}
