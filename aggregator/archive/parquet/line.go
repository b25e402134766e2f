package parquet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// value is what a column has of an event.
type value struct {
	null   bool
	text   []byte // cut, as searches cut it: the body has the whole
	micros int64
}

// errNotCanonical tells that a line is no canonical event. It need not find all that is wrong.
var errNotCanonical = errors.New("it is not canonical JSON of an event")

// scanner takes the values of columns out of canonical lines. It knows where they can
// be and passes over the rest, which costs a small part of reading the event.
type scanner struct {
	top, identity, origin map[string]int // column by the name of the member
	kinds                 []kind
	values                []value // of the last line
	line                  []byte
	at                    int
}

func newScanner(all []column) *scanner {
	s := &scanner{top: map[string]int{}, identity: map[string]int{}, origin: map[string]int{}, values: make([]value, len(all))}
	for i, c := range all {
		in, name := s.top, c.field
		if n, ok := strings.CutPrefix(name, "userIdentity."); ok {
			in, name = s.identity, n
		} else if n, ok := strings.CutPrefix(name, "origin."); ok {
			in, name = s.origin, n
		}
		in[name] = i
		s.kinds = append(s.kinds, c.kind)
	}
	return s
}

// scan gives the values of a line, valid until the next call.
func (s *scanner) scan(line []byte) ([]value, error) {
	s.line, s.at = line, 0
	for i := range s.values {
		s.values[i] = value{null: true}
	}
	err := s.object(s.top, true)
	if err == nil && s.at != len(line) {
		err = errNotCanonical
	}
	return s.values, err
}

// object takes the members of one that are in columns.
func (s *scanner) object(columns map[string]int, top bool) error {
	if !s.byte('{') {
		return errNotCanonical
	}
	for first := true; ; first = false {
		if s.byte('}') {
			return nil
		}
		if !first && !s.byte(',') {
			return errNotCanonical
		}
		key, err := s.text()
		if err != nil || !s.byte(':') {
			return errNotCanonical
		}
		i, wanted := columns[string(key)]
		switch {
		case wanted:
			err = s.take(i)
		case top && string(key) == "userIdentity":
			err = s.object(s.identity, false)
		case top && string(key) == "origin":
			err = s.object(s.origin, false)
		default:
			err = s.skip()
		}
		if err != nil {
			return err
		}
	}
}

// take reads the value of a column, which is a text.
func (s *scanner) take(i int) error {
	raw, err := s.text()
	if err != nil {
		return err
	}
	if s.kinds[i] == instant {
		t, err := event.ParseTime(string(raw))
		if err != nil {
			return fmt.Errorf("%w: %w", errNotCanonical, err)
		}
		s.values[i] = value{micros: micros(t)}
		return nil
	}
	if bytes.IndexByte(raw, '\\') >= 0 {
		var plain string
		if err := json.Unmarshal(s.line[s.at-len(raw)-2:s.at], &plain); err != nil {
			return errNotCanonical
		}
		raw = []byte(plain)
	}
	if len(raw) > query.MaxValue {
		raw = []byte(query.Cut(string(raw)))
	}
	s.values[i] = value{null: len(raw) == 0, text: raw}
	return nil
}

func (s *scanner) byte(c byte) bool {
	if s.at < len(s.line) && s.line[s.at] == c {
		s.at++
		return true
	}
	return false
}

// text is what stands between quotes, with its escapes.
func (s *scanner) text() ([]byte, error) {
	if !s.byte('"') {
		return nil, errNotCanonical
	}
	from := s.at
	for {
		n := bytes.IndexByte(s.line[s.at:], '"')
		if n < 0 {
			return nil, errNotCanonical
		}
		s.at += n + 1
		slashes := 0
		for i := s.at - 2; i >= from && s.line[i] == '\\'; i-- {
			slashes++
		}
		if slashes%2 == 0 {
			return s.line[from : s.at-1], nil
		}
	}
}

// skip passes over a value.
func (s *scanner) skip() error {
	for depth := 0; s.at < len(s.line); {
		switch s.line[s.at] {
		case '"':
			if _, err := s.text(); err != nil {
				return err
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return nil // of what is around
			}
			depth--
		case ',':
			if depth == 0 {
				return nil
			}
		}
		s.at++
	}
	return errNotCanonical
}

// micros is a time in microseconds, what is below them cut off: the body has the digits.
func micros(t event.Time) int64 {
	n := t.Nanos / 1000
	if t.Nanos%1000 < 0 {
		n--
	}
	return n
}
