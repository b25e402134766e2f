package local

import (
	"strings"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/query"
)

// addValues adds the values of events that were added, of which the first one has
// the number from. The caller holds mu.
func (m *memory) addValues(g *gathered, from int) {
	for i := range g.columns {
		c := &g.columns[i]
		switch kinds[c.field] {
		case asKey:
			m.addKeys(m.keyed[c.field], &c.valueColumn, uint32(from))
		case asText:
			m.addTexts(c.field, &c.valueColumn, uint32(from))
		case asLeaves:
			m.addLeaves(c.field, c.path, &c.valueColumn, uint32(from))
		}
	}
	for _, l := range g.loose {
		c := valueColumn{values: []string{l.value}}
		c.note(l.event, 0)
		m.addLeaves(objectFields[l.object], l.path, &c, uint32(from))
	}
}

// addGathered is addValues of the events that were added to w, which becomes empty.
func (m *memory) addGathered(w *docWriter, from int) {
	var values gathered
	w.gather(&values)
	w.reset()
	m.addValues(&values, from)
}

// addKeys adds values of a dictionary.
func (m *memory) addKeys(dict uint32, c *valueColumn, from uint32) {
	m.entered = m.entered[:0]
	for _, s := range c.values {
		k, _ := m.terms.enter(dict, query.Cut(s))
		m.entered = append(m.entered, k)
	}
	m.addEvents(dict, c, from)
}

// addEvents adds the events of a column whose values were entered.
func (m *memory) addEvents(dict uint32, c *valueColumn, from uint32) {
	d := &m.terms.dicts[dict]
	d.events, d.has = roomFor(d.events, len(c.events)), roomFor(d.has, len(c.events))
	for i, n := range c.events {
		k := m.entered[c.numbers[i]]
		d.events, d.has = append(d.events, from+uint32(n)), append(d.has, k)
		if x := &m.terms.terms[k]; x.id {
			x.metBy(from + uint32(n))
		}
	}
}

// addTexts adds texts of a Prose field, and their words.
func (m *memory) addTexts(no int, c *valueColumn, from uint32) {
	k, _ := m.terms.enter(m.keyed[no], anyText)
	for _, n := range c.events {
		m.terms.add(k, from+uint32(n))
	}
	m.addWords(c, from, func(int) bool { return true }, m.words)
	if hasWords(no) {
		m.addWords(c, from, func(int) bool { return true }, m.keyed[no])
	}
}

// addWords adds the words of those values of a column that are wanted to a dictionary.
func (m *memory) addWords(c *valueColumn, from uint32, want func(number int) bool, dict uint32) {
	var words, ends []uint32
	for i, s := range c.values {
		if want(i) {
			for _, token := range query.Tokens(s) {
				k, _ := m.terms.enter(dict, token)
				words = append(words, k)
			}
		}
		ends = append(ends, uint32(len(words)))
	}
	for i, n := range c.events {
		no := c.numbers[i]
		first := uint32(0)
		if no > 0 {
			first = ends[no-1]
		}
		for _, k := range words[first:ends[no]] {
			m.terms.add(k, from+uint32(n))
		}
	}
}

// addLeaves adds leaves of a Flattened field, and their words.
func (m *memory) addLeaves(no int, path string, c *valueColumn, from uint32) {
	dict, ok := m.leaves[no][path]
	if !ok {
		if m.named >= maxLeaves || len(path) > maxLeafName {
			for _, n := range c.events {
				m.rest[no].set(from + uint32(n))
			}
			m.addWords(c, from, func(int) bool { return true }, m.words)
			return
		}
		dict = m.terms.newDict()
		m.terms.dicts[dict].leaf = true
		m.leaves[no][strings.Clone(path)] = dict
		m.named++
	}
	m.entered = m.entered[:0]
	long := false
	for _, s := range c.values {
		k, made := m.terms.enter(dict, query.Cut(s))
		m.entered = append(m.entered, k)
		if isLong(s) {
			long = true
		} else if made {
			m.findWords(k, s)
		}
	}
	m.addEvents(dict, c, from)
	if long {
		m.addWords(c, from, func(number int) bool { return isLong(c.values[number]) }, m.words)
	}
}

// isLong tells whether a value may have been cut, to one that other values are cut to as well.
func isLong(s string) bool { return len(s)+utf8.UTFMax > query.MaxValue }

// findWords works out the words of the value of a term that was made. Whoever has the term has them too, without more.
func (m *memory) findWords(k uint32, s string) {
	t := m.terms
	if isToken(s) {
		t.terms[k].word = true
		return
	}
	dict := t.terms[k].dict
	for _, token := range query.Tokens(s) {
		w, _ := t.enter(m.words, token)
		t.terms[w].event = manyEvents
		t.dicts[dict].words = append(t.dicts[dict].words, wordOf{k, w})
	}
}

// isToken tells whether a text is quickly seen to be one token of query.Tokens,
// and that token to be the text as it stands. Most leaves are.
func isToken(s string) bool {
	if s == "" || len(s) > query.MaxValue || !letterOrDigit(s[0]) || !letterOrDigit(s[len(s)-1]) {
		return false
	}
	for i := 1; i < len(s)-1; i++ {
		if c := s[i]; !letterOrDigit(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func letterOrDigit(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
