package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/dispatch"
	"github.com/actiontrail/actiontrail/aggregator/sink/elasticsearch"
	"github.com/actiontrail/actiontrail/cmd/internal/lanes"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/query"
)

// Folders of the aggregator's folder with what is known of deliveries that are no archives.
const (
	dispatchedFolder = "dispatched"
	refusedFolder    = "refused"
)

// newSink makes the sink of a delivery that is no archive. Nothing is connected yet.
func newSink(trail string, d *config.Delivery, log *slog.Logger) (plugins.Sink, error) {
	switch to := d.To.(type) {
	case *config.Plugin:
		return lanes.PluginSink(trail+"."+d.Name, to, log), nil
	case *config.ElasticsearchDelivery:
		return elasticsearch.New(elasticsearchConfig(to))
	case *config.KafkaDelivery:
		return kafkaSink(trail, d, to)
	case *config.NATSDelivery:
		return natsSink(trail, d, to)
	case *config.LokiDelivery:
		return lokiSink(to)
	case *config.OTLPDelivery:
		return otlpSink(to)
	case *config.SLSDelivery:
		return slsSink(trail, to)
	case *config.SplunkDelivery:
		return splunkSink(to)
	case *config.SyslogDelivery:
		return syslogSink(to)
	case *config.WebhookDelivery:
		return webhookSink(to)
	}
	return nil, fmt.Errorf("deliver %q is not known to this program", d.Kind)
}

// openDispatch opens a delivery that is no archive.
func (a *aggregation) openDispatch(_ context.Context, d *delivery) (carrier, error) {
	to, err := newSink(d.trail.Name, &d.Delivery, a.log.With("trail", d.key()))
	if err != nil {
		return nil, fmt.Errorf("delivery %s: %w", d.key(), err)
	}
	return dispatch.Open(dispatch.Config{
		Trail: d.trail.Name, Name: d.Name, Place: d.Kind + " " + d.Target(), Sink: to,
		File: filepath.Join(a.dir, dispatchedFolder, d.key()+".json"), RefusedFile: filepath.Join(a.dir, refusedFolder, d.key()+".ndjson"),
		Filter: d.Filter, FilterText: d.Where, Parse: query.Parse,
		Stopped: func(seq uint64) (time.Time, bool) { return a.stops.At(d.trail.Name, seq) },
		Refused: func(ctx context.Context, r dispatch.Refusal) { a.refusedBy(ctx, d, r) },
		Now:     time.Now,
	})
}

// refusedBy tells of events that a destination will never take.
func (a *aggregation) refusedBy(ctx context.Context, d *delivery, r dispatch.Refusal) {
	a.log.Error("a destination refuses events for good; they are kept", "trail", d.key(), "events", r.Events, "first", r.First, "reason", r.Reason, "file", r.File)
	e := trailEvent(dispatch.RefusedEvent, d.trail.Name, map[string]any{"delivery": d.Name, "events": fmt.Sprint(r.Events), "first": r.First})
	e.Type, e.ErrorCode, e.ErrorMessage = event.TypeServiceEvent, "EventsRefused", r.Reason
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	if err := a.system.Report(ctx, e, false); err != nil && ctx.Err() == nil {
		a.log.Warn("the audit does not take that events were refused", "trail", d.key(), "error", err)
	}
}

// checkDestinations finds what is wrong with deliveries that only their sinks can
// tell. Plugins that cannot be asked are told to unasked.
func checkDestinations(ctx context.Context, cfg *config.Config, log *slog.Logger, unasked func(delivery string, err error)) error {
	var all []error
	for i := range cfg.Trails {
		t := &cfg.Trails[i]
		for k := range t.Deliver {
			d := &t.Deliver[k]
			if d.To == nil {
				continue
			}
			name := t.Name + "." + d.Name
			if p, ok := d.To.(*config.Plugin); ok {
				all = append(all, lanes.CheckPlugin(ctx, p, lanes.PluginSink(name, p, log), func(err error) { unasked(name, err) }))
				continue
			}
			if _, err := newSink(t.Name, d, log); err != nil {
				all = append(all, fmt.Errorf("%s: deliver %q: %w", d.Place, d.Kind, err))
			}
		}
	}
	return errors.Join(all...)
}
