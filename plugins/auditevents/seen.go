package auditevents

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/push"
)

// keptIDs is how many ids are remembered. A client that lost an answer asks again soon; all of them
// are part of every snapshot of the cursor.
const keptIDs = 8192

// The marks of ids, see docs/format/push-mark.md.
const (
	callPrefix = "c/" // and a number, which is greater for a later call
	callForm   = 1
	idBytes    = 16
	dataBytes  = 8
)

type (
	idHash   [idBytes]byte
	dataHash [dataBytes]byte
)

func hashID(channel, id string) idHash {
	sum := sha256.Sum256([]byte(channel + "\n" + id))
	return idHash(sum[:])
}

func hashData(data string) dataHash {
	sum := sha256.Sum256([]byte(data))
	return dataHash(sum[:])
}

// seen knows the ids that came last.
type seen struct {
	mu    sync.Mutex
	ids   map[idHash]*known
	calls []*call // those with events that were taken, in order
	count int     // of their ids
	next  uint64  // number of the next call
}

// known is an id that came.
type known struct {
	data dataHash
	call *call
}

// call is what came together.
type call struct {
	number uint64
	ids    []idHash
	data   []dataHash
	taken  int           // so many of them were handed out
	done   chan struct{} // closed when all are durable, or err is set; nil: they were durable before this run
	err    error
}

func newSeen() *seen { return &seen{ids: map[idHash]*known{}} }

// read takes a mark of the cursor.
func (s *seen) read(key string, v []byte) error {
	digits, ok := strings.CutPrefix(key, callPrefix)
	number, err := strconv.ParseUint(digits, 16, 63)
	if !ok || err != nil || len(v) == 0 || v[0] != callForm || (len(v)-1)%(idBytes+dataBytes) != 0 {
		return push.ErrMark
	}
	c := &call{number: number}
	for v = v[1:]; len(v) > 0; v = v[idBytes+dataBytes:] {
		id, data := idHash(v), dataHash(v[idBytes:])
		c.ids, c.data = append(c.ids, id), append(c.data, data)
		s.ids[id] = &known{data, c}
	}
	c.taken = len(c.ids)
	s.calls, s.count, s.next = append(s.calls, c), s.count+len(c.ids), max(s.next, number+1)
	return nil
}

// order is to be called after the last read.
func (s *seen) order() {
	slices.SortFunc(s.calls, func(a, b *call) int { return cmp.Compare(a.number, b.number) })
}

// took notes that n more events of a call were taken, and returns the marks that say so.
func (s *seen) took(c *call, n int) plugins.Cursor {
	s.mu.Lock()
	defer s.mu.Unlock()
	var moved plugins.Cursor
	if c.taken == 0 {
		c.number = s.next
		s.next++
		s.calls = append(s.calls, c)
	}
	c.taken += n
	s.count += n
	for s.count > keptIDs && len(s.calls) > 1 && s.calls[0] != c {
		old := s.calls[0]
		s.calls, s.count = s.calls[1:], s.count-old.taken
		for _, id := range old.ids {
			if k := s.ids[id]; k != nil && k.call == old {
				delete(s.ids, id)
			}
		}
		moved = append(moved, plugins.Mark{Key: old.key()})
	}
	return append(moved, plugins.Mark{Key: c.key(), Value: c.value()})
}

func (c *call) key() string { return fmt.Sprintf("%s%016x", callPrefix, c.number) }

func (c *call) value() []byte {
	v := append(make([]byte, 0, 1+c.taken*(idBytes+dataBytes)), callForm)
	for i := range c.taken {
		v = append(v, c.ids[i][:]...)
		v = append(v, c.data[i][:]...)
	}
	return v
}

// forget is for a call that ended without all of its events being durable: they may come again.
func (s *seen) forget(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, id := range c.ids {
		if k := s.ids[id]; i >= c.taken && k != nil && k.call == c {
			delete(s.ids, id)
		}
	}
}

// eventID is the id that an event of this channel and id has, in the form of a UUID: the same
// whenever it is put (version 8 of RFC 9562).
func eventID(channel, id string) string {
	sum := sha256.Sum256([]byte("audit event\n" + channel + "\n" + id))
	u := binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(sum[:8])&^0xf000|0x8000)
	u = binary.BigEndian.AppendUint64(u, binary.BigEndian.Uint64(sum[8:16])&^(3<<62)|2<<62)
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
