package local

import (
	"encoding/binary"
	"fmt"
)

// codes holds the codes and marks of all dictionaries against their entries.
func (k *segmentCheck) codes() error {
	for i := range k.s.foot.Fields {
		f := &k.s.foot.Fields[i]
		if f.Codes.Length == 0 && f.Marks.Length == 0 {
			continue
		}
		if err := k.codesOf(f); err != nil {
			return fmt.Errorf("codes of %s: %w", f.label(), err)
		}
	}
	return nil
}

func (k *segmentCheck) codesOf(f *fieldFooter) error {
	s := k.s
	index, err := s.section(f.Index, "index of "+f.label())
	if err != nil {
		return err
	}
	codes, err := s.codesOf(f)
	if err != nil {
		return err
	}
	marks, err := s.marksOf(f)
	if err != nil {
		return err
	}
	d := &segmentDictionary{&segmentView{segment: s}, f, index}
	width, coded := codeBits(f.Keys), 0
	if codes != nil {
		for n := range s.foot.Events {
			if codeOf(codes, width, uint32(n)) != 0 {
				coded++
			}
		}
	}
	var keys []uint32
	listed, wrong := 0, 0
	for block := range d.blocks() {
		err := d.block(block, func(e *entry) (bool, error) {
			keys = append(keys, e.key)
			if codes == nil {
				return true, nil
			}
			list := e.list
			if e.long.Length > 0 {
				b, err := s.listBytes(e.long)
				if err != nil {
					return false, err
				}
				if list, err = readList(b, s.foot.Events, nil); err != nil {
					return false, s.damaged("%v", err)
				}
			}
			listed += len(list)
			for _, n := range list {
				if codeOf(codes, width, n) != uint64(len(keys)) {
					wrong++
				}
			}
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	if len(keys) != f.Keys {
		k.c.problem("%s has %d entries, and is said to have %d", f.label(), len(keys), f.Keys)
		return nil
	}
	if wrong > 0 || coded != listed && codes != nil {
		k.c.problem("%s: the codes of %d events are not those of their values, and %d events have a code, not %d", f.label(), wrong, coded, listed)
	}
	if marks == nil {
		return nil
	}
	wrong = 0
	for i := 0; i < len(keys); {
		from := i
		err := d.v.keyBlock(int(keys[i]/keysPerBlock), func(no uint32, key []byte) bool {
			if no == keys[i] {
				if binary.LittleEndian.Uint64(marks[markSize*i:]) != s.salt.mark(key) {
					wrong++
				}
				i++
			}
			return i < len(keys)
		})
		if err != nil {
			return err
		}
		if i == from {
			return s.damaged("key %d does not exist", keys[i])
		}
	}
	if wrong > 0 {
		k.c.problem("%s: the marks of %d entries are not those of their keys", f.label(), wrong)
	}
	return nil
}

// codeOf is the code of an event.
func codeOf(codes []byte, width int, n uint32) uint64 {
	at := int(n) * width
	return binary.LittleEndian.Uint64(codes[at/8:]) >> (at % 8) & (1<<width - 1)
}
