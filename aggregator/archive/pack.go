package archive

import (
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/aggregator/archive/parquet"
)

// packer brings lines into the form of a codec. What it compresses with is large,
// so one packer makes all objects of a seal.
type packer struct {
	codec      Codec
	level      int // 1 to 9, or gzip.DefaultCompression
	recipients []age.Recipient
	gzip       *gzip.Writer
	zstd       *zstd.Encoder
	columns    *parquet.Form
}

// writer takes lines, each with its end, in pieces of any size. Its Close ends
// the object, not out.
func (p *packer) writer(out io.Writer) (io.WriteCloser, error) {
	var closers []io.Closer
	if p.codec.encrypted() {
		w, err := age.Encrypt(out, p.recipients...)
		if err != nil {
			return nil, fmt.Errorf("encrypt: %w", err)
		}
		out, closers = w, append(closers, w)
	}
	if p.codec.plain() == Parquet {
		if p.columns == nil {
			p.columns = parquet.NewForm(p.zstdLevel())
		}
		w := p.columns.Begin(out)
		return &packed{&lineSplitter{give: w.Write}, append(closers, w)}, nil
	}
	compressed, err := p.compressor(out)
	if err != nil {
		return nil, err
	}
	w := &packed{Writer: compressed, closers: append(closers, compressed)}
	if p.codec.plain() == CloudTrailGzip {
		r := &recordWriter{out: compressed}
		w.Writer, w.closers = &lineSplitter{give: r.record}, append(w.closers, r)
	}
	return w, nil
}

func (p *packer) compressor(out io.Writer) (w io.WriteCloser, err error) {
	if p.codec.plain() == NDJSONZstd {
		if p.zstd == nil {
			// One goroutine: the same lines give the same bytes.
			if p.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithEncoderLevel(p.zstdLevel())); err != nil {
				return nil, err
			}
		}
		p.zstd.Reset(out)
		return p.zstd, nil
	}
	if p.gzip == nil {
		if p.gzip, err = gzip.NewWriterLevel(nil, p.level); err != nil {
			return nil, err
		}
	}
	p.gzip.Reset(out)
	return p.gzip, nil
}

func (p *packer) zstdLevel() zstd.EncoderLevel {
	if p.level == gzip.DefaultCompression {
		return zstd.SpeedDefault
	}
	return zstd.EncoderLevelFromZstd(p.level)
}

// packed closes what it is made of, the last first.
type packed struct {
	io.Writer
	closers []io.Closer
}

func (p *packed) Close() (err error) {
	for i := len(p.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, p.closers[i].Close())
	}
	return err
}
