package sim

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// stream is the JetStream stream: it stores in the order in which it is reached,
// knows the ids of a window of time, takes nothing when it is full, and is purged
// by subject.
type stream struct {
	w      *world
	max    int64
	window time.Duration // in which ids are known

	mu       sync.Mutex
	seq      uint64
	bytes    int64
	messages []bus.Message
	ids      map[string]known
	down     time.Time // until when nobody reaches it
	wake     chan struct{}
	flying   map[string]int // publishes under way, by subject
	delayed  []*delayed
	read     uint64 // the last seq that some follower was given
}

type known struct {
	seq uint64
	at  time.Time
}

// delayed is a message on its way, whose sender has given up on it.
type delayed struct {
	subject, id string
	data        []byte
	arrived     bool
}

func newStream(w *world) *stream {
	s := &stream{w: w, max: 8 << 30, window: 2 * time.Minute, ids: map[string]known{}, wake: make(chan struct{}), flying: map[string]int{}}
	if w.dice.one(3) {
		s.max = int64(12_000 + w.dice.intN(30_000))
	}
	if w.dice.one(2) { // somebody else made the stream, with a shorter one
		s.window = time.Duration(500+w.dice.intN(10_000)) * time.Millisecond
	}
	return s
}

// roomy tells that the stream is never full.
func (s *stream) roomy() bool { return s.max > 1<<30 }

func (s *stream) store(subject, id string, data []byte) (seq uint64, duplicate bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.ids[id]; ok && time.Since(k.at) < s.window {
		return k.seq, true, nil
	}
	if s.bytes+int64(len(data)) > s.max {
		s.w.counts.fault(s.w, "stream full", "")
		return 0, false, bus.ErrFull
	}
	s.seq++
	s.ids[id] = known{s.seq, time.Now()}
	m := bus.Message{Subject: subject, Seq: s.seq, Data: slices.Clone(data), Stored: time.Now()}
	s.messages = append(s.messages, m)
	s.bytes += int64(len(data))
	s.w.judge.stored(m)
	close(s.wake)
	s.wake = make(chan struct{})
	return s.seq, false, nil
}

func (s *stream) reachable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.down) && !s.w.isCalm() {
		return bus.ErrConnected
	}
	return nil
}

// outage makes the stream unreachable.
func (s *stream) outage(d time.Duration) {
	s.w.counts.fault(s.w, "stream unreachable", "")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = time.Now().Add(d)
}

// arrive lets the messages of a subject that are on their way come now.
func (s *stream) arrive(subject string) {
	s.mu.Lock()
	var now []*delayed
	for _, d := range s.delayed {
		if !d.arrived && d.subject == subject {
			d.arrived = true
			now = append(now, d)
		}
	}
	s.mu.Unlock()
	for _, d := range now {
		s.store(d.subject, d.id, d.data) //nolint:errcheck // nobody waits for the answer
	}
}

// port is the stream as a lane of one process reaches it.
type port struct {
	*stream
	p                   *process
	publish, last, next *site
}

// ports are the sites of a lane's calls to the stream.
type ports struct{ publish, last, next *site }

func newPorts(w *world, name string) ports {
	return ports{
		publish: w.site(name+" publish", chance{lost: 40, kept: 40, late: 10, dieBefore: 4, dieAfter: 8}),
		last:    w.site(name+" last", chance{lost: 60}),
		next:    w.site(name+" next", chance{lost: 10, dieBefore: 5}),
	}
}

func (s *stream) port(p *process, o ports) port { return port{s, p, o.publish, o.last, o.next} }

func (s port) Publish(ctx context.Context, subject, id string, message []byte) (seq uint64, duplicate bool, err error) {
	s.mu.Lock()
	if s.flying[subject]++; s.flying[subject] > 1 {
		s.w.fail("in flight", "%d batches of %s are in flight at once", s.flying[subject], subject)
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.flying[subject]--
	}()
	if err := wait(ctx, time.Duration(1+s.publish.intN(30))*time.Millisecond); err != nil {
		return 0, false, err
	}
	if err := s.reachable(); err != nil {
		return 0, false, err
	}
	silent := s.publish.one(2) // the answer does not come, or says that it failed
	if s.p.dead() {
		return 0, false, errDead
	}
	switch s.publish.draw() {
	case lost:
		err = errLost
	case kept:
		s.store(subject, id, message)
		err = errKept
	case late:
		s.delay(subject, id, message)
		silent = true
		err = errLost
	case dieBefore:
		s.p.kill()
		return 0, false, errDead
	case dieAfter:
		s.store(subject, id, message)
		s.p.kill()
		return 0, false, errDead
	default:
		return s.store(subject, id, message)
	}
	if silent {
		<-ctx.Done()
		err = ctx.Err()
	}
	return 0, false, err
}

// delay lets a message come within the window, after its sender has given up on it.
func (s port) delay(subject, id string, message []byte) {
	d := &delayed{subject: subject, id: id, data: slices.Clone(message)}
	s.mu.Lock()
	s.delayed = append(s.delayed, d)
	s.mu.Unlock()
	time.AfterFunc(time.Duration(s.publish.intN(int(min(s.window, 100*time.Second).Milliseconds())))*time.Millisecond, func() { s.arriveOne(d) })
}

func (s *stream) arriveOne(d *delayed) {
	s.mu.Lock()
	gone := d.arrived || s.w.isOver()
	d.arrived = true
	s.mu.Unlock()
	if !gone {
		s.store(d.subject, d.id, d.data) //nolint:errcheck // nobody waits for the answer
	}
}

func (s port) Last(_ context.Context, subject string) (m bus.Message, err error) {
	if err := s.reachable(); err != nil {
		return m, err
	}
	err = s.last.do(s.p, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, have := range s.messages {
			if have.Subject == subject {
				m = have
			}
		}
		return nil
	})
	if err == nil && m.Seq == 0 {
		err = bus.ErrNone
	}
	return m, err
}

func (s port) Next(_ context.Context, subject string, seq uint64) (m bus.Message, err error) {
	if err := s.reachable(); err != nil {
		return m, err
	}
	err = s.next.do(s.p, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, have := range s.messages {
			if have.Subject == subject && have.Seq >= seq {
				m = have
				return nil
			}
		}
		return bus.ErrNone
	})
	return m, err
}

// shelf is the stream as the followers and the purger of one process reach it.
type shelf struct {
	*stream
	p             *process
	follow, purge *site
}

func (s shelf) Follow(after uint64) aggregator.Reader { return &reader{s, after} }

type reader struct {
	shelf
	after uint64
}

func (r *reader) Next(ctx context.Context) ([]bus.Message, error) {
	for {
		if err := r.reachable(); err != nil {
			return nil, err
		}
		if r.p.dead() {
			return nil, errDead
		}
		switch r.follow.draw() {
		case lost:
			return nil, errLost
		case kept: // it begins again some messages before
			r.after -= min(r.after, uint64(r.follow.intN(4)))
			return nil, errKept
		case dieBefore:
			r.p.kill()
			return nil, errDead
		}
		r.mu.Lock()
		var got []bus.Message
		for _, m := range r.messages {
			if m.Seq > r.after && len(got) < 4 {
				got = append(got, m)
			}
		}
		wake := r.wake
		r.mu.Unlock()
		if len(got) > 0 {
			r.after = got[len(got)-1].Seq
			r.gave(r.after)
			return got, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-wake:
		}
	}
}

func (s *stream) gave(seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = max(s.read, seq)
}

func (s shelf) State(context.Context) (bus.StreamState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.seq + 1
	if len(s.messages) > 0 {
		first = s.messages[0].Seq
	}
	return bus.StreamState{Messages: uint64(len(s.messages)), FirstSeq: first, LastSeq: s.seq, Bytes: s.bytes, MaxBytes: s.max}, s.reachableLocked()
}

func (s *stream) reachableLocked() error {
	if time.Now().Before(s.down) && !s.w.isCalm() {
		return bus.ErrConnected
	}
	return nil
}

func (s shelf) Subjects(context.Context) (map[string]uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[string]uint64{}
	for _, m := range s.messages {
		n[m.Subject]++
	}
	return n, s.reachableLocked()
}

func (s shelf) Purge(_ context.Context, subject string, before uint64) error {
	if err := s.reachable(); err != nil {
		return err
	}
	return s.purge.do(s.p, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.w.judge.purging(subject, before, s.messages)
		s.remove(func(m bus.Message) bool { return m.Subject == subject && m.Seq < before })
		return nil
	})
}

func (s *stream) remove(gone func(bus.Message) bool) {
	s.messages = slices.DeleteFunc(s.messages, gone)
	s.bytes = 0
	for _, m := range s.messages {
		s.bytes += int64(len(m.Data))
	}
}

// loseOne takes from the stream one batch that no follower has read, as a server
// that lost its disk does: followed by another of its lane, so that it can be noticed.
func (s *stream) loseOne() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, m := range s.messages {
		lane, number, ok := s.w.judge.batchAt(m.Seq)
		if log := s.w.logs[lane.Source]; !ok || m.Seq <= s.read || number == 1 || log == nil || log.wide {
			continue
		}
		copies := 0
		for _, other := range s.messages {
			if h, _, err := wire.ReadHeader(other.Data); err == nil && h.Lane == lane && h.Number == number {
				copies++ // or a fork
			}
		}
		for _, later := range s.messages[i+1:] {
			if l, n, ok := s.w.judge.batchAt(later.Seq); ok && copies == 1 && l == lane && n == number+1 {
				s.w.judge.loses(lane, number)
				s.remove(func(x bus.Message) bool { return x.Seq == m.Seq })
				return true
			}
		}
	}
	return false
}
