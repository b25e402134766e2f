package lanes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// away is a stream that takes nothing.
type away struct{}

func (away) Publish(context.Context, string, string, []byte) (uint64, bool, error) {
	return 0, false, errors.New("NATS is away")
}
func (away) Last(context.Context, string) (bus.Message, error) { return bus.Message{}, bus.ErrNone }
func (away) Next(context.Context, string, uint64) (bus.Message, error) {
	return bus.Message{}, bus.ErrNone
}

// here is a stream that takes everything.
type here struct{ away }

func (here) Publish(context.Context, string, string, []byte) (uint64, bool, error) {
	return 1, false, nil
}

// While NATS takes nothing and the spool is full, the reports tell what waits and
// where: in the spool, then in the log. The last one says that the agent stopped.
func TestReportsOfAnAgentHeldBack(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "access.log")
	write := func(lines int) {
		t.Helper()
		f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(strings.Repeat("192.0.2.1 - u [21/Nov/2026:10:00:00 +0000] \"POST /v1/a HTTP/1.1\" 200 2 \"-\" \"test\"\n", lines)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "agent.hcl")
	if err := os.WriteFile(file, fmt.Appendf(nil, "agent {\n  name = \"gw-1\"\n  account = \"prod\"\n}\nsource \"file\" \"edge\" {\n  paths = [%q]\n  format = \"auto\"\n}\n", log), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Agent.SpoolBytes = 1 // one batch, and no more
	var mu sync.Mutex
	var last wire.Report
	var reports int
	send := func(_ context.Context, account, agent string, message []byte) error {
		r, err := wire.OpenReport(message)
		if err != nil || account != "prod" || agent != "gw-1" {
			t.Errorf("report of %s/%s: %v", account, agent, err)
		}
		mu.Lock()
		defer mu.Unlock()
		last, reports = r, reports+1
		return nil
	}
	key, err := Key(cfg, filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(cfg, filepath.Join(dir, "data"), key, away{}, Reports{Send: send, Program: "v1", Every: 20 * time.Millisecond}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now().Add(-time.Second)
	write(10)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { l.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	tells := func(what string, ok func(wire.SourceReport) bool) {
		t.Helper()
		realtest.Until(t, realtest.Patience, what, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(last.Sources) == 1 && ok(last.Sources[0])
		})
	}
	tells("the spool to fill", func(s wire.SourceReport) bool { return s.Spool.Batches > 0 && s.Failing })
	write(10)
	tells("the spool to hold the pump back", func(s wire.SourceReport) bool { return s.Events > 10 })
	tells("lines to wait in the log", func(s wire.SourceReport) bool {
		if s.LagBytes == 0 { // the pump may have taken the ones before along
			write(10)
		}
		return s.LagBytes > 0
	})
	stop()
	<-done
	if !last.Stopped || last.Program != "v1" || last.Run == 0 || last.Number != uint64(reports) {
		t.Errorf("the last report: %+v", last)
	}
	s := last.Sources[0]
	if s.Source != "edge" || s.Published != 0 || s.Unmapped != s.Events || s.Spool.Bytes == 0 || s.Spool.MaxBytes != 1 || !strings.Contains(s.LastError, "NATS is away") && !strings.Contains(s.LastError, "full") || s.LastSeen.Before(begun) {
		t.Errorf("source %+v", s)
	}
	if len(s.Recognised) != 1 || s.Recognised[0].Format != "nginx-combined" || s.Recognised[0].Records != s.Events || s.Recognised[0].Why == "" {
		t.Errorf("recognised %+v of %d events", s.Recognised, s.Events)
	}
	if len(s.Proposals) != 1 || s.Proposed != 1 || s.Mapper != "" || s.Proposals[0].Pattern != "POST /v1/a" || s.Proposals[0].Count != s.Events {
		t.Errorf("proposals %+v of %d events", s.Proposals, s.Events)
	}
	if s.Oldest.Before(begun) || s.Oldest.After(s.LastSeen.Add(time.Minute)) || s.Spool.Oldest.Before(begun) || s.Oldest.After(s.Spool.Oldest) {
		t.Errorf("oldest %s, in the spool %s, begun %s", s.Oldest, s.Spool.Oldest, begun)
	}
}

// What cannot be read is told, without a time: it lasts.
func TestReportsTellFaults(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("loop.log", filepath.Join(dir, "loop.log")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "agent.hcl")
	if err := os.WriteFile(file, fmt.Appendf(nil, "source \"file\" \"edge\" {\n  paths = [%q]\n  format = \"nginx\"\n}\n", filepath.Join(dir, "*.log")), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := Key(cfg, filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(cfg, filepath.Join(dir, "data"), key, here{}, Reports{Send: func(context.Context, string, string, []byte) error { return nil }}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { l.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	realtest.Until(t, realtest.Patience, "the fault to be told", func() bool { return strings.Contains(l.reports()[0].LastError, "loop.log") })
	if r := l.reports()[0]; !r.ErrorTime.IsZero() || r.Failing {
		t.Errorf("report %+v", r)
	}
}
