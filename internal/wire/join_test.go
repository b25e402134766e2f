package wire

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// Batches that two encoders make together hold the same events as those of one,
// whatever forms their columns have taken until then.
func TestJoin(t *testing.T) {
	key, h := testLane(t)
	c, o := NewEncoder(), NewEncoder() // for all: nothing of a batch may stay for the next
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		var events []event.Event
		for range 1 + r.IntN(4) { // what follows may be of another kind
			n := []int{1, 2, 7, 9, 100, 400}[r.IntN(6)]
			if r.IntN(3) == 0 {
				events = append(events, gatewayEvents(n)...)
			} else {
				events = append(events, randomEvents(r, n)...)
			}
		}
		size := 0
		for rest := events; len(rest) > 0; {
			n := min(len(rest), r.IntN(300))
			half := 0
			if n > 0 {
				half = r.IntN(n + 1)
			}
			for i := range rest[:half] {
				c.Add(&rest[i])
			}
			for i := range rest[half:n] {
				o.Add(&rest[half+i])
			}
			size = c.Size() + o.Size()
			c.Join(o)
			rest = rest[n:]
			if o.Len() != 0 || c.Len() != len(events)-len(rest) || c.Size() != size {
				t.Fatalf("seed %d: %d events of %d bytes and %d left, want %d of %d", seed, c.Len(), c.Size(), o.Len(), len(events)-len(rest), size)
			}
		}
		h.Number = seed + 1
		msg, _, err := c.Seal(h, key)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Open(msg)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if d := diffEvents(placed(h, events), b.Events); d != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, d)
		}
	}
}

// A joined batch is as small as one that was made in one go.
func TestJoinIsSmall(t *testing.T) {
	key, h := testLane(t)
	events := gatewayEvents(1200)
	whole, _ := seal(t, h, key, events)
	c, o := NewEncoder(), NewEncoder()
	for ; len(events) > 0; events = events[400:] {
		for i := range events[:200] {
			c.Add(&events[i])
		}
		for i := range events[200:400] {
			o.Add(&events[200+i])
		}
		c.Join(o)
	}
	joined, _, err := c.Seal(h, key)
	if err != nil {
		t.Fatal(err)
	}
	if len(joined) > len(whole)*51/50 {
		t.Errorf("%d bytes, in one go %d", len(joined), len(whole))
	}
}

// Strings of every length are found again, and the hash spreads them.
func TestDictionary(t *testing.T) {
	var d dict
	d.reset()
	const n = 3000
	text := func(i int) string { return fmt.Sprintf("%0*d", i%50, i) }
	places := map[string]int{}
	for i := range n {
		s := text(i)
		if at, known := places[s]; !known {
			places[s] = d.place(s)
		} else if d.place(s) != at {
			t.Fatalf("%q has two places", s)
		}
	}
	probes := 0
	for s, at := range places {
		if string(d.value(at)) != s || d.place(s) != at {
			t.Fatalf("%q is not at its place", s)
		}
		slot, mask := hash(d.seed, s), uint64(len(d.slots)-1)
		for ; int(d.slots[slot&mask]) != at+1; slot++ {
			probes++
		}
	}
	if probes > len(places)*2 {
		t.Errorf("%d values take %d probes more than one", len(places), probes)
	}
}
