package wire

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// hostile are strings that a careless codec gets wrong.
var hostile = []string{
	"", "a", "\x00", "\xff\xfe", "é", "\u2028", `"\`, "line\nline", strings.Repeat("x", 127), strings.Repeat("y", 300),
	"00112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFF", "00112233445566778899aabbccddeefg", // 32
	"01234567-89ab-cdef-0123-456789abcdef", "01234567-89AB-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123456789abcdef-", // 36
	"0.0.0.0", "255.255.255.255", "1.2.3.256", "01.2.3.4", "1.2.3", "1.2.3.4.5", "1..3.4444", "1.2.3.04", "1234567", "10.0.0.1 ", "999.1.1.1", ".1.2.3.4",
}

var objects = []event.Object{"", `{"a":"b"}`, `{"k.x":1,"l":[1,"2",{"m":null}]}`, `{"":"é\n"}`, `{"n":{}}`}

// randomEvents are n events with every field set in some way; how many values a
// field takes is drawn anew for each field, so that every form of a column comes up.
func randomEvents(r *rand.Rand, n int) []event.Event {
	events := make([]event.Event, n)
	var p [nStrings]*string
	for k := range p {
		draw := columnOf(r, k)
		for i := range events {
			point(&p, &events[i])
			*p[k] = draw()
		}
	}
	number := func() int64 {
		switch r.IntN(4) {
		case 0:
			return 0
		case 1:
			return r.Int64() - r.Int64()
		}
		return r.Int64N(1000)
	}
	zero, digits := r.IntN(3), uint8(r.IntN(10))
	at := func() event.Time {
		if r.IntN(4) < zero {
			return event.Time{}
		}
		d := digits
		if zero > 0 {
			d = uint8(r.IntN(10))
		}
		return event.Unix(r.Int64N(4e18)-r.Int64N(4e18), d)
	}
	mixed := r.IntN(3)
	numbers := r.IntN(2) == 0
	for i := range events {
		e := &events[i]
		if e.ID == "" && e.Origin.FileID == "" {
			e.ID = "there must be one"
		}
		if e.Exchange.Status = 200 + r.Int64N(3); r.IntN(10) < mixed {
			e.Exchange.Status = number()
		}
		e.Exchange.Bytes, e.Exchange.DurationMs = number(), number()
		e.Global = zero > 0 && r.IntN(2) == 0
		e.Time = at()
		e.Origin.Observed = at()
		if numbers {
			e.Origin.Offset, e.Origin.Length = number(), number()
		}
	}
	return events
}

// columnOf draws the values of one column.
func columnOf(r *rand.Rand, k int) func() string {
	if isObject[k] {
		kind := r.IntN(3)
		return func() string {
			switch {
			case kind == 0:
				return string(objects[1])
			case kind == 1 && r.IntN(10) > 0:
				return fmt.Sprintf(`{"i":%d}`, r.IntN(1e9))
			}
			return string(objects[r.IntN(len(objects))])
		}
	}
	kind := r.IntN(6)
	same := hostile[r.IntN(len(hostile))]
	return func() string {
		switch {
		case kind == 0:
			return same
		case kind == 1:
			return hostile[r.IntN(4)]
		case kind == 2 && r.IntN(20) > 0:
			return event.FormatUUID([16]byte{byte(r.IntN(256)), byte(r.IntN(256)), 15: byte(r.IntN(256))})
		case kind == 3 && r.IntN(20) > 0:
			return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
		case kind == 4:
			return fmt.Sprintf("%d.%d.%d.%d", r.IntN(260), r.IntN(260), r.IntN(260), r.IntN(260))
		}
		return hostile[r.IntN(len(hostile))]
	}
}
