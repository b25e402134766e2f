package local

import (
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// postings are the terms that each event of a memory has, some more than once;
// words of a value that terms.implied has are not among them. The events of each
// term, which queries ask for, are worked out when a query comes, and the
// segments work them out in their own order: adding stays cheap.
type postings struct {
	list []uint32 // terms, event by event
	ends []uint32 // of each event, in list

	mu sync.Mutex // guards inverted, which readers make
	inverted
}

// inverted are the events of each term, of the first events of a memory.
type inverted struct {
	upTo   int      // events that are in it
	starts []uint32 // of the terms that it knows, one more than there are, in events
	events []uint32
}

func (p *postings) reset() {
	p.list, p.ends, p.inverted = p.list[:0], p.ends[:0], inverted{}
}

// openEvent makes room for most events.
func (p *postings) openEvent() { p.list = roomFor(p.list, 256) }

func (p *postings) add(k uint32) { p.list = append(p.list, k) }

func (p *postings) closeEvent() { p.ends = append(p.ends, uint32(len(p.list))) }

// of are the terms of event n.
func (p *postings) of(n uint32) []uint32 {
	from := uint32(0)
	if n > 0 {
		from = p.ends[n-1]
	}
	return p.list[from:p.ends[n]]
}

// invert brings inverted up to date, if too much has been added since.
func (p *postings) invert(terms int) inverted {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.ends)
	if n-p.upTo <= 2048+p.upTo/8 {
		return p.inverted
	}
	starts := make([]uint32, terms+1)
	for _, k := range p.list {
		starts[k+1]++
	}
	for k := range terms {
		starts[k+1] += starts[k]
	}
	events, from := make([]uint32, len(p.list)), uint32(0)
	for e, to := range p.ends {
		for _, k := range p.list[from:to] {
			events[starts[k]] = uint32(e)
			starts[k]++
		}
		from = to
	}
	copy(starts[1:], starts) // each start has moved to its end
	starts[0] = 0
	p.inverted = inverted{n, starts, events}
	return p.inverted
}

// eventsOf are the events of the terms that are wanted, in any order; terms is how many there are.
func (p *postings) eventsOf(terms int, wanted []uint32) *roaring.Bitmap {
	out := roaring.New()
	if len(wanted) == 0 {
		return out
	}
	known := p.invert(terms)
	for _, k := range wanted {
		if int(k)+1 < len(known.starts) {
			out.AddMany(known.events[known.starts[k]:known.starts[k+1]])
		}
	}
	from := uint32(0)
	if known.upTo > 0 {
		from = p.ends[known.upTo-1]
	}
	is := func(k uint32) bool { return k == wanted[0] }
	if len(wanted) > 1 {
		set := newBits(terms)
		for _, k := range wanted {
			set.set(k)
		}
		is = set.has
	}
	for n := known.upTo; n < len(p.ends); n++ {
		for _, k := range p.list[from:p.ends[n]] {
			if is(k) {
				out.Add(uint32(n))
			}
		}
		from = p.ends[n]
	}
	return out
}
