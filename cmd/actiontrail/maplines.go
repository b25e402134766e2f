package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"

	"github.com/actiontrail/actiontrail/config"
)

// eachLine calls fn with the lines of a log, numbered from 1: a file, one that is
// gzipped, or - for what comes in. A line that is too long is cut, as an agent does.
func eachLine(file string, stdin io.Reader, fn func(number int, line []byte) error) error {
	in := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return usageError("%w", err)
		}
		defer f.Close()
		in = f
	}
	r := bufio.NewReaderSize(in, config.DefaultMaxLine)
	if head, err := r.Peek(2); err == nil && bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return usageError("%s begins like a gzip file, but is none: %w", file, err)
		}
		r = bufio.NewReaderSize(z, config.DefaultMaxLine)
	}
	for n := 1; ; n++ {
		line, err := r.ReadSlice('\n')
		for rest := err; errors.Is(rest, bufio.ErrBufferFull); { // cut
			_, rest = r.ReadSlice('\n')
			err = nil
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			if err := fn(n, line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
	}
}
