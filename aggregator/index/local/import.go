package local

import (
	"context"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// Import implements index.Importer.
func (x *Index) Import(ctx context.Context, events []event.Event) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	return x.store(ctx, []event.Batch{{Events: events}}, false)
}

// keptDays are the first days that stay at this time, by the number of the class:
// those that retention keeps, and those before that somebody wants kept.
func (x *Index) keptDays(now time.Time) []int64 {
	days := x.oldestDays(now)
	for n := range days {
		days[n] = x.keptFrom(days[n])
	}
	return days
}
