package plugins

import (
	"context"
	"fmt"

	"github.com/actiontrail/actiontrail/event"
)

// Sink takes events. Write is idempotent by event id: nil = durable; a
// *BatchError names those that will never be taken, the others are durable; any
// other error = each may or may not have been taken, try again.
type Sink interface {
	Write(ctx context.Context, events []event.Event) error
}

// BatchError names the events of a batch that were refused for good, by their index.
type BatchError struct{ Refused map[int]error }

func (e *BatchError) Error() string { return fmt.Sprintf("%d events refused", len(e.Refused)) }
