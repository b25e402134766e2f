package aggregator

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// An agent that falls silent is in the audit within 30 seconds of its last
// report, and shown as silent also while the audit waits for the disk.
func TestSilenceIsSeenInTime(t *testing.T) {
	w := newFleetWorld(t)
	synctest.Test(t, func(t *testing.T) {
		w.t = t
		w.fleet.cfg.Now, w.fleet.deaf = time.Now, time.Now()
		w.fleet.wake, w.system.wake = make(chan struct{}, 1), make(chan struct{}, 1) // of this bubble
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.fleet.Run(ctx); close(done) }()
		w.report.Number, w.report.Time = 1, time.Now()
		if err := w.send(w.report, w.key); err != nil {
			t.Fatal(err)
		}
		last := time.Now()
		b, err := w.system.Read(ctx) // blocks until there is something
		if err != nil {
			t.Fatal(err)
		}
		if late := time.Since(last); late < SilentAfter || late > 30*time.Second || len(b.Records) != 1 {
			t.Errorf("%d records after %s", len(b.Records), late)
		}
		// It is not committed: the fleet waits for it, and answers all the same.
		w.want(AgentSilent)
		w.report.Number, w.report.Time = 2, time.Now()
		if err := w.send(w.report, w.key); err != nil {
			t.Fatal(err)
		}
		w.want(AgentLive)
		time.Sleep(SilentAfter)
		w.want(AgentSilent)
		stop()
		<-done
	})
}

// The way of a report: sealed, through a real NATS, to the fleet. One that another
// login sends under this name does not get far.
func TestReportsComeThroughNATS(t *testing.T) {
	server, err := embedded.Start(embedded.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	conn, err := bus.Connect(bus.Config{Name: "test", Server: server})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	w := newFleetWorld(t)
	stop, err := conn.HearReports(w.fleet.Hear)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	w.report.Number, w.report.Time = 1, w.now
	for _, key := range []any{w.key, newUser(t)} {
		m, err := wire.SealReport(w.report, key.(wire.Signer))
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SendReport(t.Context(), "prod", "gw-1", m); err != nil {
			t.Fatal(err)
		}
	}
	realtest.Until(t, realtest.Patience, "both reports", func() bool { return w.fleet.Refused() == 1 })
	w.want(AgentLive)
}
