package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/actiontrail/actiontrail/event"
)

// Encoder makes batches of one lane, one after the other. Its memory is used
// again for each. One goroutine uses it.
type Encoder struct {
	n        int
	size     int
	strings  [nStrings]stringColumn
	groups   [nGroups]groupColumns // what is not in their columns yet
	time     timeColumn
	observed timeColumn
	offset   numberColumn
	length   numberColumn
	gen      numberColumn
	exchange exchangeColumns
	global   []byte
	anyTrue  bool  // else global is empty
	bare     bool  // the columns of what is seldom there have no value in this batch yet, and have been told so
	end      int64 // where the record before ended: what the next offset is foreseen to be
	lastLen  int64
	lastGen  uint64

	waiting waiting

	body, packed []byte
}

// NewEncoder is an empty encoder.
func NewEncoder() *Encoder {
	c := &Encoder{}
	for i := range c.strings {
		c.strings[i].single = true
	}
	for _, columns := range decided {
		for _, k := range columns {
			c.strings[k].single = false
		}
	}
	return c
}

// Add puts an event into the batch. It copies what it needs: the event and the
// memory its strings point to are the caller's again. The event's agent, source,
// epoch, batch and index are not kept, for they follow from header and place.
// Without an ID it is AddDerived in generation 0.
func (c *Encoder) Add(e *event.Event) { c.AddDerived(0, e) }

// AddDerived is Add of an event whose id is that of a record read at its Origin in
// this generation of the file (event.IDBase): it does not travel, the reader derives
// it. Source and FileID must be Derivable. An event with an ID keeps it.
func (c *Encoder) AddDerived(generation uint64, e *event.Event) {
	c.AddKinds(generation, e, event.Kinds{})
}

// addGlobal sets the bit of the next event. There are none before the first that is set.
func (c *Encoder) addGlobal(global bool) {
	c.anyTrue = true
	for len(c.global) <= c.n/8 {
		c.global = append(c.global, 0)
	}
	if global {
		c.global[c.n/8] |= 1 << (c.n % 8)
	}
}

// Len is how many events the batch has.
func (c *Encoder) Len() int { return c.n }

// Size is about how many bytes the body has before it is compressed.
func (c *Encoder) Size() int {
	c.Settle()
	return c.size
}

// Reset drops the events.
func (c *Encoder) Reset() {
	for i := range c.strings {
		c.strings[i].reset(c.n)
	}
	c.forget()
	c.time.reset()
	c.observed.reset()
	c.offset.reset()
	c.length.reset()
	c.gen.reset()
	c.exchange.reset()
	c.global, c.anyTrue, c.bare = c.global[:0], false, false
	c.waiting.reset()
	c.n, c.size, c.end, c.lastLen, c.lastGen = 0, 0, 0, 0, 0
}

// Seal makes the batch of all events added, in memory of its own, and resets the
// encoder. It sets what the header tells of the body (Body, Codec, Count, First,
// Last); s must hold the key that h.Lane.Key names. On an error nothing is reset.
func (c *Encoder) Seal(h Header, s Signer) (msg []byte, hash event.Hash, err error) {
	return c.SealInto(nil, h, s)
}

// SealInto is Seal into the memory of buf, if it is large enough.
func (c *Encoder) SealInto(buf []byte, h Header, s Signer) (msg []byte, hash event.Hash, err error) {
	c.appendBody()
	if len(c.body) > MaxBody {
		return nil, hash, fmt.Errorf("batch %d of %s: body of %d bytes; %d are the most", h.Number, h.Lane, len(c.body), MaxBody)
	}
	if n := s2.MaxEncodedLen(len(c.body)); cap(c.packed) < n {
		c.packed = make([]byte, n)
	}
	body := s2.Encode(c.packed[:cap(c.packed)], c.body)
	h.Body, h.Codec, h.Count = sha256.Sum256(body), ColumnsS2, c.n
	h.First, h.Last = c.time.span()
	if err := h.check(); err != nil {
		return nil, hash, fmt.Errorf("batch %d of %s: %w", h.Number, h.Lane, err)
	}
	c.body = appendHeader(c.body[:0], &h)
	header := c.body
	if len(header) > MaxHeader {
		return nil, hash, fmt.Errorf("batch %d of %s: header of %d bytes; %d are the most", h.Number, h.Lane, len(header), MaxHeader)
	}
	msg = append(slices.Grow(buf[:0], prefixLen+len(header)+sigLen+len(body)), magic...)
	msg = binary.LittleEndian.AppendUint32(msg, uint32(len(header)))
	msg = append(msg, header...)
	sig, err := s.Sign(msg)
	if err == nil && len(sig) != sigLen {
		err = errors.New("not an Ed25519 signature")
	}
	if err != nil {
		return nil, hash, fmt.Errorf("sign batch %d of %s: %w", h.Number, h.Lane, err)
	}
	hash = sha256.Sum256(header)
	c.Reset()
	return append(append(msg, sig...), body...), hash, nil
}

// appendBody writes all columns into c.body.
func (c *Encoder) appendBody() {
	c.expand()
	b := c.body[:0]
	for i := range c.strings {
		if col := &c.strings[i]; !col.absent() {
			col.finish(c.n)
			b = appendPrefix(b, protowire.Number(i+1), col.size())
			b = col.append(b)
		}
	}
	for i, col := range [...]*timeColumn{&c.time, &c.observed} {
		if col.used {
			col.finish()
			b = appendPrefix(b, colTime+protowire.Number(i), col.size())
			b = col.append(b)
		}
	}
	for i, col := range [...]*numberColumn{&c.offset, &c.length} {
		b = col.append(b, colOffset+protowire.Number(i))
	}
	if c.anyTrue {
		b = appendBytes(b, colGlobal, c.global)
	}
	for i, col := range [...]*numberColumn{&c.gen, &c.exchange.status, &c.exchange.bytes, &c.exchange.duration} {
		b = col.append(b, colGeneration+protowire.Number(i))
	}
	c.body = b
}

// appendPrefix begins a field of n bytes.
func appendPrefix(b []byte, num protowire.Number, n int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.BytesType), uint64(n))
}
