package dispatch

import (
	"context"
	"fmt"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

// Pay is Write for batches that the trail owed, with the filter of then. They come
// from the index: what that has lost is lost here, too, and was told of by who paid.
func (d *Delivery) Pay(ctx context.Context, how archive.Payment, batches []event.Batch) error {
	filter := d.cfg.Filter
	if how.Filter != d.cfg.FilterText {
		filter = nil
		if how.Filter != "" {
			var err error
			if filter, err = d.cfg.Parse(how.Filter); err != nil {
				return fmt.Errorf("the filter of what the trail owes cannot be read: %w", err)
			}
		}
	}
	return d.take(ctx, batches, filter)
}
