package index

import (
	"context"

	"github.com/actiontrail/actiontrail/event"
)

// Importer is an index that takes events of earlier times again.
type Importer interface {
	Keeper
	// Import stores events but for those that it has, and those that retention would
	// remove at once, as nobody asks to keep them. It does not move the position.
	// nil: they are durable. Any goroutine may call it.
	Import(ctx context.Context, events []event.Event) error
}
