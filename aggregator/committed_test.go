package aggregator

import (
	"context"
	"errors"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// A lane reads on while a batch is being synced: only the reports up to the
// cursor are durable, not all that were read.
func TestSystemToldUpToACursor(t *testing.T) {
	s := &System{}
	if err := s.Open(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	first := make(chan error, 1)
	second := make(chan error, 1)
	read := func(done chan error) plugins.Batch {
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		go func() { done <- s.Report(ctx, event.Event{Name: "Test"}, true) }()
		b, err := s.Read(t.Context())
		if err != nil || len(b.Records) != 1 {
			t.Fatalf("%d records, %v", len(b.Records), err)
		}
		return b
	}
	after := read(first).Next
	read(second)
	if err := s.Committed(t.Context(), after); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
	if len(s.taken) != 1 {
		t.Errorf("%d reports are held as not durable, want the second one", len(s.taken))
	}
	select {
	case err := <-second:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the second report is told to be durable: %v", err)
		}
	default:
	}
}
