package agent

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/agent/spool"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// runLane runs a lane until the stream has so many events in all, and ends it as a crash would.
func runLane(t *testing.T, lane *Lane, sent *sentBatches, events int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- lane.Run(ctx) }()
	for sent.count() < events {
		select {
		case err := <-done:
			t.Fatalf("the lane has ended: %v", err)
		case <-time.After(time.Millisecond): // of the fake clock
		}
	}
	stop()
	<-done
}

func eventsNamed(events []event.Event, name string) (of []event.Event) {
	for _, e := range events {
		if e.Name == name {
			of = append(of, e)
		}
	}
	return of
}

func openSpool(t *testing.T, lane *Lane) *spool.Spool {
	t.Helper()
	queue, err := spool.Open(spool.Config{Dir: filepath.Join(lane.Dir, lane.Name), Machine: lane.Machine, Now: lane.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { queue.Close() })
	return queue
}

// Each process tells once that it reads, also when its lane has to be started again.
func TestStartIsTold(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		sent := &sentBatches{}
		process := func() *Lane {
			return &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Source: &reader{reads: 1, records: 3, length: 1}, Mapper: named{}, Stream: sent, Dir: dir, Log: slog.New(slog.DiscardHandler)}
		}
		lane := process()
		runLane(t, lane, sent, 4)
		lane.Source = &reader{reads: 1, records: 3, length: 1}
		runLane(t, lane, sent, 7)
		runLane(t, process(), sent, 11)
		told := eventsNamed(sent.events, plugins.SourceStarted)
		if len(told) != 2 {
			t.Fatalf("%d starts of 2 processes: %+v", len(told), told)
		}
		if told[0].ID == told[1].ID {
			t.Errorf("both starts are %s", told[0].ID)
		}
	})
}

// A start that was told, but was not durable when the process died, is told under the same id.
func TestStartIsToldOnce(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Mapper: named{}, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
	var ids []string
	queue := openSpool(t, lane)
	for range 2 {
		p := newPump(lane, queue, nil)
		p.start()
		ids = append(ids, p.first.event.ID)
	}
	if ids[0] != ids[1] {
		t.Errorf("ids %v: want one", ids)
	}
}

// A clock that is set is told of in both directions; one that only goes on is not.
func TestClockJump(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	wall, elapsed := start, time.Duration(0)
	lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Mapper: named{}, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return wall }, Elapsed: func() time.Duration { return elapsed }}
	p := newPump(lane, openSpool(t, lane), plugins.Cursor{{Key: "k", Value: []byte("v")}})
	told := func() bool {
		before := p.first.encoder.Len()
		p.add(plugins.Batch{Records: []plugins.Record{{Data: []byte("x")}}})
		return p.first.encoder.Len() == before+2
	}
	told()
	for i, step := range []struct {
		wall, elapsed time.Duration
		told          bool
	}{
		{time.Second, time.Second, false},
		{time.Hour, time.Hour, false}, // a long silence
		{-time.Hour, time.Second, true},
		{time.Second, time.Second, false},
		{time.Minute, time.Second, true},
		{900 * time.Millisecond, 0, false},
	} {
		wall, elapsed = wall.Add(step.wall), elapsed+step.elapsed
		if got := told(); got != step.told {
			t.Errorf("step %d: told %v, want %v", i, got, step.told)
		}
	}
}

// A clock that is set to and fro comes by the same times again: each jump is an event of its own.
func TestClockSetToAndFro(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	wall := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Mapper: named{}, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return wall }, Elapsed: func() time.Duration { return 0 }}
	p := newPump(lane, openSpool(t, lane), plugins.Cursor{{Key: "k", Value: []byte("v")}})
	ids := map[string]bool{}
	for round := range 3 {
		for _, step := range []time.Duration{0, time.Minute, -time.Minute, time.Minute, -time.Minute} {
			wall = wall.Add(step)
			p.add(plugins.Batch{Records: []plugins.Record{{Data: []byte("x")}}})
		}
		if err := p.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		batch, err := p.queue.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		opened, err := wire.Open(batch.Message)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.queue.Release(); err != nil {
			t.Fatal(err)
		}
		for _, e := range opened.Events {
			if e.Name == plugins.ClockJumped {
				ids[e.ID] = true
			}
		}
		if want := 4 * (round + 1); len(ids) != want {
			t.Fatalf("after round %d there are %d jumps of different ids, want %d", round, len(ids), want)
		}
	}
}

// opened are the events of a slice as the followers will see them.
func opened(t *testing.T, lane *Lane, s *slice) []event.Event {
	t.Helper()
	header := wire.Header{Lane: event.Lane{Account: lane.Account, Agent: lane.Agent, Source: lane.Name, Key: lane.Key.Public, Epoch: 1}, Number: 1}
	msg, _, err := s.encoder.Seal(header, lane.Key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := wire.Open(msg)
	if err != nil {
		t.Fatal(err)
	}
	return b.Events
}

// Evidence of a source becomes an event with an id of its own beside the record at the same place.
func TestEvidenceOfASource(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Quiet: true, Mapper: named{}, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
	p := newPump(lane, openSpool(t, lane), nil)
	at := plugins.Position{File: "/a.log", FileID: "1-2-3", Generation: 1, Offset: 10}
	for _, r := range []plugins.Record{
		{Pos: at, Data: []byte("x")},
		{Pos: at, Evidence: &plugins.Evidence{Name: plugins.SourceTruncated}},
		{Pos: at, Evidence: &plugins.Evidence{Name: plugins.SourceGap, Why: "gone"}},
	} {
		p.add(plugins.Batch{Records: []plugins.Record{r}})
		if p.first.event.Origin.File != "/a.log" || p.first.event.Origin.Offset != 10 || p.first.event.Origin.FileID != "1-2-3" {
			t.Errorf("origin %+v", p.first.event.Origin)
		}
	}
	ids := map[string]bool{}
	for _, e := range opened(t, lane, &p.first) {
		ids[e.ID] = true
	}
	if len(ids) != 3 {
		t.Errorf("ids %v: want three", ids)
	}
	if !strings.Contains(p.first.event.ErrorMessage, "gone") {
		t.Errorf("the last one: %+v", p.first.event)
	}
}
