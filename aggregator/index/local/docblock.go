package local

import (
	"encoding/binary"
	mathbits "math/bits"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// A block holds events as columns; docs/format/segment.md has it byte for byte.
// docTexts and docObjects are numbered by their place, which must not change.
var (
	docTexts = []func(e *event.Event) *string{
		func(e *event.Event) *string { return &e.ID },
		func(e *event.Event) *string { return &e.Category },
		func(e *event.Event) *string { return &e.Type },
		func(e *event.Event) *string { return &e.Name },
		func(e *event.Event) *string { return &e.RW },
		func(e *event.Event) *string { return &e.Source },
		func(e *event.Event) *string { return &e.Service },
		func(e *event.Event) *string { return &e.APIVersion },
		func(e *event.Event) *string { return &e.Region },
		func(e *event.Event) *string { return &e.SourceIP },
		func(e *event.Event) *string { return &e.UserAgent },
		func(e *event.Event) *string { return &e.VPCID },
		func(e *event.Event) *string { return &e.RequestID },
		func(e *event.Event) *string { return &e.RequestParameterJSON },
		func(e *event.Event) *string { return &e.ErrorCode },
		func(e *event.Event) *string { return &e.ErrorMessage },
		func(e *event.Event) *string { return &e.ResourceType },
		func(e *event.Event) *string { return &e.ResourceName },
		func(e *event.Event) *string { return &e.RecipientAccountID },
		func(e *event.Event) *string { return &e.Identity.Type },
		func(e *event.Event) *string { return &e.Identity.PrincipalID },
		func(e *event.Event) *string { return &e.Identity.AccountID },
		func(e *event.Event) *string { return &e.Identity.UserName },
		func(e *event.Event) *string { return &e.Identity.AccessKeyID },
		func(e *event.Event) *string { return &e.Identity.Trust },
		func(e *event.Event) *string { return &e.Identity.Source },
		func(e *event.Event) *string { return &e.Origin.Agent },
		func(e *event.Event) *string { return &e.Origin.Source },
		func(e *event.Event) *string { return &e.Origin.File },
		func(e *event.Event) *string { return &e.Origin.FileID },
		func(e *event.Event) *string { return &e.Origin.Mapper },
		func(e *event.Event) *string { return &e.DuplicateOf },
		func(e *event.Event) *string { return &e.Raw },
	}
	docObjects = []func(e *event.Event) *event.Object{
		func(e *event.Event) *event.Object { return &e.RequestParameters },
		func(e *event.Event) *event.Object { return &e.ResponseElements },
		func(e *event.Event) *event.Object { return &e.ReferencedResources },
		func(e *event.Event) *event.Object { return &e.Attributes },
		func(e *event.Event) *event.Object { return &e.Additional },
		func(e *event.Event) *event.Object { return &e.Identity.SessionAttributes },
		func(e *event.Event) *event.Object { return &e.Identity.SessionIssuer },
		func(e *event.Event) *event.Object { return &e.Identity.Extra },
		func(e *event.Event) *event.Object { return &e.Extra },
	}
)

// docNumbers are the numbers of an event: of a block, each is a column of the
// differences from the event before.
const (
	docTime     = iota // nanoseconds
	docDigits          // 1 + digits of the time; 0: it is absent
	docGlobal          // 1: it is
	docObserved        // nanoseconds after the time
	docObservedDigits
	docEpoch
	docBatch
	docIndex
	docOffset // behind the end of the record before
	docLength
	docNumbers
)

func timeNumbers(t event.Time) (nanos, digits int64) {
	if t.IsZero() {
		return 0, 0
	}
	return t.Nanos, int64(t.Digits) + 1
}

func numbersOf(e *event.Event, into *[docNumbers]int64) {
	into[docTime], into[docDigits] = timeNumbers(e.Time)
	into[docObserved], into[docObservedDigits] = timeNumbers(e.Origin.Observed)
	into[docObserved] -= into[docTime]
	into[docGlobal] = 0
	if e.Global {
		into[docGlobal] = 1
	}
	into[docEpoch], into[docBatch], into[docIndex] = int64(e.Origin.Epoch), int64(e.Origin.Batch), int64(e.Origin.Index)
	into[docOffset], into[docLength] = max(e.Origin.Offset, 0), max(e.Origin.Length, 0)
}

func setNumbers(e *event.Event, v *[docNumbers]int64) {
	if d := v[docDigits]; d > 0 {
		e.Time = event.Unix(v[docTime], uint8(d-1))
	}
	if d := v[docObservedDigits]; d > 0 {
		e.Origin.Observed = event.Unix(v[docObserved]+v[docTime], uint8(d-1))
	}
	e.Global = v[docGlobal] == 1
	e.Origin.Epoch, e.Origin.Batch, e.Origin.Index = uint64(v[docEpoch]), uint64(v[docBatch]), uint64(v[docIndex])
	e.Origin.Offset, e.Origin.Length = v[docOffset], v[docLength]
}

// A code in a column of texts: a new value, none, or one of those before.
const (
	codeNew    = 0
	codeAbsent = 1
	codeKnown  = 2 // + its number
)

// textColumn is a column of texts that is being made.
type textColumn struct {
	codes []byte
	texts []byte
	count int // of codes
	valueColumn
	last  int // number of the value that was met last
	slots [512]uint16
}

// maxKnown is how many values a column looks for again.
const maxKnown = 256

func (c *textColumn) reset() {
	if len(c.texts) > 0 {
		clear(c.slots[:])
	}
	c.valueColumn.reset()
	c.codes, c.texts, c.count, c.last = c.codes[:0], c.texts[:0], 0, 0
}

// pad adds absent values until there are so many.
func (c *textColumn) pad(count int) {
	for ; c.count < count; c.count++ {
		c.codes = append(c.codes, codeAbsent)
	}
}

// add adds a value, and returns its number among the new ones, whose texts are kept in texts.
func (c *textColumn) add(s string, texts *[]byte) int {
	c.count++
	if c.last < len(c.values) && c.values[c.last].is(s, *texts) {
		c.codes = binary.AppendUvarint(c.codes, uint64(codeKnown+c.last))
		return c.last
	}
	hash := quickHash(s)
	i := hash % uint32(len(c.slots))
	for ; c.slots[i] != 0; i = (i + 1) % uint32(len(c.slots)) {
		if n := int(c.slots[i] - 1); c.values[n].hash == hash && c.values[n].is(s, *texts) {
			c.last = n
			c.codes = binary.AppendUvarint(c.codes, uint64(codeKnown+n))
			return n
		}
	}
	c.codes = append(c.codes, codeNew)
	c.texts = appendText(c.texts, s)
	n := len(c.values)
	c.values = append(c.values, newBlockValue(s, hash, texts))
	if n < maxKnown {
		c.last = n
		c.slots[i] = uint16(n + 1)
	}
	return n
}

// quickHash tells short texts apart by their ends and length.
func quickHash(s string) uint32 {
	h := uint64(len(s))
	if len(s) >= 8 {
		h ^= load8(s[:8]) ^ mathbits.RotateLeft64(load8(s[len(s)-8:]), 29)
		if len(s) >= 24 {
			h ^= mathbits.RotateLeft64(load8(s[len(s)/2-4:]), 13)
		}
	} else {
		for i := 0; i < len(s); i++ {
			h = h<<8 ^ h>>56 ^ uint64(s[i])
		}
	}
	h *= 0x9e3779b97f4a7c15
	return uint32(h >> 32)
}

func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// A text is written as uvarint 0 and 16 bytes, a UUID; or uvarint 1 + 2·length and
// the text; or uvarint 2 + 2·length of what stands before a run of lower-case hex
// digits at its end, that, one byte: half the number of digits, and the digits as bytes.
const (
	minHex = 8
	maxHex = 2 * 255
)

func appendText(b []byte, s string) []byte {
	if len(s) == uuidSize && s[8] == '-' {
		if u, ok := event.ParseUUID(s); ok {
			return append(append(b, 0), u[:]...)
		}
	}
	from := len(s)
	for from > 0 && len(s)-from < maxHex && hexValue[s[from-1]] >= 0 {
		from--
	}
	from += (len(s) - from) % 2
	if len(s)-from < minHex {
		b = binary.AppendUvarint(b, 1+2*uint64(len(s)))
		return append(b, s...)
	}
	b = binary.AppendUvarint(b, 2+2*uint64(from))
	b = append(b, s[:from]...)
	b = append(b, byte((len(s)-from)/2))
	for ; from < len(s); from += 2 {
		b = append(b, byte(hexValue[s[from]])<<4|byte(hexValue[s[from+1]]))
	}
	return b
}

var hexValue = hexValues()

func hexValues() (v [256]int8) {
	for c := range v {
		v[c] = int8(strings.IndexByte("0123456789abcdef", byte(c)))
	}
	return v
}
