package local

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// memory is the index over the events of one WAL, in the order in which they
// came. One goroutine adds; readers hold mu for what can grow.
type memory struct {
	number   uint64       // of its WAL
	readers  atomic.Int64 // queries that have it
	first    time.Time    // when the first event was added
	walBytes atomic.Int64
	// Set when it is left for a new one, and never changed then.
	end      int64 // of its WAL
	position event.Position
	seqs     index.SeqRange // of the batches that its events came in

	mu      sync.RWMutex
	times   []int64
	classes []uint8  // of the events, by number
	classed bool     // some are not of the default class
	packed  []byte   // the blocks of the WAL that the events are in, one after the other
	blocks  []uint32 // where each ends
	counts  []uint8  // and how many events it has
	places  []uint32 // of each event: block * eventsPerBlock + its number there
	codec   *codec
	ids     idTable
	lo, hi  int64
	odd     []uint32 // events whose id is not a UUID
	notime  bool     // some have no eventTime
	terms   *terms
	keyed   []uint32            // dictionary of each field; of one that has none it is not used
	leaves  []map[string]uint32 // dictionaries of each Flattened field, by path
	words   uint32              // dictionary of the words of all texts; more are words of terms
	rest    []bits              // events with leaves that no dictionary has
	columns []memoryColumn
	named   int      // leaves with dictionaries
	entered []uint32 // terms of the values of a column, to be used again
}

// maxMemory is the most that a memory may take: what is in it has numbers of 32 bits.
const maxMemory = 1 << 30

// memoryParts is what part of Config.MemoryBytes a memory may take: beside it there
// are the one before, whose segments are built, and what building them takes.
const memoryParts = 4

// memoryColumn are the numbers that events have in a field, if they have one.
type memoryColumn struct {
	values []uint64
	some   bits
}

// columnCell is a number, or none.
type columnCell struct {
	v  uint64
	ok bool
}

func newMemory(c *codec, number uint64) *memory {
	m := &memory{codec: c, ids: newIDTable(), terms: newTerms(), keyed: make([]uint32, len(fields)), leaves: make([]map[string]uint32, len(fields)),
		rest: make([]bits, len(fields)), columns: make([]memoryColumn, len(fields))}
	m.reset(number)
	return m
}

// reset makes it empty, for another WAL. Nobody else may have it.
func (m *memory) reset(number uint64) {
	m.number, m.first, m.end, m.position = number, time.Time{}, 0, event.Position{}
	m.seqs = index.SeqRange{}
	m.walBytes.Store(0)
	m.times, m.packed, m.blocks, m.counts, m.places = m.times[:0], m.packed[:0], m.blocks[:0], m.counts[:0], m.places[:0]
	m.odd, m.notime, m.named = m.odd[:0], false, 0
	m.classes, m.classed = m.classes[:0], false
	m.ids.reset()
	m.terms.reset()
	m.words = m.terms.newDict()
	for no := range fields {
		m.rest[no] = m.rest[no][:0]
		m.columns[no] = memoryColumn{m.columns[no].values[:0], m.columns[no].some[:0]}
		if inMemory(no) {
			m.keyed[no] = m.terms.newDict()
		}
		if kinds[no] == asLeaves {
			m.leaves[no] = map[string]uint32{}
		}
	}
}

// inMemory tells whether the field has one dictionary, with keys of its own.
func inMemory(no int) bool { return hasDictionary(no) || fields[no].Kind == event.Prose }

// has tells whether an event with this id and time is in it.
func (m *memory) has(id string, nanos int64) (found bool) {
	m.ids.each(id, func(n uint32) bool {
		found = m.times[n] == nanos
		return !found
	})
	return found
}

// idOf is the id of an event, valid until the next add.
func (m *memory) idOf(n uint32) []byte { return m.ids.of(n) }

// bytes is about what the memory takes.
func (m *memory) bytes() int {
	const perEvent = 8 + 1 + 4 + 4 + 2*8 + 6*8 // of the slices that have an entry for each event, columns among them
	return len(m.packed) + m.terms.bytes() + len(m.ids.text) + perEvent*len(m.times)
}

// addBlock adds a block of so many events, some of which are added next. The caller holds mu, if others have the memory.
func (m *memory) addBlock(packed []byte, count int) {
	m.counts = append(m.counts, uint8(count))
	m.packed = append(m.packed, packed...)
	m.blocks = append(m.blocks, uint32(len(m.packed)))
}

// add adds an event of a class that is in the block that was added last, with the number i there; its
// values are added by addValues. The caller holds mu.
func (m *memory) add(e *event.Event, i, class int) {
	n := uint32(len(m.times))
	if n == 0 {
		m.lo, m.hi = e.Time.Nanos, e.Time.Nanos
	}
	m.lo, m.hi = min(m.lo, e.Time.Nanos), max(m.hi, e.Time.Nanos)
	m.times = append(m.times, e.Time.Nanos)
	m.classes = append(m.classes, uint8(class))
	m.classed = m.classed || class > 0
	m.places = append(m.places, uint32((len(m.blocks)-1)*eventsPerBlock+i))
	m.ids.add(e.ID)
	if _, ok := event.ParseUUID(e.ID); !ok {
		m.odd = append(m.odd, n)
	}
	m.notime = m.notime || e.Time.IsZero()
	for no := range fields {
		if kinds[no] == asColumn {
			v, ok := columnValue(no, e)
			c := &m.columns[no]
			if c.values = append(c.values, v); ok {
				c.some.set(n)
			}
		}
	}
}
