package aggregator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

const (
	// backfillRetry is how long a backfill waits after it could not read the index.
	backfillRetry = 5 * time.Second
	// backfillPage is how many events it reads at once.
	backfillPage = 2000
)

// Backfillable is a sink that takes events of earlier batches.
type Backfillable interface {
	Payer
	// Cover is what it has.
	Cover(ctx context.Context) (*archive.Coverage, error)
	// Backfill brings the next part; it returns where that ends.
	Backfill(ctx context.Context, b archive.Backfill) (to time.Time, events uint64, err error)
}

// BackfillIndex is the index from which a backfill is read.
type BackfillIndex interface {
	Position() event.Position
	Search(ctx context.Context, q index.Query) (index.Page, error)
}

// BackfillRequest asks for the events of a time.
type BackfillRequest struct {
	ID   string        `json:"id"`
	From time.Time     `json:"from,omitzero"`
	To   time.Time     `json:"to,omitzero"`
	Back time.Duration `json:"back,omitempty"` // in place of From and To: so long before the archive was begun, in ns
	Made time.Time     `json:"made"`
	Done bool          `json:"done,omitempty"`
	// Archive is where the events come from; nil: the index.
	Archive *OtherArchive `json:"archive,omitempty"`
	Failed  string        `json:"failed,omitempty"` // why it was given up
}

// over tells whether nothing more becomes of it.
func (r *BackfillRequest) over() bool { return r.Done || r.Failed != "" }

// BackfillStatus tells how far a request is.
type BackfillStatus struct {
	BackfillRequest
	At     time.Time // all before is in the archive; zero: it has not begun
	Events uint64    // brought since the process started
	Error  string    // why it waits, or was given up; "": neither
	// Of an archive, objects that were read before the first event is sealed, and are to be.
	Read, Of int
}

// Backfill carries the backfills of one delivery, one after the other, within its
// follower: what comes from the stream goes first, and is never scanned twice.
type Backfill struct {
	Name  string // of the delivery
	Index BackfillIndex
	First func(context.Context) (uint64, error) // the first seq that the stream has still
	Last  func(context.Context) (uint64, error) // the last
	// Archives reads those that bring events from other archives; nil: none does.
	Archives *ArchiveReader
	Keep     func(from time.Time) // has the index keep what is needed; the zero time: nothing is
	Store    *Backfills
	Now      func() time.Time
	Log      *slog.Logger

	mu     sync.Mutex
	status map[string]*BackfillStatus // by id

	// Of the follower alone:
	request *BackfillRequest
	settled *event.Position // of the index: batches up to it come from the stream no more; nil: not yet looked at
	job     *archiveJob     // that reads an archive
	lanes   []archive.LaneRanges
	at      time.Time
	failed  time.Time              // when it last could not go on; soon after nothing is tried again
	owes    func(read uint64) bool // tells whether what comes next is owed; nil: nothing ever is
}

// Status tells of all requests, in their order.
func (b *Backfill) Status() []BackfillStatus {
	if b == nil {
		return nil
	}
	var all []BackfillStatus
	for _, r := range b.Store.Of(b.Name) {
		s := BackfillStatus{BackfillRequest: r}
		b.mu.Lock()
		if known := b.status[r.ID]; known != nil {
			s.At, s.Events, s.Error, s.Read, s.Of = known.At, known.Events, known.Error, known.Read, known.Of
			if r.From.IsZero() {
				s.From, s.To = known.From, known.To
			}
		}
		b.mu.Unlock()
		if r.Done && s.At.IsZero() {
			s.At = r.To
		}
		if r.Failed != "" {
			s.Error = r.Failed
		}
		all = append(all, s)
	}
	return all
}

func (b *Backfill) note(change func(*BackfillStatus)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.status == nil {
		b.status = map[string]*BackfillStatus{}
	}
	s := b.status[b.request.ID]
	if s == nil {
		s = &BackfillStatus{BackfillRequest: *b.request}
		b.status[b.request.ID] = s
	}
	change(s)
}

// begin has the next request begin anew: the sink was opened again.
func (b *Backfill) begin() {
	b.Archives.end()
	b.request, b.settled, b.job, b.lanes, b.failed = nil, nil, nil, nil, time.Time{}
}

// waits tells whether it failed just now.
func (b *Backfill) waits() bool {
	return !b.failed.IsZero() && !passed(b.Now(), b.failed, backfillRetry)
}

// step brings the next part, if there is one. read is the seq up to which the sink
// was given the stream. An error means that the sink is to be followed anew.
func (b *Backfill) step(ctx context.Context, sink Backfillable, read uint64) (worked bool, err error) {
	if b.request == nil {
		if b.request = b.Store.next(b.Name); b.request == nil {
			return false, nil
		}
		if b.request.Archive == nil {
			b.Keep(b.request.From)
		}
	}
	if b.waits() {
		return false, nil
	}
	if b.lanes == nil {
		if ready, err := b.prepare(ctx, sink, read); err != nil || !ready {
			return false, err
		}
	}
	if b.at.Before(b.request.To) {
		to, events, err := sink.Backfill(ctx, archive.Backfill{ID: b.request.ID, From: b.at, To: b.request.To, Lanes: b.lanes})
		switch {
		case errors.Is(err, archive.ErrSource), errors.Is(err, archive.ErrRebuilding):
			b.failed = b.Now()
			b.note(func(s *BackfillStatus) { s.Error = err.Error() })
			return false, nil
		case err != nil:
			b.note(func(s *BackfillStatus) { s.Error = err.Error() })
			return false, fmt.Errorf("backfill: %w", err)
		}
		b.at = to
		b.note(func(s *BackfillStatus) { s.At, s.Error = to, ""; s.Events += events })
	}
	if !b.at.Before(b.request.To) {
		if err := b.Store.done(b.Name, b.request.ID, b.request.From, b.request.To); err != nil {
			return false, err
		}
		b.Log.Info("backfill is done", "trail", b.Name, "id", b.request.ID, "from", b.request.From, "to", b.request.To)
		b.begin()
		b.Keep(time.Time{})
	}
	return true, nil
}

// prepare finds out which batches the archive lacks and will not be given any more:
// those that the index has, once the sink was given all that the stream had of them.
func (b *Backfill) prepare(ctx context.Context, sink Backfillable, read uint64) (ready bool, err error) {
	if b.job != nil {
		return b.prepared()
	}
	if b.settled == nil {
		at, err := b.settles(ctx)
		if err != nil {
			b.failed = b.Now()
			b.note(func(s *BackfillStatus) { s.Error = err.Error() })
			return false, nil
		}
		b.settled = at
	}
	if read < b.settled.Seq {
		first, err := b.First(ctx)
		if err != nil {
			b.failed = b.Now()
			b.note(func(s *BackfillStatus) { s.Error = err.Error() })
			return false, nil
		}
		if first <= b.settled.Seq {
			return false, nil // the stream has some of them
		}
		if b.owes != nil && b.owes(read) {
			return false, nil // while the stream was asked some became owed, and were purged: they are paid first
		}
	}
	if err := sink.Seal(ctx); err != nil { // what was taken of them is told by seals
		return false, fmt.Errorf("seal before a backfill: %w", err)
	}
	c, err := sink.Cover(ctx)
	if err != nil {
		return false, fmt.Errorf("backfill: %w", err)
	}
	b.at = b.request.From
	for _, x := range c.Backfills {
		if x.ID == b.request.ID && x.To.After(b.at) {
			b.at = x.To
		}
	}
	if b.request.Archive != nil {
		left := *b.request
		left.From = b.at
		b.job = b.Archives.begin(ctx, left, c)
		return b.prepared()
	}
	upto := map[event.Lane]uint64{}
	for lane, last := range b.settled.Lanes {
		upto[lane] = last.Number
	}
	if b.lanes = c.Missing(upto); b.lanes == nil {
		b.lanes = []archive.LaneRanges{}
	}
	r := b.request
	if r.Back > 0 {
		r.From, r.To = c.Begun.Add(-r.Back), c.Begun
		b.Keep(r.From)
		if b.at.Before(r.From) {
			b.at = r.From
		}
	}
	b.note(func(s *BackfillStatus) { s.From, s.To, s.At, s.Error = r.From, r.To, b.at, "" })
	return true, nil
}

// settles is the place in the stream up to which the sink must have come: batches up
// to there come from the stream no more. Of the index it tells how far each lane is.
func (b *Backfill) settles(ctx context.Context) (*event.Position, error) {
	if b.request.Archive == nil {
		at := b.Index.Position()
		at = at.Clone()
		return &at, nil
	}
	// The archive had its batches before it was named, so the stream had them, too.
	last, err := b.Last(ctx)
	return &event.Position{Seq: last}, err
}

// prepared looks whether the archive was read.
func (b *Backfill) prepared() (ready bool, err error) {
	read, of := b.job.progress()
	b.note(func(s *BackfillStatus) {
		s.From, s.To, s.Read, s.Of, s.Error = b.request.From, b.request.To, read, of, ""
	})
	select {
	case <-b.job.done:
	default:
		return false, nil
	}
	b.lanes, err = b.job.lanes, b.job.err
	b.job = nil
	switch {
	case err == nil:
		at := b.at
		b.note(func(s *BackfillStatus) { s.At = at })
		return true, nil
	case errors.Is(err, context.Canceled):
		return false, nil
	case forGood(err):
		b.Log.Error("a backfill is given up", "trail", b.Name, "id", b.request.ID, "error", err)
		b.note(func(s *BackfillStatus) { s.Error = err.Error() })
		err := b.Store.failed(b.Name, b.request.ID, err)
		b.begin()
		return false, err
	}
	b.failed = b.Now()
	b.note(func(s *BackfillStatus) { s.Error = err.Error() })
	return false, nil
}

// IndexSource reads the events of backfills from an index.
func IndexSource(x BackfillIndex) archive.Source {
	return func(ctx context.Context, b *archive.Backfill, filter query.Expr, give func(event.Lane, *event.Event) error) error {
		lanes, err := lanesOf(x, b)
		if err != nil {
			return err
		}
		q := index.Query{Filter: filter, From: b.From, To: b.To, Limit: backfillPage, Ascending: true, NoTotal: true}
		for len(lanes) > 0 {
			page, err := x.Search(ctx, q)
			if err != nil {
				return err
			}
			if len(page.Incomplete) > 0 {
				return fmt.Errorf("the index may lack some: %s", page.Incomplete[0])
			}
			for _, line := range page.Events {
				e, err := event.ParseJSON(line)
				if err != nil {
					return err
				}
				l := lanes[originOf(&e)]
				if l == nil || !l.Has(e.Origin.Batch) {
					continue
				}
				if err := give(l.Lane, &e); err != nil {
					return err
				}
			}
			if q.After = page.Next; q.After == "" {
				return nil
			}
		}
		return nil
	}
}

// origin is what an event says of its lane, which is enough to tell it: an epoch is drawn at random.
type origin struct {
	agent, source string
	epoch         uint64
}

func originOf(e *event.Event) origin { return origin{e.Origin.Agent, e.Origin.Source, e.Origin.Epoch} }

// lanesOf are the lanes of a backfill, all of whose batches the index has.
func lanesOf(x BackfillIndex, b *archive.Backfill) (map[origin]*archive.LaneRanges, error) {
	at := x.Position()
	lanes := map[origin]*archive.LaneRanges{}
	for i := range b.Lanes {
		l := &b.Lanes[i]
		if last := l.Batches[len(l.Batches)-1].To; at.Lanes[l.Lane].Number < last {
			return nil, fmt.Errorf("the index has not come to batch %d of %s yet", last, l.Lane)
		}
		lanes[origin{l.Agent, l.Source, l.Epoch}] = l
	}
	return lanes, nil
}
