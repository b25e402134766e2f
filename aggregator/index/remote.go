package index

import (
	"context"

	"github.com/actiontrail/actiontrail/event"
)

// Remote is an index in a service of its own, which may not be there yet when the
// index is opened. Until it was there once, Position is zero and means nothing.
type Remote interface {
	// Ready reaches the service and learns the position, and does nothing when that
	// was done. After a Write that failed the position is learned again. It is
	// called by the follower before it asks for the position.
	Ready(ctx context.Context) error
	// Forget has the next Ready learn all anew: another aggregator may have written.
	Forget()
}

// Refused is an event that an index cannot store, however often it is tried.
type Refused struct {
	Seq    uint64     // of its batch
	Lane   event.Lane // of its batch
	ID     string     // eventId
	Event  []byte     // canonical JSON
	Reason string     // as the index gave it
}
