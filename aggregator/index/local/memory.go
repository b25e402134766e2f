package local

import (
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
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
	ids     []uint32 // the value that is the id of each event
	before  []uint32 // the event of the same id before it, plus 1; 0: none
	lo, hi  int64
	odd     []uint32 // events whose id is not a UUID
	notime  bool     // some have no eventTime
	terms   *terms
	keyed   []uint32            // dictionary of each field; of one that has none it is not used
	leaves  []map[string]uint32 // dictionaries of each Flattened field, by path
	words   uint32              // dictionary of the words of all texts
	rest    [][]uint32          // events with leaves that no dictionary has
	posts   postings            // the terms of each event
	columns [][]columnCell
	named   int // leaves with dictionaries
}

// maxMemory is the most that a memory may be set to take: what is in it has numbers of 32 bits.
const maxMemory = 1 << 30

// columnCell is a number, or none.
type columnCell struct {
	v  uint64
	ok bool
}

func newMemory(c *codec, number uint64) *memory {
	m := &memory{codec: c, terms: newTerms(), keyed: make([]uint32, len(fields)), leaves: make([]map[string]uint32, len(fields)),
		rest: make([][]uint32, len(fields)), columns: make([][]columnCell, len(fields))}
	m.reset(number)
	return m
}

// reset makes it empty, for another WAL. Nobody else may have it.
func (m *memory) reset(number uint64) {
	m.number, m.first, m.end, m.position = number, time.Time{}, 0, event.Position{}
	m.seqs = index.SeqRange{}
	m.walBytes.Store(0)
	m.times, m.packed, m.blocks, m.counts, m.places = m.times[:0], m.packed[:0], m.blocks[:0], m.counts[:0], m.places[:0]
	m.ids, m.before, m.odd, m.notime, m.named = m.ids[:0], m.before[:0], m.odd[:0], false, 0
	m.classes, m.classed = m.classes[:0], false
	m.terms.reset()
	m.posts.reset()
	m.words = m.terms.newDict()
	for no := range fields {
		m.rest[no], m.columns[no] = m.rest[no][:0], m.columns[no][:0]
		if no == eventID || inMemory(no) {
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
		v, ok := m.terms.find(id)
		if !ok {
			return
		}
		k, ok := m.terms.in(m.keyed[eventID], v)
		if !ok {
			return
		}
		n := m.terms.terms[k].last - 1
		for yield(n) && m.before[n] > 0 {
			n = m.before[n] - 1
		}
	}
}

// idOf is the id of an event, valid until the next add.
func (m *memory) idOf(n uint32) []byte { return m.terms.textOf(m.ids[n]) }

// bytes is about what the memory takes.
func (m *memory) bytes() int {
	const perEvent = 8 + 4 + 4 + 4 + 4 + 6*16 // of the slices that have an entry for each event, columns among them
	return len(m.packed) + m.terms.bytes() + 4*len(m.posts.list) + perEvent*len(m.times)
}

// addBlock adds a block of so many events, some of which are added next. The caller holds mu, if others have the memory.
func (m *memory) addBlock(packed []byte, count int) {
	m.counts = append(m.counts, uint8(count))
	m.packed = append(m.packed, packed...)
	m.blocks = append(m.blocks, uint32(len(m.packed)))
}

// add adds an event of a class that is in the block that was added last, with the number i there. The caller holds mu.
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
	m.addID(e.ID, n)
	m.notime = m.notime || e.Time.IsZero()
	m.posts.openEvent()
	for no := range fields {
		switch kinds[no] {
		case asText:
			if v := fields[no].Value(e); v != "" {
				m.note(m.keyed[no], anyText, n)
				m.addWords(v, no)
			}
		case asKey:
			if v := fields[no].Value(e); v != "" {
				m.note(m.keyed[no], query.Cut(v), n)
			}
		case asLeaves:
			if v := fields[no].Value(e); v != "" {
				event.Object(v).Leaves(func(path, value string) { m.addLeaf(no, path, value, n) })
			}
		case asColumn:
			v, ok := columnValue(no, e)
			m.columns[no] = append(m.columns[no], columnCell{v, ok})
		}
	}
	m.posts.closeEvent()
}

func (m *memory) addID(id string, n uint32) {
	v := m.terms.enter(id)
	k := m.terms.enterIn(m.keyed[eventID], v)
	m.ids = append(m.ids, v)
	m.before = append(m.before, m.terms.terms[k].last)
	m.terms.terms[k].last = n + 1
	if _, ok := event.ParseUUID(id); !ok {
		m.odd = append(m.odd, n)
	}
}

// note notes that event n has the value in a dictionary, and returns its term.
func (m *memory) note(dict uint32, s string, n uint32) uint32 {
	k := m.terms.keyed(dict, s)
	m.posts.add(k)
	m.terms.dicts[dict].any.set(n)
	return k
}

// addWords adds the words of a text of a field; these are the texts in which query.Text looks.
func (m *memory) addWords(text string, no int) {
	for _, token := range query.Tokens(text) {
		v := m.terms.enter(token)
		m.posts.add(m.terms.enterIn(m.words, v))
		if hasWords(no) {
			m.posts.add(m.terms.enterIn(m.keyed[no], v))
		}
	}
}

// addLeaf adds a leaf of a Flattened field, and its words.
func (m *memory) addLeaf(no int, path, text string, n uint32) {
	dict, ok := m.leaves[no][path]
	if !ok {
		if m.named >= maxLeaves || len(path) > maxLeafName {
			if r := m.rest[no]; len(r) == 0 || r[len(r)-1] != n {
				m.rest[no] = append(r, n)
			}
			m.addWords(text, no)
			return
		}
		dict = m.terms.newDict()
		m.leaves[no][strings.Clone(path)] = dict
		m.named++
	}
	k := m.note(dict, query.Cut(text), n)
	if len(text)+utf8.UTFMax > query.MaxValue { // a longer one may have been cut to the same value
		m.addWords(text, no)
		return
	}
	if m.terms.terms[k].words == 0 {
		m.findWords(k, text)
	}
}

// findWords works out the words of the value of a term, once. Whoever has the term has them too, without more.
func (m *memory) findWords(k uint32, text string) {
	t := m.terms
	at := len(t.implied)
	t.implied = append(roomFor(t.implied, 1), 0)
	if isToken(text) {
		t.implied = append(roomFor(t.implied, 1), t.enterIn(m.words, t.terms[k].value))
	} else {
		for _, token := range query.Tokens(text) {
			t.implied = append(roomFor(t.implied, 1), t.enterIn(m.words, t.enter(token)))
		}
	}
	t.implied[at] = uint32(len(t.implied) - at - 1)
	t.terms[k].words = uint32(at) + 1
}

// isToken tells whether a text is quickly seen to be one token of query.Tokens,
// and that token to be the text as it stands. Most leaves are.
func isToken(s string) bool {
	if s == "" || len(s) > query.MaxValue || !letterOrDigit(s[0]) || !letterOrDigit(s[len(s)-1]) {
		return false
	}
	for i := 1; i < len(s)-1; i++ {
		if c := s[i]; !letterOrDigit(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func letterOrDigit(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
