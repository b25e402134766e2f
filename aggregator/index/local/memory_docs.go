package local

import "github.com/klauspost/compress/s2"

// memoryDocs reads the events of a memory, and keeps the blocks it unpacked last.
type memoryDocs struct {
	places, blocks []uint32
	packed         []byte
	kept           []memoryBlock // by block, modulo how many there are
}

// memoryBlock is an unpacked block.
type memoryBlock struct {
	block int // -1: none
	plain []byte
	docs  [][]byte
}

// newMemoryDocs makes a reader that keeps so many blocks.
func newMemoryDocs(places, blocks []uint32, packed []byte, keep int) *memoryDocs {
	d := &memoryDocs{places, blocks, packed, make([]memoryBlock, keep)}
	for i := range d.kept {
		d.kept[i].block = -1
	}
	return d
}

func (d *memoryDocs) read(n uint32) ([]byte, error) {
	block, i := int(d.places[n]/walBlock), d.places[n]%walBlock
	b := &d.kept[block%len(d.kept)]
	if b.block != block {
		if err := b.load(d.block(block)); err != nil {
			b.block = -1
			return nil, err
		}
		b.block = block
	}
	return b.docs[i], nil
}

func (d *memoryDocs) block(n int) []byte {
	from := uint32(0)
	if n > 0 {
		from = d.blocks[n-1]
	}
	return d.packed[from:d.blocks[n]]
}

// load unpacks a block.
func (b *memoryBlock) load(packed []byte) (err error) {
	if b.plain, err = s2.Decode(b.plain[:cap(b.plain)], packed); err != nil {
		return err
	}
	r := reader{b: b.plain}
	for b.docs = b.docs[:0]; len(r.b) > 0; {
		b.docs = append(b.docs, r.take(r.length()))
	}
	return r.err
}
