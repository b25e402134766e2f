package archive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
)

// A log file of CloudTrail is {"Records":[…]}. Each record is the event as
// CloudTrail would have it, and has the canonical line of the event as its last
// member: nothing is lost, however well a record can say it, and the logical hash
// of an object is the same in all codecs.
const (
	recordsHead = `{"Records":[`
	recordsTail = `]}`
	lineMember  = `,"actiontrailEvent":`
)

// recordWriter makes records from lines.
type recordWriter struct {
	out    io.Writer
	buf    []byte
	events bool // there was one
}

func (w *recordWriter) record(line []byte) error {
	e, err := event.ParseJSON(line)
	if err != nil {
		return fmt.Errorf("a staged line is no event: %w", err)
	}
	before := recordsHead
	if w.events {
		before = ","
	}
	w.events = true
	w.buf = render.CloudTrail(append(w.buf[:0], before...), &e)
	w.buf = append(append(w.buf[:len(w.buf)-1], lineMember...), line...)
	_, err = w.out.Write(append(w.buf, '}'))
	return err
}

// Close ends the list.
func (w *recordWriter) Close() error {
	tail := recordsTail
	if !w.events {
		tail = recordsHead + recordsTail
	}
	_, err := io.WriteString(w.out, tail)
	return err
}

// recordReader gives the lines in records, and takes nothing but what recordWriter writes.
type recordReader struct {
	in     *bufio.Reader
	record []byte
	events bool
}

func newRecordReader(in *bufio.Reader) (*recordReader, error) {
	head := make([]byte, len(recordsHead))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != recordsHead {
		return nil, fmt.Errorf("it does not begin with %s", recordsHead)
	}
	return &recordReader{in: in}, nil
}

func (r *recordReader) next() ([]byte, error) {
	c, err := r.in.ReadByte()
	if err != nil {
		return nil, cutOff(err)
	}
	switch {
	case c == ']':
		return nil, r.end()
	case r.events && c == ',':
		if c, err = r.in.ReadByte(); err != nil {
			return nil, cutOff(err)
		}
	case r.events:
		return nil, fmt.Errorf("has %q behind the record", c)
	}
	r.events = true
	if c != '{' {
		return nil, fmt.Errorf("begins with %q, not with {", c)
	}
	if err := r.rest(); err != nil {
		return nil, err
	}
	var record struct {
		ID   string          `json:"eventID"`
		Line json.RawMessage `json:"actiontrailEvent"`
	}
	if err := json.Unmarshal(r.record, &record); err != nil {
		return nil, fmt.Errorf("is no record: %w", err)
	}
	if !bytes.HasSuffix(r.record, append([]byte(lineMember), append(bytes.Clone(record.Line), '}')...)) || len(record.Line) == 0 {
		return nil, errors.New("does not end with the event itself")
	}
	var line struct {
		ID string `json:"eventId"`
	}
	if err := json.Unmarshal(record.Line, &line); err != nil || line.ID != record.ID {
		return nil, fmt.Errorf("its eventID %q is not that of the event in it", record.ID)
	}
	return record.Line, nil
}

// rest reads a record up to the brace that ends it.
func (r *recordReader) rest() error {
	r.record = append(r.record[:0], '{')
	depth, text, escaped := 1, false, false
	for depth > 0 {
		if len(r.record) > longestLine {
			return fmt.Errorf("is longer than %d bytes", longestLine)
		}
		c, err := r.in.ReadByte()
		if err != nil {
			return cutOff(err)
		}
		r.record = append(r.record, c)
		switch {
		case escaped:
			escaped = false
		case text && c == '\\':
			escaped = true
		case c == '"':
			text = !text
		case !text && c == '{':
			depth++
		case !text && c == '}':
			depth--
		}
	}
	return nil
}

func (r *recordReader) end() error {
	if c, err := r.in.ReadByte(); err != nil || c != '}' {
		return errors.New("the list of records does not end with ]}")
	}
	if _, err := r.in.ReadByte(); err != io.EOF {
		if err == nil {
			err = errors.New("there is more behind the list of records")
		}
		return err
	}
	return io.EOF
}

func cutOff(err error) error {
	if err == io.EOF {
		return errors.New("the list of records is cut off")
	}
	return err
}
