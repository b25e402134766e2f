// Package sinktest checks that a plugins.Sink keeps its contract: it takes every event
// once, however often it comes, and names those that it will never take.
package sinktest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Place is where a sink puts events: a folder, a topic, a table. It is empty at first.
type Place struct {
	// Open makes a sink to this place. One that is an io.Closer is closed before the
	// next one is made.
	Open func() plugins.Sink
	// Held is what the place holds, in any order: each event as often as it is there.
	Held func() ([]event.Event, error)
}

// Harness is what is under test.
type Harness struct {
	// New makes a place of its own for each check.
	New func(t testing.TB) Place
	// Spoil changes an event so that the sink refuses it for good. nil: it takes them all.
	Spoil func(*event.Event)
	// Changes says that Held may give events in another form than they were written: only
	// their ids are compared then.
	Changes bool
	// Repeats says that the place may hold an event again that was written again: the sink
	// delivers at least once, and readers tell events by their ids. It still loses none.
	Repeats bool
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range []struct {
		name  string
		check func(testing.TB, Harness) error
	}{
		{"takes everything", checkAll},
		{"takes the same again without effect", checkAgain},
		{"takes an event that comes twice in one write once", checkTwice},
		{"knows what it has after a new start", checkRestart},
		{"keeps nothing of what it was given", checkOwned},
		{"can be tried again when ctx has ended", checkCancel},
		{"names what it refuses", checkRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "names what it refuses" && h.Spoil == nil {
				t.Skip("the sink refuses nothing")
			}
			if err := c.check(t, h); err != nil {
				t.Error(err)
			}
		})
	}
}

// many is more than goes in one turn anywhere.
const many = 2500

// events are n events from number first on. All that a sink may find hard is in them.
func events(first, n int) []event.Event {
	texts := []string{"plain", "Zoë 中文 \u2028", "quote \" backslash \\ tab \t", "line\nline", "\u0001", strings.Repeat("long ", 200), "<b>&amp;", "\ufffd"}
	all := make([]event.Event, n)
	for i := range all {
		number := first + i
		parameters, err := event.NewObject(map[string]any{"text": texts[number%len(texts)], "list": []any{"a", map[string]any{"b": "c"}}, "empty": ""})
		if err != nil {
			panic(err) // the texts above are plain
		}
		base := event.NewIDBase("sinktest", "numbers", "f", 0)
		all[i] = event.Event{
			ID: base.ID(int64(number)), Category: "Management", Type: "ApiCall", Name: "Event" + strconv.Itoa(number), RW: "Write", Service: "Ecs",
			Time: event.Unix(1_760_000_000_000_000_000+int64(number)*1_000_000, uint8(number%4)), Region: "default", SourceIP: "192.0.2.7", UserAgent: texts[number%len(texts)],
			RequestParameters: parameters, Identity: event.Identity{Type: "ram-user", UserName: texts[(number+1)%len(texts)], Trust: event.TrustVerified, Source: "native"},
		}
	}
	return all
}

// open runs fn with a sink to the place.
func (p Place) open(fn func(plugins.Sink) error) error {
	s := p.Open()
	err := fn(s)
	if c, ok := s.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}

// holds checks that the place holds these events, each once, and nothing else.
func (p Place) holds(h Harness, want []event.Event) error {
	held, err := p.Held()
	if err != nil {
		return fmt.Errorf("what the place holds: %w", err)
	}
	texts := make(map[string]string, len(want))
	for i := range want {
		texts[want[i].ID] = string(want[i].AppendJSON(nil))
	}
	if h.Repeats {
		if held, err = once(held); err != nil {
			return err
		}
	}
	for i := range held {
		text, wanted := texts[held[i].ID]
		if !wanted {
			return fmt.Errorf("event %s (%s) is there twice, or should not be there", held[i].ID, held[i].Name)
		}
		if got := string(held[i].AppendJSON(nil)); !h.Changes && got != text {
			return fmt.Errorf("the place holds\n%s\nand this was written:\n%s", got, text)
		}
		delete(texts, held[i].ID)
	}
	if len(texts) > 0 {
		return fmt.Errorf("%d of %d events are missing, %s is one", len(texts), len(want), slices.Sorted(maps.Keys(texts))[0])
	}
	return nil
}

// once leaves out events that are there again, the same in each place.
func once(held []event.Event) ([]event.Event, error) {
	first := make(map[string]string, len(held))
	var all []event.Event
	for i := range held {
		text := string(held[i].AppendJSON(nil))
		switch was, there := first[held[i].ID]; {
		case !there:
			first[held[i].ID] = text
			all = append(all, held[i])
		case was != text:
			return nil, fmt.Errorf("event %s came again as another one:\n%s\n%s", held[i].ID, was, text)
		}
	}
	return all, nil
}

func write(s plugins.Sink, all ...[]event.Event) error {
	for i, e := range all {
		if err := s.Write(context.Background(), e); err != nil {
			return fmt.Errorf("write %d of %d events: %w", i, len(e), err)
		}
	}
	return nil
}

func checkAll(t testing.TB, h Harness) error {
	p := h.New(t)
	err := p.open(func(s plugins.Sink) error { return write(s, events(0, 1), nil, events(1, many), events(many+1, 10)) })
	return errors.Join(err, p.holds(h, events(0, many+11)))
}

func checkAgain(t testing.TB, h Harness) error {
	p := h.New(t)
	err := p.open(func(s plugins.Sink) error {
		return write(s, events(0, 100), events(0, 100), events(50, 100), events(149, 1), events(0, 150))
	})
	return errors.Join(err, p.holds(h, events(0, 150)))
}

func checkTwice(t testing.TB, h Harness) error {
	p := h.New(t)
	err := p.open(func(s plugins.Sink) error { return write(s, append(events(0, 20), events(10, 20)...)) })
	return errors.Join(err, p.holds(h, events(0, 30)))
}

func checkRestart(t testing.TB, h Harness) error {
	p := h.New(t)
	for i := range 4 {
		if err := p.open(func(s plugins.Sink) error { return write(s, events(i*50, 100), events(i*50, 120)) }); err != nil {
			return fmt.Errorf("start %d: %w", i, err)
		}
	}
	return p.holds(h, events(0, 270))
}

// checkOwned uses the events again after Write has returned.
func checkOwned(t testing.TB, h Harness) error {
	p := h.New(t)
	err := p.open(func(s plugins.Sink) error {
		all := events(0, 100)
		if err := write(s, all); err != nil {
			return err
		}
		copy(all, events(1000, 100))
		return write(s, events(100, 10))
	})
	return errors.Join(err, p.holds(h, events(0, 110)))
}

// checkCancel: nil is a promise also when ctx has ended; an error is none, and never a *plugins.BatchError.
func checkCancel(t testing.TB, h Harness) error {
	p := h.New(t)
	err := p.open(func(s plugins.Sink) error {
		for turn := range 20 {
			ctx, cancel := context.WithCancel(context.Background())
			if turn%2 == 0 {
				cancel()
			} else {
				go cancel() // somewhere in Write
			}
			all := events(turn*50, 50)
			err := s.Write(ctx, all)
			cancel()
			if refused := (*plugins.BatchError)(nil); errors.As(err, &refused) {
				return fmt.Errorf("when ctx ended, %d events were refused for good", len(refused.Refused))
			}
			if err == nil && turn%2 == 0 {
				continue // it was quick, and has promised
			}
			if err := write(s, all); err != nil {
				return fmt.Errorf("after ctx had ended: %w", err)
			}
		}
		return nil
	})
	return errors.Join(err, p.holds(h, events(0, 1000)))
}

func checkRefused(t testing.TB, h Harness) error {
	p := h.New(t)
	err := p.open(func(s plugins.Sink) error {
		for range 2 {
			all := events(0, many)
			for _, i := range []int{0, 7, 1500, many - 1} {
				h.Spoil(&all[i])
			}
			err := s.Write(context.Background(), all)
			refused := (*plugins.BatchError)(nil)
			if !errors.As(err, &refused) {
				return fmt.Errorf("events that are refused give a %T (%v), and it must be a *plugins.BatchError", err, err)
			}
			for i, why := range refused.Refused {
				if why == nil || why.Error() == "" {
					return fmt.Errorf("event %d is refused without a reason", i)
				}
			}
			if got := slices.Sorted(maps.Keys(refused.Refused)); !slices.Equal(got, []int{0, 7, 1500, many - 1}) {
				return fmt.Errorf("events %v are refused, and 0, 7, 1500 and %d were spoilt", got, many-1)
			}
		}
		return nil
	})
	good := slices.Delete(slices.Delete(slices.Delete(slices.Delete(events(0, many), many-1, many), 1500, 1501), 7, 8), 0, 1)
	return errors.Join(err, p.holds(h, good))
}
