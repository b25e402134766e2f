package agent

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// sentReports opens and keeps what a reporter sends.
type sentReports struct {
	t       *testing.T
	mu      sync.Mutex
	reports []wire.Report
	away    atomic.Bool // NATS takes nothing
}

func (s *sentReports) send(_ context.Context, account, agent string, message []byte) error {
	if s.away.Load() {
		return errors.New("no connection")
	}
	r, err := wire.OpenReport(message)
	if err != nil {
		s.t.Error(err)
	}
	if r.Account != account || r.Agent != agent {
		s.t.Errorf("a report of %s/%s under %s/%s", r.Account, r.Agent, account, agent)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports = append(s.reports, r)
	return nil
}

func (s *sentReports) all() []wire.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.reports)
}

func newReporter(t *testing.T) (*Reporter, *sentReports) {
	t.Helper()
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sent := &sentReports{t: t}
	return &Reporter{Account: "prod", Agent: "gw-1", Key: key, Program: "v1", Run: 7, Send: sent.send,
		Sources: func() []wire.SourceReport { return []wire.SourceReport{{Source: "edge"}} }, Log: slog.New(slog.DiscardHandler)}, sent
}

// A report comes at the start, every ten seconds, at once on a change, and at the end.
func TestReportsInTime(t *testing.T) {
	r, sent := newReporter(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Report(ctx); close(done) }()
		count := func(want int, when string) {
			t.Helper()
			synctest.Wait()
			if len(sent.all()) != want {
				t.Fatalf("%s: %d reports, want %d", when, len(sent.all()), want)
			}
		}
		count(1, "at the start")
		time.Sleep(9 * time.Second) // of the fake clock
		count(1, "before ten seconds")
		time.Sleep(time.Second)
		count(2, "after ten seconds")
		r.Changed()
		count(3, "after a change")
		time.Sleep(9 * time.Second)
		count(3, "ten seconds count from the last report")
		stop()
		<-done
		count(4, "at the end")
		for i, report := range sent.all() {
			if report.Number != uint64(i+1) || report.Run != 7 || report.Stopped != (i == 3) || len(report.Sources) != 1 || report.Program != "v1" {
				t.Errorf("report %d: %+v", i+1, report)
			}
		}
	})
}

// Once NATS is back a report comes soon, not only after ten seconds.
func TestReportIsTriedAgain(t *testing.T) {
	r, sent := newReporter(t)
	sent.away.Store(true)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Report(ctx); close(done) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		sent.away.Store(false)
		time.Sleep(reportAgain)
		synctest.Wait()
		if len(sent.all()) != 1 {
			t.Errorf("%d reports a second after NATS is back, want 1", len(sent.all()))
		}
		stop()
		<-done
	})
}

// A lane tells when it begins and when it ceases to fail, and only then.
func TestLaneTellsChanges(t *testing.T) {
	told := 0
	lane := &Lane{Changed: func() { told++ }, Log: slog.New(slog.DiscardHandler)}
	for i, step := range []struct {
		do   func()
		told int
	}{
		{lane.mended, 0},
		{func() { lane.failed(errors.New("x")) }, 1},
		{func() { lane.failed(errors.New("y")) }, 1},
		{func() { lane.note(func(s *LaneStatus) { s.Events++ }) }, 1},
		{lane.mended, 2},
	} {
		if step.do(); told != step.told {
			t.Fatalf("step %d: told %d times, want %d", i, told, step.told)
		}
	}
}

// The number of a run grows also where the clock went back, and is there when it cannot be kept.
func TestNextRun(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	var last uint64
	for i, at := range []time.Time{now, now, now.Add(-time.Hour), {}, now.Add(time.Hour)} {
		run, err := NextRun(dir, at)
		if err != nil || run <= last {
			t.Errorf("run %d: %d after %d, %v", i, run, last, err)
		}
		last = run
	}
	if want := uint64(now.Add(time.Hour).UnixMilli()); last != want {
		t.Errorf("the clock is right again: %d, want %d", last, want)
	}
	if run, err := NextRun(filepath.Join(dir, "none"), now); err == nil || run == 0 {
		t.Errorf("without a folder: %d, %v", run, err)
	}
	if err := os.WriteFile(filepath.Join(dir, runName), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if run, err := NextRun(dir, now); err == nil || run == 0 {
		t.Errorf("damaged: %d, %v", run, err)
	}
}

// What waits, and since when, is known also while nothing can be spooled or sent.
func TestLaneTellsWhatWaits(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Quiet: true, Mapper: named{}, Source: &reader{}, Dir: t.TempDir(),
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
	queue := openSpool(t, lane)
	p := newPump(lane, queue, nil)
	read := func() {
		now = now.Add(time.Minute)
		p.add(plugins.Batch{Records: []plugins.Record{{Data: []byte("x")}, {Evidence: &plugins.Evidence{Name: plugins.SourceGap}}}})
	}
	read()
	first := now
	read()
	if s := lane.Status(); !s.Began.Equal(first) || !s.PendingOldest.IsZero() || s.Gaps != 2 {
		t.Errorf("read, not spooled: %+v", s)
	}
	if err := p.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	spooled := now
	if s := lane.Status(); !s.Began.IsZero() || !s.PendingOldest.Equal(spooled) || s.PendingBatches != 1 || s.PendingBytes == 0 {
		t.Errorf("spooled: %+v", s)
	}
}
