package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/event"
)

// importCalls does what the API is asked for with imports.
type importCalls struct{ *aggregation }

var _ api.ImportCalls = importCalls{}

func importStatus(i aggregator.Import) api.ImportStatus {
	s := api.ImportStatus{ID: i.ID, Archive: i.Archive.Place, Trail: i.Archive.Trail, From: i.From.UTC(), To: i.To.UTC(), Until: i.Until.UTC(), ReadObjects: i.Read, OfObjects: i.Of, Events: i.Events,
		Done: i.Done, Failed: i.Failed != "", LastError: i.Waiting}
	if s.Failed {
		s.LastError = i.Failed
	}
	return s
}

// ListImports are all imports.
func (c importCalls) ListImports() []api.ImportStatus {
	var all []api.ImportStatus
	for _, i := range c.imports.List() {
		all = append(all, importStatus(i))
	}
	return all
}

// ImportEvents asks for the events of a period.
func (c importCalls) ImportEvents(ctx context.Context, wanted api.ImportRequest) (api.ImportStatus, error) {
	if err := c.mayChange(); err != nil {
		return api.ImportStatus{}, err
	}
	now := time.Now().UTC()
	i := aggregator.Import{ID: now.Format("20060102T150405.000Z"), From: wanted.From.UTC(), To: wanted.To.UTC(), Until: wanted.Until.UTC(), Late: time.Duration(wanted.LateSeconds) * time.Second, Made: now}
	if i.To.IsZero() {
		i.To = now.Truncate(time.Millisecond)
	}
	if i.Late == 0 {
		i.Late = usualLate
	}
	switch {
	case i.From.IsZero() || !i.From.Before(i.To):
		return api.ImportStatus{}, api.WrongTrail("from", "the time from which on events are wanted is not before its end", "")
	case !now.Before(i.Until):
		return api.ImportStatus{}, api.WrongTrail("until", "the time until which they are kept is over", "")
	case i.Late < 0:
		return api.ImportStatus{}, api.WrongTrail("lateSeconds", "it is less than 0", "")
	}
	var err error
	if i.Archive, err = named(ctx, wanted.Archive); err != nil {
		return api.ImportStatus{}, err
	}
	e := event.Event{Name: "IndexImport", ResourceType: "Actiontrail::Index", ResourceName: i.ID, RequestParameters: object(map[string]any{"archive": event.Text(i.Archive.Place), "archiveHead": i.Archive.Head.String(),
		"from": i.From.Format(time.RFC3339Nano), "to": i.To.Format(time.RFC3339Nano), "until": i.Until.Format(time.RFC3339Nano)})}
	if err := c.system.Report(ctx, e, true); err != nil {
		return api.ImportStatus{}, err
	}
	if err := c.imports.Add(i); errors.Is(err, aggregator.ErrTooManyImports) {
		return api.ImportStatus{}, api.WrongTrail("archive", err.Error(), "actiontrail index imports --remove ID")
	} else if err != nil {
		return api.ImportStatus{}, err
	}
	return importStatus(i), nil
}

// RemoveImport keeps the events of an import no longer.
func (c importCalls) RemoveImport(ctx context.Context, id string) error {
	if err := c.mayChange(); err != nil {
		return err
	}
	for _, i := range c.imports.List() {
		if i.ID != id {
			continue
		}
		if err := c.system.Report(ctx, event.Event{Name: "IndexImportRemoved", ResourceType: "Actiontrail::Index", ResourceName: id, RequestParameters: object(map[string]any{"events": fmt.Sprint(i.Events)})}, true); err != nil {
			return err
		}
		if err := c.imports.Remove(id); !errors.Is(err, aggregator.ErrNoImport) {
			return err
		}
	}
	return api.NoImport()
}
