package wire

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/actiontrail/actiontrail/event"
)

// Field numbers of BatchHeader in proto/actiontrail/v1/batch.proto.
const (
	headerAccount = iota + 1
	headerAgent
	headerSource
	headerAgentKey
	headerEpoch
	headerNumber
	headerPrevious
	headerBody
	headerCodec
	headerEvents
	headerCursor
	headerSnapshot
	headerFirst
	headerLast
)

// Field numbers of Mark.
const (
	markKey   = 1
	markValue = 2
)

// appendHeader writes the fields in the order of their numbers, zero ones left
// out: the same header always gives the same bytes, which are what is hashed.
func appendHeader(b []byte, h *Header) []byte {
	b = appendText(b, headerAccount, h.Lane.Account)
	b = appendText(b, headerAgent, h.Lane.Agent)
	b = appendText(b, headerSource, h.Lane.Source)
	b = appendText(b, headerAgentKey, h.Lane.Key)
	b = appendNumber(b, headerEpoch, h.Lane.Epoch)
	b = appendNumber(b, headerNumber, h.Number)
	if h.Prev != (event.Hash{}) {
		b = appendBytes(b, headerPrevious, h.Prev[:])
	}
	b = appendBytes(b, headerBody, h.Body[:])
	b = appendNumber(b, headerCodec, uint64(h.Codec))
	b = appendNumber(b, headerEvents, uint64(h.Count))
	for _, m := range h.Cursor {
		n := sizeBytes(markKey, len(m.Key)) + sizeBytes(markValue, len(m.Value))
		b = protowire.AppendTag(b, headerCursor, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(n))
		b = appendText(b, markKey, m.Key)
		if len(m.Value) > 0 {
			b = appendBytes(b, markValue, m.Value)
		}
	}
	if h.Snapshot {
		b = appendNumber(b, headerSnapshot, 1)
	}
	b = appendNumber(b, headerFirst, protowire.EncodeZigZag(h.First))
	return appendNumber(b, headerLast, protowire.EncodeZigZag(h.Last))
}

// parseHeader reads a header. Fields it does not know are passed over: a newer
// agent may tell more, and the codec says whether the body can be read.
func parseHeader(b []byte) (h Header, err error) {
	for len(b) > 0 {
		f, err := nextField(&b)
		if err != nil {
			return h, err
		}
		switch f.num {
		case headerAccount:
			h.Lane.Account, err = f.text()
		case headerAgent:
			h.Lane.Agent, err = f.text()
		case headerSource:
			h.Lane.Source, err = f.text()
		case headerAgentKey:
			h.Lane.Key, err = f.text()
		case headerEpoch:
			h.Lane.Epoch, err = f.number()
		case headerNumber:
			h.Number, err = f.number()
		case headerPrevious:
			h.Prev, err = f.hash()
		case headerBody:
			h.Body, err = f.hash()
		case headerCodec:
			var n uint64
			n, err = f.number()
			h.Codec = Codec(n)
		case headerEvents:
			var n uint64
			n, err = f.number()
			h.Count = int(min(n, MaxEvents+1))
		case headerCursor:
			var m Mark
			m, err = f.mark()
			h.Cursor = append(h.Cursor, m)
		case headerSnapshot:
			var n uint64
			n, err = f.number()
			h.Snapshot = n != 0
		case headerFirst:
			h.First, err = f.signed()
		case headerLast:
			h.Last, err = f.signed()
		}
		if err != nil {
			return h, fmt.Errorf("field %d: %w", f.num, err)
		}
	}
	return h, h.check()
}

// check is what a header must have to be written or read.
func (h *Header) check() error {
	for _, s := range [...]string{h.Lane.Account, h.Lane.Agent, h.Lane.Source, h.Lane.Key} {
		if s == "" || !utf8.ValidString(s) {
			return fmt.Errorf("lane %q has a name that is empty or not UTF-8", h.Lane)
		}
	}
	if h.Number == 0 {
		return errors.New("batch number 0; they begin with 1")
	}
	if h.Body == (event.Hash{}) {
		return errors.New("no hash of the body")
	}
	if h.Count < 0 || h.Count > MaxEvents {
		return fmt.Errorf("%d events; %d are the most", h.Count, MaxEvents)
	}
	return nil
}

var errField = errors.New("damaged")

// field is one field of a protobuf record, its value still as bytes or a number.
type field struct {
	num  protowire.Number
	typ  protowire.Type
	data []byte // of a BytesType; aliases the input
	n    uint64 // of a VarintType
}

// nextField takes a field off *b.
func nextField(b *[]byte) (f field, err error) {
	num, typ, k := protowire.ConsumeTag(*b)
	if k < 0 {
		return f, errField
	}
	f.num, f.typ = num, typ
	rest := (*b)[k:]
	switch typ {
	case protowire.VarintType:
		f.n, k = protowire.ConsumeVarint(rest)
	case protowire.BytesType:
		f.data, k = protowire.ConsumeBytes(rest)
	default:
		k = protowire.ConsumeFieldValue(num, typ, rest)
	}
	if k < 0 {
		return f, errField
	}
	*b = rest[k:]
	return f, nil
}

func (f field) number() (uint64, error) {
	if f.typ != protowire.VarintType {
		return 0, errField
	}
	return f.n, nil
}

func (f field) signed() (int64, error) {
	n, err := f.number()
	return protowire.DecodeZigZag(n), err
}

func (f field) bytes() ([]byte, error) {
	if f.typ != protowire.BytesType {
		return nil, errField
	}
	return f.data, nil
}

func (f field) text() (string, error) {
	b, err := f.bytes()
	if err != nil || !utf8.Valid(b) {
		return "", errField
	}
	return string(b), nil
}

func (f field) hash() (h event.Hash, err error) {
	b, err := f.bytes()
	if err != nil || copy(h[:], b) != len(h) || len(b) != len(h) {
		return h, errField
	}
	return h, nil
}

func (f field) mark() (m Mark, err error) {
	b, err := f.bytes()
	for err == nil && len(b) > 0 {
		var in field
		if in, err = nextField(&b); err != nil {
			break
		}
		switch in.num {
		case markKey:
			var k []byte
			k, err = in.bytes()
			m.Key = string(k)
		case markValue:
			var v []byte
			v, err = in.bytes()
			m.Value = append([]byte(nil), v...)
		}
	}
	if err == nil && m.Key == "" {
		err = errors.New("a mark without a key")
	}
	return m, err
}

func appendNumber(b []byte, num protowire.Number, n uint64) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), n)
}

func appendText(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
}

// appendBytes writes the field even when v is empty.
func appendBytes(b []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
}

// sizeField is how many bytes a field of n bytes takes.
func sizeField(num protowire.Number, n int) int {
	return protowire.SizeTag(num) + protowire.SizeBytes(n)
}

// sizeBytes is sizeField for a field that is left out when it is empty.
func sizeBytes(num protowire.Number, n int) int {
	if n == 0 {
		return 0
	}
	return sizeField(num, n)
}
