package sim

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/aggregator/debt"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// carried is a delivery within one life of the aggregator, as the server carries it:
// what changes is ended, seals what it has, and is begun anew.
type carried struct {
	*delivery
	follower *aggregator.Follower
	owed     *debt.Debt
	stop     context.CancelFunc
	done     chan struct{}
	opened   *watched // once done is closed: nil, it never was
}

// life is one life of the aggregator.
type life struct {
	g         *server
	ctx       context.Context
	p         *process
	opener    *aggregator.Opener
	stops     *aggregator.Stops
	backfills *aggregator.Backfills

	mu    sync.Mutex
	all   []*carried
	sends []*sending
}

func (l *life) followers() (all []*aggregator.Follower) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.all {
		all = append(all, c.follower)
	}
	for _, s := range l.sends {
		all = append(all, s.follower)
	}
	return all
}

func (l *life) of(d *delivery) *carried {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.all {
		if c.delivery == d {
			return c
		}
	}
	return nil
}

// equip makes a delivery ready to be begun.
func (l *life) equip(d *delivery) *carried {
	if l.g.w.restores {
		return l.with(d, nil) // an index that was brought back lacks what is owed
	}
	owed, err := debt.Open(debt.Config{Trail: d.name, Filter: d.trail.where(), Dir: filepath.Join(l.g.dir, "owing", d.name), Index: l.g.w.index.of(l.p), Now: l.g.now, Log: l.g.w.log()})
	l.g.w.must(err)
	d.owed.Store(owed)
	return l.with(d, owed)
}

func (l *life) with(d *delivery, owed *debt.Debt) *carried {
	w := l.g.w
	x := l.g.w.index.of(l.p)
	c := &carried{delivery: d, owed: owed}
	c.follower = &aggregator.Follower{Name: "trail " + d.name, Kind: "trail", Stream: shelf{w.stream, l.p, d.follow, l.g.purge}, Opener: l.opener, Now: l.g.now, Log: w.log(), Debt: owed,
		Backfill: &aggregator.Backfill{Name: d.name, Index: x, First: l.first, Keep: func(from time.Time) { x.Keep(d.name, from) }, Store: l.backfills, Now: l.g.now, Log: w.log()}}
	return c
}

// first is the first place that the stream has still.
func (l *life) first(ctx context.Context) (uint64, error) {
	if l.g.asks.one(4) {
		if err := wait(ctx, l.g.asks.randomTime(20*time.Second)); err != nil {
			return 0, err
		}
	}
	if err := l.g.w.stream.reachable(); err != nil {
		return 0, err
	}
	var state uint64
	err := l.g.asks.do(l.p, func() error {
		s, err := shelf{stream: l.g.w.stream}.State(ctx)
		if state = s.FirstSeq; s.Messages == 0 {
			state = s.LastSeq + 1
		}
		return err
	})
	return state, err
}

// begin carries the delivery.
func (l *life) begin(c *carried) {
	ctx, stop := context.WithCancel(l.ctx)
	c.stop, c.done = stop, make(chan struct{})
	go func() {
		defer close(c.done)
		for ctx.Err() == nil { // however long it takes
			a, err := c.open(ctx, l)
			if err == nil {
				c.opened, c.follower.Sink = a, a
				c.follower.Run(ctx)
				return
			}
			l.g.w.note("trail "+c.name, err)
			wait(ctx, time.Second) //nolint:errcheck // the loop looks
		}
	}()
}

// end ends it, and tells whether all that was taken is sealed and delivered.
func (l *life) end(c *carried) bool {
	c.stop()
	<-c.done
	if c.opened == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(l.ctx, 10*time.Second)
	defer cancel()
	return c.opened.Seal(ctx) == nil && !c.opened.Status().Rebuilding
}

// open opens the archive with the filter and the form of now.
func (c *carried) open(ctx context.Context, l *life) (*watched, error) {
	d := c.delivery
	folder, err := file.New(d.bucketDir())
	if err != nil {
		return nil, err
	}
	text := d.trail.where()
	var filter query.Expr
	if text != "" {
		if filter, err = query.Parse(text); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	form, codec := d.layout, d.codec
	var recipients []string
	if d.age {
		recipients = []string{ageRecipient}
	}
	d.mu.Unlock()
	a, err := archive.Open(ctx, archive.Config{Trail: d.trail.name, Bucket: &bucket{folder, c.delivery, l.p, text, c.owed}, Staging: d.staging(), Layout: form, Codec: codec, Recipients: recipients,
		Stopped: func(seq uint64) (time.Time, bool) { return l.stops.At(d.trail.name, seq) },
		Source:  aggregator.IndexSource(l.g.w.index.of(l.p)),
		Filter:  filter, FilterText: text, Parse: query.Parse, RollAge: 5 * time.Second, MaxSealAge: 3 * time.Minute, Now: l.g.now,
		Log: &archive.LogConfig{Origin: "actiontrail/sim/" + d.trail.name + "/file", File: d.staging() + ".log", Keys: func() ([]transparency.Key, error) {
			return []transparency.Key{transparency.NewKey([32]byte{1}, time.Time{})}, nil
		}}})
	if err != nil {
		return nil, err
	}
	return &watched{a, d}, nil
}

// watched tells the judge how far the archive says that it is.
type watched struct {
	*archive.Archive
	d *delivery
}

func (a *watched) Position() event.Position {
	at := a.Archive.Position()
	a.d.seq.Store(at.Seq)
	return at
}

func (a *watched) Write(ctx context.Context, b []event.Batch) error {
	a.d.busy.Add(1)
	defer a.d.busy.Add(-1)
	err := a.Archive.Write(ctx, b)
	a.Position()
	return err
}

func (a *watched) Flush(ctx context.Context, now time.Time) error {
	a.d.busy.Add(1)
	defer a.d.busy.Add(-1)
	err := a.Archive.Flush(ctx, now)
	a.Position()
	return err
}
