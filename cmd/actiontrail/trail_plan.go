package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
	week "github.com/actiontrail/actiontrail/aggregator/plan"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// mostPlanned bounds the trails of one plan: each looks through a week of events.
const mostPlanned = 200

// PlanTrails tells what trails would deliver.
func (c trailCalls) PlanTrails(ctx context.Context, wanted api.PlanRequest) (api.Plan, error) {
	if len(wanted.Trails) > mostPlanned {
		return api.Plan{}, api.WrongTrail("trails", fmt.Sprintf("there are %d", len(wanted.Trails)), fmt.Sprintf("%d can be planned at once", mostPlanned))
	}
	running := make([]week.Trail, 0, len(c.trails.trails()))
	for _, t := range c.trails.trails() {
		running = append(running, plannedTrail(&t))
	}
	var trails []week.Trail
	for _, t := range wanted.Trails {
		x, err := readPlanned(&t, running)
		if err != nil {
			return api.Plan{}, err
		}
		trails = append(trails, x)
	}
	if wanted.Hcl != "" {
		t, err := c.declared([]byte(wanted.Hcl))
		if err != nil {
			return api.Plan{}, err
		}
		trails = append(trails, plannedTrail(t))
	}
	now := time.Now()
	results, err := week.Make(ctx, c.index, running, trails, wanted.Complete, now)
	if err != nil {
		return api.Plan{}, err
	}
	out := api.Plan{From: now.Add(-week.Days * 24 * time.Hour).UTC(), To: now.UTC()}
	for _, r := range results {
		out.Trails = append(out.Trails, shownPlan(&r))
		out.Incomplete = append(out.Incomplete, r.Estimate.Incomplete...)
	}
	slices.Sort(out.Incomplete)
	out.Incomplete = slices.Compact(out.Incomplete)
	return out, nil
}

// declared reads the block of a trail as it would be if it were kept.
func (c trailCalls) declared(text []byte) (*config.Trail, error) {
	name, err := trailNameOf(text)
	if err != nil {
		return nil, err
	}
	cfg, err := c.loadAll(filepath.Join(c.storeFolder(), name+".hcl"), text)
	if m := (*config.Mistakes)(nil); errors.As(err, &m) {
		return nil, api.WrongTrail("hcl", m.Error(), "")
	} else if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(cfg.Trails, func(t config.Trail) bool { return t.Name == name })
	return &cfg.Trails[i], nil
}

// trailNameOf is the name that a block gives its trail; it becomes that of a file.
func trailNameOf(text []byte) (string, error) {
	name, err := config.TrailName(text)
	if err != nil {
		return "", api.WrongTrail("hcl", err.Error(), "")
	}
	if !event.ValidName(name) {
		return "", api.WrongTrail("name", "it is not a name", "names are 1 to 64 letters, digits, - and _")
	}
	return name, nil
}

// plannedTrail is a declared trail as a plan sees it.
func plannedTrail(t *config.Trail) week.Trail {
	out := week.Trail{Name: t.Name, Where: t.Where, Filter: t.Filter}
	for i := range t.Deliver {
		d := &t.Deliver[i]
		out.Deliver = append(out.Deliver, week.Delivery{Name: d.Name, Kind: d.Kind, Target: d.Target(), Hash: d.Hash, RollAge: d.Objects().RollAge, Narrow: d.Narrow, Filter: d.Filter})
	}
	return out
}

// readPlanned reads a trail of a call. Without deliveries it has those of the trail that runs.
func readPlanned(t *api.PlannedTrail, running []week.Trail) (week.Trail, error) {
	out := week.Trail{Name: t.Name}
	if t.Where != "" {
		filter, err := query.Parse(t.Where)
		if err != nil {
			return out, api.WrongTrail("where", fmt.Sprintf("the filter of trail %q: %v", t.Name, err), "")
		}
		out.Where, out.Filter = filter.String(), filter
	}
	if t.Deliver == nil {
		if i := slices.IndexFunc(running, func(r week.Trail) bool { return r.Name == t.Name }); i >= 0 {
			for _, d := range running[i].Deliver {
				if err := narrowed(&d, &out, d.Narrow); err != nil {
					return out, err
				}
				out.Deliver = append(out.Deliver, d)
			}
		}
	}
	for _, d := range t.Deliver {
		age := time.Duration(d.RollSeconds * float64(time.Second))
		if age <= 0 || age > time.Hour {
			age = config.DefaultRollAge
		}
		if !config.MakesArchive(d.Kind) {
			age = 0 // it makes no objects
		}
		x := week.Delivery{Name: d.Name, Kind: d.Kind, Target: d.Target, Hash: d.Hash, RollAge: age}
		if err := narrowed(&x, &out, d.Where); err != nil {
			return out, err
		}
		out.Deliver = append(out.Deliver, x)
	}
	return out, nil
}

// narrowed has a delivery take a part of its trail's events.
func narrowed(d *week.Delivery, t *week.Trail, where string) error {
	d.Filter = t.Filter
	if where == "" {
		return nil
	}
	narrow, err := query.Parse(where)
	if err != nil {
		return api.WrongTrail("where", fmt.Sprintf("what delivery %q of trail %q takes: %v", d.Name, t.Name, err), "")
	}
	if d.Narrow, d.Filter = narrow.String(), narrow; t.Filter != nil {
		d.Filter = query.And{Exprs: []query.Expr{t.Filter, narrow}}
	}
	return nil
}

func shownPlan(r *week.Result) api.TrailPlan {
	e := &r.Estimate
	out := api.TrailPlan{Name: r.Name, Change: api.TrailPlanChange(r.Change), Where: r.Where, WhereBefore: r.WhereBefore, Events: e.Events, Of: e.Of, Before: r.Before, Untaken: e.Untaken,
		Gains: r.Gains, Loses: r.Loses, ByDay: e.ByDay[:], EventsADay: e.EventsADay(), StoredBytesEach: e.StoredBytes,
		LineBytesADay: e.EventsADay() * float64(e.LineBytes), StoredBytesADay: e.EventsADay() * float64(e.StoredBytes)}
	for _, d := range r.Deliver {
		out.Deliver = append(out.Deliver, api.DeliveryPlan{Name: d.Delivery.Name, Kind: d.Delivery.Kind, Target: d.Delivery.Target, Change: api.DeliveryPlanChange(d.Change),
			TargetBefore: d.TargetBefore, ObjectsADay: d.ObjectsADay, Where: d.Delivery.Narrow, WhereBefore: d.NarrowBefore, Events: d.Events})
	}
	for _, line := range e.Sample {
		out.Sample = append(out.Sample, line)
	}
	return out
}
