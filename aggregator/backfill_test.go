package aggregator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// halves is a sink that takes a backfill in days, and can be told to fail.
type halves struct {
	cover archive.Coverage
	fail  error
	did   []string
}

func (h *halves) Pay(context.Context, archive.Payment, []event.Batch) error { return nil }
func (h *halves) Seal(context.Context) error                                { h.did = append(h.did, "seal"); return nil }
func (h *halves) Cover(context.Context) (*archive.Coverage, error)          { return &h.cover, nil }

func (h *halves) Backfill(_ context.Context, b archive.Backfill) (time.Time, uint64, error) {
	if h.fail != nil {
		return b.From, 0, h.fail
	}
	to := b.From.Add(24 * time.Hour)
	if to.After(b.To) {
		to = b.To
	}
	b.To = to
	h.cover.Backfills = append(h.cover.Backfills, b)
	h.did = append(h.did, fmt.Sprint(b.From.Format("02"), "-", to.Format("02"), " ", b.Lanes[0].Batches))
	return to, 5, nil
}

// at7 is an index that is at seq 7.
type at7 struct{ lane event.Lane }

func (x at7) Position() event.Position {
	return event.Position{Seq: 7, Lanes: map[event.Lane]event.LanePosition{x.lane: {Number: 9}}}
}
func (x at7) Search(context.Context, index.Query) (index.Page, error) { return index.Page{}, nil }

// newBackfill is one that is asked for the tenth of November, of a lane of nine batches.
func newBackfill(t *testing.T, lane event.Lane, now *time.Time) *Backfill {
	t.Helper()
	store, err := OpenBackfills(filepath.Join(t.TempDir(), "backfills.json"))
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	if err := store.Add("all", BackfillRequest{ID: "one", From: day, To: day.Add(24 * time.Hour), Made: day}); err != nil {
		t.Fatal(err)
	}
	return &Backfill{Name: "all", Index: at7{lane}, First: func(context.Context) (uint64, error) { return 8, nil }, Store: store,
		Now: func() time.Time { return *now }, Keep: func(time.Time) {}, Log: slog.New(slog.DiscardHandler)}
}

// While the stream is asked where it begins, the purger may record what the trail
// owes and purge it: that is not missing, it will be paid.
func TestBackfillLeavesWhatIsOwed(t *testing.T) {
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	b := newBackfill(t, event.Lane{Agent: "gw", Source: "edge", Epoch: 1}, &now)
	owed := uint64(0)
	b.First = func(context.Context) (uint64, error) { owed = 7; return 8, nil }
	b.owes = func(read uint64) bool { return read < owed }
	sink := &halves{}
	if worked, err := b.step(t.Context(), sink, 2); worked || err != nil || len(sink.did) > 0 {
		t.Errorf("worked: %t, %v; it did %q of what is owed", worked, err, sink.did)
	}
	if worked, err := b.step(t.Context(), sink, 7); !worked || err != nil {
		t.Errorf("once all is paid it worked: %t, %v", worked, err)
	}
}

// A clock that is set back does not have a backfill wait until it is where it was.
func TestBackfillWithAClockSetBack(t *testing.T) {
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	b := newBackfill(t, event.Lane{Agent: "gw", Source: "edge", Epoch: 1}, &now)
	sink := &halves{fail: fmt.Errorf("%w: away", archive.ErrSource)}
	for _, after := range []time.Duration{0, time.Second} {
		now = now.Add(after)
		if worked, err := b.step(t.Context(), sink, 7); worked || err != nil {
			t.Fatalf("worked: %t, %v", worked, err)
		}
		sink.fail = nil
	}
	now = now.Add(-24 * time.Hour)
	if worked, err := b.step(t.Context(), sink, 7); !worked || err != nil {
		t.Errorf("after the clock was set back it worked: %t, %v", worked, err)
	}
}

// A backfill waits until nothing that it is about can come from the stream, goes on
// where the seals end, is tried again when the index is away, and is done once.
func TestBackfillSteps(t *testing.T) {
	lane := event.Lane{Account: "prod", Agent: "gw", Source: "edge", Key: "UKEY", Epoch: 1}
	path := filepath.Join(t.TempDir(), "backfills.json")
	store, err := OpenBackfills(path)
	if err != nil {
		t.Fatal(err)
	}
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	for range 2 {
		if err := store.Add("all", BackfillRequest{ID: "new", Back: 72 * time.Hour, Made: day(20)}); err != nil {
			t.Fatal(err)
		}
	}
	now, first := day(20), uint64(3)
	var kept []string
	b := &Backfill{Name: "all", Index: at7{lane}, First: func(context.Context) (uint64, error) { return first, nil }, Store: store, Now: func() time.Time { return now },
		Keep: func(from time.Time) { kept = append(kept, from.Format("02")) }, Log: slog.New(slog.DiscardHandler)}
	sink := &halves{cover: archive.Coverage{Begun: day(10), Scanned: map[event.Lane][]archive.Range{lane: {{From: 4, To: 6}}}}}
	step := func(read uint64, want bool) {
		t.Helper()
		if worked, err := b.step(t.Context(), sink, read); err != nil || worked != want {
			t.Fatalf("worked: %t, %v, after %q", worked, err, sink.did)
		}
	}
	step(2, false) // the stream has batches 3 to 7 still
	if len(sink.did) > 0 {
		t.Errorf("before all has come it did %q", sink.did)
	}
	first = 8
	step(2, true)
	sink.fail = fmt.Errorf("%w: away", archive.ErrSource)
	step(8, false)
	if s := b.Status(); len(s) != 1 || s[0].Error == "" || s[0].Events != 5 || !s[0].At.Equal(day(8)) || s[0].Done {
		t.Errorf("status is %+v", s)
	}
	sink.fail = nil
	step(8, false) // not at once
	now = now.Add(time.Minute)
	sink.fail = errors.New("the bucket is dead")
	if _, err := b.step(t.Context(), sink, 8); err == nil {
		t.Error("a dead bucket does not have the sink followed anew")
	}
	sink.fail = nil
	b.begin() // as a follower that starts again, or another process
	step(8, true)
	step(8, true)
	step(8, false)
	want := []string{"seal", "07-08 [{1 3} {7 9}]", "seal", "08-09 [{1 3} {7 9}]", "09-10 [{1 3} {7 9}]"}
	if diff := cmp.Diff(want, sink.did); diff != "" {
		t.Errorf("did (-want +got):\n%s", diff)
	}
	if kept[len(kept)-1] != "01" {
		t.Errorf("in the end the index is to keep %q", kept)
	}
	again, err := OpenBackfills(path)
	if err != nil {
		t.Fatal(err)
	}
	if r := again.Of("all"); len(r) != 1 || !r[0].Done || !r[0].From.Equal(day(7)) || !r[0].To.Equal(day(10)) {
		t.Errorf("kept is %+v", r)
	}
}
