package aggregator

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// lossySink is a sink whose files get damaged.
type lossySink struct {
	*memSink
	mu    sync.Mutex
	lost  []index.SeqRange
	again []string // ids of the events that were stored again
	notes []string
	whole []bool
}

func (s *lossySink) Lost() []index.SeqRange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lost)
}

func (s *lossySink) Refill(_ context.Context, batches []event.Batch) error {
	for _, b := range batches {
		for i := range b.Events {
			s.again = append(s.again, b.Events[i].ID)
		}
	}
	return nil
}

func (s *lossySink) Refilled(r index.SeqRange, note string, whole bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = slices.DeleteFunc(s.lost, func(l index.SeqRange) bool { return l == r })
	s.notes, s.whole = append(s.notes, note), append(s.whole, whole)
	return nil
}

// What an index has lost comes back from the stream, as far as it is there; what
// was refused is refused again, and the index goes on where it was.
func TestLostPartsAreReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(t)
		sink := &lossySink{memSink: f.sink}
		f.Follower.Sink = sink
		w := newLane(t, "gw-1", 1, 7)
		f.stream.put(w.subject(), w.batch("a"), w.batch("b", "c"))
		copied := w
		f.stream.put(w.subject(), forged(copied.batch("x")), w.batch("d"), w.batch("e"))
		stop := f.start(t)
		defer stop()
		synctest.Wait()
		before := f.sink.ids()
		sink.mu.Lock()
		sink.lost = []index.SeqRange{{First: 2, Last: 4}, {First: 90, Last: 95}}
		sink.mu.Unlock()
		time.Sleep(2 * refillEvery) // of the bubble
		synctest.Wait()
		same(t, "stored again", []string{"b", "c", "d"}, sink.again)
		same(t, "notes", []string{"the stream had batches 2 to 4 of 2 to 4 still, and they were stored again", "the stream has none of the batches 90 to 95 any more"}, sink.notes)
		if !slices.Equal(sink.whole, []bool{true, false}) {
			t.Errorf("whole: %v", sink.whole)
		}
		same(t, "events", before, f.sink.ids())
		f.stream.put(w.subject(), w.batch("f"))
		synctest.Wait()
		same(t, "events after it", append(before, "f"), f.sink.ids())
	})
}
