package wire

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Groups of columns that event.Kinds speak of.
const (
	groupAction = iota
	groupWho
	groupOutcome
	nGroups
)

// maxMet is how many kinds of a group a batch keeps apart; events of further ones
// are added string by string, so that whoever thinks up paths does not make an
// encoder large.
const maxMet = 1024

// groupColumns keep of each event one number in place of the strings of a group,
// until these are put into their columns (expand). The zero value is ready.
type groupColumns struct {
	places []uint16 // by kind: where it stands in met, plus 1; 0: not met in this batch
	met    []metKind
	n      int      // of met: kinds of this batch, the others wait to be used again
	varies uint32   // columns in which two of them differ, as bits
	nVary  int      // how many those are
	wait   []uint16 // places in met of the last events, which are not in the columns yet
}

// metKind is a kind with its strings, in the order of decided.
type metKind struct {
	kind   uint16
	values [16]string
	at     [16]uint32 // places in the dictionaries of the columns, plus 1; 0: not known
}

// add takes an event of a kind that was met before; false when it was not.
func (g *groupColumns) add(kind uint16) bool {
	if int(kind) >= len(g.places) || g.places[kind] == 0 {
		return false
	}
	g.wait = append(g.wait, g.places[kind]-1)
	return true
}

// meet takes the first event of a kind in a batch, whose strings are those of
// columns in p. It tells how many bytes its columns grow by this, roughly; false when there is no room.
func (g *groupColumns) meet(kind uint16, p *[nStrings]*string, columns []uint8) (int, bool) {
	if g.n == maxMet || kind == 0 {
		return 0, false
	}
	if g.n == len(g.met) {
		g.met = append(g.met, metKind{})
	}
	if int(kind) >= len(g.places) {
		g.places = append(g.places, make([]uint16, int(kind)+1-len(g.places))...)
	}
	m, size := &g.met[g.n], 0
	m.kind, m.at = kind, [16]uint32{}
	for j, k := range columns {
		s := *p[k]
		if m.values[j] != s { // most batches meet the same in the same order
			m.values[j] = strings.Clone(s)
		}
		if s == g.met[0].values[j] {
			if g.n == 0 {
				size += len(s)
			}
			continue
		}
		size += len(s) + 2
		if g.varies>>j&1 == 0 {
			g.varies |= 1 << j
			g.nVary++
			size += len(g.wait)
		}
	}
	g.n++
	g.places[kind] = uint16(g.n)
	g.wait = append(g.wait, uint16(g.n-1))
	return size, true
}

// expand puts what waits into the columns: the strings of the events before event n.
func (g *groupColumns) expand(all *[nStrings]stringColumn, columns []uint8, n int) {
	if len(g.wait) == 0 {
		return
	}
	n -= len(g.wait)
	for j, k := range columns {
		c := &all[k]
		if g.varies>>j&1 == 0 {
			v := g.met[0].values[j]
			if c.form == none {
				c.add(v, n)
			}
			if c.form == one && c.first == v {
				continue
			}
		}
		g.column(c, j, n)
	}
	g.wait = g.wait[:0]
}

// column puts the strings of one column, of the events from n on, into it.
func (g *groupColumns) column(c *stringColumn, j, n int) {
	for i, k := range g.wait {
		if c.form == dictionary && c.dict.len()+g.n <= dictLimit {
			g.columnOfFew(c, j, g.wait[i:])
			return
		}
		m := &g.met[k]
		if at := m.at[j]; at > 0 && c.form == dictionary && !c.overfull(n+i) {
			if at <= 0x80 {
				c.index = append(c.index, byte(at-1))
			} else {
				c.index = binary.AppendUvarint(c.index, uint64(at-1))
			}
			continue
		}
		c.addText(m.values[j], n+i)
		if c.form == dictionary {
			m.at[j] = uint32(c.last + 1)
		}
	}
}

// columnOfFew is column of these events, where a dictionary has room for the values
// of all kinds: each is looked for once.
func (g *groupColumns) columnOfFew(c *stringColumn, j int, wait []uint16) {
	var at [dictLimit]uint8 // by kind: place in the dictionary, plus 1
	from := len(c.index)
	c.index = slices.Grow(c.index, len(wait))[:from+len(wait)]
	index := c.index[from:]
	for i, k := range wait {
		if at[k%dictLimit] == 0 {
			at[k%dictLimit] = uint8(c.dict.place(g.met[k].values[j]) + 1)
		}
		index[i] = at[k%dictLimit] - 1
	}
	c.last = int(index[len(index)-1])
}

// forget drops the kinds, which another mapper may number otherwise.
func (g *groupColumns) forget() {
	for _, m := range g.met[:g.n] {
		g.places[m.kind] = 0
	}
	g.n, g.varies, g.nVary, g.wait = 0, 0, 0, g.wait[:0]
}

// AddKinds is AddDerived of an event whose mapper says more of it. The kinds of
// all events of a batch, up to a Join, must be of one mapper.
func (c *Encoder) AddKinds(generation uint64, e *event.Event, kinds event.Kinds) {
	c.AddRecord(nil, generation, e, kinds)
}

// addGroup takes the strings of one group.
func (c *Encoder) addGroup(i int, kind uint16, e *event.Event) int {
	g := &c.groups[i]
	if g.add(kind) {
		return g.nVary
	}
	return c.addUnmet(i, kind, e)
}

// addUnmet is addGroup of an event whose kind was not met in this batch, or that has none.
func (c *Encoder) addUnmet(i int, kind uint16, e *event.Event) (size int) {
	g := &c.groups[i]
	var p [nStrings]*string
	point(&p, e)
	if grown, ok := g.meet(kind, &p, decided[i]); ok {
		return grown
	}
	g.expand(&c.strings, decided[i], c.n)
	for _, k := range decided[i] {
		size += c.strings[k].addText(*p[k], c.n)
	}
	return size
}

// expand puts all that waits into its columns.
func (c *Encoder) expand() {
	c.Settle()
	for i := range c.groups {
		c.groups[i].expand(&c.strings, decided[i], c.n)
	}
}

// forget drops the kinds of the groups; nothing of them may wait.
func (c *Encoder) forget() {
	for i := range c.groups {
		c.groups[i].forget()
	}
}
