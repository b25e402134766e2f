// Package aggregator follows the stream: one follower for the index and one
// for each trail, each at its own pace from its own position. It keeps what
// cannot be processed in quarantine, purges what all followers have, and reports
// what it does itself as events of the source "system".
package aggregator

import (
	"context"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// Sink is what a follower fills: an index or an archive. One goroutine calls it.
type Sink interface {
	// Position is what the sink holds durably. After an error of Write or Flush,
	// and after a restart, the stream is followed from here again.
	Position() event.Position
	// Write takes batches in stream order. nil = taken, and durable when Position
	// says so; an error = each may or may not have been taken. A batch that was
	// taken before may come again, and is passed over.
	Write(ctx context.Context, batches []event.Batch) error
	// Flush does what is due at this time. It is called at least once a second.
	Flush(ctx context.Context, now time.Time) error
}
