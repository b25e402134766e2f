package slstest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// unpack gives the body of a request as it was before it was compressed, which has to be so large.
func unpack(form string, body []byte, size int) (raw []byte, err error) {
	switch form {
	case "":
		raw = body
	case "lz4":
		raw, err = unpackLZ4(body, size)
	case "zstd":
		var d *zstd.Decoder
		if d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1)); err == nil {
			raw, err = d.DecodeAll(body, nil)
			d.Close()
		}
	default:
		err = fmt.Errorf("x-log-compresstype %s is unsupported", form)
	}
	if err == nil && len(raw) != size {
		err = fmt.Errorf("the body has %d bytes, x-log-bodyrawsize says %d", len(raw), size)
	}
	return raw, err
}

var errLZ4 = errors.New("the body is no block of LZ4")

// unpackLZ4 reads one block of LZ4, without a frame: tokens, each with literals and a match before them.
func unpackLZ4(in []byte, size int) ([]byte, error) {
	out := make([]byte, 0, size)
	long := func(n int) (int, error) { // a length that goes on
		if n < 15 {
			return n, nil
		}
		for {
			if len(in) == 0 {
				return 0, errLZ4
			}
			more := in[0]
			in = in[1:]
			if n += int(more); more < 255 {
				return n, nil
			}
		}
	}
	for len(in) > 0 {
		token := in[0]
		in = in[1:]
		n, err := long(int(token >> 4))
		if err != nil || n > len(in) || len(out)+n > size {
			return nil, errLZ4
		}
		out = append(out, in[:n]...)
		if in = in[n:]; len(in) == 0 {
			return out, nil // the last token has literals alone
		}
		if len(in) < 2 {
			return nil, errLZ4
		}
		back := int(binary.LittleEndian.Uint16(in))
		in = in[2:]
		n, err = long(int(token & 15))
		if n += 4; err != nil || back == 0 || back > len(out) || len(out)+n > size {
			return nil, errLZ4
		}
		for range n { // what is copied may begin in what is written
			out = append(out, out[len(out)-back])
		}
	}
	return nil, errLZ4
}

// field is one of protobuf: its number, and what it holds by its wire type.
type field struct {
	number int
	wire   int
	value  uint64 // of types 0 and 5
	bytes  []byte // of type 2
}

// next reads one field.
func next(in []byte) (f field, rest []byte, err error) {
	tag, n := binary.Uvarint(in)
	if n <= 0 {
		return f, nil, io.ErrUnexpectedEOF
	}
	f.number, f.wire, in = int(tag>>3), int(tag&7), in[n:]
	switch f.wire {
	case 0:
		if f.value, n = binary.Uvarint(in); n <= 0 {
			return f, nil, io.ErrUnexpectedEOF
		}
		return f, in[n:], nil
	case 2:
		size, n := binary.Uvarint(in)
		if n <= 0 || size > uint64(len(in)-n) {
			return f, nil, io.ErrUnexpectedEOF
		}
		f.bytes = in[n : n+int(size)]
		return f, in[n+int(size):], nil
	case 5:
		if len(in) < 4 {
			return f, nil, io.ErrUnexpectedEOF
		}
		f.value = uint64(binary.LittleEndian.Uint32(in))
		return f, in[4:], nil
	}
	return f, nil, fmt.Errorf("wire type %d of field %d is not one of LogGroup", f.wire, f.number)
}

// each calls fn for the fields of a message.
func each(in []byte, fn func(field) error) error {
	for len(in) > 0 {
		f, rest, err := next(in)
		if err != nil {
			return err
		}
		if err := fn(f); err != nil {
			return err
		}
		in = rest
	}
	return nil
}

// decodeGroup reads a LogGroup, and keeps to its types.
func decodeGroup(in []byte) (logs []Log, err error) {
	var topic, source string
	err = each(in, func(f field) error {
		switch {
		case f.number == 1 && f.wire == 2:
			l, err := decodeLog(f.bytes)
			logs = append(logs, l)
			return err
		case f.number == 3 && f.wire == 2:
			topic = string(f.bytes)
		case f.number == 4 && f.wire == 2:
			source = string(f.bytes)
		default:
			return fmt.Errorf("field %d of LogGroup is not known", f.number)
		}
		return nil
	})
	for i := range logs {
		logs[i].Topic, logs[i].Source = topic, source
	}
	if err == nil && len(logs) == 0 {
		err = errors.New("there is no log in it")
	}
	return logs, err
}

func decodeLog(in []byte) (l Log, err error) {
	l.Fields = map[string]string{}
	seconds, nanos, timed := uint64(0), uint64(0), false
	err = each(in, func(f field) error {
		switch {
		case f.number == 1 && f.wire == 0 && f.value < 1<<32:
			seconds, timed = f.value, true
		case f.number == 4 && f.wire == 5 && f.value < 1e9:
			nanos = f.value
		case f.number == 2 && f.wire == 2:
			return l.content(f.bytes)
		default:
			return fmt.Errorf("field %d of Log is not known", f.number)
		}
		return nil
	})
	if err == nil && !timed {
		err = errors.New("a log has no Time")
	}
	l.Time = time.Unix(int64(seconds), int64(nanos)).UTC()
	return l, err
}

func (l *Log) content(in []byte) error {
	var key, value *string
	err := each(in, func(f field) error {
		text := string(f.bytes)
		switch {
		case f.wire != 2 || !utf8.ValidString(text):
			return errors.New("a content is no text")
		case f.number == 1:
			key = &text
		case f.number == 2:
			value = &text
		default:
			return fmt.Errorf("field %d of Content is not known", f.number)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if key == nil || value == nil || *key == "" {
		return errors.New("a content lacks its key or its value")
	}
	if _, twice := l.Fields[*key]; twice {
		return fmt.Errorf("the key %s is there twice", *key)
	}
	l.Fields[*key] = *value
	l.Order = append(l.Order, *key)
	return nil
}
