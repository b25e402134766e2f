package local

import (
	"encoding/binary"
	"errors"

	"github.com/klauspost/compress/zstd"
)

// newDecoder makes the decoder of the events; openDocs calls it once.
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

// segmentDocs reads the events of a segment, and keeps the last block it unpacked.
type segmentDocs struct {
	s     *segment
	block int // that plain is; -1: none
	plain []byte
	docs  [][]byte
}

func (s *segment) readDocs() docReader { return &segmentDocs{s: s, block: -1} }

func (d *segmentDocs) read(n uint32) (doc []byte, err error) {
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
	refs, err := s.section(s.foot.Blocks, "blocks")
	if err != nil {
		return err
	}
	from, to := uint32(0), binary.LittleEndian.Uint32(refs[8*block:])
	if block > 0 {
		from = binary.LittleEndian.Uint32(refs[8*block-8:])
	}
	all := s.bytes(s.foot.Docs)
	if from > to || int64(to) > int64(len(all)) {
		return s.damaged("a block of events lies beyond their end")
	}
	packed := all[from:to]
	if checksum(packed) != binary.LittleEndian.Uint32(refs[8*block+4:]) {
		return s.damaged("block %d of the events does not match its checksum", block)
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
