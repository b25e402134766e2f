package aggregator_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// A check goes on in the background, once at a time, and the last one outlives the process.
func TestVerifications(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "verifications")
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	open := func() *aggregator.Verifications {
		return aggregator.NewVerifications(dir, func() time.Time { return now })
	}
	v := open()
	if _, ok, err := v.Last("all"); ok || err != nil {
		t.Fatalf("before any check: %t, %v", ok, err)
	}
	goOn, told := make(chan error), make(chan struct{})
	ended := make(chan aggregator.Verification, 1)
	check := func(ctx context.Context, progress func(done, of int)) (archive.Report, error) {
		progress(3, 10)
		close(told)
		return archive.Report{Seals: 7, Problems: []archive.Problem{{Key: "a", Text: "gone"}}}, <-goOn
	}
	if began, err := v.Start("all", check, func(one aggregator.Verification) { ended <- one }); !began || err != nil {
		t.Fatalf("Start: %t, %v", began, err)
	}
	<-told
	if began, err := v.Start("all", check, nil); began || err != nil {
		t.Fatalf("a second one beside it: %t, %v", began, err)
	}
	if one, ok, _ := v.Last("all"); !ok || one.Done != 3 || one.Of != 10 || !one.Ended.IsZero() {
		t.Errorf("while it goes on: %+v", one)
	}
	now = now.Add(time.Minute)
	goOn <- nil
	if one := <-ended; one.Report == nil || one.Report.Seals != 7 || !one.Ended.Equal(now) || one.Error != "" {
		t.Errorf("ended: %+v", one)
	}
	v.Close()
	if began, err := v.Start("all", check, nil); began || err == nil {
		t.Error("a check begins after Close")
	}

	v = open()
	defer v.Close()
	one, ok, err := v.Last("all")
	if err != nil || !ok || one.Report == nil || one.Report.Problems[0].Text != "gone" || !one.Began.Equal(now.Add(-time.Minute)) {
		t.Errorf("after a restart: %+v, %t, %v", one, ok, err)
	}
	told, goOn = make(chan struct{}), make(chan error, 1)
	goOn <- errors.New("no route to the store")
	if began, err := v.Start("all", check, func(one aggregator.Verification) { ended <- one }); !began || err != nil {
		t.Fatalf("Start again: %t, %v", began, err)
	}
	if one := <-ended; one.Report != nil || one.Error != "no route to the store" {
		t.Errorf("failed: %+v", one)
	}
	if err := os.WriteFile(filepath.Join(dir, "other.json"), []byte(`{"version":1,"more":true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.Last("other"); err == nil || !strings.Contains(err.Error(), "remove the file") {
		t.Errorf("a file that is not understood: %v", err)
	}
}

// The stop of a server ends the checks, and says so.
func TestVerificationIsInterrupted(t *testing.T) {
	t.Parallel()
	v := aggregator.NewVerifications(t.TempDir(), time.Now)
	check := func(ctx context.Context, _ func(done, of int)) (archive.Report, error) {
		<-ctx.Done()
		return archive.Report{}, ctx.Err()
	}
	ended := make(chan aggregator.Verification, 1)
	if _, err := v.Start("all", check, func(one aggregator.Verification) { ended <- one }); err != nil {
		t.Fatal(err)
	}
	v.Close()
	if one := <-ended; !strings.Contains(one.Error, "interrupted") || one.Report != nil {
		t.Errorf("%+v", one)
	}
}
