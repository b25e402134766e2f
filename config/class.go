package config

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/actiontrail/actiontrail/event"
)

// className is what a class may be called: it is part of the names of indices.
var className = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// maxClasses is how many classes an index may have; each makes files of its own.
const maxClasses = 20

// knownTypes are the values of eventType that actiontrail knows; products add their own.
var knownTypes = []string{event.TypeAPICall, event.TypeConsoleOperation, event.TypeConsoleSignin, event.TypeConsoleSignout, event.TypeServiceEvent}

func (r *reader) classes(blocks []classBlock, accounts map[string]string) []Class {
	var all []Class
	for i := range blocks {
		b := &blocks[i]
		c := Class{Name: b.Name, EventTypes: r.texts(b.EventTypes), Accounts: r.texts(b.Accounts), Retention: r.duration(b.Retention, DefaultRetention)}
		if !className.MatchString(b.Name) {
			r.wrong(b.Range, "use up to 32 lower-case letters, digits and _, a letter first", "class %q is not a name", b.Name)
		}
		if first := slices.IndexFunc(all, func(k Class) bool { return k.Name == b.Name }); first >= 0 {
			r.wrong(b.Range, fmt.Sprintf("the first one is at %s: keep one, or rename it", place(blocks[first].Range)), "class %q is there twice", b.Name)
		}
		if len(c.EventTypes) == 0 && len(c.Accounts) == 0 {
			r.wrong(b.Range, `say which events it has: event_types = ["ConsoleSignin"] or accounts = ["prod"]`, "class %q has no events of its own", b.Name)
		}
		for _, kind := range c.EventTypes {
			if near := suggest(kind, knownTypes); !slices.Contains(knownTypes, kind) && near != suggest("", knownTypes) {
				r.wrong(b.EventTypes.Range(), near, "no event has the eventType %q", kind)
			}
		}
		for k, name := range c.Accounts { // of an account block, or a recipientAccountId
			if id := accounts[name]; id != "" {
				c.Accounts[k] = id
			}
		}
		all = append(all, c)
	}
	if len(all) > maxClasses {
		r.wrong(blocks[maxClasses].Range, "each makes files of its own every day: let some share one", "an index can have %d classes at most", maxClasses)
	}
	return all
}
