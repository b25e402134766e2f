package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/event"
)

// trailCalls does to trails what the API is asked for.
type trailCalls struct{ *aggregation }

var _ api.TrailCalls = trailCalls{}

// StartTrail has a trail deliver again.
func (c trailCalls) StartTrail(ctx context.Context, name string) error {
	return c.turn(ctx, name, "TrailStarted", c.stops.Start)
}

// StopTrail has it deliver nothing from now on.
func (c trailCalls) StopTrail(ctx context.Context, name string) error {
	return c.turn(ctx, name, "TrailStopped", c.stops.Stop)
}

// BackfillTrail asks for the events of a time.
func (c trailCalls) BackfillTrail(ctx context.Context, name string, wanted api.BackfillRequest) error {
	if err := c.mayChange(); err != nil {
		return err
	}
	t, err := c.trail(name)
	if err != nil {
		return err
	}
	from, to := wanted.From.UTC(), wanted.To.UTC()
	if to.IsZero() {
		to = time.Now().UTC().Truncate(time.Millisecond)
	}
	if from.IsZero() || !from.Before(to) {
		return api.WrongTrail("from", "the time from which on events are wanted is not before its end", "")
	}
	id := from.Format("20060102T150405Z") + "-" + time.Now().UTC().Format("20060102T150405.000Z")
	parameters := map[string]any{"from": from.Format(time.RFC3339Nano), "to": to.Format(time.RFC3339Nano), "id": id}
	var other *aggregator.OtherArchive
	if wanted.Archive.Place != "" {
		o, err := named(ctx, wanted.Archive)
		if err != nil {
			return err
		}
		other = &o
		id += "-archive-" + o.Head.String()[:12]
		parameters["id"], parameters["archive"], parameters["archiveHead"] = id, event.Text(o.Place), o.Head.String()
	}
	found := false
	for _, d := range c.trails.all() {
		if d.trail.Name != t.Name || wanted.Delivery != "" && wanted.Delivery != d.Name {
			continue
		}
		if d.To != nil {
			if wanted.Delivery != "" {
				return api.WrongTrail("delivery", "deliver \""+d.Kind+"\" archives nothing that could be filled", "`actiontrail export` gives what was before, and events have ids to tell them by")
			}
			continue
		}
		found = true
		parameters["delivery"] = d.Name
		if err := c.system.Report(ctx, trailEvent("TrailBackfill", name, parameters), true); err != nil {
			return err
		}
		err := c.backfills.Add(d.key(), aggregator.BackfillRequest{ID: id, From: from, To: to, Made: time.Now().UTC(), Archive: other})
		if errors.Is(err, aggregator.ErrTooManyBackfills) {
			return api.TrailConflict(err.Error(), "wait until some are done")
		} else if err != nil {
			return err
		}
	}
	if !found {
		return api.WrongTrail("delivery", strings.TrimSpace("the trail has no archive "+wanted.Delivery), "")
	}
	return nil
}

// turn starts or stops a trail. The event of it is durable before it is done: after
// a crash in between the audit says too much, never too little.
func (c trailCalls) turn(ctx context.Context, name, event string, change func(context.Context, string, func(context.Context) (uint64, error)) (bool, error)) error {
	if err := c.mayChange(); err != nil {
		return err
	}
	if _, err := c.trail(name); err != nil {
		return err
	}
	if _, stopped := c.stops.Stopped(name); stopped == (event == "TrailStopped") {
		return nil // it is so already
	}
	parameters := map[string]any{}
	if stop, stopped := c.stops.Stopped(name); stopped {
		parameters["since"] = stop.Since.Format(time.RFC3339Nano)
		parameters["after"] = fmt.Sprint(stop.After)
	}
	if err := c.system.Report(ctx, trailEvent(event, name, parameters), true); err != nil {
		return err
	}
	_, err := change(ctx, name, c.lastSeq)
	if err == nil {
		c.log.Info(map[string]string{"TrailStarted": "trail is started", "TrailStopped": "trail is stopped"}[event], "trail", name)
	}
	return err
}

// lastSeq is the end of the stream.
func (a *aggregation) lastSeq(ctx context.Context) (uint64, error) {
	state, err := a.streamState(ctx)
	return state.LastSeq, err
}

// firstSeq is the first place that the stream has still; behind its end when it has none.
func (a *aggregation) firstSeq(ctx context.Context) (uint64, error) {
	state, err := a.streamState(ctx)
	if err == nil && state.Messages == 0 {
		return state.LastSeq + 1, nil
	}
	return state.FirstSeq, err
}

// specName is the name in a trail that is given as JSON; "" when it has none.
func specName(spec []byte) string {
	var s struct{ Name string }
	if json.Unmarshal(spec, &s) != nil {
		return "" // said by who reads all of it
	}
	return s.Name
}
