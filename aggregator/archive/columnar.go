package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/actiontrail/actiontrail/aggregator/archive/parquet"
)

// spoolAt is how many bytes of an object are kept in memory whose end says what is in it.
const spoolAt = 64 << 20

// mostStored is how many stored bytes may come of an object that is sealed with so many: an
// amendment may have some more. What has no end must not fill the disk.
func mostStored(sealed int64) int64 { return 2*sealed + spoolAt }

// columnReader gives the lines of an object in Parquet.
type columnReader struct {
	*parquet.Reader
	spooled *os.File // nil: it is in memory
}

// newColumnReader takes an object whole, of most bytes, since its end is read first:
// a large one into a file without a name.
func newColumnReader(in io.Reader, most int64) (*columnReader, error) {
	var begin bytes.Buffer
	n, err := io.Copy(&begin, io.LimitReader(in, min(spoolAt, most)+1))
	if err != nil {
		return nil, err
	}
	c := &columnReader{}
	file := io.ReaderAt(bytes.NewReader(begin.Bytes()))
	if n > spoolAt && n <= most {
		if c.spooled, err = os.CreateTemp("", "actiontrail-object-*"); err != nil {
			return nil, fmt.Errorf("keep a large object aside: %w", err)
		}
		if n, err = spool(c.spooled, &begin, io.LimitReader(in, most-n+1)); err != nil {
			return nil, errors.Join(err, c.close())
		}
		file = c.spooled
	}
	if n > most {
		return nil, errors.Join(fmt.Errorf("it has more than %d bytes, and less are sealed", most), c.close())
	}
	if c.Reader, err = parquet.NewReader(file, n); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// spool writes a file, which goes when it is closed.
func spool(f *os.File, begin *bytes.Buffer, rest io.Reader) (int64, error) {
	if err := os.Remove(f.Name()); err != nil {
		return 0, fmt.Errorf("keep a large object aside: %w", err)
	}
	n, err := io.Copy(f, io.MultiReader(begin, rest))
	if err != nil {
		return n, fmt.Errorf("keep a large object aside: %w", err)
	}
	return n, nil
}

func (c *columnReader) next() ([]byte, error) { return c.Next() }

func (c *columnReader) close() error {
	if c.Reader != nil {
		c.Close()
	}
	if c.spooled == nil {
		return nil
	}
	return c.spooled.Close()
}
