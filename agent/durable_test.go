package agent

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// counting is a source of n records, numbered in its cursor, as fast as they are taken.
type counting struct {
	n, at     int
	every     time.Duration // between reads
	size      int           // of a read
	committed []told
}

// told is what the source was told, and when.
type told struct {
	upTo int
	at   time.Time
}

func (c *counting) Open(_ context.Context, at plugins.Cursor) (err error) {
	if v := at.Value("n"); v != nil {
		c.at, err = strconv.Atoi(string(v))
	}
	return err
}

func (c *counting) Read(ctx context.Context) (plugins.Batch, error) {
	if c.every > 0 {
		select {
		case <-ctx.Done():
			return plugins.Batch{}, ctx.Err()
		case <-time.After(c.every):
		}
	}
	if c.at >= c.n {
		return plugins.Batch{}, io.EOF
	}
	var b plugins.Batch
	for range min(c.size, c.n-c.at) {
		b.Records = append(b.Records, plugins.Record{Data: []byte("x"), Pos: plugins.Position{File: "f", FileID: "1", Offset: int64(c.at), Length: 100}})
		c.at++
	}
	b.Next = plugins.Cursor{{Key: "n", Value: []byte(strconv.Itoa(c.at))}}
	return b, nil
}

func (c *counting) Committed(_ context.Context, at plugins.Cursor) error {
	n, err := strconv.Atoi(string(at.Value("n")))
	c.committed = append(c.committed, told{n, time.Now()})
	return err
}

func (c *counting) Close() error { return nil }

// gate is a stream that takes batches only while it is open.
type gate struct {
	sentBatches
	mu   sync.Mutex
	open bool
	at   []time.Time // of each batch
}

func (g *gate) Publish(ctx context.Context, subject, id string, message []byte) (uint64, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.open {
		return 0, false, errors.New("the stream takes nothing")
	}
	g.at = append(g.at, time.Now())
	return g.sentBatches.Publish(ctx, subject, id, message)
}

func (g *gate) opened() { g.mu.Lock(); defer g.mu.Unlock(); g.open = true }

// A source that produces far more than the spool holds is read only as far as
// the spool holds, and once the stream takes batches again all of it comes, in order.
func TestFullSpoolHoldsTheSourceBack(t *testing.T) {
	const records, bound = 100_000, 4 << 10 // of such records a batch of 2,000 takes 360 bytes
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		source, stream := &counting{n: records, size: plugins.MaxRecords}, &gate{}
		lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Source: source, Mapper: named{}, Quiet: true, Stream: stream,
			Dir: dir, SpoolBytes: bound, Log: slog.New(slog.DiscardHandler)}
		done := make(chan error, 1)
		go func() { done <- lane.Run(t.Context()) }()
		<-time.After(time.Hour)
		s, read := lane.Status(), source.at
		if s.PendingBytes > bound+BatchBytes || s.PendingBatches == 0 || read >= records/2 {
			t.Errorf("%d records were read, %d batches with %d bytes wait; the spool holds %d", read, s.PendingBatches, s.PendingBytes, bound)
		}
		if age := s.PendingOldest.Sub(began); age < 0 || age > time.Second {
			t.Errorf("the oldest batch that waits is of %s after the start", age)
		}
		<-time.After(time.Hour)
		if source.at != read {
			t.Errorf("the source was read on, from %d to %d, with the spool full", read, source.at)
		}
		stream.opened()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if len(stream.events) != records {
			t.Fatalf("%d events came, of %d records", len(stream.events), records)
		}
		for i, e := range stream.events {
			if e.Origin.Offset != int64(i) {
				t.Fatalf("event %d is of record %d", i, e.Origin.Offset)
			}
		}
		if s := lane.Status(); !s.PendingOldest.IsZero() || s.PendingBatches > 0 {
			t.Errorf("all is published: %+v", s)
		}
		if last := source.committed[len(source.committed)-1]; last.upTo != records {
			t.Errorf("the source was told of %d records", last.upTo)
		}
	})
}

// When syncs are rare, neither is the source told of a batch nor is it published before its sync.
func TestNothingIsToldBeforeTheSync(t *testing.T) {
	const every = 500 * time.Millisecond
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		source, stream := &counting{n: 200, size: 1, every: 10 * time.Millisecond}, &gate{open: true}
		lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Source: source, Mapper: named{}, Quiet: true, Stream: stream,
			Dir: dir, SyncEvery: every, Linger: 20 * time.Millisecond, Log: slog.New(slog.DiscardHandler)}
		began := time.Now().Add(source.every) // when the first record came, and was synced at once
		if err := lane.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		var times []time.Time
		for _, c := range source.committed {
			times = append(times, c.at)
		}
		for _, at := range append(times, stream.at...) {
			if at.Sub(began)%every != 0 {
				t.Errorf("told or published after %s, between two syncs", at.Sub(began))
			}
		}
		if last := source.committed[len(source.committed)-1]; last.upTo != 200 || len(source.committed) > 6 || len(stream.events) != 200 {
			t.Errorf("told %v, %d events", source.committed, len(stream.events))
		}
	})
}

// While a source has more, batches wait for one another's sync; what nothing follows, or
// what was pushed, does not.
func TestSyncsOfABusySource(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		source plugins.Source
		first  int64 // so many batches are durable before any time has passed
	}{
		"busy":   {&heldLines{countedLines{reads: 20, records: 500}}, 0},
		"small":  {&heldLines{countedLines{reads: 1, records: 100}}, 1},
		"pushed": {&pushedLines{heldLines{countedLines{reads: 4, records: 2000}}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				disk := &countedSyncs{}
				lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Source: test.source, Mapper: &naming{}, Quiet: true,
					Stream: &sentBatches{}, Dir: dir, Disk: disk, Log: slog.New(slog.DiscardHandler)}
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- lane.Run(ctx) }()
				synctest.Wait()
				if n := min(disk.syncs.Load(), 1); n != test.first {
					t.Errorf("%d syncs at first, want %d", n, test.first)
				}
				<-time.After(time.Second)
				synctest.Wait()
				if s := lane.Status(); s.Published == 0 || s.PendingBatches > 0 {
					t.Errorf("status %+v", s)
				}
				if n := disk.syncs.Load(); name == "busy" && n > 2 {
					t.Errorf("%d syncs", n)
				}
				stop()
				if err := <-done; !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		})
	}
}

// heldLines are countedLines that never end.
type heldLines struct{ countedLines }

func (h *heldLines) Read(ctx context.Context) (plugins.Batch, error) {
	if h.reads == 0 {
		<-ctx.Done()
		return plugins.Batch{}, ctx.Err()
	}
	return h.countedLines.Read(ctx)
}

type pushedLines struct{ heldLines }

func (*pushedLines) Pushed() {}

type countedSyncs struct{ syncs atomic.Int64 }

func (*countedSyncs) WriteAt(f *os.File, b []byte, at int64) (int, error) { return f.WriteAt(b, at) }

func (c *countedSyncs) Sync(*os.File) error {
	c.syncs.Add(1)
	return nil
}
