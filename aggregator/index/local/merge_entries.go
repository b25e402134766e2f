package local

import (
	"github.com/RoaringBitmap/roaring/v2"
)

// entryCursor gives the entries of a dictionary one after the other, with the new
// numbers of their keys and events.
type entryCursor struct {
	in     *mergeInput
	d      *segmentDictionary
	block  int // the next one
	keys   []uint32
	ends   []int // of each entry, in lists
	lists  []uint32
	longs  []section
	at     int // of the next entry in keys
	key    uint32
	events []uint32
	buf    []uint32
}

// newEntryCursor stands at the first entry; nil: there is none.
func newEntryCursor(in *mergeInput, f *fieldFooter) (*entryCursor, error) {
	b, err := in.section(f.Index, "index of "+f.label())
	if err != nil {
		return nil, err
	}
	c := &entryCursor{in: in, d: &segmentDictionary{in.segmentView, f, b}}
	on, err := c.advance()
	if !on {
		return nil, err
	}
	return c, nil
}

// advance moves to the next entry; false: there is none.
func (c *entryCursor) advance() (bool, error) {
	if c.at == len(c.keys) {
		if c.block == c.d.blocks() {
			return false, nil
		}
		if err := c.read(); err != nil {
			return false, err
		}
		if len(c.keys) == 0 {
			return false, c.in.damaged("a block of entries of %s is empty", c.d.foot.label())
		}
	}
	from := 0
	if c.at > 0 {
		from = c.ends[c.at-1]
	}
	c.key, c.events = c.keys[c.at], c.lists[from:c.ends[c.at]]
	long := c.longs[c.at]
	c.at++
	if long.Length == 0 {
		return true, nil
	}
	b, err := c.in.listBytes(long)
	if err != nil {
		return false, err
	}
	if c.buf, err = readList(b, c.in.foot.Events, c.buf[:0]); err != nil {
		return false, c.in.damaged("%v", err)
	}
	c.events = c.in.renumber(c.buf)
	return true, nil
}

// read reads the next block.
func (c *entryCursor) read() error {
	c.keys, c.ends, c.lists, c.longs, c.at = c.keys[:0], c.ends[:0], c.lists[:0], c.longs[:0], 0
	err := c.d.block(c.block, func(e *entry) (bool, error) {
		c.keys = append(c.keys, c.in.keys[e.key])
		for _, n := range e.list {
			c.lists = append(c.lists, c.in.number[n])
		}
		c.ends, c.longs = append(c.ends, len(c.lists)), append(c.longs, e.long)
		return true, nil
	})
	c.block++
	return err
}

// readList appends the numbers of a list.
func readList(b []byte, events int, into []uint32) ([]uint32, error) {
	if len(b) > 0 && b[0] == listDeltas {
		err := readDeltas(b[1:], events, func(n uint32) { into = append(into, n) })
		return into, err
	}
	set, err := decodeList(b, events)
	if err != nil {
		return into, err
	}
	return appendSet(into, set), nil
}

func appendSet(into []uint32, set *roaring.Bitmap) []uint32 {
	from := len(into)
	into = append(into, make([]uint32, set.GetCardinality())...)
	for it := set.ManyIterator(); ; {
		k := it.NextMany(into[from:])
		if from += k; k == 0 || from == len(into) {
			return into
		}
	}
}
