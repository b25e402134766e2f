package aggregator

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/plugins"
)

// SystemSource is the name of the aggregator's own source.
const SystemSource = "system"

// systemQueue bounds the reports that wait for the spool.
const systemQueue = 10_000

// System is the audit of actiontrail itself: a source like any other, with a
// lane of its own. What the index's follower finds is reported under the place
// in the stream where it was found; the cursor holds the last such place, so
// that nothing is reported twice after a crash.
type System struct {
	Key       string // public key of the aggregator's lane
	AccountID string
	Region    string
	Now       func() time.Time

	mu       sync.Mutex
	wake     chan struct{}
	queue    []*report
	taken    []*report // given to the lane, not yet durable
	reported uint64    // place of the last finding queued or durable
	offset   int64
}

type report struct {
	data  []byte
	place uint64 // 0: not a finding of the follower
	done  chan struct{}
	given int64 // offset it was given to the lane under
}

var _ plugins.Source = (*System)(nil)

// The findings of one message, in the order in which they are reported.
const (
	findEnrolled = iota
	findGap
	findRefused
	findKinds
)

// Marks of the cursor.
const (
	placeMark = "place" // place of the last finding
	givenMark = "given" // offset behind the last report, of this process
)

// Open continues after the findings that are durable. Reports that a failed
// lane had taken are given to the next one.
func (s *System) Open(_ context.Context, at plugins.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wake == nil {
		s.wake = make(chan struct{}, 1)
	}
	s.queue = append(s.taken, s.queue...)
	s.taken = nil
	if v := at.Value(placeMark); len(v) == 8 {
		place := binary.LittleEndian.Uint64(v)
		s.reported = max(s.reported, place)
		s.forget(place)
	}
	return nil
}

// forget drops the findings up to a place. They are durable: the follower came to
// them again before the lane knew how far it was.
func (s *System) forget(place uint64) {
	s.queue = slices.DeleteFunc(s.queue, func(r *report) bool {
		known := r.place > 0 && r.place <= place
		if known {
			close(r.done)
		}
		return known
	})
}

// Close does nothing: what waits is kept for the next Open.
func (s *System) Close() error { return nil }

// Read gives the waiting reports.
func (s *System) Read(ctx context.Context) (plugins.Batch, error) {
	for {
		s.mu.Lock()
		b := s.take()
		wake := s.wake
		s.mu.Unlock()
		if len(b.Records) > 0 {
			return b, nil
		}
		select {
		case <-ctx.Done():
			return plugins.Batch{}, ctx.Err()
		case <-wake:
		}
	}
}

func (s *System) take() plugins.Batch {
	n := min(len(s.queue), plugins.MaxRecords)
	var b plugins.Batch
	for _, r := range s.queue[:n] {
		b.Records = append(b.Records, plugins.Record{Data: r.data, Pos: plugins.Position{File: SystemSource, FileID: SystemSource, Offset: s.offset, Length: int64(len(r.data))}})
		r.given = s.offset
		s.offset++
		if r.place > 0 {
			b.Next = plugins.Cursor{{Key: placeMark, Value: binary.LittleEndian.AppendUint64(nil, r.place)}}
		}
	}
	if n > 0 {
		b.Next = append(b.Next, plugins.Mark{Key: givenMark, Value: binary.LittleEndian.AppendUint64(nil, uint64(s.offset))})
	}
	s.taken = append(s.taken, s.queue[:n]...)
	s.queue = s.queue[n:]
	return b
}

// Committed tells those who wait that their report is durable.
func (s *System) Committed(_ context.Context, at plugins.Cursor) error {
	v := at.Value(givenMark)
	if len(v) != 8 {
		return nil
	}
	behind := int64(binary.LittleEndian.Uint64(v))
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.taken) > 0 && s.taken[0].given < behind {
		close(s.taken[0].done)
		s.taken = s.taken[1:]
	}
	return nil
}

// ErrBusy is the answer of Report when too many reports wait for the disk.
var ErrBusy = errors.New("the audit of actiontrail itself waits for its spool")

// Report makes an event of something actiontrail did. With wait it returns when
// the event is durable; without, it returns at once, and the event follows.
func (s *System) Report(ctx context.Context, e event.Event, wait bool) error {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	e.ID = event.FormatUUID(id)
	return s.put(ctx, e, 0, wait)
}

func (s *System) put(ctx context.Context, e event.Event, place uint64, wait bool) error {
	s.complete(&e)
	r, err := s.queued(e.AppendJSON(nil), place)
	if err != nil || !wait || r == nil {
		return err
	}
	return r.durable(ctx)
}

// requeueAtOnce bounds the events of a batch that wait for the spool together.
const requeueAtOnce = 1000

// requeue takes events in that came through another lane, as they are, and returns
// when they are durable.
func (s *System) requeue(ctx context.Context, events []event.Event) error {
	for part := range slices.Chunk(events, requeueAtOnce) {
		var last *report
		for i := range part {
			var err error
			if last, err = s.queued(part[i].AppendJSON(nil), 0); err != nil {
				return err
			}
		}
		if err := last.durable(ctx); err != nil {
			return err
		}
	}
	return nil
}

// queued has a report wait for the lane; nil: it is durable already.
func (s *System) queued(data []byte, place uint64) (*report, error) {
	r := &report{data: data, place: place, done: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wake == nil {
		s.wake = make(chan struct{}, 1)
	}
	switch {
	case place > 0 && place <= s.reported:
		r = s.waiting(place)
	case place == 0 && len(s.queue) >= systemQueue:
		return nil, ErrBusy
	default:
		s.reported = max(s.reported, place)
		s.queue = append(s.queue, r)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return r, nil
}

// durable waits until the report is.
func (r *report) durable(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.done:
		return nil
	}
}

// waiting is the report of a place that is not durable yet.
func (s *System) waiting(place uint64) *report {
	for _, all := range [][]*report{s.queue, s.taken} {
		for _, r := range all {
			if r.place == place {
				return r
			}
		}
	}
	return nil
}

// complete fills what all events of actiontrail itself share.
func (s *System) complete(e *event.Event) {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	e.Category, e.Service, e.Source = event.CategoryManagement, "Actiontrail", "actiontrail"
	e.Region, e.RecipientAccountID = s.Region, s.AccountID
	if e.Type == "" {
		e.Type = event.TypeServiceEvent
	}
	if e.RW == "" {
		e.RW = event.Write
	}
	if e.Time.IsZero() {
		e.Time = event.At(now(), 3)
	}
	if e.Identity == (event.Identity{}) {
		e.Identity = event.Identity{Type: "system", UserName: "actiontrail", Trust: event.TrustVerified, Source: "native"}
	}
}

// find reports a finding of the index's follower about one message, once. Its
// id and its time are those of the message, so that a second report after a
// crash would be the same event.
func (s *System) find(ctx context.Context, m bus.Message, kind uint64, e event.Event) error {
	place := m.Seq*findKinds + kind
	base := event.NewIDBase(s.Key, SystemSource, "stream", 0)
	e.ID = base.ID(int64(place))
	e.Time = event.At(m.Stored, 3)
	return s.put(ctx, e, place, true)
}

func laneParameters(l event.Lane, more map[string]any) event.Object {
	all := map[string]any{"account": l.Account, "agent": l.Agent, "source": l.Source, "key": l.Key, "epoch": fmt.Sprint(l.Epoch)}
	for k, v := range more {
		all[k] = v
	}
	o, err := event.NewObject(all)
	if err != nil {
		return "" // strings only: cannot be
	}
	return o
}

func (s *System) enrolled(ctx context.Context, m bus.Message, l event.Lane) error {
	return s.find(ctx, m, findEnrolled, event.Event{Name: "AgentEnrolled", ResourceType: "Actiontrail::Agent", ResourceName: l.Agent,
		RequestParameters: laneParameters(l, map[string]any{"seq": fmt.Sprint(m.Seq)})})
}

func (s *System) gap(ctx context.Context, m bus.Message, l event.Lane, from, to uint64) error {
	return s.find(ctx, m, findGap, event.Event{Name: "BatchGap", ResourceType: "Actiontrail::Agent", ResourceName: l.Agent,
		ErrorCode: "BatchGap", ErrorMessage: fmt.Sprintf("batches %d to %d of %s never came", from, to, l),
		RequestParameters: laneParameters(l, map[string]any{"seq": fmt.Sprint(m.Seq), "from": fmt.Sprint(from), "to": fmt.Sprint(to)})})
}

func (s *System) refused(ctx context.Context, m bus.Message, l event.Lane, why *Refusal) error {
	name := "BatchRefused"
	if why.Reason == Forked {
		name = "AgentConflict"
	}
	return s.find(ctx, m, findRefused, event.Event{Name: name, ResourceType: "Actiontrail::Agent", ResourceName: l.Agent,
		ErrorCode: name, ErrorMessage: why.Error() + "; the batch is in quarantine",
		RequestParameters: laneParameters(l, map[string]any{"seq": fmt.Sprint(m.Seq), "reason": string(why.Reason)})})
}
