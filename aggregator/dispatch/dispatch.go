// Package dispatch carries a trail into a sink that is no archive: a log service, a
// stream, a program of somebody else's.
//
// What was delivered is noted in a file (docs/format/dispatch.md) after the sink has
// taken it: whatever happens in between comes again, with the same ids. A sink that
// knows what it has (sink.Resumer, or one that is idempotent) has each event once.
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/sink"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/query"
)

const (
	// writeEvents is about how many events a sink is given at once: after each such
	// part the delivery is as far as that.
	writeEvents = 2000
	// noteEvery is how long what was delivered may wait to be noted, and so come
	// again after a crash.
	noteEvery = time.Second
	// settleEvery is noteEvery for a sink.Settler, to which settling costs a connection.
	settleEvery = 5 * time.Second
	// noteEvents bounds what comes again after a crash.
	noteEvents = 50_000
)

// Config tells what a delivery carries, and where to.
type Config struct {
	Trail, Name string // of the trail, and of its delivery
	Place       string // where the sink delivers to: another place has other marks
	Sink        plugins.Sink
	File        string // where it is noted what was delivered
	RefusedFile string // where events are kept that the sink refuses

	Filter     query.Expr // nil: all events
	FilterText string     // what Filter was parsed from; "" with nil
	// Parse reads the filter of what is owed, which may be older than Filter.
	Parse func(text string) (query.Expr, error)
	// Stopped tells whether the batch at this place in the stream came while the trail
	// was stopped: nothing of it is delivered. nil: the trail never was.
	Stopped func(seq uint64) (since time.Time, stopped bool)
	// Refused is told of events that were kept in RefusedFile. nil: nobody is.
	Refused func(ctx context.Context, r Refusal)
	Now     func() time.Time
}

// Delivery is an aggregator.Sink and Payer. Write, Pay, Seal, Flush and Close are
// called by one goroutine at a time; Position and Status by any.
type Delivery struct {
	cfg     Config
	refused *refusals

	seen    event.Position // of what the sink was given
	mark    []byte         // of the sink, at seen
	ready   bool           // the sink knows what it has delivered
	unnoted int            // events, since the last note
	since   time.Time      // of the oldest that is not noted; zero: all is

	mu     sync.Mutex
	noted  event.Position
	status Status
	meter  *archive.Meter
}

// Status tells how a delivery fares.
type Status struct {
	Events       uint64    // that the sink has taken, since the delivery was begun
	LastDelivery time.Time // zero: nothing was delivered yet
	Pending      int       // events that are delivered and not noted
	Throughput   archive.Throughput
	Refused      uint64 // events that are kept, as the sink will never take them
	LastRefused  string // why the last one was; "" when none was
	RefusedFile  string // where they are
}

// Open reads what was delivered. The sink is asked nothing yet.
func Open(cfg Config) (*Delivery, error) {
	switch {
	case cfg.Trail == "" || cfg.Name == "":
		return nil, errors.New("a delivery needs the name of its trail, and one of its own")
	case cfg.Sink == nil, cfg.File == "", cfg.RefusedFile == "", cfg.Parse == nil, cfg.Now == nil:
		return nil, fmt.Errorf("delivery %s of trail %s needs a sink, two files, a parser of filters and a clock", cfg.Name, cfg.Trail)
	case (cfg.Filter == nil) != (cfg.FilterText == ""):
		return nil, fmt.Errorf("delivery %s of trail %s: the filter and its text %q do not belong together", cfg.Name, cfg.Trail, cfg.FilterText)
	}
	n, err := readNote(cfg.File)
	if err != nil {
		return nil, fmt.Errorf("what was delivered by %s of trail %s: %w", cfg.Name, cfg.Trail, err)
	}
	r, err := openRefusals(cfg.RefusedFile)
	if err != nil {
		return nil, fmt.Errorf("what was refused of delivery %s of trail %s: %w", cfg.Name, cfg.Trail, err)
	}
	d := &Delivery{cfg: cfg, refused: r, seen: n.Position, noted: n.Position, mark: n.Mark, meter: archive.NewMeter(cfg.Now()),
		status: Status{Events: n.Events, LastDelivery: n.LastDelivery, Refused: r.count, LastRefused: r.last, RefusedFile: cfg.RefusedFile}}
	if n.Place != cfg.Place {
		d.mark = nil // it is another place's
	}
	return d, nil
}

// Position is what was delivered, and noted.
func (d *Delivery) Position() event.Position {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.noted
}

// Status tells how the delivery fares now.
func (d *Delivery) Status() Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.status
	s.Throughput = d.meter.At(d.cfg.Now())
	return s
}

// Write delivers what of these batches the trail matches.
func (d *Delivery) Write(ctx context.Context, batches []event.Batch) error {
	return d.take(ctx, batches, d.cfg.Filter)
}

// take gives the sink what matches, part by part. After an error the delivery is
// as far as the last part, or with a sink.Settler as far as it was noted.
func (d *Delivery) take(ctx context.Context, batches []event.Batch, filter query.Expr) error {
	if err := d.resume(ctx); err != nil {
		return err
	}
	ahead := d.seen.Clone()
	var events []event.Event
	for i := range batches {
		b := &batches[i]
		if v := ahead.Check(b); v == event.Resend || v == event.Fork {
			continue
		}
		ahead.Advance(b)
		if !d.stopped(b.Seq) {
			events = appendMatches(events, b.Events, filter)
		}
		if len(events) < writeEvents {
			continue
		}
		if err := d.deliver(ctx, events, ahead); err != nil {
			return err
		}
		events, ahead = events[:0], ahead.Clone()
	}
	return d.deliver(ctx, events, ahead)
}

func (d *Delivery) stopped(seq uint64) bool {
	if d.cfg.Stopped == nil {
		return false
	}
	_, stopped := d.cfg.Stopped(seq)
	return stopped
}

func appendMatches(to, events []event.Event, filter query.Expr) []event.Event {
	for i := range events {
		if filter == nil || filter.Match(&events[i]) {
			to = append(to, events[i])
		}
	}
	return to
}

// resume has the sink find out what it has delivered, once after each start and each
// error. A place is marked before anything is delivered to it: without a mark
// nothing ever was.
func (d *Delivery) resume(ctx context.Context) error {
	if d.ready {
		return nil
	}
	r, ok := d.cfg.Sink.(sink.Resumer)
	if !ok {
		d.ready = true
		return nil
	}
	if err := r.Resume(ctx, d.mark); err != nil {
		return fmt.Errorf("find out what was delivered: %w", err)
	}
	if d.mark == nil {
		d.mark = r.Mark()
		if err := d.note(); err != nil {
			return err
		}
	}
	d.ready = true
	return nil
}

// deliver gives the sink one part, after which the delivery is at to.
func (d *Delivery) deliver(ctx context.Context, events []event.Event, to event.Position) error {
	if len(events) > 0 {
		if err := d.write(ctx, events); err != nil {
			return d.failed(err)
		}
		if r, ok := d.cfg.Sink.(sink.Resumer); ok {
			d.mark = r.Mark()
		}
	}
	if d.since.IsZero() && to.Seq != d.seen.Seq {
		d.since = d.cfg.Now()
	}
	d.seen = to
	d.unnoted += len(events)
	d.mu.Lock()
	d.status.Pending = d.unnoted
	d.mu.Unlock()
	return nil
}

// write writes events, and keeps those that are refused for good.
func (d *Delivery) write(ctx context.Context, events []event.Event) error {
	err := d.cfg.Sink.Write(ctx, events)
	taken := len(events)
	if refused := (*plugins.BatchError)(nil); errors.As(err, &refused) {
		if err = d.keep(ctx, events, refused); err == nil {
			taken -= len(refused.Refused)
		}
	}
	if err != nil {
		return err
	}
	now := d.cfg.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meter.Add(now, uint64(taken), 0)
	d.status.Events += uint64(taken)
	if taken > 0 {
		d.status.LastDelivery = now.UTC()
	}
	return nil
}

// failed notes how far the delivery came before an error of the sink, so that only
// what is in doubt comes again.
func (d *Delivery) failed(err error) error {
	d.ready = false
	if _, ok := d.cfg.Sink.(sink.Settler); ok {
		d.forget()
		return err
	}
	return errors.Join(err, d.note())
}

// forget has all that is not noted come again.
func (d *Delivery) forget() {
	d.seen, d.unnoted, d.since, d.ready = d.Position(), 0, time.Time{}, false
}

// Flush notes what was delivered, once it is time.
func (d *Delivery) Flush(ctx context.Context, now time.Time) error {
	every := noteEvery
	if _, ok := d.cfg.Sink.(sink.Settler); ok && d.unnoted > 0 {
		every = settleEvery
	}
	if d.since.IsZero() || d.unnoted < noteEvents && !now.Before(d.since) && now.Sub(d.since) < every {
		return nil
	}
	return d.Seal(ctx)
}

// Seal notes what was delivered, though it is not time yet.
func (d *Delivery) Seal(ctx context.Context) error {
	if d.since.IsZero() {
		return nil
	}
	if s, ok := d.cfg.Sink.(sink.Settler); ok && d.unnoted > 0 {
		if err := s.Settle(ctx); err != nil {
			d.forget()
			return err
		}
	}
	return d.note()
}

// note makes durable that all up to seen is delivered.
func (d *Delivery) note() error {
	s := d.Status()
	err := writeNote(d.cfg.File, &note{Trail: d.cfg.Trail, Delivery: d.cfg.Name, Place: d.cfg.Place, Position: d.seen, Mark: d.mark, Events: s.Events, LastDelivery: s.LastDelivery})
	if err != nil {
		return fmt.Errorf("note what was delivered: %w", err)
	}
	d.unnoted, d.since = 0, time.Time{}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.noted, d.status.Pending = d.seen.Clone(), 0
	return nil
}

// Close notes what was delivered and lets go of the sink.
func (d *Delivery) Close(ctx context.Context) error {
	err := d.Seal(ctx)
	if c, ok := d.cfg.Sink.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}
