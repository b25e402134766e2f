package wire

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// kinder is a mapper's knowledge of its events: it numbers what their groups say,
// and says nothing of some.
type kinder struct {
	r      *rand.Rand
	known  [nGroups]map[string]uint16
	silent int // of ten events, how many no kind is told of
}

func newKinder(r *rand.Rand) *kinder {
	k := &kinder{r: r, silent: r.IntN(3) * r.IntN(6)}
	for i := range k.known {
		k.known[i] = map[string]uint16{}
	}
	return k
}

func (k *kinder) kinds(e *event.Event) event.Kinds {
	var p [nStrings]*string
	point(&p, e)
	var kinds [nGroups]uint16
	for i, columns := range decided {
		text := ""
		for _, c := range columns {
			text += fmt.Sprintf("%d %s", len(*p[c]), *p[c])
		}
		if k.known[i][text] == 0 {
			k.known[i][text] = uint16(len(k.known[i])*7 + 1)
		}
		if kinds[i] = k.known[i][text]; k.r.IntN(10) < k.silent {
			kinds[i] = 0
		}
	}
	return event.Kinds{Action: kinds[groupAction], Who: kinds[groupWho], Outcome: kinds[groupOutcome]}
}

// decidedEvents are events of a few mappers' rules, and between them others.
func decidedEvents(r *rand.Rand, n int) []event.Event {
	events := gatewayEvents(n)
	names, many := []int{20, 200, 300, 3000}[r.IntN(4)], r.IntN(300) // more of them than a dictionary bears, or nearly
	for i := range events {
		e := &events[i]
		switch other := r.IntN(40); {
		case i < many:
			e.Name = fmt.Sprint("POST /", i)
		case other == 0:
			events[i] = randomEvents(r, 1)[0]
		case other < 8:
			e.Name = fmt.Sprint("GET /", r.IntN(names))
		}
	}
	return events
}

// With kinds and without, one encoder and two that are joined: the bytes are the same.
func TestKindsChangeNoByte(t *testing.T) {
	key, h := testLane(t)
	c, o, plain, plainSecond := NewEncoder(), NewEncoder(), NewEncoder(), NewEncoder()
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 7))
		events := decidedEvents(r, []int{0, 1, 2, 9, 300, 1500}[seed%6])
		if seed%10 == 3 {
			events = randomEvents(r, 400)
		}
		// The two mappers number the same strings differently, and a third comes later.
		first, second := newKinder(r), newKinder(r)
		for rest := events; len(rest) > 0; {
			n := r.IntN(len(rest)) + 1
			half := r.IntN(n + 1)
			if r.IntN(4) == 0 {
				half = n * r.IntN(2)
			}
			for i := range rest[:n] {
				e, to, bare, by := &rest[i], c, plain, first
				if i >= half {
					to, bare, by = o, plainSecond, second
				}
				generation := uint64(r.IntN(50) / 49)
				to.AddKinds(generation, e, by.kinds(e))
				bare.AddDerived(generation, e)
			}
			if c.Len()+o.Len() != plain.Len()+plainSecond.Len() {
				t.Fatalf("seed %d: %d and %d events, want %d and %d", seed, c.Len(), o.Len(), plain.Len(), plainSecond.Len())
			}
			c.Join(o)
			plain.Join(plainSecond)
			rest = rest[n:]
		}
		if r.IntN(8) == 0 { // nothing of these may stay
			c.Reset()
			plain.Reset()
		}
		h.Number = seed + 1
		got, _, err := c.Seal(h, key)
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := plain.Seal(h, key)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			a, _ := Open(got)
			b, _ := Open(want)
			t.Fatalf("seed %d, %d events: kinds change the bytes (-without +with):\n%s", seed, len(events), diffEvents(b.Events, a.Events))
		}
	}
}

// More kinds than an encoder keeps apart cost time, and nothing else; the kinds of
// one batch mean nothing in the next.
func TestManyKinds(t *testing.T) {
	key, h := testLane(t)
	events := gatewayEvents(3 * maxMet)
	for i := range events {
		at := events[i].Origin.Offset
		events[i] = events[i&^1]
		events[i].Name, events[i].Origin.Offset = fmt.Sprint("GET /", i/2), at
	}
	c := NewEncoder()
	for shift := range 3 {
		for i := range events {
			e := &events[i]
			c.AddKinds(0, e, event.Kinds{Action: uint16(1 + (i/2+shift*500)%(2*maxMet))})
		}
		if most := maxMet; len(c.groups[groupAction].met) > most {
			t.Fatalf("%d kinds are kept, want %d at most", len(c.groups[groupAction].met), most)
		}
		got, _, err := c.Seal(h, key)
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := seal(t, h, key, events); string(got) != string(want) {
			t.Fatal("kinds change the bytes")
		}
	}
}

// A batch of kinds is as large as it says, or about.
func TestSizeOfKinds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for name, events := range map[string][]event.Event{"gateway": gatewayEvents(1500), "mixed": decidedEvents(r, 1500)} {
		c, bare, k := NewEncoder(), NewEncoder(), newKinder(r)
		for i := range events {
			c.AddKinds(0, &events[i], k.kinds(&events[i]))
			bare.AddDerived(0, &events[i])
		}
		guess := c.Size()
		if without := bare.Size(); guess < without*9/10 || guess > without*11/10 {
			t.Errorf("%s: Size says %d, and without kinds %d", name, guess, without)
		}
		c.appendBody()
		if got := len(c.body); guess < got*2/3 || guess > got*3/2 {
			t.Errorf("%s: Size says %d, the body has %d", name, guess, got)
		}
	}
}

// No column is in two groups, or twice in one, and none that is added by itself is in one.
func TestGroupsAreDistinct(t *testing.T) {
	in := map[uint8]bool{}
	for _, columns := range decided {
		if len(columns) > len(metKind{}.values) {
			t.Errorf("%d columns in a group", len(columns))
		}
		for _, k := range columns {
			if in[k] {
				t.Errorf("column %d is in two groups", k+1)
			}
			in[k] = true
		}
	}
	// Each column gets one value of each event.
	c, e := NewEncoder(), event.Event{}
	var p [nStrings]*string
	point(&p, &e)
	for range 9 {
		for k := range p {
			*p[k] += "x"
		}
		e.Exchange.Status = 200
		c.Add(&e)
	}
	c.expand()
	for k := range c.strings {
		if got := len(c.strings[k].index); got != 9 && k != additional {
			t.Errorf("column %d has %d values of 9 events", k+1, got)
		}
	}
}
