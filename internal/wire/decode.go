package wire

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/actiontrail/actiontrail/event"
)

// decodeBody reads the events of a body. They share a few pieces of memory.
func decodeBody(packed []byte, h Header) ([]event.Event, error) {
	if h.Codec != ColumnsS2 {
		return nil, fmt.Errorf("codec %d is not known; the agent is newer than this program", h.Codec)
	}
	n, err := s2.DecodedLen(packed)
	if err != nil {
		return nil, err
	}
	if n > MaxBody {
		return nil, fmt.Errorf("%d bytes when decompressed; %d are the most", n, MaxBody)
	}
	raw, err := s2.Decode(nil, packed)
	if err != nil {
		return nil, err
	}
	// Nobody writes to raw any more, so the strings may point into it.
	d := decoder{raw: raw, text: unsafe.String(unsafe.SliceData(raw), len(raw))}
	return d.events(h)
}

// decoder reads Columns. Strings of the events point into text, which stays as
// long as one of them does.
type decoder struct {
	raw      []byte
	text     string // raw
	n        int
	strings  [nStrings]stringReader
	time     timeReader
	observed timeReader
	offset   numberReader
	length   numberReader
	gen      numberReader
	exchange exchangeReader
	global   []byte
}

func (d *decoder) events(h Header) ([]event.Event, error) {
	d.n = h.Count
	if err := d.open(); err != nil {
		return nil, err
	}
	if d.n == 0 {
		return nil, nil
	}
	// What is the same in all events is written once and copied with each.
	var same event.Event
	same.Origin = event.Origin{Agent: h.Lane.Agent, Source: h.Lane.Source, Epoch: h.Lane.Epoch, Batch: h.Number}
	var p [nStrings]*string
	point(&p, &same)
	varying := make([]int, 0, nStrings)
	for k := range d.strings {
		switch r := &d.strings[k]; r.form {
		case none:
		case one:
			*p[k] = r.values[0]
		default:
			varying = append(varying, k)
		}
	}
	events := make([]event.Event, d.n)
	end, length, generation := int64(0), int64(0), int64(0)
	ids := idReader{lane: h.Lane}
	exchanges := d.exchanges()
	var bad, err error
	for i := range events {
		e := &events[i]
		*e = same
		point(&p, e)
		for _, k := range varying {
			*p[k] = d.strings[k].next()
		}
		e.Time = d.time.next()
		o := &e.Origin
		o.Index = uint64(i)
		o.Observed = d.observed.next()
		o.Offset = end + d.offset.next()
		length += d.length.next()
		o.Length = length
		end = o.Offset + o.Length + 1
		e.Global = d.global != nil && d.global[i/8]>>(i%8)&1 != 0
		if exchanges {
			if err := d.exchange.settle(e); err != nil && bad == nil {
				bad = fmt.Errorf("event %d: %w", i, err)
			}
		}
		generation += d.gen.next()
		if e.ID == "" {
			if e.ID, err = ids.id(o, uint64(generation), d.n); err != nil && bad == nil {
				bad = fmt.Errorf("event %d: %w", i, err)
			}
		}
	}
	for _, k := range varying {
		if !d.strings[k].done() {
			return nil, fmt.Errorf("column %d: %w", k+1, errColumn)
		}
	}
	if !d.time.done() || !d.observed.done() || !d.offset.done() || !d.length.done() || !d.gen.done() || !d.exchange.done() {
		return nil, fmt.Errorf("columns of numbers: %w", errColumn)
	}
	if bad != nil { // and all columns are sound
		return nil, bad
	}
	// The columns were checked one by one; that two do not say the same is left.
	for i := range events {
		if e := &events[i]; (e.Extra != "" || e.Identity.Extra != "") && !e.ValidExtra() {
			return nil, fmt.Errorf("event %d: extra keys that are fields", i)
		}
	}
	return events, nil
}

// exchanges tells whether there is a column of exchanges.
func (d *decoder) exchanges() bool {
	x := &d.exchange
	return d.strings[exchangeMethod].form != none || d.strings[exchangePath].form != none || d.strings[exchangeReferer].form != none ||
		x.status.there || x.bytes.there || x.duration.there
}

// open finds the columns. A column it does not know is an error: what it holds
// would be lost without a trace.
func (d *decoder) open() error {
	b := d.raw
	last := protowire.Number(0)
	for len(b) > 0 {
		f, err := nextField(&b)
		if err != nil {
			return err
		}
		if f.num <= last {
			return fmt.Errorf("column %d comes after %d", f.num, last)
		}
		last = f.num
		if err := d.column(f, len(d.raw)-len(b)); err != nil {
			return fmt.Errorf("column %d: %w", f.num, err)
		}
	}
	return nil
}

// column opens one column, whose bytes end at end of d.raw.
func (d *decoder) column(f field, end int) error {
	b, err := f.bytes()
	if err != nil {
		return err
	}
	switch {
	case f.num <= nStrings:
		k := f.num - 1
		return d.strings[k].open(b, d.text[end-len(b):end], d.n, isObject[k])
	case f.num == colTime:
		return d.time.open(b)
	case f.num == colObserved:
		return d.observed.open(b)
	case f.num == colOffset:
		return d.offset.open(b)
	case f.num == colLength:
		return d.length.open(b)
	case f.num == colGeneration:
		return d.gen.open(b)
	case f.num == colStatus:
		return d.exchange.status.open(b)
	case f.num == colBytes:
		return d.exchange.bytes.open(b)
	case f.num == colDuration:
		return d.exchange.duration.open(b)
	case f.num == colGlobal:
		if len(b) != (d.n+7)/8 {
			return errColumn
		}
		d.global = b
		return nil
	}
	return errors.New("is not known; the agent is newer than this program")
}
