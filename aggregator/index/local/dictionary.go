package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// The keys of a dictionary stand in blocks, in order; each block is compressed
// by itself. A key in a block is: uvarint of the bytes it shares with the key
// before, uvarint and bytes of the rest, and its list of events: uvarint
// 2*count and the differences, or, of a longer list, uvarint 1, uvarint offset
// and length in the section postings, and u32 CRC-32C of it there.
//
// The index of a dictionary has for each block: uvarint and bytes of the first
// key, uvarint offset and length in the section keys, u32 CRC-32C.
const (
	keysPerBlock = 128
	inlineList   = 32
	maxKeyBlock  = 4 << 20 // bytes of a block before compression
)

// blockRef is an entry of a dictionary's index.
type blockRef struct {
	first  string
	offset int64
	length int64
	crc    uint32
}

// keyBlock writes one block; long takes a list that is not written in it.
func keyBlock(f *fieldSource, from, to int, long func(list []uint32) (section, error), note func(list []uint32)) ([]byte, error) {
	var b []byte
	before := ""
	for k := from; k < to; k++ {
		key, list := f.keys[k], f.list(k)
		note(list)
		shared := sharedPrefix(before, key)
		b = binary.AppendUvarint(b, uint64(shared))
		b = binary.AppendUvarint(b, uint64(len(key)-shared))
		b = append(b, key[shared:]...)
		before = key
		if len(list) <= inlineList {
			b = binary.AppendUvarint(b, uint64(2*len(list)))
			last := uint32(0)
			for _, n := range list {
				b = binary.AppendUvarint(b, uint64(n-last))
				last = n
			}
			continue
		}
		s, err := long(list)
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

func sharedPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// keyEntry is a key and its list: numbers, or where they are.
type keyEntry struct {
	key  string
	list []uint32
	long section
}

// readKeyBlock gives the keys of a block to fn, in order, until it returns false.
func readKeyBlock(b []byte, events int, fn func(e keyEntry) bool) error {
	r := reader{b: b}
	var key []byte
	var list []uint32
	for first := true; len(r.b) > 0; first = false {
		shared := r.uvarint()
		if shared > uint64(len(key)) {
			return errors.New("a key shares more than the key before it has")
		}
		rest := r.take(r.length())
		before := string(key)
		key = append(key[:shared], rest...)
		if !first && r.err == nil && string(key) <= before {
			return errors.New("keys are not in order")
		}
		e := keyEntry{key: string(key)}
		switch n := r.uvarint(); {
		case n == 1:
			e.long.Offset, e.long.Length = int64(r.uvarint()), int64(r.uvarint())
			e.long.CRC = r.uint32()
			if e.long.Offset < 0 || e.long.Length <= 0 {
				r.fail(errors.New("a list stands at an impossible place"))
			}
		case n%2 == 0 && n <= 2*inlineList:
			list = list[:0]
			last := uint64(0)
			for i := range n / 2 {
				d := r.uvarint()
				if last += d; d == 0 && i > 0 || d >= uint64(events) || last >= uint64(events) {
					r.fail(errors.New("a list names an event that does not exist, or one twice"))
				}
				list = append(list, uint32(last))
			}
			e.list = list
		default:
			r.fail(fmt.Errorf("a list has the form %d", n))
		}
		if r.err != nil {
			return r.err
		}
		if !fn(e) {
			return nil
		}
	}
	return r.err
}

func appendIndex(b []byte, refs []blockRef) []byte {
	for _, r := range refs {
		b = binary.AppendUvarint(b, uint64(len(r.first)))
		b = append(b, r.first...)
		b = binary.AppendUvarint(b, uint64(r.offset))
		b = binary.AppendUvarint(b, uint64(r.length))
		b = binary.LittleEndian.AppendUint32(b, r.crc)
	}
	return b
}

// readIndex reads an index whose blocks lie within size bytes.
func readIndex(b []byte, size int64) ([]blockRef, error) {
	r := reader{b: b}
	var refs []blockRef
	for len(r.b) > 0 {
		ref := blockRef{first: string(r.take(r.length()))}
		ref.offset, ref.length, ref.crc = int64(r.uvarint()), int64(r.uvarint()), r.uint32()
		if ref.offset < 0 || ref.length < 0 || ref.length > size || ref.offset > size-ref.length {
			r.fail(errors.New("a block of keys lies beyond the end of the keys"))
		}
		if r.err == nil && len(refs) > 0 && refs[len(refs)-1].first >= ref.first {
			r.fail(errors.New("blocks of keys are not in order"))
		}
		refs = append(refs, ref)
	}
	return refs, r.err
}

// segmentDictionary is a dictionary in a segment.
type segmentDictionary struct {
	s    *segment
	foot *fieldFooter
	refs []blockRef
}

func (d *segmentDictionary) block(ref blockRef, fn func(keyEntry) (bool, error)) error {
	packed := d.s.bytes(d.s.foot.Keys)[ref.offset : ref.offset+ref.length]
	if checksum(packed) != ref.crc {
		return d.s.damaged("a block of keys of %s does not match its checksum", d.foot.label())
	}
	plain, err := d.s.codec.unpack(packed)
	if err != nil {
		return d.s.damaged("a block of keys of %s: %v", d.foot.label(), err)
	}
	var failed error
	err = readKeyBlock(plain, d.s.foot.Events, func(e keyEntry) (on bool) {
		on, failed = fn(e)
		return on && failed == nil
	})
	if err != nil {
		return d.s.damaged("a block of keys of %s: %v", d.foot.label(), err)
	}
	return failed
}

func (d *segmentDictionary) list(e keyEntry) (*roaring.Bitmap, error) {
	if e.long.Length == 0 {
		return roaring.BitmapOf(e.list...), nil
	}
	return d.s.list(e.long)
}

func (d *segmentDictionary) find(key string) (*roaring.Bitmap, error) {
	out := roaring.New()
	i := sort.Search(len(d.refs), func(i int) bool { return d.refs[i].first > key })
	if i == 0 {
		return out, nil
	}
	err := d.block(d.refs[i-1], func(e keyEntry) (bool, error) {
		if e.key != key {
			return e.key < key, nil
		}
		var err error
		out, err = d.list(e)
		return false, err
	})
	return out, err
}

// entries gives the keys with the prefix to fn.
func (d *segmentDictionary) entries(prefix string, fn func(e keyEntry) error) error {
	i := sort.Search(len(d.refs), func(i int) bool { return d.refs[i].first > prefix })
	for i = max(i-1, 0); i < len(d.refs); i++ {
		if first := d.refs[i].first; first > prefix && !strings.HasPrefix(first, prefix) {
			return nil
		}
		err := d.block(d.refs[i], func(e keyEntry) (bool, error) {
			if strings.HasPrefix(e.key, prefix) {
				return true, fn(e)
			}
			return e.key < prefix, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *segmentDictionary) walk(prefix string, fn func(string, func() (*roaring.Bitmap, error)) error) error {
	return d.entries(prefix, func(e keyEntry) error {
		return fn(e.key, func() (*roaring.Bitmap, error) { return d.list(e) })
	})
}

func (d *segmentDictionary) all() (*roaring.Bitmap, error) { return d.s.list(d.foot.All) }
