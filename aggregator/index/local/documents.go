package local

import (
	"encoding/binary"
	"errors"

	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/event"
)

// newDecoder makes the decoder of the events of version 1; openDocs calls it once.
func (s *segment) newDecoder() (*zstd.Decoder, error) {
	b, err := s.section(s.foot.Sample, "sample")
	if err != nil {
		return nil, err
	}
	sample, err := s.codec.unpack(b)
	if err != nil {
		return nil, s.damaged("section sample: %v", err)
	}
	d, err := docDecoder(sample)
	if err == nil {
		s.decoder.Store(d)
	}
	return d, err
}

// segmentDocs reads the events of a segment, and keeps the last blocks it unpacked.
type segmentDocs struct {
	s    *segment
	open openBlocks
	json []byte
	// Of version 1:
	block int // that is unpacked; -1: none
	plain []byte
	docs  [][]byte
}

func (s *segment) readDocs() docReader { return &segmentDocs{s: s, block: -1} }

func (d *segmentDocs) read(n uint32) ([]byte, error) {
	if d.s.foot.version == 1 {
		return d.old(n)
	}
	var e event.Event
	if err := d.event(n, &e); err != nil {
		return nil, err
	}
	d.json = e.AppendJSON(d.json[:0])
	return d.json, nil
}

func (d *segmentDocs) event(n uint32, e *event.Event) error {
	if d.s.foot.version == 1 {
		doc, err := d.old(n)
		if err == nil {
			*e, err = decodeEvent(doc)
		}
		return err
	}
	b, i, err := d.place(n)
	if err == nil {
		if err = b.event(i, e); err != nil {
			err = d.s.damaged("event %d: %v", n, err)
		}
	}
	return err
}

func (d *segmentDocs) id(n uint32) (string, error) {
	if d.s.foot.version == 1 {
		doc, err := d.old(n)
		return idOf(doc), err
	}
	b, i, err := d.place(n)
	if err != nil {
		return "", err
	}
	id, err := b.id(i)
	if err != nil {
		err = d.s.damaged("event %d: %v", n, err)
	}
	return id, err
}

// place is the block of an event, and its number there.
func (d *segmentDocs) place(n uint32) (b *docBlock, i int, err error) {
	err = d.s.guard(func() error {
		at, err := d.s.placeOf(n)
		if err != nil {
			return err
		}
		i = int(at % eventsPerBlock)
		number := int(at / eventsPerBlock)
		b, err = d.open.block(number, func() (*docBlock, error) {
			packed, err := d.s.docBlock(number)
			if err != nil {
				return nil, err
			}
			b, err := openBlock(d.s.codec.dec, packed)
			if err != nil {
				err = d.s.damaged("block %d of the events: %v", number, err)
			}
			return b, err
		})
		return err
	})
	return b, i, err
}

func (d *segmentDocs) arrange(events []uint32) error {
	if d.s.foot.version == 1 {
		return nil // the order of time is that of the blocks
	}
	return d.s.guard(func() error { return arrange(events, d.s.placeOf) })
}

// placeOf is the place of an event: its block * eventsPerBlock + its number there.
func (s *segment) placeOf(n uint32) (uint32, error) {
	b, err := s.section(s.foot.Places, "places")
	if err != nil {
		return 0, err
	}
	switch len(b) {
	case 2 * s.foot.Events:
		return uint32(binary.LittleEndian.Uint16(b[2*n:])), nil
	case 3 * s.foot.Events:
		return uint32(b[3*n]) | uint32(b[3*n+1])<<8 | uint32(b[3*n+2])<<16, nil
	}
	return binary.LittleEndian.Uint32(b[4*n:]), nil
}

// docBlock is a packed block, checked.
func (s *segment) docBlock(block int) ([]byte, error) {
	refs, err := s.section(s.foot.Blocks, "blocks")
	if err != nil {
		return nil, err
	}
	if 8*block >= len(refs) {
		return nil, s.damaged("it has no block %d of events", block)
	}
	from, to := uint32(0), binary.LittleEndian.Uint32(refs[8*block:])
	if block > 0 {
		from = binary.LittleEndian.Uint32(refs[8*block-8:])
	}
	if from > to || int64(to) > s.foot.Docs.Length {
		return nil, s.damaged("a block of events lies beyond their end")
	}
	packed := s.part(s.foot.Docs, int64(from), int64(to))
	if checksum(packed) != binary.LittleEndian.Uint32(refs[8*block+4:]) {
		return nil, s.damaged("block %d of the events does not match its checksum", block)
	}
	return packed, nil
}

// old reads an event of version 1.
func (d *segmentDocs) old(n uint32) (doc []byte, err error) {
	if block := int(n / docsPerBlock); block != d.block {
		if err := d.s.guard(func() error { return d.load(block) }); err != nil {
			d.block = -1
			return nil, err
		}
		d.block = block
	}
	return d.docs[n%docsPerBlock], nil
}

func (d *segmentDocs) load(block int) error {
	s := d.s
	packed, err := s.docBlock(block)
	if err != nil {
		return err
	}
	dec, err := s.openDocs()
	if err != nil {
		return err
	}
	if d.plain, err = dec.DecodeAll(packed, d.plain[:0]); err == nil {
		d.docs, err = splitDocs(d.plain, min(docsPerBlock, s.foot.Events-block*docsPerBlock), d.docs[:0])
	}
	if err != nil {
		return s.damaged("block %d of the events: %v", block, err)
	}
	return nil
}

// splitDocs finds the count events of an unpacked block.
func splitDocs(plain []byte, count int, into [][]byte) ([][]byte, error) {
	r := reader{b: plain}
	for range count {
		into = append(into, r.take(r.length()))
	}
	if r.err == nil && len(r.b) > 0 {
		r.fail(errors.New("it has more events than it should"))
	}
	return into, r.err
}
