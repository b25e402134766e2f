package local

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// keyCursor gives the keys of a segment one after the other.
type keyCursor struct {
	in    *mergeInput
	block int // the next one
	text  []byte
	ends  []int
	at    int // of the next key in ends
	no    int // of key
	key   []byte
	head  uint64 // its first bytes, which mostly tell
}

// advance moves to the next key; false: there is none.
func (c *keyCursor) advance() (bool, error) {
	if c.at == len(c.ends) {
		if c.block*keysPerBlock >= c.in.foot.KeyCount {
			return false, nil
		}
		c.text, c.ends, c.at = c.text[:0], c.ends[:0], 0
		err := c.in.keyBlock(c.block, func(_ uint32, key []byte) bool {
			c.text = append(c.text, key...)
			c.ends = append(c.ends, len(c.text))
			return true
		})
		if err != nil {
			return false, err
		}
		if want := min(keysPerBlock, c.in.foot.KeyCount-c.block*keysPerBlock); len(c.ends) != want {
			return false, c.in.damaged("block %d of the keys has %d keys, want %d", c.block, len(c.ends), want)
		}
		c.no = c.block*keysPerBlock - 1
		c.block++
	}
	from := 0
	if c.at > 0 {
		from = c.ends[c.at-1]
	}
	c.key = c.text[from:c.ends[c.at]]
	c.at++
	c.no++
	var head [8]byte
	copy(head[:], c.key)
	c.head = binary.BigEndian.Uint64(head[:])
	return true, nil
}

// keys merges the keys, and learns which number each gets.
func (m *merger) keys() error {
	out := m.w.newKeyWriter()
	var from []*keyCursor
	for _, in := range m.in {
		in.keys = make([]uint32, in.foot.KeyCount)
		c := &keyCursor{in: in}
		on, err := c.advance()
		if err != nil {
			return err
		}
		if on {
			from = append(from, c)
		}
	}
	ids := newHiddenSearch(m)
	for no := uint32(0); len(from) > 0; no++ {
		if no%paceEvery == 0 {
			if err := m.pace.step(); err != nil {
				return err
			}
		}
		least := from[0]
		for _, c := range from[1:] {
			if c.head < least.head || c.head == least.head && bytes.Compare(c.key, least.key) < 0 {
				least = c
			}
		}
		key := least.key
		if err := out.add(key); err != nil {
			return err
		}
		m.marks = append(m.marks, m.w.salt.mark(key))
		if looksLikeID(key) {
			if err := ids.look(no, key); err != nil {
				return err
			}
		}
		head := least.head
		for i := 0; i < len(from); {
			c := from[i]
			if c != least && (c.head != head || !bytes.Equal(c.key, key)) {
				i++
				continue
			}
			c.in.keys[c.no] = no
			if c == least {
				i++ // it is moved last, as key is its own
				continue
			}
			on, err := c.advance()
			if err != nil {
				return err
			}
			if !on {
				from = slices.Delete(from, i, i+1)
				continue
			}
			i++
		}
		on, err := least.advance()
		if err != nil {
			return err
		}
		if !on {
			from = slices.DeleteFunc(from, func(c *keyCursor) bool { return c == least })
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	return ids.read()
}
