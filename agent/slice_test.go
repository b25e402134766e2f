package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// The halves of a large read come together in order, with everything that a half can hold.
func TestTwoSlicesMakeTheSameEvents(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	carry := func(second Mapper) ([]event.Event, LaneStatus) {
		sent := &sentBatches{}
		lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Source: &countedLines{reads: 3, records: 701}, Mapper: &naming{},
			Second: second, SecondAfter: 1, Quiet: true, Stream: sent, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
		if err := lane.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range sent.events { // these tell batches apart, which may be cut elsewhere
			o := &sent.events[i].Origin
			o.Epoch, o.Batch, o.Index, o.Observed = 0, 0, 0, event.Time{}
			sent.events[i].Time = event.Time{}
		}
		return sent.events, lane.Status()
	}
	want, one := carry(nil)
	second := &naming{}
	got, two := carry(second)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(event.Time{})); diff != "" {
		t.Errorf("events of two slices (-one +two):\n%s", diff)
	}
	if len(want) < 1500 || second.mapped < 100 {
		t.Errorf("%d events, %d of them by the second mapper", len(want), second.mapped)
	}
	if diff := cmp.Diff(one.Recognised, two.Recognised); diff != "" || len(one.Recognised) != 1 || one.Recognised[0].Records < 1500 {
		t.Errorf("recognised %v (-one slice +two):\n%s", one.Recognised, diff)
	}
	if one.Events != two.Events || one.Ignored != two.Ignored || one.Unparsed != two.Unparsed || one.Gaps != two.Gaps || one.Gaps == 0 || one.Ignored == 0 || one.Unparsed == 0 {
		t.Errorf("counts %+v, of one slice %+v", two, one)
	}
}

// Another core helps only with a source that has had much to read for some time.
func TestSecondHelpsALaggingSource(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const reads = 4 * int(DefaultSecondAfter/time.Second) // one a second
	for name, test := range map[string]struct {
		pause int // before this read the source has had nothing for a moment
		least int // records that the second mapper gets
		most  int
	}{
		"lags":          {0, 27 * 351, 31 * 351},
		"catches up":    {reads / 2, 16 * 351, 21 * 351},
		"ends in time":  {1, 0, 0},
		"is soon empty": {2, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n := reads
			if test.most == 0 {
				n = int(DefaultSecondAfter / time.Second)
			}
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				second := &naming{}
				source := &slowLines{countedLines: countedLines{reads: n, records: 701}, pause: test.pause}
				lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Source: source, Mapper: &naming{}, Second: second,
					Quiet: true, Stream: &sentBatches{}, Dir: dir, Log: slog.New(slog.DiscardHandler)}
				if err := lane.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if second.mapped < test.least || second.mapped > test.most {
					t.Errorf("the second mapper got %d records, want %d to %d", second.mapped, test.least, test.most)
				}
			})
		})
	}
}

// slowLines takes a second for each read.
type slowLines struct {
	countedLines
	pause int
	at    int
}

func (s *slowLines) Read(ctx context.Context) (plugins.Batch, error) {
	if s.at++; s.at == s.pause {
		return plugins.Batch{}, nil
	}
	<-time.After(time.Second)
	return s.countedLines.Read(ctx)
}

// The id of a record's event is that of its place, however it travels.
func TestIDsOfPlaces(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key}
	s := slice{lane: lane, mapper: &naming{}, encoder: wire.NewEncoder()}
	var records []plugins.Record
	for _, file := range []string{"f", "g", strings.Repeat("long", 2000), ""} {
		for _, generation := range []uint64{0, 3} {
			for _, offset := range []int64{0, 700} {
				records = append(records, plugins.Record{Data: []byte("x"), Pos: plugins.Position{File: "p", FileID: file, Generation: generation, Offset: offset, Length: 1}})
			}
		}
	}
	s.add(records, event.Unix(1e18, 3))
	for i, e := range opened(t, lane, &s) {
		at := records[i].Pos
		base := event.NewIDBase(key.Public, "c", at.FileID, at.Generation)
		if want := base.ID(at.Offset); e.ID != want {
			t.Errorf("file %.9q generation %d offset %d: %s, want %s", at.FileID, at.Generation, at.Offset, e.ID, want)
		}
	}
}

// While the spool is full the source is told of nothing that is not in it, and reading stops.
func TestFullSpoolHoldsABusySourceBack(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		source := &countedLines{reads: 100, records: 500}
		stream := &heldStream{open: make(chan struct{})}
		lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Source: source, Mapper: &naming{}, Second: &naming{}, SecondAfter: 1,
			SpoolBytes: 1, Quiet: true, Stream: stream, Dir: dir, Log: slog.New(slog.DiscardHandler)}
		done := make(chan error, 1)
		go func() { done <- lane.Run(t.Context()) }()
		synctest.Wait()
		// One batch is in the spool, one waits for room in it, and one has grown meanwhile.
		if committed, read := source.committed.Load(), source.read.Load(); committed < BatchEvents/2 || committed > BatchEvents || read > 3*BatchEvents {
			t.Errorf("committed up to record %d, read up to %d", committed, read)
		}
		if s := lane.Status(); s.LastBatch != 1 || s.PendingBatches > 1 {
			t.Errorf("status %+v", s)
		}
		close(stream.open)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if committed := source.committed.Load(); committed != 100*500 {
			t.Errorf("committed up to record %d in the end", committed)
		}
	})
}

// countedLines is a source of large reads. Its cursor is the number of the next record.
type countedLines struct {
	reads, records  int
	committed, read atomic.Int64
	inCall          atomic.Bool
}

func (s *countedLines) Open(context.Context, plugins.Cursor) error { return nil }
func (s *countedLines) Close() error                               { return nil }

func (s *countedLines) Read(context.Context) (plugins.Batch, error) {
	if s.inCall.Swap(true) {
		return plugins.Batch{}, errors.New("called twice at a time")
	}
	defer s.inCall.Store(false)
	if s.reads == 0 {
		return plugins.Batch{}, io.EOF
	}
	s.reads--
	var b plugins.Batch
	for range s.records {
		n := s.read.Load()
		r := plugins.Record{Data: strconv.AppendInt(nil, n, 10), Pos: plugins.Position{File: "f", FileID: strconv.FormatInt(n/1000, 10), Offset: n * 300, Length: 299}}
		switch n % 50 {
		case 7:
			r.Fault = "too long"
		case 9:
			r.Evidence = &plugins.Evidence{Name: plugins.SourceGap, Why: "gone"}
		}
		b.Records = append(b.Records, r)
		s.read.Add(1)
	}
	b.Next = plugins.Cursor{{Key: "n", Value: strconv.AppendInt(nil, s.read.Load(), 10)}}
	return b, nil
}

func (s *countedLines) Committed(_ context.Context, at plugins.Cursor) error {
	if s.inCall.Swap(true) {
		return errors.New("called twice at a time")
	}
	defer s.inCall.Store(false)
	n, err := strconv.ParseInt(string(at.Value("n")), 10, 64)
	if err != nil || n <= s.committed.Load() {
		return fmt.Errorf("committed %d after %d: %w", n, s.committed.Load(), err)
	}
	s.committed.Store(n)
	return nil
}

// naming names events after their records, but for some. One goroutine uses it.
type naming struct {
	named
	mapped int
}

func (m *naming) Recognised() []plugins.Recognised {
	return []plugins.Recognised{{Format: "named", Why: "as named", Records: uint64(m.mapped)}}
}

func (m *naming) Map(r *plugins.Record, e *event.Event) error {
	m.mapped++
	switch n := len(r.Data); {
	case r.Data[n-1] == '3':
		return plugins.ErrIgnored
	case r.Data[n-1] == '5':
		return errors.New("odd")
	}
	e.Name = string(r.Data)
	return nil
}

func (m *naming) Unparsed(r *plugins.Record, reason error, e *event.Event) {
	e.Name, e.ErrorMessage = event.NameUnparsed, reason.Error()
}

// heldStream takes nothing until it is opened.
type heldStream struct {
	sentBatches
	open chan struct{}
}

func (s *heldStream) Publish(ctx context.Context, subject, id string, message []byte) (uint64, bool, error) {
	select {
	case <-s.open:
		return s.sentBatches.Publish(ctx, subject, id, message)
	case <-ctx.Done():
		return 0, false, ctx.Err()
	}
}

func (s *heldStream) Last(context.Context, string) (bus.Message, error) {
	return bus.Message{}, bus.ErrNone
}
