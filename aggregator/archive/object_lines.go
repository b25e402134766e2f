package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// objectLines gives the canonical lines of an object, each valid during the call.
func objectLines(ctx context.Context, b Bucket, o *Object, ids Identities, give func(line []byte) error) error {
	r, err := b.Read(ctx, o.Key)
	if err != nil {
		return err
	}
	defer r.Close()
	u := &unpacker{identities: ids}
	defer u.close()
	lines, err := u.open(r, o.Codec, o.Bytes)
	if err != nil {
		return err
	}
	for n := uint64(0); ; n++ {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n+1, err)
		}
		if n == o.Count {
			return fmt.Errorf("it holds more than the %d events that are sealed", o.Count)
		}
		if err := give(line); err != nil {
			return err
		}
	}
}
