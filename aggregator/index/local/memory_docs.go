package local

import "github.com/actiontrail/actiontrail/event"

// memoryDocs reads the events of a memory, and keeps the block it unpacked last.
type memoryDocs struct {
	codec          *codec
	places, blocks []uint32
	packed         []byte
	at             int // of the block that is open; -1: none
	open           *docBlock
	json           []byte
}

func newMemoryDocs(c *codec, places, blocks []uint32, packed []byte) *memoryDocs {
	return &memoryDocs{codec: c, places: places, blocks: blocks, packed: packed, at: -1}
}

func (d *memoryDocs) place(n uint32) (*docBlock, int, error) {
	block, i := int(d.places[n]/eventsPerBlock), int(d.places[n]%eventsPerBlock)
	if block != d.at {
		open, err := openBlock(d.codec.dec, d.block(block))
		if err != nil {
			return nil, 0, err
		}
		d.at, d.open = block, open
	}
	return d.open, i, nil
}

func (d *memoryDocs) event(n uint32, e *event.Event) error {
	b, i, err := d.place(n)
	if err != nil {
		return err
	}
	return b.event(i, e)
}

func (d *memoryDocs) read(n uint32) ([]byte, error) {
	var e event.Event
	if err := d.event(n, &e); err != nil {
		return nil, err
	}
	d.json = e.AppendJSON(d.json[:0])
	return d.json, nil
}

func (d *memoryDocs) id(n uint32) (string, error) {
	b, i, err := d.place(n)
	if err != nil {
		return "", err
	}
	return b.id(i)
}

func (d *memoryDocs) block(n int) []byte {
	from := uint32(0)
	if n > 0 {
		from = d.blocks[n-1]
	}
	return d.packed[from:d.blocks[n]]
}
