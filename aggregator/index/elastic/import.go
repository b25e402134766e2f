package elastic

import (
	"context"
	"maps"

	"github.com/actiontrail/actiontrail/event"
)

// Import implements index.Importer. What expired in the time that somebody wants
// kept, and stands in an index that is not removed yet, is found again, too.
func (x *Index) Import(ctx context.Context, events []event.Event) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.connect(ctx); err != nil {
		return err
	}
	if err := x.lowerFloors(ctx); err != nil {
		return err
	}
	return x.store(ctx, []event.Batch{{Events: events}})
}

// lowerFloors has events be found that somebody wants kept, and that were expired
// before that. The caller holds writing.
func (x *Index) lowerFloors(ctx context.Context) error {
	x.mu.Lock()
	before := x.floors
	lower := maps.Clone(before)
	changed := false
	for class, floor := range lower {
		if kept := x.keptFrom(floor); kept < floor {
			lower[class], changed = kept, true
		}
	}
	if changed {
		x.floors = lower
	}
	x.mu.Unlock()
	if !changed {
		return nil
	}
	err := x.fold(ctx)
	if err != nil {
		x.mu.Lock()
		x.floors = before
		x.mu.Unlock()
	}
	return err
}
