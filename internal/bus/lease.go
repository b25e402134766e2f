package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Times of a lease.
const (
	// DefaultLeaseTime is how long a lease lasts that is not renewed.
	DefaultLeaseTime = 12 * time.Second
	// renewals is how often a lease is renewed, and looked at, within its time.
	renewals = 6
)

// LeaseConfig says who wants a lease, and which.
type LeaseConfig struct {
	Name   string        // of the lease
	Holder Holder        // who wants it
	Time   time.Duration // 0: DefaultLeaseTime; the same for all who want it
	Log    *slog.Logger
}

// Holder is who has a lease, or wants it.
type Holder struct {
	ID   string `json:"id"`   // of an installation: of two runs of it the later one may take the lease at once
	Run  string `json:"run"`  // of this process alone
	Name string `json:"name"` // for people
	// Index is what it fills, which those who follow must fill, too.
	Index string `json:"index,omitempty"`
}

// Lease is the right to lead, which one at a time has. It rests on no clock that two
// machines would have to share: the holder writes its document again and again, and
// stops leading when it has not come to that for a while by its own clock; another
// one takes it over when it has not seen it change for longer, by its own clock.
// A process that is halted may still believe that it leads: what it writes must be
// refused by who gets it, for another reason.
type Lease struct {
	c   *Conn
	cfg LeaseConfig

	shared   *Shared   // nil: not opened yet
	revision uint64    // of the document as it was last seen
	since    time.Time // when that was
	asked    bool      // whether it was looked at once

	mu     sync.Mutex
	leader Holder // as was last seen; zero: nobody
	leads  bool
}

// leaseDocument is what stands in the bucket.
type leaseDocument struct {
	Holder
	Turn uint64 `json:"turn"` // counts the holders: it grows whenever the lease passes on
	Free bool   `json:"free,omitempty"`
}

// Lease is a lease that this process wants. Run has it take it.
func (c *Conn) Lease(cfg LeaseConfig) *Lease {
	if cfg.Time == 0 {
		cfg.Time = DefaultLeaseTime
	}
	return &Lease{c: c, cfg: cfg}
}

// Holder is this process.
func (l *Lease) Holder() Holder { return l.cfg.Holder }

// Leader is who leads, as far as is known here, and whether it is this process; the zero Holder: nobody does, or it is not known.
func (l *Lease) Leader() (who Holder, here bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leader, l.leads
}

func (l *Lease) note(who Holder, leads bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leader, l.leads = who, leads
}

// Run wants the lease until ctx ends. While this process has it, lead runs, with a
// context that ends when the lease is lost or ctx ends; taken tells that somebody
// else had it before, who may not know it yet. The lease is given back when lead has
// returned, so that another one need not wait for its end.
func (l *Lease) Run(ctx context.Context, lead func(ctx context.Context, taken bool)) {
	tick := time.NewTicker(l.cfg.Time / renewals)
	defer tick.Stop()
	for trouble := ""; ; {
		doc, taken, err := l.acquire(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && err.Error() != trouble:
			trouble = err.Error()
			l.cfg.Log.Warn("who leads is not known", "lease", l.cfg.Name, "error", err)
		case err == nil:
			trouble = ""
		}
		if doc != nil {
			l.cfg.Log.Info("this process leads", "lease", l.cfg.Name, "turn", doc.Turn)
			l.hold(ctx, doc, func(ctx context.Context) { lead(ctx, taken) })
			if ctx.Err() != nil {
				return
			}
			l.cfg.Log.Warn("this process leads no longer", "lease", l.cfg.Name)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// acquire takes the lease if it can be taken; nil when it is somebody else's.
func (l *Lease) acquire(ctx context.Context) (doc *leaseDocument, taken bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Time/2)
	defer cancel()
	old, revision, err := l.read(ctx)
	if err != nil {
		return nil, false, err
	}
	if !l.asked || revision != l.revision {
		first := !l.asked
		l.revision, l.since, l.asked = revision, time.Now(), true
		if own := first && old.ID == l.cfg.Holder.ID; old.Run != "" && !old.Free && !own {
			l.note(old.Holder, false)
			return nil, false, nil
		}
	} else if old.Run != "" && !old.Free && time.Since(l.since) < l.cfg.Time {
		return nil, false, nil
	}
	doc = &leaseDocument{Holder: l.cfg.Holder, Turn: old.Turn + 1}
	if l.revision, err = l.write(ctx, doc, revision); err != nil {
		if overtaken(err) {
			return nil, false, nil // somebody else was faster
		}
		return nil, false, err
	}
	return doc, old.Run != "" && old.ID != l.cfg.Holder.ID, nil
}

// hold runs lead while the lease can be renewed, and gives it back.
func (l *Lease) hold(ctx context.Context, doc *leaseDocument, lead func(context.Context)) {
	leading, stop := context.WithCancel(ctx)
	defer stop()
	l.note(l.cfg.Holder, true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		lead(leading)
	}()
	kept := l.renew(leading, doc, done)
	stop()
	l.note(Holder{}, false)
	<-done
	if !kept {
		return
	}
	doc.Free = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.cfg.Time/renewals)
	defer cancel()
	if _, err := l.write(ctx, doc, l.revision); err != nil && !overtaken(err) {
		l.cfg.Log.Warn("the lease could not be given back: whoever follows waits for its end", "lease", l.cfg.Name, "error", err)
	}
}

// renew writes the document again and again; false when it is no longer this
// process's, or may not be. true: ctx has ended, or what is done here has.
func (l *Lease) renew(ctx context.Context, doc *leaseDocument, done <-chan struct{}) bool {
	tick := time.NewTicker(l.cfg.Time / renewals)
	defer tick.Stop()
	// Others wait for the whole time, from when they see a renewal, which is later than it was begun.
	const share = renewals - 2
	until := time.Now().Add(l.cfg.Time * share / renewals)
	for {
		select {
		case <-ctx.Done():
			return true
		case <-done:
			return true
		case <-tick.C:
		}
		begun := time.Now()
		if begun.After(until) { // halted for too long: somebody else may lead
			return false
		}
		writing, cancel := context.WithDeadline(ctx, until)
		revision, err := l.write(writing, doc, l.revision)
		cancel()
		switch {
		case err == nil:
			l.revision, until = revision, begun.Add(l.cfg.Time*share/renewals)
		case overtaken(err):
			// Ours, when the answer to an earlier renewal was lost; else somebody else's.
			reading, cancel := context.WithDeadline(ctx, until)
			now, revision, err := l.read(reading)
			cancel()
			if err == nil && now.Run != doc.Run {
				return false
			} else if err == nil {
				l.revision = revision
			}
		}
		if time.Now().After(until) {
			return false
		}
	}
}

func (l *Lease) key() string { return "lease." + l.cfg.Name }

// read gives the document and its revision; zero when there is none.
func (l *Lease) read(ctx context.Context) (doc leaseDocument, revision uint64, err error) {
	if l.shared == nil {
		if l.shared, err = l.c.Shared(ctx); err != nil {
			return doc, 0, err
		}
	}
	e, err := l.shared.kv.Get(ctx, l.key())
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return doc, 0, nil
	case err != nil:
		err = l.shared.failed("read", l.key(), err)
		l.shared = nil // it is made anew should it be gone
		return doc, 0, err
	}
	if err := json.Unmarshal(e.Value(), &doc); err != nil {
		return doc, 0, fmt.Errorf("%s in bucket %s of NATS is damaged: %w", l.key(), sharedBucket, err)
	}
	return doc, e.Revision(), nil
}

func (l *Lease) write(ctx context.Context, doc *leaseDocument, revision uint64) (uint64, error) {
	data, err := json.Marshal(doc)
	if err != nil {
		return 0, err
	}
	if revision == 0 {
		return l.shared.kv.Create(ctx, l.key(), data)
	}
	return l.shared.kv.Update(ctx, l.key(), data, revision)
}
