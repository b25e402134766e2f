package wire

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// A column that had too many values in a large batch is plain in the next ones,
// whatever these hold, and looked at anew after some of them; those of groups are not.
func TestForeseenPlain(t *testing.T) {
	key, h := testLane(t)
	const userName, name = 27, 3
	batch := func(n, values int) []event.Event {
		events := make([]event.Event, n)
		for i := range events {
			text := fmt.Sprint("n", i%values)
			events[i] = event.Event{ID: "x", Name: text, Identity: event.Identity{UserName: text}}
		}
		return events
	}
	c, o := NewEncoder(), NewEncoder()
	carry := func(events []event.Event) (user, action form) {
		t.Helper()
		half := len(events) / 3
		for i := range events {
			if half <= i && i < 2*half { // in the middle, by another one
				o.Add(&events[i])
				continue
			}
			if o.Len() > 0 {
				c.Join(o)
			}
			c.Add(&events[i])
		}
		c.expand()
		user, action = c.strings[userName].form, c.strings[name].form
		msg, _, err := c.Seal(h, key)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			if first, _ := seal(t, h, key, nil); !bytes.Equal(msg, first) {
				t.Errorf("a batch without events has %d bytes, as the first one %d", len(msg), len(first))
			}
		}
		b, err := Open(msg)
		if err != nil {
			t.Fatal(err)
		}
		if d := diffEvents(placed(h, events), b.Events); d != "" {
			t.Fatalf("events (-want +got):\n%s", d)
		}
		return user, action
	}
	carry(batch(foreseeFrom-1, foreseeFrom))
	if user, _ := carry(batch(10, 1)); user != one {
		t.Errorf("after a small batch: form %d, want %d", user, one)
	}
	carry(batch(foreseeFrom, foreseeFrom))
	for k := range foreseeFor {
		events := batch(5*k, 1) // none at first
		if user, action := carry(events); user != plain || k > 0 && action != one {
			t.Fatalf("batch %d: forms %d and %d, want %d and %d", k, user, action, plain, one)
		}
	}
	if user, action := carry(batch(10, 2)); user != dictionary || action != dictionary {
		t.Errorf("looked at anew: forms %d and %d, want %d", user, action, dictionary)
	}
}
