package local

import (
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// memory is the index over the events of one WAL, in the order in which they
// came. One goroutine adds; readers hold mu for what can grow.
type memory struct {
	number   uint64    // of its WAL
	first    time.Time // when the first event was added
	walBytes atomic.Int64
	seqs     index.SeqRange // of the batches that its events came in
	// Set when it is left for a new one, and never changed then.
	end      int64 // of its WAL
	position event.Position

	mu      sync.RWMutex
	times   []int64
	docs    [][]byte
	ids     map[string]uint32 // the last event of each id
	before  []uint32          // the event of the same id before it, plus 1; 0: none
	lo, hi  int64
	odd     []uint32 // events whose id is not a UUID
	notime  bool     // some have no eventTime
	keyed   []*postings
	leaves  []map[string]*postings // of each Flattened field, by path
	rest    []([]uint32)           // events with leaves that no posting holds
	tokens  *postings
	columns [][]columnCell
	named   int // leaves with postings
	bytes   int // about what all of this takes
}

// columnCell is a number, or none.
type columnCell struct {
	v  uint64
	ok bool
}

// postings are the values of a field, and which events have each, ascending.
type postings struct {
	codes map[string]uint32
	keys  []string
	lists [][]uint32
	last  uint32 // the code that was added last: most fields repeat themselves
}

func newPostings() *postings { return &postings{codes: map[string]uint32{}} }

// add notes that event n has the value, and returns about how many bytes that took.
func (p *postings) add(value string, n uint32) int {
	c, ok := p.last, len(p.keys) > 0 && p.keys[p.last] == value
	if !ok {
		c, ok = p.codes[value]
		p.last = c
	}
	if !ok {
		value = strings.Clone(value) // a value may be a part of a whole batch
		c = uint32(len(p.keys))
		p.codes[value] = c
		p.keys = append(p.keys, value)
		p.lists = append(p.lists, []uint32{n})
		p.last = c
		return len(value) + 100
	}
	list := p.lists[c]
	if list[len(list)-1] == n {
		return 0
	}
	p.lists[c] = append(list, n)
	return 6
}

func newMemory(number uint64) *memory {
	m := &memory{
		number: number, ids: map[string]uint32{}, tokens: newPostings(),
		keyed: make([]*postings, len(fields)), leaves: make([]map[string]*postings, len(fields)),
		rest: make([][]uint32, len(fields)), columns: make([][]columnCell, len(fields)),
	}
	for no := range fields {
		if hasDictionary(no) || fields[no].Kind == event.Prose {
			m.keyed[no] = newPostings()
		}
		if fields[no].Kind == event.Flattened {
			m.leaves[no] = map[string]*postings{}
		}
	}
	return m
}

// has tells whether an event with this id and time is in it.
func (m *memory) has(id string, nanos int64) bool {
	for n := range m.withID(id) {
		if m.times[n] == nanos {
			return true
		}
	}
	return false
}

// withID gives the events of an id, the last one first.
func (m *memory) withID(id string) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		n, ok := m.ids[id]
		for ok && yield(n) {
			ok = m.before[n] > 0
			n = m.before[n] - 1
		}
	}
}

// add adds an event whose canonical JSON is doc. The caller holds mu; doc is the memory's own.
func (m *memory) add(e *event.Event, doc []byte) {
	n := uint32(len(m.docs))
	if n == 0 {
		m.lo, m.hi = e.Time.Nanos, e.Time.Nanos
	}
	m.lo, m.hi = min(m.lo, e.Time.Nanos), max(m.hi, e.Time.Nanos)
	m.times = append(m.times, e.Time.Nanos)
	m.docs = append(m.docs, doc)
	last, twice := m.ids[e.ID]
	if twice {
		m.before = append(m.before, last+1)
	} else {
		m.before = append(m.before, 0)
	}
	m.ids[strings.Clone(e.ID)] = n
	bytes := len(doc) + len(e.ID) + 100
	if _, ok := event.ParseUUID(e.ID); !ok {
		m.odd = append(m.odd, n)
	}
	m.notime = m.notime || e.Time.IsZero()
	for no := range fields {
		switch {
		case fields[no].Kind == event.Prose:
			if v := fields[no].Value(e); v != "" {
				bytes += m.keyed[no].add(anyText, n) + m.addWords(v, n, no)
			}
		case m.keyed[no] != nil:
			if v := fields[no].Value(e); v != "" {
				bytes += m.keyed[no].add(query.Cut(v), n)
			}
		case m.leaves[no] != nil:
			if v := fields[no].Value(e); v != "" {
				event.Object(v).Leaves(func(path, value string) {
					bytes += m.addLeaf(no, path, value, n) + m.addWords(value, n, no)
				})
			}
		case hasColumn(no):
			v, ok := columnValue(no, e)
			m.columns[no] = append(m.columns[no], columnCell{v, ok})
			bytes += 16
		}
	}
	m.bytes += bytes
}

// addWords adds the words of a text of a field; these are the texts in which query.Text looks.
func (m *memory) addWords(text string, n uint32, no int) int {
	bytes := 0
	for _, token := range query.Tokens(text) {
		bytes += m.tokens.add(token, n)
		if hasWords(no) {
			bytes += m.keyed[no].add(token, n)
		}
	}
	return bytes
}

func (m *memory) addLeaf(no int, path, value string, n uint32) int {
	p := m.leaves[no][path]
	if p == nil {
		if m.named >= maxLeaves || len(path) > maxLeafName {
			if r := m.rest[no]; len(r) == 0 || r[len(r)-1] != n {
				m.rest[no] = append(r, n)
			}
			return 4
		}
		p = newPostings()
		m.leaves[no][strings.Clone(path)] = p
		m.named++
	}
	return p.add(query.Cut(value), n)
}
