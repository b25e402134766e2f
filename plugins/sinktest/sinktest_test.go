package sinktest

import (
	"context"
	"errors"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// fake is a sink into memory, with at most one defect.
type fake struct {
	defect string
	place  *[]event.Event
	known  map[string]bool // since it was made
}

func (f *fake) Write(ctx context.Context, events []event.Event) error {
	if ctx.Err() != nil {
		if f.defect == "refuses when ctx ends" {
			return &plugins.BatchError{Refused: map[int]error{0: ctx.Err()}}
		}
		if f.defect == "promises when ctx ends" {
			return nil
		}
		return ctx.Err()
	}
	refused := map[int]error{}
	for i := range events {
		e := &events[i]
		switch {
		case e.Name == "":
			refused[i] = errors.New("it has no name")
			if f.defect == "wrong index" {
				delete(refused, i)
				refused[i+1] = errors.New("it has no name")
			}
			if f.defect == "no reason" {
				refused[i] = nil
			}
			if f.defect == "stops at a refused one" {
				return &plugins.BatchError{Refused: refused}
			}
			continue
		case f.has(e.ID) && f.defect != "takes twice":
			continue
		case f.defect == "loses one" && i == 1234:
			continue
		}
		*f.place = append(*f.place, *e)
		if f.defect == "changes" {
			(*f.place)[len(*f.place)-1].UserAgent = "?"
		}
		if f.defect != "knows late" {
			f.known[e.ID] = true
		}
	}
	if f.defect == "knows late" {
		for i := range events {
			f.known[events[i].ID] = true
		}
	}
	if f.defect == "keeps" && len(events) == 100 {
		*f.place = (*f.place)[:len(*f.place)-100]
		defer func(late []event.Event) { f.defect, f.place = "", keep(f.place, late) }(events)
	}
	switch {
	case f.defect == "another error" && len(refused) > 0:
		return errors.New("some were refused")
	case len(refused) > 0:
		return &plugins.BatchError{Refused: refused}
	}
	return nil
}

// keep puts events, as they are when the next ones come, before those.
func keep(place *[]event.Event, late []event.Event) *[]event.Event {
	*place = append(*place, late...)
	for i := range late {
		late[i].Name += "!"
		(*place)[len(*place)-len(late)+i] = late[i]
	}
	return place
}

func (f *fake) has(id string) bool {
	if f.defect == "forgets" {
		return f.known[id]
	}
	if f.defect == "knows late" {
		return f.known[id]
	}
	for i := range *f.place {
		if (*f.place)[i].ID == id {
			return true
		}
	}
	return false
}

func harness(defect string) Harness {
	return Harness{
		New: func(testing.TB) Place {
			place := &[]event.Event{}
			return Place{
				Open: func() plugins.Sink { return &fake{defect: defect, place: place, known: map[string]bool{}} },
				Held: func() ([]event.Event, error) { return *place, nil },
			}
		},
		Spoil: func(e *event.Event) { e.Name = "" },
	}
}

func TestSinkWithoutDefect(t *testing.T) {
	Run(t, harness(""))
}

func TestDefectsAreFound(t *testing.T) {
	for _, c := range []struct {
		defect string
		check  func(testing.TB, Harness) error
	}{
		{"loses one", checkAll},
		{"changes", checkAll},
		{"takes twice", checkAgain},
		{"knows late", checkTwice},
		{"forgets", checkRestart},
		{"keeps", checkOwned},
		{"refuses when ctx ends", checkCancel},
		{"promises when ctx ends", checkCancel},
		{"wrong index", checkRefused},
		{"no reason", checkRefused},
		{"stops at a refused one", checkRefused},
		{"another error", checkRefused},
	} {
		t.Run(c.defect, func(t *testing.T) {
			err := c.check(t, harness(c.defect))
			if err == nil {
				t.Fatal("not found")
			}
			t.Log(err)
		})
	}
}
