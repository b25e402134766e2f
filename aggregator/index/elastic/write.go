package elastic

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/actiontrail/actiontrail/event"
)

const (
	// chunkBytes is about how large the body of a bulk request becomes.
	chunkBytes = 4 << 20
	// bulksAtOnce is how many bulk requests are under way: one more than what the
	// node works on while we read the answer to the other.
	bulksAtOnce = 2
)

// Write stores batches: first their events, then the position, each durably.
func (x *Index) Write(ctx context.Context, batches []event.Batch) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.connect(ctx); err != nil {
		return err
	}
	err := x.store(ctx, batches)
	if err == nil && len(batches) > 0 {
		err = x.journal(ctx, batches)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if err != nil {
		x.ready = false // what is durable is to be asked for
		return err
	}
	at := x.position.Clone()
	for i := range batches {
		at.Advance(&batches[i])
	}
	x.position = at
	return nil
}

// store makes the events of batches durable. The caller holds writing.
func (x *Index) store(ctx context.Context, batches []event.Batch) error {
	oldest := x.oldest(x.cfg.Now())
	names := namer{index: x, now: x.cfg.Now(), names: map[namedDay]string{}}
	there, err := x.elsewhere(ctx, batches, &names)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(bulksAtOnce)
	left := 0 // events that are not in a chunk
	for i := range batches {
		left += len(batches[i].Events)
	}
	c := newChunk(left)
	send := func() {
		full := c
		c = newChunk(left)
		group.Go(func() error { return x.send(ctx, full) })
	}
	for i := range batches {
		for k := range batches[i].Events {
			e := &batches[i].Events[k]
			left--
			if e.Time.Nanos < oldest[x.cfg.Classes.Of(e)] || there != nil && there[plainID(e)] {
				continue
			}
			name, err := names.of(ctx, e)
			if err != nil {
				return errors.Join(err, group.Wait())
			}
			c.add(&x.docs, name, &batches[i], e, false)
			if len(c.body) >= chunkBytes {
				send()
			}
		}
	}
	if len(c.items) > 0 {
		send()
	}
	err = group.Wait()
	x.mu.Lock()
	x.dirty = true
	x.mu.Unlock()
	return err
}

// elsewhere finds the events that were stored when they belonged to another class,
// or when their time was far off, by _id.
func (x *Index) elsewhere(ctx context.Context, batches []event.Batch, names *namer) (map[string]bool, error) {
	if len(x.state.elder) == 0 && !x.hasOther() {
		return nil, nil
	}
	var twins []twin
	for i := range batches {
		for k := range batches[i].Events {
			e := &batches[i].Events[k]
			own, err := names.of(ctx, e)
			if err != nil {
				return nil, err
			}
			for _, name := range x.elders(own, e) {
				twins = append(twins, twin{name, plainID(e)})
			}
		}
	}
	return x.stored(ctx, twins)
}

// oldest are the times before which events are not taken any more, by the number of their class.
func (x *Index) oldest(now time.Time) []int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := make([]int64, 1+len(x.cfg.Classes))
	for n := range out {
		out[n] = x.expireBefore(n, now)
		if floor, ok := x.floors[x.cfg.Classes.Name(n)]; ok {
			out[n] = max(out[n], floor)
		}
	}
	return out
}

// expireBefore is the begin of the first day that retention keeps of a class. The caller holds mu.
func (x *Index) expireBefore(class int, now time.Time) int64 {
	keep := x.cfg.Classes.Retention(class, x.cfg.Retention)
	if keep <= 0 {
		return math.MinInt64
	}
	return x.keptFrom(dayStart(nanos(now.Add(-keep))))
}

// keptFrom is this time, or an earlier one from which on events are to be kept. The caller holds mu.
func (x *Index) keptFrom(at int64) int64 {
	for _, from := range x.kept {
		at = min(at, dayStart(nanos(from)))
	}
	return at
}

// namer finds the indices for events, and makes those that are missing.
type namer struct {
	index *Index
	now   time.Time // one for all of a Write, so that the same times are far off
	names map[namedDay]string
}

type namedDay struct {
	class string
	day   int64
}

func (n *namer) of(ctx context.Context, e *event.Event) (string, error) {
	x := n.index
	key := namedDay{x.cfg.Classes.Name(x.cfg.Classes.Of(e)), dayStart(e.Time.Nanos)}
	if name, ok := n.names[key]; ok {
		return name, nil
	}
	x.mu.Lock()
	indices := x.indices
	x.mu.Unlock()
	there := func(s slice) bool {
		_, ok := indices[s.name(x.cfg.Prefix)]
		return ok
	}
	s, made := place(there, key.class, x.period(), e.Time.Std())
	if !made && s.far(n.now) {
		s = otherSlice(key.class)
		made = there(s)
	}
	if !made {
		if err := x.share(ctx, s); err != nil {
			return "", err
		}
		if err := x.makeIndex(ctx, s); err != nil {
			return "", err
		}
	}
	n.names[key] = s.name(x.cfg.Prefix)
	return n.names[key], nil
}

// period is that of new indices.
func (x *Index) period() Period {
	if p := x.cfg.Period; p == Day || p == Week || p == Month {
		return p
	}
	return periodFor(x.perDay)
}

// maxIDBytes is how long an id may be to stand in _id itself, which has 512 bytes at most.
const maxIDBytes = 400

// documentID is the _id of an event: its id and its time, as two events may differ in time only.
func documentID(b []byte, id string, nanos int64) []byte {
	if len(id) > maxIDBytes {
		id = hashed(id)
	}
	b = event.AppendString(b, id)
	b = append(b[:len(b)-1], '~')
	return append(strconv.AppendInt(b, nanos, 36), '"')
}

// plainID is documentID as text.
func plainID(e *event.Event) string {
	id := e.ID
	if len(id) > maxIDBytes {
		id = hashed(id)
	}
	return id + "~" + strconv.FormatInt(e.Time.Nanos, 36)
}

var errGaveUp = errors.New("elasticsearch did not take all events")

func gaveUp(c *chunk, last error) error {
	return fmt.Errorf("%w: %d of %d are left: %w", errGaveUp, len(c.items), c.all, last)
}
