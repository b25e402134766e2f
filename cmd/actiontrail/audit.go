package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/event"
)

// auditCalls makes an event of each call of the API: the audit of actiontrail itself.
func auditCalls(system *aggregator.System) func(context.Context, api.Call) error {
	return func(ctx context.Context, c api.Call) error {
		return system.Report(ctx, callEvent(c), c.Write)
	}
}

// shownParameters are those of the API whose values stand in its audit.
var shownParameters = []string{"query", "from", "to", "limit", "cursor", "sort", "fields", "interval", "eventId", "field", "name",
	"count", "by", "n", "format", "gzip", "buckets", "leaves", "prefix", "at", "after"}

func callEvent(c api.Call) event.Event {
	e := event.Event{Type: event.TypeAPICall, Name: c.Action, RW: event.Read, Time: event.At(c.Time, 3), SourceIP: event.Text(c.RemoteAddr),
		UserAgent: event.Text(c.UserAgent), RequestID: c.ID, APIVersion: "v1",
		Identity: event.Identity{Type: "anonymous", Trust: event.TrustNone}}
	if c.Write {
		e.RW = event.Write
	}
	if c.Authenticated {
		e.Identity = event.Identity{Type: "api-key", UserName: cmp.Or(event.Text(c.Token), "token"), Trust: event.TrustVerified, Source: "api_key"}
	}
	parameters := map[string]any{}
	for k, v := range c.Parameters {
		if !slices.Contains(shownParameters, k) {
			v = "***" // a token that was sent in the wrong place, perhaps
		}
		parameters[event.Text(k)] = event.Text(v)
	}
	e.RequestParameters = object(parameters)
	additional := map[string]any{"method": event.Text(c.Method), "route": event.Text(c.Route), "status": strconv.Itoa(c.Status),
		"durationMs": fmt.Sprintf("%.1f", float64(c.Duration.Microseconds())/1000), "events": strconv.Itoa(c.Events)}
	if c.Unrecorded > 0 {
		additional["unrecordedRefusals"] = strconv.Itoa(c.Unrecorded)
	}
	e.Additional = object(additional)
	if c.Status >= 400 {
		e.ErrorCode, e.ErrorMessage = "HTTP."+strconv.Itoa(c.Status), event.Text(c.Problem.Title)
	}
	return e
}

// object is the object of these strings; what cannot be written as JSON, which strings always can, would be left out.
func object(m map[string]any) event.Object {
	o, err := event.NewObject(m)
	if err != nil {
		return ""
	}
	return o
}
