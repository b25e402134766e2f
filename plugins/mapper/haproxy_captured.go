package mapper

import (
	"strconv"
	"strings"
)

// capturedAs says what a captured header is known as.
type capturedAs struct {
	own  string // by its place: req.hdr.0
	name string // what log_format says that it is; the same as own, when it does not
	slot slot
}

// maxCaptures is how many captured headers of a side are taken.
const maxCaptures = 32

// captures are those of a side, req or res, that a line may have.
func (h *haproxySection) captures(side string) []capturedAs {
	all := make([]capturedAs, maxCaptures)
	for i := range all {
		number := strconv.Itoa(i)
		all[i].own = captureName(side, number)
		all[i].name, all[i].slot = h.capture(side, number)
	}
	return all
}

// The sides of a captured header.
const (
	ofRequest = iota
	ofResponse
)

// captured takes the headers that HAProxy captured, {a|b} or "a" "b": the
// n-th of the request is req.hdr.n, and if log_format has the line that captures
// it, it stands under the header's own name, too.
func (l *haproxyLine) captured(n *nginxValues, m *Mapper, p *part, s string) {
	requests, side := len(l.section.requests), ofRequest
	if p.name == "hs" || p.name == "hsl" || requests == 0 && len(l.section.responses) > 0 {
		side = ofResponse
	}
	if p.form == formBraces {
		if len(s) < 2 {
			return
		}
		s = s[1 : len(s)-1]
		for i, more := 0, true; more; i++ {
			var value string
			value, s, more = cut(s, '|')
			l.capture(n, m, side, i, value)
		}
		return
	}
	s = strings.TrimLeft(s, " ")
	for i := 0; strings.HasPrefix(s, `"`); i++ {
		if side == ofRequest && requests > 0 && i == requests { // one list follows the other
			side, i = ofResponse, 0
		}
		var value string
		value, s, _ = cut(s[1:], '"')
		s = strings.TrimPrefix(s, " ")
		l.capture(n, m, side, i, value)
	}
}

// capture takes one of them.
func (l *haproxyLine) capture(n *nginxValues, m *Mapper, side, i int, value string) {
	if value = dash(value); value == "" || i >= maxCaptures {
		return
	}
	value = m.unhash(value)
	c := &l.captures[side][i]
	l.put(n, &m.request, &part{name: c.name, slot: c.slot}, value)
	if c.own != c.name {
		m.request.fields = append(m.request.fields, field{c.own, value})
	}
}
