package local

import (
	"strings"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/query"
)

// addValues adds the values of events that were added, of which the first one has
// the number from. The caller holds mu.
func (m *memory) addValues(g *gathered, from int) {
	to := adding{m, g.texts, uint32(from)}
	for i := range g.columns {
		c := &g.columns[i]
		switch kinds[c.field] {
		case asKey:
			to.keys(m.keyed[c.field], &c.valueColumn)
		case asText:
			to.texts(c.field, &c.valueColumn)
		case asLeaves:
			to.leaves(c.field, c.path, &c.valueColumn)
		}
	}
	for _, l := range g.loose {
		var c valueColumn
		to.text = to.text[:0:0]
		c.only(l.event, l.value, &to.text)
		to.leaves(objectFields[l.object], l.path, &c)
	}
}

// addGathered is addValues of the events that were added to w, which becomes empty.
func (m *memory) addGathered(w *docWriter, from int) {
	var values gathered
	w.gather(&values)
	w.reset()
	m.addValues(&values, from)
}

// adding adds values of a block to a memory.
type adding struct {
	*memory
	text []byte // of the values
	from uint32 // number of the block's first event
}

// keys adds values of a dictionary.
func (a *adding) keys(dict uint32, c *valueColumn) {
	a.entered = a.entered[:0]
	for i := range c.values {
		v := &c.values[i]
		s, hash := v.of(a.text), v.hash
		if len(s) > query.MaxValue {
			s, hash = cut(s)
		}
		k, _ := a.terms.enter(dict, s, hash)
		a.entered = append(a.entered, k)
	}
	a.events(dict, c)
}

// cut is query.Cut of a long value, and its quickHash.
func cut(s []byte) ([]byte, uint32) {
	short := query.Cut(string(s))
	return []byte(short), quickHash(short)
}

// events adds the events of a column whose values were entered.
func (a *adding) events(dict uint32, c *valueColumn) {
	d := &a.terms.dicts[dict]
	d.events, d.has = roomFor(d.events, len(c.events)), roomFor(d.has, len(c.events))
	for i, n := range c.events {
		k := a.entered[c.numbers[i]]
		d.events, d.has = append(d.events, a.from+uint32(n)), append(d.has, k)
		if x := &a.terms.terms[k]; x.id {
			x.metBy(a.from + uint32(n))
		}
	}
}

// texts adds texts of a Prose field, and their words.
func (a *adding) texts(no int, c *valueColumn) {
	k := a.terms.enterText(a.keyed[no], anyText)
	for _, n := range c.events {
		a.terms.add(k, a.from+uint32(n))
	}
	every := func(int) bool { return true }
	a.wordsOf(c, every, a.words)
	if hasWords(no) {
		a.wordsOf(c, every, a.keyed[no])
	}
}

// wordsOf adds the words of those values of a column that are wanted to a dictionary.
func (a *adding) wordsOf(c *valueColumn, want func(number int) bool, dict uint32) {
	var words, ends []uint32
	for i := range c.values {
		if want(i) {
			for _, token := range query.Tokens(string(c.values[i].of(a.text))) {
				words = append(words, a.terms.enterText(dict, token))
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
			a.terms.add(k, a.from+uint32(n))
		}
	}
}

// leaves adds leaves of a Flattened field, and their words.
func (a *adding) leaves(no int, path string, c *valueColumn) {
	dict, ok := a.memory.leaves[no][path]
	if !ok {
		if a.named >= maxLeaves || len(path) > maxLeafName {
			for _, n := range c.events {
				a.rest[no].set(a.from + uint32(n))
			}
			a.wordsOf(c, func(int) bool { return true }, a.words)
			return
		}
		dict = a.terms.newDict()
		a.terms.dicts[dict].leaf = true
		a.memory.leaves[no][strings.Clone(path)] = dict
		a.named++
	}
	a.entered = a.entered[:0]
	long := false
	for i := range c.values {
		v := &c.values[i]
		s, hash := v.of(a.text), v.hash
		if len(s) > query.MaxValue {
			s, hash = cut(s)
		}
		k, made := a.terms.enter(dict, s, hash)
		a.entered = append(a.entered, k)
		if isLong(v) {
			long = true
		} else if made {
			a.findWords(k, s)
		}
	}
	a.events(dict, c)
	if long {
		a.wordsOf(c, func(number int) bool { return isLong(&c.values[number]) }, a.words)
	}
}

// isLong tells whether a value may have been cut, to one that other values are cut to as well.
func isLong(v *blockValue) bool { return v.to-v.from+utf8.UTFMax > query.MaxValue }

// findWords works out the words of the value of a term that was made. Whoever has the term has them too, without more.
func (m *memory) findWords(k uint32, s []byte) {
	t := m.terms
	if isToken(s) {
		t.terms[k].word = true
		return
	}
	d := &t.dicts[t.terms[k].dict]
	for _, token := range query.Tokens(string(s)) {
		w := t.enterText(m.words, token)
		t.terms[w].event = manyEvents
		d.words = append(d.words, wordOf{k, w})
	}
}

// isToken tells whether a text is quickly seen to be one token of query.Tokens,
// and that token to be the text as it stands. Most leaves are.
func isToken(s []byte) bool {
	if len(s) == 0 || len(s) > query.MaxValue || !letterOrDigit(s[0]) || !letterOrDigit(s[len(s)-1]) {
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
