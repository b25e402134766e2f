package local

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/klauspost/compress/s2"
)

// keyWriter writes the keys of all dictionaries, in their order.
type keyWriter struct {
	w     *segmentWriter
	refs  []keyBlockRef
	plain []byte
	block [][]byte // not written yet, in text
	text  []byte
	pack  []byte
}

func (w *segmentWriter) newKeyWriter() *keyWriter {
	w.foot.Keys.Offset = w.offset
	return &keyWriter{w: w}
}

func (k *keyWriter) add(key []byte) error {
	k.w.foot.KeyCount++
	from := len(k.text)
	k.text = append(k.text, key...)
	if k.block = append(k.block, k.text[from:]); len(k.block) < keysPerBlock {
		return nil
	}
	return k.flush()
}

func (k *keyWriter) flush() error {
	if len(k.block) == 0 {
		return nil
	}
	w := k.w
	k.plain = appendKeys(k.plain[:0], k.block)
	k.pack = s2.Encode(k.pack[:cap(k.pack)], k.plain)
	k.refs = append(k.refs, keyBlockRef{string(k.block[0]), w.offset - w.foot.Keys.Offset, int64(len(k.pack)), checksum(k.pack)})
	k.block, k.text = k.block[:0], k.text[:0]
	return w.put(k.pack)
}

func (k *keyWriter) end() error {
	if err := k.flush(); err != nil {
		return err
	}
	w := k.w
	w.foot.Keys.Length = w.offset - w.foot.Keys.Offset
	w.keyIndex = appendKeyIndex(nil, k.refs)
	return nil
}

// dictionaryWriter writes a dictionary, whose entries come in the order of their keys.
type dictionaryWriter struct {
	w     *segmentWriter
	no    int // of the field
	out   fieldFooter
	index []byte
	marks []byte
	keyed bool // it has codes and marks
}

func (w *segmentWriter) newDictionary(no int, path string, unnamed bool) *dictionaryWriter {
	d := &dictionaryWriter{w: w, no: no, out: fieldFooter{Path: path, Unnamed: unnamed}}
	if no != wordsNo {
		d.out.Name, d.keyed = fields[no].Name, kinds[no] == asKey
	}
	if d.keyed {
		w.codes = slices.Grow(w.codes[:0], w.foot.Events)[:w.foot.Events]
		clear(w.codes)
	}
	return d
}

// block writes a block of entries: entriesPerBlock of them, fewer in the last. mark gives the mark of a key.
func (d *dictionaryWriter) block(entries []entrySource, mark func(key uint32) uint64) (err error) {
	w := d.w
	if w.plain, err = appendEntries(w.plain[:0], entries, w.long); err != nil {
		return err
	}
	if w.entries.size+int64(len(w.plain)) > math.MaxUint32 {
		return errors.New("its dictionaries take more than 4 GiB")
	}
	for _, v := range []uint32{entries[0].key, uint32(w.entries.size), uint32(len(w.plain)), checksum(w.plain)} {
		d.index = binary.LittleEndian.AppendUint32(d.index, v)
	}
	if d.keyed {
		for _, e := range entries {
			d.out.Keys++
			for _, n := range e.events {
				w.codes[n] = uint32(d.out.Keys)
			}
			d.marks = binary.LittleEndian.AppendUint64(d.marks, mark(e.key))
		}
	}
	return w.entries.add(w.plain)
}

// end ends the dictionary: all are the events with a value, hidden those with one that has no key.
func (d *dictionaryWriter) end(all, hidden []uint32) (err error) {
	w := d.w
	if d.out.All, err = w.long(all); err != nil {
		return err
	}
	if len(hidden) > 0 {
		if d.out.Hidden, err = w.long(hidden); err != nil {
			return err
		}
	}
	if d.no == errorCode {
		for _, n := range all {
			w.foot.Hours[hourOf(w.times[n])].Errors++
		}
	}
	w.indices = append(w.indices, d.index)
	if d.out.Keys > 0 {
		w.plain = appendCodes(w.plain[:0], w.codes, d.out.Keys)
		if err := w.section(&d.out.Codes, w.plain); err != nil {
			return err
		}
		if err := w.section(&d.out.Marks, d.marks); err != nil {
			return err
		}
	}
	w.foot.Fields = append(w.foot.Fields, d.out)
	return nil
}
