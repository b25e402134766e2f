package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// verificationsFolder is the part of the aggregator's folder with the last check of each archive.
const verificationsFolder = "verifications"

func (a *aggregation) openVerifications() {
	a.verifications = aggregator.NewVerifications(filepath.Join(a.dir, verificationsFolder), time.Now)
	a.closeLater(a.verifications.Close)
}

// VerifyTrail begins to check each archive of the trail that can be reached.
func (c trailCalls) VerifyTrail(_ context.Context, name string) error {
	if err := c.mayChange(); err != nil {
		return err
	}
	if _, err := c.trail(name); err != nil {
		return err
	}
	for _, d := range c.trails.all() {
		if d.trail.Name != name || d.To != nil {
			continue
		}
		opened := d.opened()
		if opened == nil {
			return api.TrailConflict("the archive of "+d.key()+" cannot be reached: "+d.openError(), "see the trail's status")
		}
		check := func(ctx context.Context, progress func(done, of int)) (archive.Report, error) {
			return opened.Verify(ctx, archive.VerifyOptions{Progress: progress, Checkpoints: d.keptElsewhere()})
		}
		if _, err := c.verifications.Start(d.key(), check, c.verified(d)); err != nil {
			return err
		}
	}
	return nil
}

// verified tells the audit what a check has found.
func (a *aggregation) verified(d *delivery) func(aggregator.Verification) {
	return func(one aggregator.Verification) {
		parameters := map[string]any{"delivery": d.Name, "began": one.Began.Format("2006-01-02T15:04:05.000Z07:00")}
		e := trailEvent("TrailVerified", d.trail.Name, parameters)
		switch {
		case one.Report == nil:
			e.ErrorCode, e.ErrorMessage = "VerificationFailed", one.Error
		case !one.Report.OK():
			first := one.Report.Problems[0]
			e.ErrorCode, e.ErrorMessage = "ArchiveDamaged", fmt.Sprintf("%d problems; the first: %s: %s", len(one.Report.Problems)+one.Report.Unlisted, first.Key, first.Text)
			a.log.Error("an archive is not as it was sealed", "trail", d.key(), "problems", len(one.Report.Problems)+one.Report.Unlisted, "first", first.Key+": "+first.Text)
		}
		ctx, cancel := context.WithTimeout(context.Background(), reportTimeout)
		defer cancel()
		if err := a.system.Report(ctx, e, one.Report != nil); err != nil {
			a.log.Warn("the audit does not take what a verification has found", "trail", d.key(), "error", err)
		}
	}
}

// shownProblems is how many problems of an archive the API shows.
const shownProblems = 100

// Verifications are the last checks of the archives of a trail.
func (c trailCalls) Verifications(_ context.Context, name string) ([]api.Verification, error) {
	if _, err := c.trail(name); err != nil {
		return nil, err
	}
	var all []api.Verification
	for _, d := range c.trails.all() {
		if d.trail.Name != name || d.To != nil {
			continue
		}
		one, ok, err := c.verifications.Last(d.key())
		if err != nil {
			return nil, err
		}
		shown := api.Verification{Delivery: d.Name, State: api.VerificationStateNever}
		if ok {
			showVerification(&shown, &one)
		}
		all = append(all, shown)
	}
	return all, nil
}

func showVerification(to *api.Verification, one *aggregator.Verification) {
	to.Began, to.Ended, to.Error = one.Began, one.Ended, one.Error
	r := one.Report
	switch {
	case one.Ended.IsZero():
		to.State, to.ObjectsDone, to.Objects = api.VerificationStateRunning, one.Done, uint64(one.Of)
		return
	case r == nil:
		to.State = api.VerificationStateFailed
		return
	case r.OK():
		to.State = api.VerificationStateSound
	default:
		to.State = api.VerificationStateDamaged
	}
	to.Seals, to.Objects, to.Events, to.Bytes, to.ExpiredObjects, to.ClosedObjects = r.Seals, r.Objects, r.Events, r.Bytes, r.Expired, r.Closed
	to.ObjectsDone, to.ProblemCount = int(r.Objects), len(r.Problems)+r.Unlisted
	if r.Seals > 0 {
		to.Head = r.Head.String()
	}
	for _, p := range r.Problems[:min(len(r.Problems), shownProblems)] {
		to.Problems = append(to.Problems, api.VerificationProblem{Key: p.Key, Problem: p.Text})
	}
}
