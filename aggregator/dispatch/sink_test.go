package dispatch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/query"
)

var errAway = errors.New("the receiver is away")

// receiver is what stands at the other end; it outlives sinks and deliveries.
type receiver struct {
	held   []string // ids, as often as they came
	away   int      // fails the write after so many more events; below 0: never
	spoilt string   // an event that it never takes
}

// into is a sink that takes whatever comes, as often as it comes.
type into struct {
	to     *receiver
	writes []int // events of each
}

func (s *into) Write(ctx context.Context, events []event.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.writes = append(s.writes, len(events))
	refused := map[int]error{}
	for i := range events {
		if s.to.away == 0 {
			return errAway
		}
		s.to.away--
		if events[i].ID == s.to.spoilt {
			refused[i] = errors.New("too strange")
			continue
		}
		s.to.held = append(s.to.held, events[i].ID)
	}
	if len(refused) > 0 {
		return &plugins.BatchError{Refused: refused}
	}
	return nil
}

// settling is told by its receiver only when it settles.
type settling struct {
	into
	sent    []string
	settles int
	fails   bool
}

func (s *settling) Write(_ context.Context, events []event.Event) error {
	for i := range events {
		s.sent = append(s.sent, events[i].ID)
	}
	return nil
}

func (s *settling) Settle(context.Context) error {
	s.settles++
	sent := s.sent
	s.sent = nil
	if s.fails {
		return errAway
	}
	s.to.held = append(s.to.held, sent...)
	return nil
}

// resuming looks at its receiver before it writes.
type resuming struct {
	into
	known   map[string]bool // found at the receiver, and to come again
	mark    int
	resumes int
}

func (s *resuming) Resume(_ context.Context, mark []byte) error {
	s.resumes++
	s.known = map[string]bool{}
	from := len(s.to.held)
	defer func() { s.mark = from }()
	if mark != nil {
		var err error
		if from, err = strconv.Atoi(string(mark)); err != nil {
			return err
		}
	}
	for _, id := range s.to.held[from:] {
		s.known[id] = true
	}
	return nil
}

func (s *resuming) Mark() []byte { return []byte(strconv.Itoa(s.mark)) }

func (s *resuming) Write(ctx context.Context, events []event.Event) error {
	if err := s.into.Write(ctx, slices.DeleteFunc(slices.Clone(events), func(e event.Event) bool { return s.known[e.ID] })); err != nil {
		return err
	}
	for i := range events {
		delete(s.known, events[i].ID)
	}
	if len(s.known) == 0 {
		s.mark = len(s.to.held)
	}
	return nil
}

var (
	_ sink.Settler = (*settling)(nil)
	_ sink.Resumer = (*resuming)(nil)
)

// site is a delivery that can be opened again, and the clock of it.
type site struct {
	t      *testing.T
	dir    string
	place  string
	filter string
	now    time.Time
	stops  func(uint64) (time.Time, bool)
	told   []Refusal
}

func newSite(t *testing.T) *site {
	return &site{t: t, dir: t.TempDir(), place: "test here", now: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)}
}

func (s *site) open(to plugins.Sink) *Delivery {
	s.t.Helper()
	c := Config{Trail: "all", Name: "test", Place: s.place, Sink: to, File: s.file(), RefusedFile: filepath.Join(s.dir, "refused", "all.test.ndjson"),
		FilterText: s.filter, Parse: query.Parse, Stopped: s.stops, Now: func() time.Time { return s.now },
		Refused: func(_ context.Context, r Refusal) { s.told = append(s.told, r) }}
	if s.filter != "" {
		c.Filter = mustParse(s.t, s.filter)
	}
	d, err := Open(c)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *site) file() string { return filepath.Join(s.dir, "dispatched", "all.test.json") }

// flush lets so much time go by and has the delivery do what is due.
func (s *site) flush(d *Delivery, after time.Duration) error {
	s.now = s.now.Add(after)
	return d.Flush(context.Background(), s.now)
}

func mustParse(t *testing.T, text string) query.Expr {
	t.Helper()
	x, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// lane makes batches that follow one another.
type lane struct {
	event.Lane
	number, seq uint64
	prev        event.Hash
}

func newLane() *lane {
	return &lane{Lane: event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "K", Epoch: 1}}
}

// next is a batch of n events, whose ids are BATCH-INDEX; odd ones write.
func (l *lane) next(n int) event.Batch {
	l.number, l.seq = l.number+1, l.seq+1
	b := event.Batch{Lane: l.Lane, Number: l.number, Prev: l.prev, Hash: event.Hash{byte(l.number), byte(l.number >> 8), 1}, Seq: l.seq}
	for i := range n {
		b.Events = append(b.Events, event.Event{ID: fmt.Sprintf("%d-%d", l.number, i), Name: "E", RW: []string{event.Read, event.Write}[i%2]})
	}
	l.prev = b.Hash
	return b
}

// ids are those of all events of batches.
func ids(batches ...event.Batch) []string {
	var all []string
	for _, b := range batches {
		for i := range b.Events {
			all = append(all, b.Events[i].ID)
		}
	}
	return all
}
