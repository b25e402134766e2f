package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bundle"
)

// bundle finds the archive that a bundle is asked of.
func (a *aggregation) bundle(_ context.Context, r api.BundleRequest) (string, func(context.Context, io.Writer) (uint64, error), error) {
	d, err := a.bundled(r)
	if err != nil {
		return "", nil, err
	}
	opened := d.opened()
	if opened == nil {
		return "", nil, fmt.Errorf("the archive of trail %s cannot be reached: %s", d.key(), d.openError())
	}
	keys, err := a.archiveKeys().read()
	if err != nil {
		return "", nil, err
	}
	newest := opened.Status().Checkpoint
	if newest == "" {
		return "", nil, fmt.Errorf("the archive of trail %s is not signed yet: %w", d.key(), archive.ErrUncovered)
	}
	ask := bundle.Request{Bucket: opened.Bucket(), Trail: d.trail.Name, Delivery: d.Name, Tool: "actiontrail " + version, From: r.From, To: r.To, Late: r.Late,
		Where: r.Where, Filter: r.Filter, Checkpoint: []byte(newest), Keys: keys, Now: time.Now}
	for _, w := range d.witnesses {
		if s := w.Status(); s.Note != "" && s.Conflict == "" {
			ask.Witnessed = append(ask.Witnessed, bundle.Witnessed{Name: w.Name, Key: w.key, Note: []byte(s.Note)})
		}
	}
	return bundle.FileName(ask), func(ctx context.Context, to io.Writer) (uint64, error) {
		m, err := bundle.Write(ctx, to, ask)
		if errors.Is(err, bundle.ErrNothing) {
			return 0, fmt.Errorf("%w: %w", archive.ErrNoEvent, err)
		}
		if err != nil {
			return 0, err
		}
		return m.Events, nil
	}, nil
}

// bundled is the delivery that is meant.
func (a *aggregation) bundled(r api.BundleRequest) (*delivery, error) {
	var found *delivery
	for _, d := range a.trails.all() {
		switch {
		case r.Trail != "" && d.trail.Name != r.Trail, r.Delivery != "" && d.Name != r.Delivery, d.To != nil:
		case found == nil:
			found = d
		case found.trail.Name != d.trail.Name:
			return nil, fmt.Errorf("%w: there are several trails: say which one", archive.ErrNoEvent)
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%w: there is no trail %q with an archive %q", archive.ErrNoEvent, r.Trail, r.Delivery)
	}
	return found, nil
}
