package local

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/klauspost/compress/s2"
)

// The keys of all dictionaries of a segment stand once, sorted by their bytes,
// and have numbers from 0. They are in blocks; each block is an s2 block by
// itself. A key in a block is: uvarint of the bytes it shares with the key
// before, uvarint and bytes of the rest.
//
// The index of the keys has for each block: uvarint and bytes of the first key,
// uvarint offset and length in the section keys, u32 CRC-32C.
const (
	keysPerBlock = 128
	maxKeyBlock  = 4 << 20 // bytes of a block before compression
)

// keyBlockRef is an entry of the index of the keys.
type keyBlockRef struct {
	first  string
	offset int64
	length int64
	crc    uint32
}

// appendKeys appends the keys of one block, before compression.
func appendKeys(b []byte, keys [][]byte) []byte {
	var before []byte
	for _, key := range keys {
		shared := sharedPrefix(before, key)
		b = binary.AppendUvarint(b, uint64(shared))
		b = binary.AppendUvarint(b, uint64(len(key)-shared))
		b = append(b, key[shared:]...)
		before = key
	}
	return b
}

func sharedPrefix(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// readKeys gives the keys of a block to fn, in order, until it returns false.
// The bytes are valid within fn.
func readKeys(b []byte, fn func(i int, key []byte) bool) error {
	r := reader{b: b}
	var key []byte
	for i := 0; len(r.b) > 0; i++ {
		shared := r.uvarint()
		if shared > uint64(len(key)) {
			return errors.New("a key shares more than the key before it has")
		}
		n := r.uvarint()
		if r.err != nil || n > uint64(len(r.b)) {
			return cmp.Or(r.err, errCut)
		}
		rest := r.b[:n]
		r.b = r.b[n:]
		if i > 0 && (len(rest) == 0 || int(shared) < len(key) && rest[0] <= key[shared]) {
			return errors.New("keys are not in order")
		}
		key = append(key[:shared], rest...)
		if !fn(i, key) {
			return nil
		}
	}
	return r.err
}

func appendKeyIndex(b []byte, refs []keyBlockRef) []byte {
	for _, r := range refs {
		b = binary.AppendUvarint(b, uint64(len(r.first)))
		b = append(b, r.first...)
		b = binary.AppendUvarint(b, uint64(r.offset))
		b = binary.AppendUvarint(b, uint64(r.length))
		b = binary.LittleEndian.AppendUint32(b, r.crc)
	}
	return b
}

// readKeyIndex reads an index whose blocks lie within size bytes.
func readKeyIndex(b []byte, size int64) ([]keyBlockRef, error) {
	r := reader{b: b}
	var refs []keyBlockRef
	for len(r.b) > 0 {
		ref := keyBlockRef{first: string(r.take(r.length()))}
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

// keyIndex is the index of the keys, which stays in memory once it was read.
func (s *segment) keyIndex() ([]keyBlockRef, error) {
	if refs := s.keyRefs.Load(); refs != nil {
		return *refs, nil
	}
	b, err := s.section(s.foot.KeyIndex, "the index of the keys")
	if err != nil {
		return nil, err
	}
	refs, err := readKeyIndex(b, s.foot.Keys.Length)
	if n := (s.foot.KeyCount + keysPerBlock - 1) / keysPerBlock; err == nil && len(refs) != n {
		err = fmt.Errorf("it has %d blocks, want %d", len(refs), n)
	}
	if err != nil {
		return nil, s.damaged("the index of the keys: %v", err)
	}
	s.keyRefs.Store(&refs)
	return refs, nil
}

// keyBlock gives the keys of a block to fn, with their numbers, until it returns false.
func (v *segmentView) keyBlock(block int, fn func(no uint32, key []byte) bool) error {
	refs, err := v.keyIndex()
	if err != nil {
		return err
	}
	ref := refs[block]
	packed := v.part(v.foot.Keys, ref.offset, ref.offset+ref.length)
	if checksum(packed) != ref.crc {
		return v.damaged("block %d of the keys does not match its checksum", block)
	}
	n, err := s2.DecodedLen(packed)
	if err == nil && n > maxKeyBlock {
		err = errors.New("it is too large")
	}
	if err == nil {
		if v.plain, err = s2.Decode(v.plain[:cap(v.plain)], packed); err == nil {
			err = readKeys(v.plain, func(i int, key []byte) bool { return fn(uint32(block*keysPerBlock+i), key) })
		}
	}
	if err != nil {
		return v.damaged("block %d of the keys: %v", block, err)
	}
	return nil
}

// keyNumber is the number of a key; false: no dictionary has it.
func (v *segmentView) keyNumber(key string) (uint32, bool, error) {
	if n, ok := v.numbers[key]; ok {
		return uint32(n), n >= 0, nil
	}
	refs, err := v.keyIndex()
	if err != nil {
		return 0, false, err
	}
	found := int64(-1)
	if i := sort.Search(len(refs), func(i int) bool { return refs[i].first > key }); i > 0 {
		err = v.keyBlock(i-1, func(no uint32, k []byte) bool {
			if string(k) == key {
				found = int64(no)
			}
			return string(k) < key
		})
	}
	if v.numbers == nil {
		v.numbers = map[string]int64{}
	}
	v.numbers[key] = found
	return uint32(found), found >= 0, err
}

// keyText is the key with this number.
func (v *segmentView) keyText(no uint32) (text string, err error) {
	found := false
	err = v.keyBlock(int(no/keysPerBlock), func(k uint32, key []byte) bool {
		if k == no {
			text, found = string(key), true
		}
		return !found
	})
	if err == nil && !found {
		err = v.damaged("key %d does not exist", no)
	}
	return text, err
}

// wanted are the keys that the pattern wants. It is worked out once for all dictionaries.
func (v *segmentView) wanted(p *pattern) (bits, error) {
	if set, ok := v.patterns[p]; ok {
		return set, nil
	}
	refs, err := v.keyIndex()
	if err != nil {
		return nil, err
	}
	var set bits
	i := sort.Search(len(refs), func(i int) bool { return refs[i].first > p.prefix })
	for i = max(i-1, 0); i < len(refs); i++ {
		if first := refs[i].first; first > p.prefix && !strings.HasPrefix(first, p.prefix) {
			break
		}
		err := v.keyBlock(i, func(no uint32, key []byte) bool {
			if k := string(key); strings.HasPrefix(k, p.prefix) {
				if p.want(k) {
					set.set(no)
				}
				return true
			}
			return string(key) < p.prefix
		})
		if err != nil {
			return nil, err
		}
	}
	if v.patterns == nil {
		v.patterns = map[*pattern]bits{}
	}
	v.patterns[p] = set
	return set, nil
}
