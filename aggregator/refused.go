package aggregator

import (
	"context"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// EventRefused reports an event that the index cannot store, and that is in
// quarantine. It does not wait: the index's follower, which calls it, may be what
// the report needs to become durable. Of its own events it reports none: each
// report would be the next one.
func (s *System) EventRefused(r index.Refused) error {
	if r.Lane.Source == SystemSource {
		return nil
	}
	parameters := laneParameters(r.Lane, map[string]any{"eventId": r.ID, "reason": string(IndexRefused)})
	return s.Report(context.Background(), event.Event{Name: "EventRefused", ResourceType: "Actiontrail::Agent", ResourceName: r.Lane.Agent,
		ErrorCode: "EventRefused", ErrorMessage: r.Reason + "; the event is in quarantine", RequestParameters: parameters}, false)
}
