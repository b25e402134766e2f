package aggregator

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/plugins"
)

var lane = event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "U1", Epoch: 7}

func message(seq uint64) bus.Message {
	return bus.Message{Subject: "events.prod.gw-1.edge", Seq: seq, Stored: time.Unix(1_700_000_000, 0)}
}

// commit reads what waits as the lane does, and makes it durable.
func commit(t *testing.T, s *System) (events []event.Event, at plugins.Cursor) {
	t.Helper()
	b, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Committed(t.Context(), b.Next); err != nil {
		t.Fatal(err)
	}
	return eventsOf(t, b), b.Next
}

func eventsOf(t *testing.T, b plugins.Batch) (events []event.Event) {
	t.Helper()
	for _, r := range b.Records {
		e, err := event.ParseJSON(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func openedAt(t *testing.T, at plugins.Cursor) *System {
	t.Helper()
	s := &System{Key: "UA"}
	if err := s.Open(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	return s
}

// A finding is told once: while it waits, when it is durable, and after a restart with the cursor.
func TestFindingsOnce(t *testing.T) {
	s := openedAt(t, nil)
	told := make(chan error, 2)
	for range 2 {
		go func() { told <- s.gap(t.Context(), message(5), lane, 3, 4) }()
	}
	events, at := commit(t, s)
	for range 2 {
		if err := <-told; err != nil {
			t.Fatal(err)
		}
	}
	if len(events) != 1 || events[0].Name != "BatchGap" || events[0].Service != "Actiontrail" || events[0].ID == "" {
		t.Fatalf("%+v", events)
	}
	s = openedAt(t, at)
	if err := s.gap(t.Context(), message(5), lane, 3, 4); err != nil {
		t.Fatal(err)
	}
	go func() { told <- s.refused(t.Context(), message(5), lane, &Refusal{Forked, errors.New("x")}) }()
	events, _ = commit(t, s)
	if len(events) != 1 || events[0].Name != "AgentConflict" {
		t.Errorf("after a restart: %+v; want the refusal alone", events)
	}
}

// The follower may come to a finding again before the lane knows how far it was:
// what is durable is not told again, and nobody waits for it.
func TestFindingBeforeTheLaneIsOpen(t *testing.T) {
	s := openedAt(t, nil)
	told := make(chan error, 2)
	go func() { told <- s.gap(t.Context(), message(5), lane, 3, 4) }()
	_, at := commit(t, s)
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	s = &System{Key: "UA"}
	for _, seq := range []uint64{5, 6} {
		queued, cancel := context.WithCancel(t.Context())
		cancel() // it does not wait, and stays in the queue
		if err := s.gap(queued, message(seq), lane, 3, 4); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	go func() { told <- s.gap(t.Context(), message(5), lane, 3, 4) }()
	if err := s.Open(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	if events, _ := commit(t, s); len(events) != 1 || events[0].Name != "BatchGap" || len(s.queue) > 0 {
		t.Errorf("told after the start: %d events, want the one of seq 6", len(events))
	}
}

// The same finding has the same id and time, whoever tells it and when.
func TestFindingIsTheSameEvent(t *testing.T) {
	var got []event.Event
	for range 2 {
		s := openedAt(t, nil)
		go s.enrolled(t.Context(), message(9), lane)
		events, _ := commit(t, s)
		got = append(got, events...)
	}
	if len(got) != 2 || got[0] != got[1] {
		t.Errorf("%+v", got)
	}
}

// Who waits for a report is not answered before it is durable, and a lane that fails gives the reports back.
func TestReportWaits(t *testing.T) {
	s := openedAt(t, nil)
	told := make(chan error, 1)
	go func() { told <- s.Report(t.Context(), event.Event{Name: "DeleteTrail"}, true) }()
	if _, err := s.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-told:
		t.Fatalf("answered before it was durable: %v", err)
	default:
	}
	if err := s.Open(t.Context(), nil); err != nil { // the lane has failed and starts again
		t.Fatal(err)
	}
	if events, _ := commit(t, s); len(events) != 1 || events[0].Name != "DeleteTrail" {
		t.Fatalf("%+v", events)
	}
	if err := <-told; err != nil {
		t.Fatal(err)
	}
}

func TestReportsAreBounded(t *testing.T) {
	s := openedAt(t, nil)
	var err error
	for range systemQueue + 1 {
		if err = s.Report(t.Context(), event.Event{Name: "SearchEvents"}, false); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrBusy) {
		t.Errorf("%v, want ErrBusy", err)
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := openedAt(t, nil).Read(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
