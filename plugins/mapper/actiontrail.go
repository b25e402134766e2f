package mapper

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/actiontrail/actiontrail/event"
)

// actionTrail reads one event as ActionTrail delivers it: an element of the array
// in an object of OSS, or wrapped in the member event as SLS has it. It is
// the form of our own events but for what only we know: who wrote the record has
// checked who acted, unless the sign-in failed. Of events that were exported here
// and say that somebody was claimed only, that is kept; nobody is raised by a record.
func actionTrail(record []byte) (event.Event, error) {
	d, err := readDocument(record, "eventName", "event", "Events")
	if err != nil {
		return event.Event{}, fmt.Errorf("not a JSON record: %w", err)
	}
	text, err := json.Marshal(d)
	if err != nil {
		return event.Event{}, fmt.Errorf("not an event: %w", err)
	}
	e, err := event.ParseJSON(text)
	if err != nil {
		return event.Event{}, fmt.Errorf("not an event: %w", err)
	}
	if e.Name == "" || e.Time.IsZero() {
		return event.Event{}, errors.New("not an event: eventName and eventTime are needed")
	}
	e.Type, e.Category = or(e.Type, event.TypeAPICall), or(e.Category, event.CategoryManagement)
	if e.Type == "AliyunServiceEvent" {
		e.Type = event.TypeServiceEvent
	}
	if e.RW == "" {
		e.RW = rwOfName(e.Name)
	}
	u := &e.Identity
	switch {
	case *u == (event.Identity{}):
		u.Type, u.Trust = "unknown", event.TrustNone
	case u.Trust == event.TrustClaimed || u.Trust == event.TrustNone:
	case e.Type == event.TypeConsoleSignin && e.ErrorCode != "":
		u.Trust, u.Source = event.TrustClaimed, or(u.Source, sourceNative)
	default:
		u.Trust, u.Source = event.TrustVerified, or(u.Source, sourceNative)
	}
	return e, nil
}
