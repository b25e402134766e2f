package archive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
	"github.com/actiontrail/actiontrail/query"
)

// Backfill says that a seal brings events of earlier batches, which no seal before
// has scanned while the trail ran: those whose eventTime is in [From, To), of the
// batches in Lanes. They were read from the index.
type Backfill struct {
	ID    string       `json:"id"` // of the request
	From  time.Time    `json:"from"`
	To    time.Time    `json:"to"`
	Lanes []LaneRanges `json:"lanes"`
}

// LaneRanges are batches of a lane.
type LaneRanges struct {
	event.Lane
	Batches []Range `json:"batches"` // in order, apart from one another
}

// Has tells whether the batch is one of them.
func (l *LaneRanges) Has(number uint64) bool {
	for _, r := range l.Batches {
		if number >= r.From && number <= r.To {
			return true
		}
	}
	return false
}

// check refuses what no archive writes.
func (b *Backfill) check(s *Seal) error {
	switch {
	case s.Amends != nil || s.Paid != nil || s.Stopped != nil || len(s.Scanned) > 0 || s.Seq.After != s.Seq.To || s.Events != s.Matched:
		return errors.New("a backfill scans nothing of the stream, and is nothing else")
	case b.ID == "" || b.Lanes == nil || b.From.Location() != time.UTC || b.To.Location() != time.UTC || b.To.Before(b.From):
		return errors.New("a backfill has an id, lanes and a time in UTC")
	}
	for _, l := range b.Lanes {
		next := uint64(1)
		for _, r := range l.Batches {
			if r.From < next || r.To < r.From {
				return fmt.Errorf("lane %s: the batches of a backfill are no ranges in order", l.Lane)
			}
			next = r.To + 1
		}
	}
	return nil
}

// Source gives the events that a backfill is about and that match the filter (nil:
// all), in an order that is always the same and in which eventTime never goes back.
// An error of give ends it and is returned as it is.
type Source func(ctx context.Context, b *Backfill, filter query.Expr, give func(event.Lane, *event.Event) error) error

// ErrSource tells that a backfill could not read its source. The archive is as before.
var ErrSource = errors.New("read the events of a backfill")

// ErrRebuilding tells that objects must be made again from the stream first.
var ErrRebuilding = errors.New("the archive makes objects again, and takes no backfill before it has")

// errEnough ends the reading of a source.
var errEnough = errors.New("the objects are large enough")

// Backfill seals the next part of a backfill: events of one day, and about as many
// as an object holds. It returns where that part ends, from where the next one
// begins, and how many events it has. It is called as Write is; after an error
// other than ErrSource and ErrRebuilding the stream is to be followed from Position again.
func (a *Archive) Backfill(ctx context.Context, b Backfill) (to time.Time, events uint64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.ready(ctx); err != nil {
		return b.From, 0, a.note(err)
	}
	if a.rebuild != nil {
		return b.From, 0, ErrRebuilding
	}
	if a.brought == nil {
		if a.brought, err = coverBefore(ctx, a.cfg.Bucket, a.head.number+1); err != nil {
			return b.From, 0, a.note(err)
		}
	}
	c, err := a.backfillCollector(a.cfg.Filter, a.cfg.FilterText)
	if err != nil {
		return b.From, 0, a.note(err)
	}
	if b.To, err = a.gather(ctx, c, b, a.brought, true); errors.Is(err, ErrSource) {
		return b.From, 0, err
	} else if err == nil {
		err = a.cutBackfill(ctx, c, &b)
		a.brought.Backfills = append(a.brought.Backfills, b)
	}
	return b.To, c.matched, a.note(err)
}

// gather stages what the source gives of b, but for what an earlier backfill has
// brought. With part it ends where the objects are
// large enough, or the day does.
func (a *Archive) gather(ctx context.Context, c *collector, b Backfill, brought *Coverage, part bool) (to time.Time, err error) {
	to = b.To
	if a.cfg.Source == nil {
		return to, fmt.Errorf("%w: there is none", ErrSource)
	}
	var last time.Time
	var staging error
	err = a.cfg.Source(ctx, &b, c.filter, func(lane event.Lane, e *event.Event) error {
		at := e.Time.Std().UTC()
		if brought.Filled(lane, e.Origin.Batch, at) {
			return nil
		}
		if part && c.matched > 0 && at.After(last) && (c.bytes >= a.cfg.RollBytes || len(c.parts) >= mostParts || at.Truncate(24*time.Hour).After(last)) {
			to = at
			return errEnough
		}
		last = at
		c.add(lane, e)
		if c.buffered >= c.spills {
			staging = c.spill()
		}
		return staging
	})
	switch {
	case staging != nil:
		return to, staging
	case err != nil && !errors.Is(err, errEnough):
		return to, fmt.Errorf("%w: %w", ErrSource, err)
	}
	return to, nil
}

// backfillCollector has a folder of its own: what comes from the stream meanwhile
// stays as it is.
func (a *Archive) backfillCollector(filter query.Expr, text string) (*collector, error) {
	c := a.collector()
	c.filter, c.text, c.dir = filter, text, filepath.Join(a.cfg.Staging, "backfill")
	c.last, c.parts = map[event.Lane]int{}, map[layout.Folder]*part{}
	if err := c.step("clear backfill"); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return nil, fmt.Errorf("clear the staging folder: %w", err)
	}
	return c, durable.MkdirAll(c.dir)
}

// cutBackfill seals what was gathered of b. The position stays where it is.
func (a *Archive) cutBackfill(ctx context.Context, c *collector, b *Backfill) error {
	number := a.head.number + 1
	s := a.seal(number, a.cfg.Now())
	objects, err := c.finish(a.cfg.Staging, number, s.Time)
	if err != nil {
		return err
	}
	s.Filter, s.Layout, s.Backfill = c.text, c.layout, b
	s.Seq = SeqRange{After: a.durable.Seq, To: a.durable.Seq}
	s.Events, s.Matched = c.matched, c.matched
	after := a.durable.Clone()
	if err := a.commit(ctx, s, &after, objects); err != nil {
		return err
	}
	for _, o := range objects {
		if err := os.Remove(staged(a.cfg.Staging, o.SHA256)); err != nil {
			return fmt.Errorf("clear the staging folder: %w", err)
		}
	}
	return os.RemoveAll(c.dir)
}

// rebuildBackfill makes missing objects of a backfill again, from its source.
func (a *Archive) rebuildBackfill(ctx context.Context, c *chain, missing map[string]sealedObject) error {
	seal := c.scanned
	filter, err := a.parse(seal.Filter)
	if err != nil {
		return fmt.Errorf("the filter of %s cannot be read: %w", SealKey(seal.Number), err)
	}
	a.durable = c.after
	a.seen = a.durable.Clone()
	gathered, err := a.backfillCollector(filter, seal.Filter)
	if err != nil {
		return err
	}
	gathered.layout, gathered.codec, gathered.recipients = seal.Layout, seal.Objects[0].Codec, seal.Recipients
	brought, err := coverBefore(ctx, a.cfg.Bucket, seal.Number)
	if err != nil {
		return err
	}
	if _, err := a.gather(ctx, gathered, *seal.Backfill, brought, false); err != nil {
		return fmt.Errorf("objects of %s are missing, which is a backfill: %w", SealKey(seal.Number), err)
	}
	return a.makeGood(ctx, &rebuild{seal: seal, after: c.after, missing: missing}, gathered)
}

// Coverage is what an archive has, as its seals say.
type Coverage struct {
	Scanned   map[event.Lane][]Range // batches that were scanned while the trail ran, in order
	Backfills []Backfill             // in the order of the seals
	Begun     time.Time              // of seal 0
}

// Cover is what the archive has now.
func (a *Archive) Cover(ctx context.Context) (*Coverage, error) { return Cover(ctx, a.cfg.Bucket) }

// Cover reads all seals of a bucket.
func Cover(ctx context.Context, b Bucket) (*Coverage, error) {
	last, ok, err := lastSeal(ctx, b)
	if err != nil || !ok {
		return &Coverage{Scanned: map[event.Lane][]Range{}}, err
	}
	return coverBefore(ctx, b, last+1)
}

// coverAtOnce is how many seals are read at once: in a store each takes a while, and a
// trail of a year has half a million.
const coverAtOnce = 16

// coverBefore reads the seals before this one, all of them: a batch that an agent sent
// late, or whose clock was ahead, may have events of any time, so that neither the
// times of the seals nor the range of a backfill tell which seals matter.
func coverBefore(ctx context.Context, b Bucket, number uint64) (*Coverage, error) {
	c := &Coverage{Scanned: map[event.Lane][]Range{}}
	for from := uint64(0); from < number; from += coverAtOnce {
		seals, err := readSeals(ctx, b, from, min(from+coverAtOnce, number))
		if err != nil {
			return nil, err
		}
		if from == 0 {
			c.Begun = seals[0].Time
		}
		for _, s := range seals {
			c.add(s)
		}
	}
	return c, nil
}

// readSeals reads the seals from ≤ n < to at once.
func readSeals(ctx context.Context, b Bucket, from, to uint64) ([]*Seal, error) {
	seals, failed := make([]*Seal, to-from), make([]error, to-from)
	var all sync.WaitGroup
	for i := range seals {
		all.Go(func() { seals[i], _, failed[i] = readSeal(ctx, b, from+uint64(i)) })
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return seals, nil
}

func (c *Coverage) add(s *Seal) {
	if s.Backfill != nil {
		c.Backfills = append(c.Backfills, *s.Backfill)
	}
	if s.Stopped != nil {
		return
	}
	for i := range s.Scanned {
		x := &s.Scanned[i]
		ranges := c.Scanned[x.Lane]
		if n := len(ranges); n > 0 && ranges[n-1].To+1 == x.From {
			ranges[n-1].To = x.To
			continue
		}
		c.Scanned[x.Lane] = append(ranges, Range{x.From, x.To})
	}
}

// Missing are the batches up to the given numbers that were not scanned while the trail ran.
func (c *Coverage) Missing(upto map[event.Lane]uint64) []LaneRanges {
	var all []LaneRanges
	for _, lane := range slices.SortedFunc(maps.Keys(upto), event.Lane.Compare) {
		next := uint64(1)
		l := LaneRanges{Lane: lane}
		for _, r := range c.Scanned[lane] {
			if r.From > next {
				l.Batches = append(l.Batches, Range{next, min(r.From-1, upto[lane])})
			}
			if next = r.To + 1; next > upto[lane] {
				break
			}
		}
		if next <= upto[lane] {
			l.Batches = append(l.Batches, Range{next, upto[lane]})
		}
		if len(l.Batches) > 0 {
			all = append(all, l)
		}
	}
	return all
}

// Filled tells whether a backfill has brought the batch's events of this time.
func (c *Coverage) Filled(lane event.Lane, batch uint64, at time.Time) bool {
	for i := range c.Backfills {
		b := &c.Backfills[i]
		if at.Before(b.From) || !at.Before(b.To) {
			continue
		}
		for k := range b.Lanes {
			if b.Lanes[k].Lane == lane && b.Lanes[k].Has(batch) {
				return true
			}
		}
	}
	return false
}
