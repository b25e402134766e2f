// Package notify tells receivers of each object that a trail delivered, at least
// once and in the order of the seals. How far each receiver was told is kept in a
// file of its own, beside what it refused for good.
package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/internal/backoff"
)

const (
	// lookEvery is how often the archive is asked whether there is more.
	lookEvery = time.Second
	// patience is how long a receiver may take to answer.
	patience = 10 * time.Second
)

// Archive is what objects are told of; *archive.Archive is one.
type Archive interface {
	Status() archive.Status
	// ReadSeal is fs.ErrNotExist when there is none of this number.
	ReadSeal(ctx context.Context, number uint64) (*archive.Seal, error)
	// HasObject tells whether the object has come into the bucket.
	HasObject(ctx context.Context, key string) (bool, error)
}

// Notice tells of an object (docs/format/notify.md).
type Notice struct {
	Version  int            `json:"version"` // 1
	Type     string         `json:"type"`    // ObjectDelivered
	Trail    string         `json:"trail"`
	Delivery string         `json:"delivery"`
	Target   string         `json:"target"`
	Seal     uint64         `json:"seal"`
	SealedAt time.Time      `json:"sealedAt"`
	Object   archive.Object `json:"object"`
}

// ID is the same each time the object is told of: 32 hex digits.
func (n *Notice) ID() string {
	id := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d\n%s", n.Trail, n.Delivery, n.Seal, n.Object.Key))
	return hex.EncodeToString(id[:16])
}

// Receiver is who is told. After an error it is told again, until the error is a
// *Refusal.
type Receiver interface {
	Send(ctx context.Context, n *Notice) error
}

// Refusal is that a receiver will not take a notice however often it is told.
type Refusal struct{ Why string }

func (r *Refusal) Error() string { return r.Why }

// Teller tells one receiver of the objects of one delivery.
type Teller struct {
	Trail, Delivery, Target string
	Archive                 Archive
	Receiver                Receiver
	File                    string // keeps how far it is
	Now                     func() time.Time
	Log                     *slog.Logger

	most int // that may be refused; 0: mostRefused

	mu     sync.Mutex
	status Status
	retry  bool // what was refused is to be told again
}

// Status tells how a receiver fares.
type Status struct {
	Sent      uint64 // since the process started
	Refused   uint64 // for good, and not told again since: they wait for Retry
	LastSent  time.Time
	LastError string // "" when it went well
}

// Status is how it fares now.
func (t *Teller) Status() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status
}

func (t *Teller) note(change func(*Status)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.status)
}

// Retry has what was refused be told again, soon.
func (t *Teller) Retry() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retry = true
}

func (t *Teller) retries() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.retry
	t.retry = false
	return was
}

// Run tells until ctx ends. A receiver that is down is tried again and again.
func (t *Teller) Run(ctx context.Context) {
	failed := func(err error) {
		t.note(func(s *Status) { s.LastError = err.Error() })
		t.Log.Warn("a receiver of notifications waits", "trail", t.Trail, "delivery", t.Delivery, "error", err)
	}
	var at place
	if backoff.Retry(ctx, failed, func() (err error) { at, err = t.begin(); return err }) != nil {
		return
	}
	t.note(func(s *Status) { s.Refused = uint64(len(at.Refused)) })
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if t.retries() {
			if backoff.Retry(ctx, failed, func() (err error) { at, err = t.again(ctx, at); return err }) != nil {
				return
			}
		}
		more := false
		if backoff.Retry(ctx, failed, func() (err error) { at, more, err = t.step(ctx, at); return err }) != nil {
			return
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// step tells of the next object, if there is one.
func (t *Teller) step(ctx context.Context, at place) (next place, more bool, err error) {
	if at.Seal > t.Archive.Status().LastSeal {
		return at, false, nil
	}
	s, err := t.Archive.ReadSeal(ctx, at.Seal)
	if errors.Is(err, fs.ErrNotExist) {
		return at, false, nil
	} else if err != nil {
		return at, false, err
	}
	next = at.with(at.Refused)
	next.Seal, next.Object = at.Seal+1, 0
	if s.Amends == nil && at.Object < len(s.Objects) { // an amendment has nothing that is new
		o := s.Objects[at.Object]
		there, err := t.Archive.HasObject(ctx, o.Key)
		if err != nil || !there {
			return at, false, err
		}
		why, err := t.tell(ctx, s, &o)
		if err != nil {
			return at, false, err
		}
		if why != "" {
			if len(at.Refused) >= cmp.Or(t.most, mostRefused) {
				return at, false, fmt.Errorf("%s; %d were refused before it, and no more are passed over: mend it, then actiontrail trail renotify %s", why, len(at.Refused), t.Trail)
			}
			next = at.with(append(at.Refused[:len(at.Refused):len(at.Refused)], refused{Seal: at.Seal, Object: at.Object, Key: o.Key, At: t.Now().UTC().Truncate(time.Millisecond), Why: why}))
		}
		next.Seal, next.Object = at.Seal, at.Object+1
	}
	if err := t.keep(next); err != nil {
		return at, false, err
	}
	t.note(func(s *Status) { s.Refused = uint64(len(next.Refused)) })
	return next, true, nil
}

// tell sends a notice; why is why it was refused for good.
func (t *Teller) tell(ctx context.Context, s *archive.Seal, o *archive.Object) (why string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n := Notice{1, "ObjectDelivered", t.Trail, t.Delivery, t.Target, s.Number, s.Time, *o}
	err = t.Receiver.Send(ctx, &n)
	if r := (*Refusal)(nil); errors.As(err, &r) {
		t.note(func(s *Status) { s.LastError = "object " + o.Key + ": " + r.Why })
		t.Log.Error("a receiver refuses a notification for good", "trail", t.Trail, "delivery", t.Delivery, "object", o.Key, "error", r.Why)
		return r.Why, nil
	}
	if err == nil {
		t.note(func(s *Status) { s.Sent++; s.LastSent, s.LastError = t.Now(), "" })
	}
	return "", err
}

// again tells of what was refused, each once.
func (t *Teller) again(ctx context.Context, at place) (place, error) {
	for left := len(at.Refused); left > 0; left-- {
		r := at.Refused[0]
		s, err := t.Archive.ReadSeal(ctx, r.Seal)
		if err != nil {
			return at, err
		}
		if r.Object >= len(s.Objects) {
			return at, fmt.Errorf("seal %d has no object %d, which is noted as refused in %s", r.Seal, r.Object, t.File)
		}
		why, err := t.tell(ctx, s, &s.Objects[r.Object])
		if err != nil {
			return at, err
		}
		next := at.with(append([]refused{}, at.Refused[1:]...))
		if why != "" {
			r.At, r.Why = t.Now().UTC().Truncate(time.Millisecond), why
			next = next.with(append(next.Refused, r))
		}
		if err := t.keep(next); err != nil {
			return at, err
		}
		at = next
		t.note(func(s *Status) { s.Refused = uint64(len(at.Refused)) })
	}
	return at, nil
}
