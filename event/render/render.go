package render

import (
	"slices"

	"github.com/actiontrail/actiontrail/event"
)

// Format is a form of events for those who are sent them. Each is one line without its end.
type Format struct {
	Name   string
	Append func(b []byte, e *event.Event) []byte // appends the event to b
	JSON   bool                                  // each event is a JSON object
}

// Canonical is the form in which nothing is lost: that of archives and of the API.
const Canonical = "json"

// Formats are all of them, in the order in which people are told of them.
func Formats() []Format {
	return []Format{
		{Canonical, func(b []byte, e *event.Event) []byte { return e.AppendJSON(b) }, true},
		{"actiontrail", ActionTrail, true},
		{"cloudtrail", CloudTrail, true},
		{"ecs", ECS, true},
		{"ocsf", OCSF, true},
		{"cef", CEF, false},
	}
}

// Find is the format of this name.
func Find(name string) (Format, bool) {
	all := Formats()
	i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return all[i], true
}
