package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// The entries of a dictionary are in blocks, by the numbers of their keys. An
// entry is: uvarint of the difference to the key before, the first from 0, and
// the list of its events: uvarint 2*count and the differences, or, of a longer
// list, uvarint 1, uvarint offset and length in the section postings, and u32
// CRC-32C of it there.
//
// The index of a dictionary has for each block: u32 first key, u32 offset in the
// section entries, u32 length, u32 CRC-32C.
const (
	entriesPerBlock = 64
	inlineList      = 32
	blockRefSize    = 16
)

// appendEntries appends one block; long takes a list that is not written in it.
func appendEntries(b []byte, entries []entrySource, long func(list []uint32) (section, error)) ([]byte, error) {
	before := uint32(0)
	for _, e := range entries {
		b = binary.AppendUvarint(b, uint64(e.key-before))
		before = e.key
		if len(e.events) <= inlineList {
			b = binary.AppendUvarint(b, uint64(2*len(e.events)))
			last := uint32(0)
			for _, n := range e.events {
				b = binary.AppendUvarint(b, uint64(n-last))
				last = n
			}
			continue
		}
		s, err := long(e.events)
		if err != nil {
			return nil, err
		}
		b = binary.AppendUvarint(b, 1)
		b = binary.AppendUvarint(b, uint64(s.Offset))
		b = binary.AppendUvarint(b, uint64(s.Length))
		b = binary.LittleEndian.AppendUint32(b, s.CRC)
	}
	return b, nil
}

// entry is a key and its list: numbers, or where they are. The numbers are valid until the next entry.
type entry struct {
	key  uint32
	list []uint32
	long section
}

// readEntries gives the entries of a block to fn, in order, until it returns false.
func readEntries(b []byte, events, keys int, fn func(e *entry) bool) error {
	r := reader{b: b}
	var e entry
	var buf [inlineList]uint32
	key := uint64(0)
	for first := true; len(r.b) > 0; first = false {
		d := r.uvarint()
		if key += d; d == 0 && !first || d >= uint64(keys) || key >= uint64(keys) {
			r.fail(errors.New("an entry has a key that does not exist, or one twice"))
		}
		e.key, e.list, e.long = uint32(key), buf[:0], section{}
		switch n := r.uvarint(); {
		case n == 1:
			e.long.Offset, e.long.Length = int64(r.uvarint()), int64(r.uvarint())
			e.long.CRC = r.uint32()
			if e.long.Offset < 0 || e.long.Length <= 0 {
				r.fail(errors.New("a list stands at an impossible place"))
			}
		case n%2 == 0 && n <= 2*inlineList:
			last := uint64(0)
			for i := range n / 2 {
				d := r.uvarint()
				if last += d; d == 0 && i > 0 || d >= uint64(events) || last >= uint64(events) {
					r.fail(errors.New("a list names an event that does not exist, or one twice"))
				}
				e.list = append(e.list, uint32(last))
			}
		default:
			r.fail(fmt.Errorf("a list has the form %d", n))
		}
		if r.err != nil {
			return r.err
		}
		if !fn(&e) {
			return nil
		}
	}
	return r.err
}

// segmentDictionary is a dictionary in a segment.
type segmentDictionary struct {
	v     *segmentView
	foot  *fieldFooter
	index []byte
}

func (d *segmentDictionary) blocks() int { return len(d.index) / blockRefSize }

func (d *segmentDictionary) firstKey(block int) uint32 {
	return binary.LittleEndian.Uint32(d.index[blockRefSize*block:])
}

// block gives the entries of a block to fn until it returns false.
func (d *segmentDictionary) block(block int, fn func(e *entry) (bool, error)) error {
	v := d.v
	ref := d.index[blockRefSize*block:]
	at, length := int64(binary.LittleEndian.Uint32(ref[4:])), int64(binary.LittleEndian.Uint32(ref[8:]))
	if at+length > v.foot.Entries.Length {
		return v.damaged("a block of entries of %s lies beyond their end", d.foot.label())
	}
	b := v.part(v.foot.Entries, at, at+length)
	if checksum(b) != binary.LittleEndian.Uint32(ref[12:]) {
		return v.damaged("a block of entries of %s does not match its checksum", d.foot.label())
	}
	var failed error
	err := readEntries(b, v.foot.Events, v.foot.KeyCount, func(e *entry) (on bool) {
		on, failed = fn(e)
		return on && failed == nil
	})
	if err != nil {
		return v.damaged("a block of entries of %s: %v", d.foot.label(), err)
	}
	return failed
}

func (d *segmentDictionary) list(e *entry) (*roaring.Bitmap, error) {
	if e.long.Length == 0 {
		return roaring.BitmapOf(e.list...), nil
	}
	return d.v.list(e.long)
}

func (d *segmentDictionary) find(key string) (*roaring.Bitmap, error) {
	no, ok, err := d.v.keyNumber(key)
	if err != nil {
		return nil, err
	}
	var out *roaring.Bitmap
	if i := sort.Search(d.blocks(), func(i int) bool { return d.firstKey(i) > no }); ok && i > 0 {
		err := d.block(i-1, func(e *entry) (bool, error) {
			if e.key != no {
				return e.key < no, nil
			}
			var err error
			out, err = d.list(e)
			return false, err
		})
		if err != nil {
			return nil, err
		}
	}
	if out != nil {
		return out, nil
	}
	if d.foot.Hidden.Length == 0 || !looksLikeID([]byte(key)) {
		return roaring.New(), nil
	}
	return d.findHidden(key)
}

// findHidden looks for a value of which there is only a hash, in the events that have that.
func (d *segmentDictionary) findHidden(key string) (*roaring.Bitmap, error) {
	out := roaring.New()
	found, err := d.v.candidates(key)
	for i := 0; err == nil && i < len(found); i++ {
		var e event.Event
		if err = d.v.docs().event(found[i], &e); err != nil {
			break
		}
		if holdsKey(&e, d.foot.Name, d.foot.Path, key) {
			out.Add(found[i])
		}
	}
	return out, err
}

// holdsKey tells whether the dictionary of this name and path has the key for an event.
func holdsKey(e *event.Event, name, path, key string) (has bool) {
	if name == "" {
		return query.Text{Tokens: []string{key}}.Match(e) // without a Value it looks at texts only
	}
	no := fieldNo[name]
	v := fields[no].Value(e)
	switch kinds[no] {
	case asLeaves:
		event.Object(v).Each(path, func(v string) bool {
			has = query.Cut(v) == key
			return !has
		})
		return has
	case asText:
		return hasWords(no) && slices.Contains(query.Tokens(v), key)
	}
	return query.Cut(v) == key
}

// like goes through the entries from the first to the last key that is wanted.
func (d *segmentDictionary) like(p *pattern, into *roaring.Bitmap) error {
	wanted, err := d.v.wanted(p)
	if err != nil || len(wanted) == 0 {
		return err
	}
	first := wanted.first()
	var some bits // of short lists
	i := sort.Search(d.blocks(), func(i int) bool { return d.firstKey(i) > first })
	for i = max(i-1, 0); i < d.blocks() && int(d.firstKey(i)) < 64*len(wanted); i++ {
		err := d.block(i, func(e *entry) (bool, error) {
			if !wanted.has(e.key) {
				return true, nil
			}
			if e.long.Length == 0 {
				if some == nil {
					some = newBits(d.v.foot.Events)
				}
				for _, n := range e.list {
					some.set(n)
				}
				return true, nil
			}
			set, err := d.v.list(e.long)
			if err == nil {
				into.Or(set)
			}
			return true, err
		})
		if err != nil {
			return err
		}
	}
	if some != nil {
		into.Or(roaring.FromDense(some, false))
	}
	return nil
}

func (d *segmentDictionary) all() (*roaring.Bitmap, error) { return d.v.list(d.foot.All) }

func (d *segmentDictionary) hidden() (*roaring.Bitmap, error) {
	if d.foot.Hidden.Length == 0 {
		return roaring.New(), nil
	}
	return d.v.list(d.foot.Hidden)
}

// count counts by the numbers of the keys, and reads the keys that are counted.
func (d *segmentDictionary) count(set *roaring.Bitmap, add func(key []byte, n int)) error {
	type counted struct {
		key   uint32
		count int
	}
	var counts []counted
	in := bitsOf(set)
	for i := range d.blocks() {
		err := d.block(i, func(e *entry) (bool, error) {
			k := 0
			if e.long.Length == 0 {
				k = in.count(e.list)
			} else {
				b, err := d.v.listBytes(e.long)
				if err != nil {
					return false, err
				}
				if k, err = countList(b, d.v.foot.Events, set, in); err != nil {
					return false, d.v.damaged("%v", err)
				}
			}
			if k > 0 {
				counts = append(counts, counted{e.key, k})
			}
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	for len(counts) > 0 {
		err := d.v.keyBlock(int(counts[0].key/keysPerBlock), func(no uint32, key []byte) bool {
			if no == counts[0].key {
				add(key, counts[0].count)
				counts = counts[1:]
			}
			return len(counts) > 0
		})
		if err != nil {
			return err
		}
	}
	return nil
}
