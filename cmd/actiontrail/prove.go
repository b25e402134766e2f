package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

// prove makes the proof that an event is in the archive of the trail, or with "" of the first that has it.
func (a *aggregation) prove(ctx context.Context, trail string, e *event.Event) ([]byte, error) {
	if err := a.mayChange(); err != nil {
		return nil, err
	}
	known := false
	var failed error
	for _, t := range a.trails.all() {
		if trail != "" && t.trail.Name != trail {
			continue
		}
		if known = true; t.To != nil {
			continue // it archives nothing
		}
		opened := t.opened()
		if opened == nil {
			failed = fmt.Errorf("the archive of trail %s cannot be reached: %s", t.key(), t.openError())
			continue
		}
		p, err := opened.Prove(ctx, e.ID, &e.Origin)
		if err == nil {
			return p.Encode()
		}
		if failed == nil || errors.Is(failed, archive.ErrNoEvent) {
			failed = fmt.Errorf("trail %s: %w", t.key(), err)
		}
	}
	if !known {
		return nil, fmt.Errorf("there is no trail %q: %w", trail, archive.ErrNoEvent)
	}
	if failed == nil {
		return nil, fmt.Errorf("trail %q has no archive: %w", trail, archive.ErrNoEvent)
	}
	return nil, failed
}
