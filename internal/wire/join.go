package wire

import (
	"encoding/binary"
	"slices"
)

// Join puts the events of o after those of c, and resets o. Two goroutines can so
// make one batch; it costs a small part of adding the events.
func (c *Encoder) Join(o *Encoder) {
	c.expand()
	o.expand()
	o.forget() // c may be filled on by another mapper than o was
	if c.n == 0 {
		*c, *o = *o, *c
	}
	if o.n == 0 {
		return
	}
	for i := range c.strings {
		c.strings[i].join(&o.strings[i], c.n, o.n)
	}
	for _, t := range o.time.times {
		c.time.add(t)
	}
	o.observed.settle()
	for _, t := range o.observed.times {
		c.observed.addAgain(t)
	}
	c.offset.join(&o.offset, -c.end)
	c.length.join(&o.length, -c.lastLen)
	c.gen.join(&o.gen, -int64(c.lastGen))
	c.exchange.join(&o.exchange)
	c.end, c.lastLen, c.lastGen = o.end, o.lastLen, o.lastGen
	for i := range o.n {
		if c.anyTrue || o.anyTrue {
			c.addGlobal(o.anyTrue && o.global[i/8]>>(i%8)&1 == 1)
		}
		c.n++
	}
	c.bare = c.bare && o.bare
	c.size += o.size
	o.Reset()
}

// join puts the differences of o after those of c. The first one of o is its
// first number, to which base is added.
func (c *numberColumn) join(o *numberColumn, base int64) {
	if !o.used() {
		c.add(base)
		for range o.zeros - 1 {
			c.add(0)
		}
		return
	}
	first, n := binary.Varint(o.deltas)
	c.add(first + base)
	if c.used() {
		c.deltas = append(c.deltas, o.deltas[n:]...)
		return
	}
	for rest := o.deltas[n:]; len(rest) > 0; rest = rest[n:] {
		first, n = binary.Varint(rest)
		c.add(first)
	}
}

// join puts the m values of o after the n of c.
func (c *stringColumn) join(o *stringColumn, n, m int) {
	switch {
	case o.form == one && c.form == one && o.first == c.first:
	case o.form == one:
		for i := range m {
			c.addText(o.first, n+i)
		}
	case o.form == dictionary:
		c.joinDictionary(o, n)
	default:
		c.flatten(n)
		c.lengths = append(c.lengths, o.lengths...)
		c.text = append(c.text, o.text...)
		c.ids = append(c.ids, o.ids...)
	}
}

func (c *stringColumn) joinDictionary(o *stringColumn, n int) {
	text := string(o.dict.text)
	places := slices.Grow(c.places[:0], o.dict.len())[:o.dict.len()]
	clear(places)
	c.places = places
	for b := o.index; len(b) > 0; n++ {
		k, length := binary.Uvarint(b)
		b = b[length:]
		if c.form == dictionary && places[k] > 0 {
			c.last = places[k] - 1
			c.index = binary.AppendUvarint(c.index, uint64(c.last))
			continue
		}
		c.addText(text[o.dict.ends[k]:o.dict.ends[k+1]], n)
		if c.form == dictionary {
			places[k] = c.last + 1
		}
	}
}

// flatten gives the column of n values the plain form.
func (c *stringColumn) flatten(n int) {
	switch c.form {
	case one:
		c.form = plain
		for range n {
			c.addPlain(c.first)
		}
	case dictionary:
		c.spread()
	}
}
