package wire

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// placeOf is an event without an id, read at this place.
func placeOf(fileID string, offset int64) event.Event {
	return event.Event{Origin: event.Origin{FileID: fileID, Offset: offset, Length: 100}}
}

// The ids of a lane are these for ever: they are the examples of docs/format/event.md,
// which were computed outside of this program (event's TestGoldenIDs).
func TestDerivedIDs(t *testing.T) {
	key, h := testLane(t)
	const file = "65024-9986283-2cf24dba5fb0a30e"
	c := NewEncoder()
	own := placeOf(file, 1)
	own.ID = "its own"
	for _, add := range []struct {
		generation uint64
		e          event.Event
	}{{0, placeOf(file, 0)}, {0, placeOf(file, 535)}, {3, placeOf(file, 300)}, {3, own}, {1, placeOf(file, 1<<40)}, {0, placeOf(file, 0)}, {1 << 63, placeOf(file, 0)}} {
		c.AddDerived(add.generation, &add.e)
	}
	msg, _, err := c.Seal(h, key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(msg)
	if err != nil {
		t.Fatal(err)
	}
	last := event.NewIDBase(h.Lane.Key, h.Lane.Source, file, 1<<63)
	for i, want := range []string{"2d90a32c-f898-85b1-a62e-dd1004dcb4f5", "caf95951-0ef6-8c3f-a8af-ed962c6c869f", "1da6d233-4f01-8d01-a112-72473c51492a",
		"its own", "51b0a343-76d7-8dd0-9c0a-2e6708e8cb27", "2d90a32c-f898-85b1-a62e-dd1004dcb4f5", last.ID(0)} {
		if got := b.Events[i].ID; got != want {
			t.Errorf("event %d is %s, want %s", i, got, want)
		}
	}
}

// Files, generations and ids of their own in any order, in batches of one encoder and of two.
func TestDerivedIDsOfManyFiles(t *testing.T) {
	key, h := testLane(t)
	c, o := NewEncoder(), NewEncoder()
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 7))
		files, offset := []string{"f", "g", strings.Repeat("h", maxPlace-len(h.Lane.Source))}[:1+r.IntN(3)], int64(0)
		var want []string
		for range r.IntN(4) {
			for _, to := range []*Encoder{c, o} { // what follows in o is joined to c below
				for range r.IntN(30) {
					e, generation := placeOf(files[r.IntN(len(files))], offset), r.Uint64N(3)*r.Uint64N(1<<62)
					base := event.NewIDBase(h.Lane.Key, h.Lane.Source, e.Origin.FileID, generation)
					want = append(want, base.ID(offset))
					if r.IntN(4) == 0 {
						want[len(want)-1] = "own"
						e.ID = "own"
					}
					if generation == 0 {
						to.Add(&e)
					} else {
						to.AddDerived(generation, &e)
					}
					offset += r.Int64N(200)
				}
			}
			c.Join(o)
		}
		msg, _, err := c.Seal(h, key)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Open(msg)
		if err != nil {
			t.Fatal(err)
		}
		_, slow := reference(t, msg)
		for i, want := range want {
			if got := b.Events[i].ID; got != want || slow[i].ID != want {
				t.Fatalf("seed %d: event %d is %s, by the reference decoder %s, want %s", seed, i, got, slow[i].ID, want)
			}
		}
	}
}

// Without an id and a place that it follows from, an event cannot be found again: that is no batch.
func TestNoID(t *testing.T) {
	key, h := testLane(t)
	long := strings.Repeat("x", maxPlace-len(h.Lane.Source)+1)
	for _, c := range []struct {
		events []event.Event
		want   string
	}{
		{[]event.Event{{Name: "x"}}, "event 0: no id, and no file"},
		{[]event.Event{placeOf("f", 0), {ID: "x"}, {}}, "event 2: no id, and no file"},
		{[]event.Event{placeOf(long, 0)}, "event 0: no id, and source and file are too long"},
	} {
		msg, _ := seal(t, h, key, c.events)
		if _, err := Open(msg); !errors.Is(err, ErrBody) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want ErrBody with %q", err, c.want)
		}
	}
	if Derivable(h.Lane.Source, long) || Derivable(h.Lane.Source, "") || !Derivable(h.Lane.Source, long[1:]) {
		t.Error("Derivable says other than Open")
	}
}
