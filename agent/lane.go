package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/agent/spool"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/plugins"
)

// Defaults of a lane.
const (
	// DefaultLinger is how long events wait for more while a batch is in flight.
	DefaultLinger = 200 * time.Millisecond
	// BatchEvents and BatchBytes (before compression) bound a batch: it is cut when another read does not fit.
	BatchEvents = 2000
	BatchBytes  = 768 << 10
	// DefaultSecondAfter is how long a source must have had more than one core reads at a
	// time before Second helps: to halve reads costs a tenth more CPU, of the gateway's machine.
	DefaultSecondAfter = 10 * time.Second
)

// Stream is where a lane's batches go. *bus.Conn is one.
type Stream interface {
	Publish(ctx context.Context, subject, id string, message []byte) (seq uint64, duplicate bool, err error)
	Last(ctx context.Context, subject string) (bus.Message, error)
	Next(ctx context.Context, subject string, seq uint64) (bus.Message, error)
}

// Lane carries the records of one source into the stream: two loops around one
// durable queue. The pump reads, maps and spools; the publisher takes from the
// spool, one batch in flight.
type Lane struct {
	Account, Agent, Name string // of the subject events.<account>.<agent>.<source>
	Key                  Key
	Machine              string // of the spool, see Machine
	Source               plugins.Source
	Mapper               Mapper
	Second               Mapper        // makes the same events as Mapper, of half of each large read while the source lags, on another core; nil: one core is enough
	SecondAfter          time.Duration // for how long it must lag; 0: DefaultSecondAfter
	Stream               Stream
	Quiet                bool          // it makes no evidence of its own: neither of its start nor of the clock
	Dir                  string        // of the spool
	SpoolBytes           int64         // 0: spool.DefaultMaxBytes
	SyncEvery            time.Duration // of the spool: how long a batch may wait for its fsync; 0: not at all
	Disk                 spool.Disk    // of the spool; nil: the machine's
	Linger               time.Duration // 0: DefaultLinger
	Now                  func() time.Time
	Elapsed              func() time.Duration // since some fixed moment, whatever the clock is set to; nil: Go's monotonic clock
	Changed              func()               // called when it begins or ceases to fail; nil: nobody asks
	Log                  *slog.Logger

	began   time.Time // of the process, about; Elapsed counts from it
	started bool      // the evidence of this start is durable
	mu      sync.Mutex
	status  LaneStatus
}

// Mapper is what a lane makes events with. Besides giving records a meaning it
// fills the event of a record that has none, and of what a source tells of itself.
// One that also has Unmapped() uint64 tells how many events no route of its names,
// one with Recognised() []plugins.Recognised of which dialects its records were.
type Mapper interface {
	plugins.Mapper
	Unparsed(r *plugins.Record, reason error, e *event.Event)
	Evidence(r *plugins.Record, e *event.Event)
}

// LaneStatus tells how a lane fares, for status pages.
type LaneStatus struct {
	Account, Agent, Source string
	Epoch, LastBatch       uint64
	Events                 uint64 // mapped since the start
	Ignored, Unparsed      uint64
	Unmapped               uint64               // of Events, those that no route names
	Recognised             []plugins.Recognised // of a mapper that was not told their dialect; never written to
	Gaps                   uint64               // records lost before they could be read, as the source told
	Published              uint64               // events acknowledged since the start
	Began                  time.Time            // when the oldest event that is not spooled yet was read; zero: there is none
	PendingBatches         uint64               // spooled, not acknowledged
	PendingBytes           int64
	PendingOldest          time.Time // when the oldest of them was spooled; zero: there is none
	LastSeen               time.Time // when a record was last read
	LastError              string
	LastErrorAt            time.Time
	Failing                bool // the last attempt failed
	Damage                 []string
}

// Status is how the lane fares now.
func (l *Lane) Status() LaneStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

func (l *Lane) note(change func(*LaneStatus)) {
	l.mu.Lock()
	before := l.status.Failing
	change(&l.status)
	after := l.status.Failing
	l.mu.Unlock()
	if before != after && l.Changed != nil {
		l.Changed()
	}
}

// waits notes what is in the spool.
func (s *LaneStatus) waits(queue *spool.Spool) {
	s.PendingBatches, s.PendingBytes = queue.Pending()
	s.PendingOldest = queue.Oldest()
}

// failed notes an error that the lane goes on after by trying again.
func (l *Lane) failed(err error) {
	l.Log.Warn("lane waits", "source", l.Name, "error", err)
	l.note(func(s *LaneStatus) { s.LastError, s.LastErrorAt, s.Failing = err.Error(), l.now(), true })
}

func (l *Lane) mended() { l.note(func(s *LaneStatus) { s.Failing = false }) }

func (l *Lane) now() time.Time {
	if l.Now != nil {
		return l.Now()
	}
	return time.Now()
}

// Run carries records until ctx ends, the source ends, or something fails that
// only a new start can mend. It can be called again: it starts from what is
// durable, as after a crash.
func (l *Lane) Run(ctx context.Context) error {
	subject, err := bus.Subject(l.Account, l.Agent, l.Name)
	if err != nil {
		return err
	}
	queue, err := spool.Open(spool.Config{Dir: filepath.Join(l.Dir, l.Name), MaxBytes: l.SpoolBytes, Machine: l.Machine + " " + l.Key.Public, Disk: l.Disk,
		SyncEvery: l.SyncEvery, Now: l.Now})
	if err != nil {
		return fmt.Errorf("source %s: %w", l.Name, err)
	}
	defer queue.Close()
	l.note(func(s *LaneStatus) {
		*s = LaneStatus{Account: l.Account, Agent: l.Agent, Source: l.Name, Damage: queue.Damage(),
			Events: s.Events, Ignored: s.Ignored, Unparsed: s.Unparsed, Unmapped: s.Unmapped, Recognised: s.Recognised, Gaps: s.Gaps, Published: s.Published,
			LastSeen: s.LastSeen, LastError: s.LastError, LastErrorAt: s.LastErrorAt}
		s.waits(queue)
	})
	for _, d := range queue.Damage() {
		l.Log.Error("spool damaged; its lines are read again", "source", l.Name, "damage", d)
	}
	at, err := l.recover(ctx, subject, queue)
	if err != nil {
		return fmt.Errorf("source %s: recover: %w", l.Name, err)
	}
	l.note(func(s *LaneStatus) {
		s.Epoch, s.LastBatch = queue.Epoch(), queue.Last().Number
		s.waits(queue)
	})
	if err := l.Source.Open(ctx, at); err != nil {
		return fmt.Errorf("open source %s: %w", l.Name, err)
	}
	defer l.Source.Close()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	published := make(chan error, 1)
	go func() {
		err := l.publish(ctx, subject, queue)
		stop() // the pump does not go on without the publisher
		published <- err
	}()
	err = newPump(l, queue, at).run(ctx)
	if err == nil { // the source has ended: what is spooled still goes
		err = l.drain(ctx, queue)
	}
	stop()
	if e := <-published; e != nil && !errors.Is(e, context.Canceled) {
		err = e
	}
	return err
}

// drain waits until the stream has all of the spool.
func (l *Lane) drain(ctx context.Context, queue *spool.Spool) error {
	for {
		changed := queue.Changed()
		if n, _ := queue.Pending(); n == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
