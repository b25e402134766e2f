package debt

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/actiontrail/actiontrail/event"
)

// Part is a part of the stream as it was, put together again.
type Part struct {
	Since   time.Time         // when the trail began to owe
	Filter  string            // of the trail, when it was recorded
	Batches []event.Batch     // in stream order
	Lost    map[uint64]uint64 // seq of a batch to how many of its events the index no longer has: they are not in Batches
	To      uint64            // seq up to which these are all that the stream had
}

// One part has about so many events, and no more batches than this.
const (
	partEvents  = 16_000
	partBatches = 256
)

// Next is what the stream had after this seq; it is called only while To is
// greater. After an error call it again.
func (d *Debt) Next(ctx context.Context, after uint64) (Part, error) {
	s, err := d.sectionAfter(after)
	if err != nil {
		return Part{}, err
	}
	p := Part{Since: s.since, Filter: s.filter, To: s.to}
	first, _ := slices.BinarySearchFunc(s.batches, after+1, func(e entry, seq uint64) int {
		if e.head.Seq < seq {
			return -1
		}
		return 1
	})
	entries := s.batches[first:]
	events := uint64(0)
	for i := range entries {
		if i == d.cfg.part || i > 0 && events+entries[i].events > partEvents {
			entries = entries[:i]
			p.To = entries[i-1].head.Seq
			break
		}
		events += entries[i].events
	}
	if len(entries) == 0 {
		return p, nil
	}
	if at := d.cfg.Index.Position().Seq; at < entries[len(entries)-1].head.Seq {
		return Part{}, fmt.Errorf("what trail %s owes up to seq %d waits for the index, which is at seq %d", d.cfg.Trail, p.To, at)
	}
	there, err := d.lend(ctx, entries)
	if err != nil {
		return Part{}, err
	}
	for i := range entries {
		if err := d.put(&p, &entries[i], there[i]); err != nil {
			return Part{}, err
		}
	}
	return p, nil
}

// put adds a batch to the part.
func (d *Debt) put(p *Part, e *entry, there lent) error {
	b := e.head
	switch have := uint64(len(there.events)); {
	case e.kept != nil:
		var err error
		if b.Events, err = unpack(e.kept); err == nil && uint64(len(b.Events)) != e.events {
			err = fmt.Errorf("there are %d events of %d", len(b.Events), e.events)
		}
		if err != nil {
			return fmt.Errorf("what trail %s owes of batch %d of %s is damaged: %w", d.cfg.Trail, b.Number, b.Lane, err)
		}
	case there.exact:
		b.Events = there.events
	case have >= e.events:
		return fmt.Errorf("what trail %s owes of batch %d of %s is not what the index has: restore the index from a copy", d.cfg.Trail, b.Number, b.Lane)
	default:
		b.Events = there.events
		d.loses(p, e, e.events-have)
	}
	p.Batches = append(p.Batches, b)
	return nil
}

// loses notes events that the index has no more: a segment was damaged, or somebody removed it.
func (d *Debt) loses(p *Part, e *entry, n uint64) {
	if p.Lost == nil {
		p.Lost = map[uint64]uint64{}
	}
	p.Lost[e.head.Seq] = n
	d.mu.Lock()
	known := d.lost[e.head.Seq]
	d.lost[e.head.Seq] = n
	d.mu.Unlock()
	if known != n {
		d.cfg.Log.Error("the index has lost events that a trail owes; its seal will say so", "trail", d.cfg.Trail, "batch", e.head.Number, "lane", e.head.Lane.String(), "events", n)
	}
}

// sectionAfter is the section in which the stream goes on after this seq.
func (d *Debt) sectionAfter(after uint64) (*section, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.sections, func(s stored) bool { return s.to > after })
	if i < 0 {
		return nil, fmt.Errorf("trail %s owes nothing after seq %d", d.cfg.Trail, after)
	}
	at := d.sections[i]
	if s := d.loaded; s != nil && s.after == at.after && s.to == at.to {
		return s, nil
	}
	s, err := d.read(at.path, at.after, at.to)
	if err != nil {
		return nil, err
	}
	d.loaded = s
	return s, nil
}

// unpack reads lines that a record keeps.
func unpack(packed []byte) ([]event.Event, error) {
	lines, err := s2.Decode(nil, packed)
	if err != nil {
		return nil, err
	}
	var events []event.Event
	for line := range bytes.SplitSeq(bytes.TrimSuffix(lines, []byte("\n")), []byte("\n")) {
		e, err := event.ParseJSON(line)
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, nil
}
