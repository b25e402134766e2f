package local

import "github.com/actiontrail/actiontrail/event"

// memoryDocs reads the events of a memory, and keeps the blocks it unpacked last.
type memoryDocs struct {
	codec          *codec
	places, blocks []uint32
	packed         []byte
	open           openBlocks
	json           []byte
}

func newMemoryDocs(c *codec, places, blocks []uint32, packed []byte) *memoryDocs {
	return &memoryDocs{codec: c, places: places, blocks: blocks, packed: packed}
}

func (d *memoryDocs) place(n uint32) (*docBlock, int, error) {
	block, i := int(d.places[n]/eventsPerBlock), int(d.places[n]%eventsPerBlock)
	open, err := d.open.block(block, func() (*docBlock, error) { return openBlock(d.codec.dec, d.block(block)) })
	return open, i, err
}

func (d *memoryDocs) arrange(events []uint32) error {
	return arrange(events, func(n uint32) (uint32, error) { return d.places[n], nil })
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
