package local

import "hash/maphash"

// idTable finds the events of a memory by their ids, of which two may be equal.
type idTable struct {
	seed  maphash.Seed
	text  []byte   // of all ids, one after the other
	ends  []uint32 // of each in text, by the number of its event
	slots []uint64 // open addressing: 32 bits of the hash, then the number of the event, plus 1
}

func newIDTable() idTable {
	return idTable{seed: maphash.MakeSeed(), slots: make([]uint64, 1<<10)}
}

func (t *idTable) reset() {
	clear(t.slots)
	t.text, t.ends = t.text[:0], t.ends[:0]
}

// of is the id of an event.
func (t *idTable) of(n uint32) []byte {
	from := uint32(0)
	if n > 0 {
		from = t.ends[n-1]
	}
	return t.text[from:t.ends[n]]
}

func (t *idTable) hash(id string) uint64 { return maphash.String(t.seed, id) << 32 >> 32 }

// each calls fn for the events of an id, in their order, until it returns false.
func (t *idTable) each(id string, fn func(n uint32) bool) {
	hash, mask := t.hash(id), uint64(len(t.slots)-1)
	for i := hash & mask; t.slots[i] != 0; i = (i + 1) & mask {
		if x := t.slots[i]; x>>32 == hash && string(t.of(uint32(x)-1)) == id && !fn(uint32(x)-1) {
			return
		}
	}
}

// add adds the id of the next event.
func (t *idTable) add(id string) {
	t.text = append(roomFor(t.text, len(id)), id...)
	t.ends = append(roomFor(t.ends, 1), uint32(len(t.text)))
	if 2*len(t.ends) > len(t.slots) {
		before := t.slots
		t.slots = make([]uint64, 2*len(before))
		for n := range uint32(len(t.ends)) - 1 {
			t.put(t.hash(string(t.of(n))), n)
		}
	}
	t.put(t.hash(id), uint32(len(t.ends))-1)
}

func (t *idTable) put(hash uint64, n uint32) {
	mask := uint64(len(t.slots) - 1)
	i := hash & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = hash<<32 | uint64(n) + 1
}
