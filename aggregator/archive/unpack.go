package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// longestLine bounds the line of an event, for objects that are not ours.
const longestLine = 64 << 20

// errNoIdentity tells that an object is encrypted for others than the identities at hand.
var errNoIdentity = errors.New("it is encrypted, and no identity that was given can read it")

// unpacker reads objects; what it takes is large, so there is one for all. After
// the last object it is closed.
type unpacker struct {
	identities Identities
	gzip       gzip.Reader
	zstd       *zstd.Decoder
	lines      *bufio.Reader
	columns    *columnReader // the last one
}

// lineSource gives the canonical lines of an object, without their ends: each is
// valid until the next call. io.EOF comes after the last.
type lineSource interface{ next() ([]byte, error) }

// open begins an object of this codec, which was sealed with so many stored bytes. One
// before it is not read on.
func (u *unpacker) open(in io.Reader, c Codec, sealed int64) (lineSource, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.encrypted() {
		if len(u.identities) == 0 {
			return nil, errNoIdentity
		}
		r, err := age.Decrypt(in, u.identities...)
		if e := (*age.NoIdentityMatchError)(nil); errors.As(err, &e) {
			return nil, errNoIdentity
		}
		if err != nil {
			return nil, fmt.Errorf("it cannot be decrypted: %w", err)
		}
		in = r
	}
	if c.plain() == Parquet {
		u.endColumns()
		var err error
		u.columns, err = newColumnReader(in, mostStored(sealed))
		return u.columns, err
	}
	if u.lines == nil {
		u.lines = bufio.NewReaderSize(nil, 64<<10)
	}
	switch c.plain() {
	case NDJSONZstd:
		if u.zstd == nil {
			var err error
			if u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20)); err != nil {
				return nil, err
			}
		}
		if err := u.zstd.Reset(in); err != nil {
			return nil, fmt.Errorf("it is not zstd: %w", err)
		}
		u.lines.Reset(u.zstd)
	default:
		if err := u.gzip.Reset(in); err != nil {
			return nil, fmt.Errorf("it is not gzip: %w", err)
		}
		u.lines.Reset(&u.gzip)
	}
	if c.plain() == CloudTrailGzip {
		return newRecordReader(u.lines)
	}
	return &lineReader{u.lines}, nil
}

func (u *unpacker) close() {
	u.endColumns()
	if u.zstd != nil {
		u.zstd.Close()
	}
}

func (u *unpacker) endColumns() {
	if u.columns != nil {
		_ = u.columns.close() // what was read of it is not written
		u.columns = nil
	}
}

// lineReader reads lines of text.
type lineReader struct{ in *bufio.Reader }

func (r *lineReader) next() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	if err == nil {
		return line[:len(line)-1], nil
	}
	long := bytes.Clone(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(long) > longestLine {
			return nil, fmt.Errorf("is longer than %d bytes", longestLine)
		}
		line, err = r.in.ReadSlice('\n')
		long = append(long, line...)
	}
	switch {
	case err == nil:
		return long[:len(long)-1], nil
	case err == io.EOF && len(long) > 0:
		return nil, errors.New("does not end with a line end")
	}
	return nil, err
}
