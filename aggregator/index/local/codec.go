package local

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// codec compresses what stands in segments. It is safe for concurrent use.
type codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// maxUnpacked is the most that one compressed part may become.
const maxUnpacked = 1 << 30

func newCodec() (*codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxUnpacked), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, errors.Join(err, enc.Close())
	}
	return &codec{enc, dec}, nil
}

func (c *codec) pack(b []byte) []byte { return c.enc.EncodeAll(b, nil) }

func (c *codec) unpack(b []byte) ([]byte, error) {
	out, err := c.dec.DecodeAll(b, nil)
	if err != nil {
		return nil, fmt.Errorf("it cannot be unpacked: %w", err)
	}
	return out, nil
}

func (c *codec) close() error {
	c.dec.Close()
	return c.enc.Close()
}

// sampleID is the id of the zstd dictionary of docs in version 1: a segment has one at most.
const sampleID = 1

// docWindow is the window of a block of events: most are within.
const docWindow = 256 << 10

func docDecoder(sample []byte) (*zstd.Decoder, error) {
	opts := []zstd.DOption{zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxUnpacked), zstd.WithDecoderLowmem(true)}
	if len(sample) > 0 {
		opts = append(opts, zstd.WithDecoderDictRaw(sampleID, sample))
	}
	return zstd.NewReader(nil, opts...)
}
