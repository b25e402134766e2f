package aggregator

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// openedEvents bounds the opened batches that are kept for the other followers,
// in events. What holds none, as a refused one does, counts as one event.
const openedEvents = 16_000

// Opener opens batch messages once for all followers of a process: it checks
// the signature and whether the signer owns the subject, and decodes the events.
type Opener struct {
	Agents *Agents

	mu     sync.Mutex
	opened map[uint64]*opened // by seq
	order  []uint64           // oldest first
	events int
}

type opened struct {
	once   sync.Once
	batch  event.Batch
	err    error
	events int // of the batch, once it counts; under Opener.mu
}

// Refusal says why a message is not taken.
type Refusal struct {
	Reason Reason
	Err    error
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %v", r.Reason, r.Err) }
func (r *Refusal) Unwrap() error { return r.Err }

// Reason is a class of refusals, as it stands in quarantine and status.
type Reason string

// Reasons of a refusal.
const (
	NotABatch    Reason = "not a batch"
	BadSignature Reason = "bad signature"
	UnknownKey   Reason = "unknown key"
	RevokedKey   Reason = "revoked key"
	WrongSubject Reason = "wrong subject"
	BadBody      Reason = "undecodable body" // the signature is good: the lane moves on
	Forked       Reason = "fork"             // another batch of a number that was taken
	IndexRefused Reason = "not indexable"    // one event, which the index cannot store
)

// Open opens a message. The batch is shared: nobody changes it. An error is a
// *Refusal; with reason BadBody the batch is returned too, without events.
func (o *Opener) Open(m bus.Message) (event.Batch, error) {
	o.mu.Lock()
	if o.opened == nil {
		o.opened = map[uint64]*opened{}
	}
	b, ok := o.opened[m.Seq]
	if !ok {
		b = &opened{}
		o.opened[m.Seq] = b
		o.order = append(o.order, m.Seq)
	}
	o.mu.Unlock()
	b.once.Do(func() {
		b.batch, b.err = o.open(m)
		o.kept(m.Seq, b)
	})
	return b.batch, b.err
}

// kept counts a batch that was opened now, and lets the oldest go. An error that
// is no refusal says nothing about the message: it is opened again.
func (o *Opener) kept(seq uint64, b *opened) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.opened[seq] != b {
		return
	}
	b.events = max(1, len(b.batch.Events))
	o.events += b.events
	var why *Refusal
	drop := b.err != nil && !errors.As(b.err, &why)
	for len(o.order) > 0 && (drop || o.events > openedEvents) {
		oldest := o.order[0]
		if drop {
			oldest = seq
		}
		o.events -= o.opened[oldest].events
		delete(o.opened, oldest)
		o.order = slices.DeleteFunc(o.order, func(s uint64) bool { return s == oldest })
		drop = false
	}
}

func (o *Opener) open(m bus.Message) (event.Batch, error) {
	b, err := wire.Open(m.Data)
	b.Seq = m.Seq
	switch {
	case errors.Is(err, wire.ErrSignature):
		return event.Batch{}, &Refusal{BadSignature, err}
	case errors.Is(err, wire.ErrBody):
		err = &Refusal{BadBody, err}
	case err != nil:
		return event.Batch{}, &Refusal{NotABatch, err}
	}
	account, agent, source, ok := bus.SplitSubject(m.Subject)
	if l := b.Lane; !ok || l.Account != account || l.Agent != agent || l.Source != source {
		return event.Batch{}, &Refusal{WrongSubject, fmt.Errorf("a batch of %s/%s/%s under %s", l.Account, l.Agent, l.Source, m.Subject)}
	}
	if e := o.Agents.Check(b.Lane, m.Stored); e != nil {
		return event.Batch{}, e
	}
	return b, err
}
