package aggregator

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// Bounds of what Live holds. The batches are those that the followers share, so
// as long as these are in step it costs next to nothing.
const (
	liveEvents = openedEvents // events
	liveBytes  = 32 << 20     // of them, about
	liveMarks  = 16_384       // batches that were let go and are still counted
	livePart   = 256          // events handed to a watcher at once
)

// ErrLiveClosed ends a watch when the process stops.
var ErrLiveClosed = errors.New("the server stops")

// Place is a place among the events in the order in which they became
// searchable: what is before it was seen.
type Place struct {
	Seq  uint64 // the batch that comes next, or one after it
	Skip uint64 // how many of its events were seen
}

func (p Place) String() string { return fmt.Sprintf("%d-%d", p.Seq, p.Skip) }

// ParsePlace is the inverse of String.
func ParsePlace(s string) (Place, error) {
	seq, skip, ok := strings.Cut(s, "-")
	p := Place{}
	var err1, err2 error
	p.Seq, err1 = strconv.ParseUint(seq, 10, 63)
	p.Skip, err2 = strconv.ParseUint(skip, 10, 32)
	if !ok || err1 != nil || err2 != nil || p.String() != s {
		return Place{}, errors.New("it is not the id of an event of a tail, such as 42-7")
	}
	return p, nil
}

// Live has the newest events that became searchable, for those who watch. Whoever
// is slow or was away finds that some are gone, and is told which; nobody is waited for.
type Live struct {
	mu      sync.Mutex
	held    []event.Batch // oldest first
	events  int           // in them
	bytes   int
	gone    []mark // batches that were held, oldest first
	floor   uint64 // every event of this seq and later ones is in held
	counted uint64 // every batch of this seq and later ones is in gone or held
	next    uint64 // after the last batch; 0: nothing is known yet
	changed chan struct{}
	closed  bool
}

// mark is what remains of a batch that was let go.
type mark struct {
	seq      uint64
	events   int
	from, to int64 // the earliest and latest eventTime, in ns
}

// NewLive holds nothing yet.
func NewLive() *Live { return &Live{changed: make(chan struct{})} }

// Begin says that the index holds everything up to seq. What came since the last
// publish became searchable unseen.
func (l *Live) Begin(seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next > seq {
		return
	}
	l.held, l.gone, l.events, l.bytes = nil, nil, 0, 0
	l.floor, l.counted, l.next = seq+1, seq+1, seq+1
	l.wake()
}

// Publish adds batches that are searchable now; upto is the last seq that was read.
func (l *Live) Publish(batches []event.Batch, upto uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if upto < l.next {
		return
	}
	for _, b := range batches {
		if len(b.Events) == 0 || b.Seq < l.next {
			continue
		}
		l.held = append(l.held, b)
		l.events += len(b.Events)
		l.bytes += weigh(&b)
	}
	l.next = upto + 1
	for len(l.held) > 1 && (l.events > liveEvents || l.bytes > liveBytes) {
		l.letGo()
	}
	l.wake()
}

// letGo forgets the oldest batch but for its mark.
func (l *Live) letGo() {
	b := &l.held[0]
	m := mark{seq: b.Seq, events: len(b.Events)}
	for i := range b.Events {
		at := b.Events[i].Time.Nanos
		if i == 0 {
			m.from, m.to = at, at
		}
		m.from, m.to = min(m.from, at), max(m.to, at)
	}
	l.gone = append(l.gone, m)
	if len(l.gone) > liveMarks {
		l.counted = l.gone[0].seq + 1
		l.gone = l.gone[1:]
	}
	l.events -= len(b.Events)
	l.bytes -= weigh(b)
	l.held[0] = event.Batch{} // its events are not kept by the array
	l.held = l.held[1:]
	l.floor = l.held[0].Seq
}

func (l *Live) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Close ends every watch.
func (l *Live) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.wake()
}

// Now is the place after everything there is.
func (l *Live) Now() Place {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Place{Seq: l.next}
}

// Seen is an event with the place after it. The event is shared: nobody changes it.
type Seen struct {
	Event *event.Event
	After Place
}

// Missed tells of events that a watcher did not get.
type Missed struct {
	Events   int       // -1: nobody knows
	From, To time.Time // their eventTimes, both inclusive; zero when not known
	Before   Place     // the place after them
}

// Next gives what there is from a place on, a part of it at most, and the place to
// go on from. When there is nothing it waits. missed, unless nil, is what should
// have come before these events.
func (l *Live) Next(ctx context.Context, at Place) (events []Seen, next Place, missed *Missed, err error) {
	for {
		l.mu.Lock()
		if l.closed {
			l.mu.Unlock()
			return nil, at, missed, ErrLiveClosed
		}
		if l.next > 0 {
			switch {
			case at == Place{}: // whoever came before anything was known
				at.Seq = l.next
			case at.Seq < l.floor:
				missed, at = l.missed(at), Place{Seq: l.floor}
			case at.Seq > l.next: // of a stream that was lost since
				missed, at = &Missed{Events: -1}, Place{Seq: l.next}
			}
			if missed != nil {
				missed.Before = at
			}
			events, at = l.from(at)
		}
		changed := l.changed
		l.mu.Unlock()
		if len(events) > 0 || missed != nil {
			return events, at, missed, nil
		}
		select {
		case <-ctx.Done():
			return nil, at, nil, ctx.Err()
		case <-changed:
		}
	}
}

// from gives the events from a place on, which are all held.
func (l *Live) from(at Place) ([]Seen, Place) {
	var out []Seen
	for i := l.search(at.Seq); i < len(l.held) && len(out) < livePart; i++ {
		b := &l.held[i]
		if b.Seq != at.Seq {
			at = Place{Seq: b.Seq}
		}
		for at.Skip < uint64(len(b.Events)) && len(out) < livePart {
			at.Skip++
			out = append(out, Seen{&b.Events[at.Skip-1], at})
		}
		if at.Skip < uint64(len(b.Events)) {
			return out, at
		}
		at = Place{Seq: b.Seq + 1}
		if len(out) > 0 {
			out[len(out)-1].After = at
		}
	}
	if len(out) < livePart {
		at = Place{Seq: max(at.Seq, l.next)}
	}
	return out, at
}

// search is the first held batch that is not before seq.
func (l *Live) search(seq uint64) int {
	low, high := 0, len(l.held)
	for low < high {
		if mid := (low + high) / 2; l.held[mid].Seq < seq {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// missed tells what is gone from a place on; nil when that is nothing.
func (l *Live) missed(at Place) *Missed {
	if at.Seq < l.counted {
		return &Missed{Events: -1}
	}
	m := &Missed{}
	var from, to int64
	for _, g := range l.gone {
		if g.seq < at.Seq {
			continue
		}
		n := g.events
		if g.seq == at.Seq {
			n -= min(n, int(at.Skip))
		}
		if m.Events == 0 {
			from, to = g.from, g.to
		}
		m.Events += n
		from, to = min(from, g.from), max(to, g.to)
	}
	if m.Events == 0 {
		return nil
	}
	m.From, m.To = time.Unix(0, from).UTC(), time.Unix(0, to).UTC()
	return m
}

// weigh is about what the events of a batch take in memory.
func weigh(b *event.Batch) int {
	n := 0
	for i := range b.Events {
		e := &b.Events[i]
		n += 1024 + len(e.RequestParameters) + len(e.RequestParameterJSON) + len(e.ResponseElements) + len(e.ErrorMessage) +
			len(e.ReferencedResources) + len(e.Additional) + len(e.UserAgent) + len(e.Exchange.Path) + len(e.Exchange.Referer) + len(e.Raw) + len(e.Extra)
	}
	return n
}
