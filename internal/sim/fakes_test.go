package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/plugins"
)

// Every fault site draws from a stream of its own, so that the order in which
// goroutines run does not decide who gets which number.
type site struct {
	mu   sync.Mutex
	rand *rand.Rand
	rate int // of 100 calls: so many lost, and so many kept though they fail
}

const (
	siteSource = iota + 1
	sitePublish
	siteLast
	siteFollow
	siteIndex
	siteTrail
	siteWorld
	siteClock
)

func newSite(seed uint64, name uint64, rate int) *site {
	return &site{rand: rand.New(rand.NewPCG(seed, name)), rate: rate}
}

func (s *site) intN(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.IntN(n)
}

var (
	errLost = errors.New("fault: not done")
	errKept = errors.New("fault: done, but the answer was lost")
)

// do runs fn, or not, and answers with an error, or not.
func (s *site) do(fn func()) error {
	switch n := s.intN(100); {
	case n < s.rate:
		return errLost
	case n < 2*s.rate:
		fn()
		return errKept
	}
	fn()
	return nil
}

// lines is a source of n numbered lines. Its cursor is the number of the next
// one. Each Read spoils the bytes of the one before.
type lines struct {
	n    int
	at   int
	site *site
	last [][]byte
}

func (l *lines) Open(_ context.Context, at plugins.Cursor) error {
	l.at = 0
	if v := at.Value("line"); v != nil {
		var err error
		if l.at, err = strconv.Atoi(string(v)); err != nil {
			return err
		}
	}
	return nil
}

func (l *lines) Read(ctx context.Context) (plugins.Batch, error) {
	for _, b := range l.last {
		clear(b)
	}
	l.last = nil
	if l.site.intN(3) == 0 {
		wait := time.NewTimer(time.Duration(l.site.intN(2000)) * time.Millisecond)
		defer wait.Stop()
		select {
		case <-ctx.Done():
			return plugins.Batch{}, ctx.Err()
		case <-wait.C:
		}
	}
	if l.at == l.n {
		return plugins.Batch{}, io.EOF
	}
	var b plugins.Batch
	for range min(1+l.site.intN(12), l.n-l.at) {
		data := fmt.Appendf(nil, "line %d", l.at)
		l.last = append(l.last, data)
		b.Records = append(b.Records, plugins.Record{Data: data, Pos: plugins.Position{File: "log", FileID: "1", Offset: int64(l.at)}})
		l.at++
	}
	b.Next = plugins.Cursor{{Key: "line", Value: []byte(strconv.Itoa(l.at))}}
	return b, nil
}

func (l *lines) Committed(context.Context, plugins.Cursor) error { return nil }
func (l *lines) Close() error                                    { return nil }

// lineMapper names the event after the line; the strings alias the record.
type lineMapper struct{}

func (lineMapper) Map(r *plugins.Record, e *event.Event) error {
	e.Name = unsafeString(r.Data)
	e.Type, e.RW = event.TypeAPICall, event.Write
	return nil
}

func (lineMapper) Unparsed(*plugins.Record, error, *event.Event) {}

func (lineMapper) Evidence(r *plugins.Record, e *event.Event) { e.Name = r.Evidence.Name }

// stream is the JetStream stream: it stores, knows ids for ever, and may be purged.
type stream struct {
	publish, last, follow *site

	mu       sync.Mutex
	seq      uint64
	messages []bus.Message
	ids      map[string]uint64
	wake     chan struct{}
}

func newStream(seed uint64) *stream {
	return &stream{publish: newSite(seed, sitePublish, 10), last: newSite(seed, siteLast, 10), follow: newSite(seed, siteFollow, 10),
		ids: map[string]uint64{}, wake: make(chan struct{})}
}

func (s *stream) Publish(ctx context.Context, subject, id string, message []byte) (seq uint64, duplicate bool, err error) {
	if err := pause(ctx, s.publish); err != nil {
		return 0, false, err
	}
	err = s.publish.do(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if seq, duplicate = s.ids[id]; duplicate {
			return
		}
		s.seq++
		seq = s.seq
		s.ids[id] = seq
		s.messages = append(s.messages, bus.Message{Subject: subject, Seq: seq, Data: append([]byte(nil), message...), Stored: time.Now()})
		close(s.wake)
		s.wake = make(chan struct{})
	})
	if s.publish.intN(20) == 0 { // the window in which the stream itself knows ids has passed
		s.mu.Lock()
		clear(s.ids)
		s.mu.Unlock()
	}
	return seq, duplicate, err
}

// pause takes some of the time a real call takes.
func pause(ctx context.Context, s *site) error {
	t := time.NewTimer(time.Duration(s.intN(30)) * time.Millisecond)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (s *stream) Last(_ context.Context, subject string) (m bus.Message, err error) {
	if err = s.last.do(func() {}); err != nil {
		return m, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, have := range s.messages {
		if have.Subject == subject {
			m = have
		}
	}
	if m.Seq == 0 {
		return m, bus.ErrNone
	}
	return m, nil
}

func (s *stream) Next(_ context.Context, subject string, seq uint64) (bus.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, have := range s.messages {
		if have.Subject == subject && have.Seq >= seq {
			return have, nil
		}
	}
	return bus.Message{}, bus.ErrNone
}

// purge removes the messages of a subject below before.
func (s *stream) purge(subject string, before uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []bus.Message
	for _, m := range s.messages {
		if m.Subject != subject || m.Seq >= before {
			kept = append(kept, m)
		}
	}
	s.messages = kept
}

func (s *stream) Follow(after uint64) aggregator.Reader { return &reader{s, after} }

type reader struct {
	s     *stream
	after uint64
}

func (r *reader) Next(ctx context.Context) ([]bus.Message, error) {
	for {
		if err := r.s.follow.do(func() {}); err != nil {
			return nil, err
		}
		r.s.mu.Lock()
		var got []bus.Message
		for _, m := range r.s.messages {
			if m.Seq > r.after && len(got) < 4 {
				got = append(got, m)
			}
		}
		wake := r.s.wake
		r.s.mu.Unlock()
		if len(got) > 0 {
			r.after = got[len(got)-1].Seq
			return got, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-wake:
		}
	}
}

// sink keeps events and its position in one durable step. With buffer it makes
// them durable only now and then, as an archive does with its seals.
type sink struct {
	site   *site
	buffer bool

	mu      sync.Mutex
	at      event.Position // durable
	events  []event.Event  // durable
	ahead   event.Position // with what is buffered
	waiting []event.Event
}

func (s *sink) Position() event.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.Clone()
}

// crash drops what is not durable.
func (s *sink) crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead, s.waiting = s.at.Clone(), nil
}

func (s *sink) Write(_ context.Context, batches []event.Batch) error {
	return s.site.do(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, b := range batches {
			if s.ahead.Check(&b) == event.Resend {
				continue
			}
			s.ahead.Advance(&b)
			s.waiting = append(s.waiting, b.Events...)
		}
		if !s.buffer {
			s.commit()
		}
	})
}

func (s *sink) commit() {
	s.at = s.ahead.Clone()
	s.events = append(s.events, s.waiting...)
	s.waiting = nil
}

func (s *sink) Flush(context.Context, time.Time) error {
	if !s.buffer || s.site.intN(4) > 0 {
		return nil
	}
	return s.site.do(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.commit()
	})
}
