package index

import (
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// Class is a kind of events that is kept for a time of its own, and apart from
// the others, so that it can be removed by whole files or indices.
type Class struct {
	Name string // lower-case letters, digits and _; part of the names of files and indices
	// An event belongs to the class when its eventType is one of EventTypes and its
	// recipientAccountId one of Accounts; an empty list is not asked.
	EventTypes []string
	Accounts   []string
	Retention  time.Duration // by whole UTC days; 0: for ever
}

func (c *Class) fits(e *event.Event) bool {
	return (len(c.EventTypes) == 0 || slices.Contains(c.EventTypes, e.Type)) &&
		(len(c.Accounts) == 0 || slices.Contains(c.Accounts, e.RecipientAccountID))
}

// Classes are those of an index, the first one first. Beside them there is the
// default class, which has the number 0 and no name; the others have the numbers from 1.
type Classes []Class

// Of is the number of the first class that the event fits.
func (c Classes) Of(e *event.Event) int {
	for i := range c {
		if c[i].fits(e) {
			return i + 1
		}
	}
	return 0
}

// Name is the name of a class by its number.
func (c Classes) Name(n int) string {
	if n == 0 {
		return ""
	}
	return c[n-1].Name
}

// Number is that of a class by its name. One that is not there any more is the default one.
func (c Classes) Number(name string) int {
	return 1 + slices.IndexFunc(c, func(k Class) bool { return k.Name == name })
}

// Retention is how long the events of a class are kept, by its number; those of the default class for otherwise.
func (c Classes) Retention(n int, otherwise time.Duration) time.Duration {
	if n == 0 {
		return otherwise
	}
	return c[n-1].Retention
}

// Expired are the events of a class and a span of time, whole days, that
// retention removes. An engine tells of them before it does, and does not when
// that fails; after a crash it may tell again.
type Expired struct {
	Class    string    // empty: the default one
	From, To time.Time // To exclusive
	Events   int
	Bytes    int64
}
