package aggregator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Retry tells how taking a batch in again went. It is kept beside the batch as SEQ.retry.
type Retry struct {
	Began  time.Time `json:"began"`
	Ended  time.Time `json:"ended,omitzero"` // zero: it did not come to its end
	Events int       `json:"events"`         // taken in
	Known  int       `json:"known"`          // that were in the index already
}

// Over tells whether the batch was taken in.
func (r *Retry) Over() bool { return !r.Ended.IsZero() }

// ErrNotQuarantined means that there is nothing of this name in quarantine.
var ErrNotQuarantined = errors.New("there is no such entry in quarantine")

// ErrRefusedAgain means that what is in quarantine cannot be taken in now either.
var ErrRefusedAgain = errors.New("it cannot be taken in")

// Retrier takes batches that are in quarantine in again, once what they were refused
// for is gone: the key of their agent is enrolled, a newer version reads them. Their
// lane has moved on, so their events come through the aggregator's own lane, with the
// ids that they have; where they were read stands in additionalEventData. An event is taken in once, also when
// the process ends in between: those that the index has are left out.
type Retrier struct {
	Quarantine *Quarantine
	Agents     *Agents
	System     *System
	Index      index.Index
	// Settled returns when the index has all that was in the stream, and on its way there, when it was called.
	Settled func(ctx context.Context) error
	// Keeps is the first time of which the index keeps events; zero: it keeps all.
	Keeps func() time.Time
	Now   func() time.Time
}

// List tells what is in quarantine, oldest first.
func (r *Retrier) List() ([]Quarantined, error) { return r.Quarantine.List() }

// Retry takes a batch in, and returns the entry when its events are durable. One
// that was taken in stays as it is.
func (r *Retrier) Retry(ctx context.Context, name string) (Quarantined, error) {
	q := r.Quarantine
	q.retrying.Lock()
	defer q.retrying.Unlock()
	one, err := q.entry(name)
	if err != nil || one.Retry != nil && one.Retry.Over() {
		return one, err
	}
	events, err := r.open(one)
	if err != nil {
		return one, err
	}
	if err := r.Settled(ctx); err != nil {
		return one, fmt.Errorf("the index does not have all of the stream yet: %w", err)
	}
	fresh, err := r.unknown(ctx, one, events)
	if err != nil {
		return one, err
	}
	one.Retry = &Retry{Began: r.now(), Events: len(fresh), Known: len(events) - len(fresh)}
	if err := q.keepRetry(one); err != nil {
		return one, err
	}
	if err := r.System.requeue(ctx, fresh); err != nil {
		return one, fmt.Errorf("take the events of %s in: %w; try again", name, err)
	}
	one.Retry.Ended = r.now()
	return one, q.retried(one)
}

func (r *Retrier) now() time.Time { return r.Now().UTC().Truncate(time.Millisecond) }

// open judges a batch anew.
func (r *Retrier) open(one Quarantined) ([]event.Event, error) {
	if one.Reason == IndexRefused {
		return nil, fmt.Errorf("%w: the event %s is in the trails already, and only the index refuses it; an index that is rebuilt is given it again", ErrRefusedAgain, one.Name)
	}
	data, err := os.ReadFile(filepath.Join(r.Quarantine.dir, one.Name+".batch"))
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	b, err := (&Opener{Agents: r.Agents}).open(bus.Message{Subject: one.Subject, Seq: one.Seq, Stored: one.Stored, Data: data})
	var why *Refusal
	if errors.As(err, &why) {
		return nil, fmt.Errorf("%w: %w", ErrRefusedAgain, why)
	}
	if err != nil {
		return nil, err
	}
	for i := range b.Events {
		if b.Events[i], err = fromQuarantine(&b.Events[i], &one); err != nil {
			return nil, err
		}
	}
	return b.Events, nil
}

// fromQuarantine is the event with a note of where it was read, since its origin
// will be the aggregator's own lane.
func fromQuarantine(e *event.Event, one *Quarantined) (event.Event, error) {
	again, err := event.ParseJSON(e.AppendJSON(nil))
	if err != nil {
		return event.Event{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	o := &e.Origin
	additional := again.Additional.Map()
	if additional == nil {
		additional = map[string]any{}
	}
	additional["quarantined"] = map[string]any{
		"reason": string(one.Reason), "seq": fmt.Sprint(one.Seq), "stored": one.Stored.UTC().Format(time.RFC3339Nano),
		"agent": o.Agent, "source": o.Source, "epoch": fmt.Sprint(o.Epoch), "batch": fmt.Sprint(o.Batch),
		"file": o.File, "fileId": o.FileID, "offset": fmt.Sprint(o.Offset), "mapper": o.Mapper,
	}
	again.Additional, err = event.NewObject(additional)
	again.Origin = event.Origin{Mapper: o.Mapper}
	return again, err
}

// unknown are the events that the index does not have.
func (r *Retrier) unknown(ctx context.Context, one Quarantined, events []event.Event) ([]event.Event, error) {
	var fresh []event.Event
	for i := range events {
		e := &events[i]
		if one.Retry != nil && e.Time.Std().Before(r.Keeps()) {
			return nil, fmt.Errorf("%w: taking %s in was interrupted, and it has events from %s, of which the index keeps none: nobody can tell whether they are in the archives",
				ErrRefusedAgain, one.Name, e.Time.Std().Format(time.RFC3339))
		}
		_, err := r.Index.Get(ctx, e.ID)
		switch {
		case errors.Is(err, index.ErrNotFound):
			fresh = append(fresh, *e)
		case err != nil:
			return nil, err
		}
	}
	return fresh, nil
}

// entry is what is in quarantine under a name.
func (q *Quarantine) entry(name string) (Quarantined, error) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'f') }) {
		return Quarantined{}, ErrNotQuarantined
	}
	one, err := q.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Quarantined{}, ErrNotQuarantined
	}
	return one, err
}

func (q *Quarantine) read(name string) (Quarantined, error) {
	base := filepath.Join(q.dir, name)
	data, err := os.ReadFile(base + ".json")
	if err != nil {
		return Quarantined{}, err
	}
	var one Quarantined
	if err := json.Unmarshal(data, &one); err != nil {
		return one, fmt.Errorf("%s.json: %w", base, err)
	}
	one.Name = name
	data, err = os.ReadFile(base + retrySuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return one, nil
	}
	if err != nil {
		return one, err
	}
	one.Retry = &Retry{}
	if err := json.Unmarshal(data, one.Retry); err != nil {
		return one, fmt.Errorf("%s%s: %w", base, retrySuffix, err)
	}
	return one, nil
}

const retrySuffix = ".retry"

func (q *Quarantine) keepRetry(one Quarantined) error {
	data, err := json.MarshalIndent(one.Retry, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(q.dir, one.Name+retrySuffix), append(data, '\n')); err != nil {
		return fmt.Errorf("quarantine: %w", err)
	}
	return nil
}

// retried notes that a batch was taken in: it counts no more.
func (q *Quarantine) retried(one Quarantined) error {
	if err := q.keepRetry(one); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count--
	q.bytes -= int64(one.Bytes)
	return nil
}
