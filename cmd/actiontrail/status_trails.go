package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// trailStatus is what GET /api/v1/trails shows.
func (a *aggregation) trailStatus(ctx context.Context) []api.TrailStatus {
	state, _ := a.streamState(ctx)
	return a.trailsAt(state.LastSeq)
}

// trailsAt is how all trails fare while the stream is at lastSeq.
func (a *aggregation) trailsAt(lastSeq uint64) []api.TrailStatus {
	var all []api.TrailStatus
	who, here := a.leads()
	for _, d := range a.trails.all() {
		if n := len(all); n == 0 || all[n-1].Name != d.trail.Name {
			all = append(all, api.TrailStatus{Name: d.trail.Name, Where: d.trail.Where, State: api.TrailStatusStateRunning, Leader: who, Seq: ^uint64(0)})
		}
		t := &all[len(all)-1]
		if !here {
			t.State = api.TrailStatusStateStandby
			t.Deliver = append(t.Deliver, api.Delivery{Name: d.Name, Kind: d.Kind, Target: d.Target(), Where: d.Narrow, State: api.DeliveryStateStandby})
			t.Seq = 0
			continue
		}
		joinDelivery(t, d.status(lastSeq), d.follower.Status().Quarantined)
	}
	for i, t := range all {
		if declared, err := (trailCalls{a}).trail(t.Name); err == nil && filepath.Dir(declared.File()) != a.storeFolder() {
			all[i].DeclaredAt = declared.Place
		}
		if stop, stopped := a.stops.Stopped(all[i].Name); stopped && here {
			all[i].State, all[i].StoppedSince = api.TrailStatusStateStopped, stop.Since
		}
	}
	return all
}

// status is how the delivery fares.
func (d *delivery) status(lastSeq uint64) api.Delivery {
	f := d.follower.Status()
	s := api.Delivery{Name: d.Name, Kind: d.Kind, Target: d.Target(), Where: d.Narrow, State: api.DeliveryStateRunning, Seq: f.Seq}
	if d.File != nil {
		s.Folder = absolute(d.Target())
	}
	s.LagBatches, s.LagSeconds = lag(f, lastSeq)
	s.LastError, s.LastErrorTime = f.LastError, f.LastErrorAt
	if f.Failing {
		s.State = api.DeliveryStateFailing
	}
	switch archive, to := d.opened(), d.dispatched(); {
	case archive != nil:
		x := archive.Status()
		s.LastSeal, s.LastDelivery, s.LastObject = x.LastSealTime, x.LastDelivery, x.LastObject
		s.Events, s.Objects, s.Bytes = x.Total.Events, x.Total.Objects, int64(x.Total.Bytes)
		s.PendingEvents = x.PendingEvents
		s.Throughput = shownThroughput(x.Throughput)
		s.Checkpoint, s.CheckpointSeals, s.SigningKey = x.Checkpoint, x.Signed, x.SigningKey
	case to != nil:
		x := to.Status()
		s.Events, s.LastDelivery, s.PendingEvents, s.Throughput = x.Events, x.LastDelivery, uint64(x.Pending), shownThroughput(x.Throughput)
		if s.RefusedEvents, s.LastRefused = x.Refused, x.LastRefused; x.Refused > 0 {
			s.RefusedFile = absolute(x.RefusedFile)
		}
	default:
		s.State, s.LastError = api.DeliveryStateFailing, d.openError()
	}
	s.Notify, s.Witnesses = d.notified(), d.witnessed()
	for _, w := range s.Witnesses {
		if w.Conflict != "" { // whether or not events come in: the archive is not what it was
			s.State, s.LastError, s.LastErrorTime = api.DeliveryStateFailing, fmt.Sprintf("witness %s: %s; run verify", w.Name, w.Conflict), w.LastErrorTime
		}
	}
	for _, b := range d.follower.Backfill.Status() {
		x := api.BackfillStatus{ID: b.ID, From: b.From.UTC(), To: b.To.UTC(), At: b.At.UTC(), Events: b.Events, Done: b.Done, LastError: b.Error,
			ReadObjects: b.Read, OfObjects: b.Of, Failed: b.Failed != ""}
		if b.Archive != nil {
			x.Archive = b.Archive.Place
		}
		if !b.At.IsZero() && b.To.After(b.From) {
			x.Progress = min(1, max(0, b.At.Sub(b.From).Seconds()/b.To.Sub(b.From).Seconds()))
		}
		s.Backfills = append(s.Backfills, x)
	}
	if owed := d.follower.Debt.Status(); owed.Owing {
		s.State, s.OwedSince, s.OwedBatches, s.OwedEvents = api.DeliveryStateOwing, owed.Since, owed.Batches, owed.Events
	}
	return s
}

func shownThroughput(t archive.Throughput) api.Throughput {
	return api.Throughput{Since: t.Since.UTC(), Events: t.Events, Bytes: t.Bytes, EventsPerSecond: t.EventsPerSecond, BytesPerSecond: t.BytesPerSecond}
}

// joinDelivery adds a delivery to the status of its trail, which is as far as the
// last of them, and fares as the worst.
func joinDelivery(t *api.TrailStatus, d api.Delivery, quarantined uint64) {
	t.Deliver = append(t.Deliver, d)
	t.Seq = min(t.Seq, d.Seq)
	if t.Checkpoint == "" {
		t.Checkpoint, t.CheckpointSeals, t.SigningKey = d.Checkpoint, d.CheckpointSeals, d.SigningKey
	}
	t.LagBatches, t.LagSeconds = max(t.LagBatches, d.LagBatches), max(t.LagSeconds, d.LagSeconds)
	t.Events += d.Events
	t.Objects += d.Objects
	t.Bytes += d.Bytes
	t.Quarantined = max(t.Quarantined, quarantined) // all of them pass over the same
	t.LastDelivery, t.LastSeal = later(t.LastDelivery, d.LastDelivery), later(t.LastSeal, d.LastSeal)
	if d.State != api.DeliveryStateRunning && (t.LastError == "" || d.LastErrorTime.After(t.LastErrorTime)) {
		t.LastError, t.LastErrorTime = d.LastError, d.LastErrorTime
	}
	switch {
	case d.State == api.DeliveryStateOwing:
		t.State = api.TrailStatusStateOwing
		if t.OwedSince.IsZero() || d.OwedSince.Before(t.OwedSince) {
			t.OwedSince = d.OwedSince
		}
		t.OwedBatches += d.OwedBatches
		t.OwedEvents += d.OwedEvents
	case d.State == api.DeliveryStateFailing:
		if t.State != api.TrailStatusStateOwing {
			t.State = api.TrailStatusStateFailing
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (d *delivery) openError() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		return "it is not open yet"
	}
	return d.err.Error()
}
