package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// maxServerSent bounds one event of a stream, in bytes: more than the largest event of ours.
const maxServerSent = 64 << 20

// serverSent is one block of a text/event-stream.
type serverSent struct {
	name string // empty: only a sign of life
	id   string // of the last block that had one
	data []byte // lines joined by \n; good until the next block is read
}

// serverSentReader reads such a stream (HTML standard, section 9.2.6).
type serverSentReader struct {
	in *bufio.Reader
	id string
}

// next returns the next block; io.EOF and io.ErrUnexpectedEOF after the last one.
func (r *serverSentReader) next() (serverSent, error) {
	s := serverSent{name: "", id: r.id}
	begun := false
	for {
		line, err := r.line()
		if err != nil {
			if err == io.EOF && begun {
				err = io.ErrUnexpectedEOF
			}
			return serverSent{}, err
		}
		if len(line) == 0 {
			if !begun {
				continue
			}
			r.id = s.id
			if s.name == "" && s.data != nil {
				s.name = "message"
			}
			return s, nil
		}
		begun = true
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			s.name = string(value)
		case "id":
			if bytes.IndexByte(value, 0) < 0 {
				s.id = string(value)
			}
		case "data":
			if s.data != nil {
				s.data = append(s.data, '\n')
			}
			s.data = append(s.data, value...)
			if s.data == nil {
				s.data = []byte{}
			}
		}
		if len(s.data) > maxServerSent {
			return serverSent{}, fmt.Errorf("an event has more than %d bytes", maxServerSent)
		}
	}
}

// line reads a line without its end.
func (r *serverSentReader) line() ([]byte, error) {
	var long []byte
	for {
		part, err := r.in.ReadSlice('\n')
		if err == bufio.ErrBufferFull && len(long) <= maxServerSent {
			long = append(long, part...)
			continue
		}
		if err != nil {
			if err == io.EOF && len(part)+len(long) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if long != nil {
			part = append(long, part...)
		}
		return bytes.TrimRight(part, "\r\n"), nil
	}
}
