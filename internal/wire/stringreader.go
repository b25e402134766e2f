package wire

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// stringReader gives the strings of a column back, one by one. It is opened on
// bytes from anywhere: whatever they are, it ends in strings or in an error.
type stringReader struct {
	form   form
	values []string // one and dictionary
	codes  []byte   // dictionary: places; plain: lengths; varints
	text   string   // plain
	ids    string   // plain: what stands in ids, written out; an address has its length before it
	object bool
	bad    bool
}

var errObject = errors.New("an object that is not canonical JSON")

// open reads a Strings for n events: b, and the same as a string, which the
// strings will point into. Objects are checked, for they are copied into
// archives and indexes as they are: an agent must not be able to forge there.
func (r *stringReader) open(b []byte, s string, n int, object bool) error {
	r.object = object
	var ids []byte
	for len(b) > 0 {
		f, err := nextField(&b)
		if err != nil {
			return err
		}
		v, err := f.bytes()
		if err != nil {
			return err
		}
		end := len(s) - len(b)
		text := s[end-len(v) : end]
		switch f.num {
		case stringsValues:
			if len(r.values) == n {
				return errColumn
			}
			if object && !event.Object(text).Valid() {
				return errObject
			}
			r.values = append(r.values, text)
		case stringsIndex, stringsLengths:
			if r.codes != nil {
				return errField
			}
			r.codes, r.form = v, dictionary
			if f.num == stringsLengths {
				r.form = plain
			}
		case stringsText:
			r.text = text
		case stringsIDs:
			ids = v
		default:
			return errField
		}
	}
	switch {
	case r.form == none && len(r.values) == 1:
		r.form = one
	case r.form == none, r.form == dictionary && len(r.values) == 0:
		return errField
	case r.form == plain:
		return r.openPlain(ids)
	}
	return nil
}

// openPlain writes the ids out, one after the other as they will be asked for.
func (r *stringReader) openPlain(ids []byte) error {
	if len(ids) == 0 {
		return nil
	}
	var out strings.Builder
	out.Grow(len(ids)/4*9 + 36) // a UUID takes 9 characters for 4 bytes, an address may take more
	var written [36]byte
	for codes := r.codes; len(codes) > 0; {
		code, k := binary.Uvarint(codes)
		if k <= 0 {
			return errField
		}
		codes = codes[k:]
		n := 16
		switch code {
		case codeUUID, codeHex:
		case codeIPv4:
			n = 4
		default:
			continue
		}
		if len(ids) < n {
			return errColumn
		}
		switch code {
		case codeUUID:
			out.Write(appendUUID(written[:0], ids[:n]))
		case codeHex:
			out.Write(appendHex(written[:0], ids[:n]))
		case codeIPv4:
			text := appendIPv4(written[:1], ids[:n])
			text[0] = byte(len(text) - 1)
			out.Write(text)
		}
		ids = ids[n:]
	}
	if len(ids) > 0 {
		return errColumn
	}
	r.ids = out.String()
	return nil
}

// next is the string of the next event, in a dictionary or plain column; "" and
// r.bad when there is none.
func (r *stringReader) next() string {
	var code uint64
	if len(r.codes) > 0 && r.codes[0] < 0x80 {
		code = uint64(r.codes[0])
		r.codes = r.codes[1:]
	} else {
		n, k := binary.Uvarint(r.codes)
		if k <= 0 {
			r.bad = true
			return ""
		}
		code = n
		r.codes = r.codes[k:]
	}
	switch {
	case r.form == dictionary:
		if code < uint64(len(r.values)) {
			return r.values[code]
		}
	case code == codeUUID:
		return r.take(&r.ids, 36)
	case code == codeHex:
		return r.take(&r.ids, 32)
	case code == codeIPv4:
		if n := r.take(&r.ids, 1); n != "" {
			return r.take(&r.ids, uint64(n[0]))
		}
	default:
		s := r.take(&r.text, code-codeText)
		if r.object && !event.Object(s).Valid() {
			break
		}
		return s
	}
	r.bad = true
	return ""
}

func (r *stringReader) take(from *string, n uint64) string {
	if n > uint64(len(*from)) {
		r.bad = true
		return ""
	}
	s := (*from)[:n]
	*from = (*from)[n:]
	return s
}

// done tells whether the column was read to its end and not beyond.
func (r *stringReader) done() bool {
	return !r.bad && len(r.codes) == 0 && r.text == "" && r.ids == ""
}
