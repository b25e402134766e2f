// Package render writes events in the forms that other systems read: those of
// ActionTrail and CloudTrail, the Elastic Common Schema, OCSF and CEF.
// docs/format/export.md says what becomes of which field.
package render

import "github.com/actiontrail/actiontrail/event"

// serviceEvent is what ActionTrail calls a ServiceEvent.
const serviceEvent = "AliyunServiceEvent"

// ActionTrail appends the event as ActionTrail delivers it: canonical JSON, but
// for eventTime, which its readers parse without a fraction of a second, and the
// name of one eventType.
func ActionTrail(b []byte, e *event.Event) []byte {
	theirs := *e
	if !e.Time.IsZero() {
		theirs.Time = event.Unix(e.Time.Nanos, 0)
	}
	if e.Type == event.TypeServiceEvent {
		theirs.Type = serviceEvent
	}
	return theirs.AppendJSON(b)
}
