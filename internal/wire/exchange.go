package wire

import (
	"errors"
	"unsafe"

	"github.com/actiontrail/actiontrail/event"
)

// maxExchange is how long the three strings of an exchange that travels in columns
// may be together. A longer one travels as text. A string may be the same for all
// events and yet has to be written out for each: this keeps what a small batch can
// make of itself below 65,536 times 1.3 kB.
const maxExchange = 192

// Columns of strings that are of additionalEventData.
const (
	additional      = 23 // as text
	exchangeMethod  = 40
	exchangePath    = 41
	exchangeReferer = 42
)

// exchangeColumns are the numbers of exchanges. The zero value is ready.
type exchangeColumns struct {
	status   numberColumn
	bytes    numberColumn // plus 1, so that 0 is absent
	duration numberColumn // as bytes
	last     int64        // the status before
	text     []byte       // of an exchange that does not travel in columns
}

// join puts the numbers of o after those of c.
func (c *exchangeColumns) join(o *exchangeColumns) {
	c.status.join(&o.status, -c.last)
	c.bytes.join(&o.bytes, 0)
	c.duration.join(&o.duration, 0)
	c.last = o.last
}

func (c *exchangeColumns) reset() {
	c.status.reset()
	c.bytes.reset()
	c.duration.reset()
	c.last = 0
}

// exchangeReader writes the exchanges out as the text that a mapper would have written.
type exchangeReader struct {
	status   numberReader
	bytes    numberReader
	duration numberReader
	last     int64
	text     []byte // of one
	chunk    []byte // of many, for events to point into; its capacity is never exceeded
}

var errExchange = errors.New("an exchange that is not whole, too long, or in additional_event_data too")

// settle reads the numbers of the exchange whose strings are in e, and makes
// Additional of it.
func (r *exchangeReader) settle(e *event.Event) error {
	x := &e.Exchange
	r.last += r.status.next()
	x.Status, x.Bytes, x.DurationMs = r.last, r.bytes.next()-1, r.duration.next()-1
	if x.Status == 0 {
		whole := *x == event.Exchange{Bytes: -1, DurationMs: -1}
		if *x = (event.Exchange{}); !whole {
			return errExchange
		}
		return nil
	}
	if len(x.Method)+len(x.Path)+len(x.Referer) > maxExchange || e.Additional != "" || x.Bytes < -1 || x.DurationMs < -1 {
		return errExchange
	}
	r.text = x.AppendJSON(r.text[:0])
	if cap(r.chunk)-len(r.chunk) < len(r.text) {
		r.chunk = make([]byte, 0, 16<<10)
	}
	from := len(r.chunk)
	r.chunk = append(r.chunk, r.text...)
	e.Additional = event.Object(unsafe.String(&r.chunk[from], len(r.text)))
	*x = event.Exchange{}
	return nil
}

func (r *exchangeReader) done() bool { return r.status.done() && r.bytes.done() && r.duration.done() }
