package agent

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// Of a source that has much to read the batches are large, even while nothing is
// in flight; the last one does not wait for more to come.
func TestBusySourceFillsBatches(t *testing.T) {
	const reads, records = 10, 200
	for name, test := range map[string]struct {
		length int64 // of a record
		least  int   // batches
		most   int
	}{
		"large reads": {busyBytes / records * 2, 1, 1},
		"small reads": {10, 2, reads},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := LoadKey(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				sent := &sentBatches{}
				lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Source: &reader{reads: reads, records: records, length: test.length},
					Mapper: named{}, Quiet: true, Stream: sent, Dir: dir, Log: slog.New(slog.DiscardHandler)}
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- lane.Run(ctx) }()
				for lane.Status().Published < reads*records {
					select {
					case err := <-done:
						t.Fatalf("the lane has ended: %v", err)
					case <-time.After(moreWithin): // of the fake clock
					}
				}
				stop()
				<-done
				if sent.batches < test.least || sent.batches > test.most {
					t.Errorf("%d batches, want %d to %d", sent.batches, test.least, test.most)
				}
			})
		})
	}
}

// However uneven the reads are, a batch is within its bounds, and the cursor that it carries is the place after its last event.
func TestBatchesKeepTheirBounds(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		stream := &sentBatches{}
		sizes := []int{100, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1, 1000, 999, 1000, 1000, 1000, 3, 500, 1000, 1000, 1000, 1000, 1000}
		source := &uneven{reader: reader{reads: len(sizes), length: busyBytes}, sizes: sizes}
		lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Source: source, Mapper: named{}, Quiet: true, Stream: stream, Dir: dir, Log: slog.New(slog.DiscardHandler)}
		if err := lane.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, n := range sizes {
			total += n
		}
		if stream.count() != total {
			t.Fatalf("%d events of %d", stream.count(), total)
		}
		large, at := 0, 0
		for _, h := range stream.headers {
			if h.Count > BatchEvents {
				t.Errorf("batch %d has %d events", h.Number, h.Count)
			}
			if large += h.Count / BatchEvents; len(h.Cursor) != 1 {
				t.Fatalf("batch %d: cursor %v", h.Number, h.Cursor)
			}
			if at += h.Count; string(h.Cursor[0].Value) != strconv.Itoa(at) {
				t.Errorf("batch %d ends after event %d, its cursor after event %s", h.Number, at, h.Cursor[0].Value)
			}
		}
		if large < 2 {
			t.Errorf("%d full batches of %d", large, len(stream.headers))
		}
	})
}

// uneven is a source of reads of these sizes, with a mark after each. It ends.
type uneven struct {
	reader
	sizes []int
	given int
}

func (u *uneven) Read(ctx context.Context) (plugins.Batch, error) {
	if u.reads == 0 {
		return plugins.Batch{}, io.EOF
	}
	u.records, u.sizes = u.sizes[0], u.sizes[1:]
	b, err := u.reader.Read(ctx)
	u.given += u.records
	b.Next = plugins.Cursor{{Key: "f", Value: []byte(strconv.Itoa(u.given))}}
	return b, err
}

// reader is a source of so many reads, which then has nothing more.
type reader struct {
	reads, records int
	length         int64
	offset         int64
}

func (r *reader) Open(context.Context, plugins.Cursor) error      { return nil }
func (r *reader) Committed(context.Context, plugins.Cursor) error { return nil }
func (r *reader) Close() error                                    { return nil }

func (r *reader) Read(ctx context.Context) (plugins.Batch, error) {
	if r.reads == 0 {
		<-ctx.Done()
		return plugins.Batch{}, ctx.Err()
	}
	r.reads--
	b := plugins.Batch{Records: make([]plugins.Record, r.records)}
	for i := range b.Records {
		b.Records[i] = plugins.Record{Data: []byte("x"), Pos: plugins.Position{File: "f", FileID: "1", Offset: r.offset, Length: r.length}}
		r.offset += r.length + 1
	}
	return b, nil
}

// named maps every record to the same event.
type named struct{}

func (named) Map(_ *plugins.Record, e *event.Event) error {
	e.Name = "Read"
	return nil
}

func (named) Unparsed(*plugins.Record, error, *event.Event) {}

func (named) Evidence(r *plugins.Record, e *event.Event) {
	e.Name, e.ErrorMessage = r.Evidence.Name, r.Evidence.Why
}

// sentBatches is a stream that takes batches at once, each one once.
type sentBatches struct {
	mu      sync.Mutex
	ids     map[string]bool
	batches int
	headers []wire.Header
	events  []event.Event
}

func (s *sentBatches) Publish(_ context.Context, _, id string, message []byte) (uint64, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids == nil {
		s.ids = map[string]bool{}
	}
	if s.ids[id] {
		return 0, true, nil
	}
	s.ids[id] = true
	s.batches++
	b, err := wire.Open(message)
	if err != nil {
		return 0, false, err
	}
	header, _, err := wire.ReadHeader(message)
	if err != nil {
		return 0, false, err
	}
	s.headers, s.events = append(s.headers, header), append(s.events, b.Events...)
	return uint64(s.batches), false, nil
}

// count is how many events it has.
func (s *sentBatches) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events)
}

func (s *sentBatches) Last(context.Context, string) (bus.Message, error) {
	return bus.Message{}, bus.ErrNone
}

func (s *sentBatches) Next(context.Context, string, uint64) (bus.Message, error) {
	return bus.Message{}, bus.ErrNone
}
