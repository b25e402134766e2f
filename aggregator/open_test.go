package aggregator

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
)

func newOpener(t *testing.T, path string) *Opener {
	t.Helper()
	agents, err := OpenAgents(path)
	if err != nil {
		t.Fatal(err)
	}
	return &Opener{Agents: agents}
}

// Followers that meet a batch at the same time or one after the other get the
// same events: they were decoded once.
func TestBatchesAreOpenedOnce(t *testing.T) {
	o := newOpener(t, filepath.Join(t.TempDir(), "agents.json"))
	w := newLane(t, "gw-1", 1, 7)
	const followers, batches = 8, 20
	var messages []bus.Message
	for i := range uint64(batches) {
		messages = append(messages, bus.Message{Subject: w.subject(), Seq: i + 1, Data: w.batch(fmt.Sprint("e", i))})
	}
	var got [followers][batches]*event.Event
	var all sync.WaitGroup
	for f := range followers {
		all.Go(func() {
			for i, m := range messages {
				b, err := o.Open(m)
				if err != nil || len(b.Events) != 1 || b.Seq != m.Seq {
					t.Errorf("batch %d: %d events, seq %d, %v", i, len(b.Events), b.Seq, err)
					return
				}
				got[f][i] = &b.Events[0]
			}
		})
	}
	all.Wait()
	for f := range followers {
		if got[f] != got[0] {
			t.Errorf("follower %d has events of its own", f)
		}
	}
	b, err := o.Open(messages[0])
	if err != nil || &b.Events[0] != got[0][0] {
		t.Errorf("a follower that comes later has events of its own (%v)", err)
	}
}

// What is kept for slower followers is bounded, whatever the batches hold; who
// is slower still opens them again.
func TestOpenedBatchesAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		events, batches int
		first           bool // the first batch is still there at the end
	}{
		"full batches": {1000, 3 * openedEvents / 1000, false},
		"few":          {10, 10, true},
		"refused ones": {0, openedEvents + 100, false},
	} {
		o := newOpener(t, filepath.Join(t.TempDir(), "agents.json"))
		w := newLane(t, "gw-1", 1, 7)
		m := bus.Message{Subject: w.subject(), Seq: 1, Data: w.seal(slices.Repeat([]event.Event{{ID: "1"}}, c.events))}
		opened, err := o.Open(m)
		if err != nil {
			t.Fatal(err)
		}
		for seq := uint64(2); seq <= uint64(c.batches); seq++ {
			again := m // the same bytes under another seq: it is the seq that counts
			if again.Seq = seq; c.events == 0 {
				again.Data = nil
			}
			var why *Refusal
			if _, err := o.Open(again); err != nil && !errors.As(err, &why) {
				t.Fatal(err)
			}
			if n := len(o.opened); n > openedEvents || o.events > openedEvents || n != len(o.order) {
				t.Fatalf("%s: %d batches of %d events are kept, %d in order", name, n, o.events, len(o.order))
			}
		}
		if _, ok := o.opened[1]; ok != c.first {
			t.Errorf("%s: the first batch is kept: %v", name, ok)
		}
		late, err := o.Open(m)
		if err != nil || late.Hash != opened.Hash || len(late.Events) != c.events {
			t.Errorf("%s: the first batch cannot be opened again: %v", name, err)
		}
	}
}

// The reasons of a refusal, and what is known of the batch.
func TestOpenRefuses(t *testing.T) {
	o := newOpener(t, filepath.Join(t.TempDir(), "agents.json"))
	w, twin := newLane(t, "gw-1", 1, 7), newLane(t, "gw-1", 2, 7)
	good := w.batch("a")
	if _, err := o.Open(bus.Message{Subject: w.subject(), Seq: 1, Data: good}); err != nil {
		t.Fatal(err)
	}
	for seq, c := range []struct {
		subject string
		data    []byte
		reason  Reason
	}{
		{w.subject(), nil, NotABatch},
		{w.subject(), []byte("ATB2" + string(good[4:])), NotABatch},
		{w.subject(), good[:60], NotABatch},
		{w.subject(), forged(good), BadSignature},
		{w.subject(), append(good[:len(good):len(good)], 0), BadSignature}, // another body under the agent's header
		{w.subject(), good[:len(good)-1], BadSignature},
		{w.subject(), twin.batch("x"), UnknownKey},
		{"events.prod.gw-2.edge", good, WrongSubject},
		{"events.test.gw-1.edge", good, WrongSubject},
		{"events.prod.gw-1.other", good, WrongSubject},
		{"events.prod.gw-1.edge.more", good, WrongSubject},
		{"other.prod.gw-1.edge", good, WrongSubject},
		{w.subject(), w.broken(), BadBody},
	} {
		m := bus.Message{Subject: c.subject, Seq: uint64(seq + 2), Data: c.data}
		for range 2 { // opened, and kept
			b, err := o.Open(m)
			var why *Refusal
			if !errors.As(err, &why) || why.Reason != c.reason {
				t.Fatalf("%d: %v, want %s", seq, err, c.reason)
			}
			if c.reason != BadBody && b.Lane != (event.Lane{}) {
				t.Errorf("%s: the lane %s is believed", c.reason, b.Lane)
			}
			if c.reason == BadBody && (b.Lane != w.lane || b.Number != 2 || b.Hash != w.hash || len(b.Events) > 0 || b.Seq != m.Seq) {
				t.Errorf("%s: %+v", c.reason, b)
			}
		}
	}
}

// A disk that fails says nothing about the batch: it is opened again, and its
// agent is enrolled then.
func TestDiskErrorIsNoRefusal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	o := newOpener(t, filepath.Join(dir, "agents.json"))
	w := newLane(t, "gw-1", 1, 7)
	m := bus.Message{Subject: w.subject(), Seq: 1, Data: w.batch("a")}
	for range 2 {
		var why *Refusal
		if b, err := o.Open(m); err == nil || errors.As(err, &why) || len(b.Events) > 0 {
			t.Fatalf("without a disk: %v", err)
		}
	}
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if b, err := o.Open(m); err != nil || len(b.Events) != 1 {
		t.Fatalf("with a disk again: %v", err)
	}
	if len(o.opened) != 1 || len(o.order) != 1 {
		t.Errorf("%d batches are kept, %d in order", len(o.opened), len(o.order))
	}
}
