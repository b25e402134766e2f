package bench

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/plugins/file"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// BenchmarkAgent carries a log of BENCH_LINES lines (1,000,000) all the way: file,
// mapper with the quickstart's rules, spool with its sync, stream, acknowledged.
func BenchmarkAgent(b *testing.B) {
	for _, to := range []struct {
		name   string
		stream func(b *testing.B) agent.Stream
	}{
		{"stream=nats", func(b *testing.B) agent.Stream { return startNATS(b, b.TempDir()) }}, // in this process: its CPU counts too
		{"stream=none", func(*testing.B) agent.Stream { return nowhere{} }},                   // the agent alone
	} {
		b.Run(to.name, func(b *testing.B) { benchmarkAgent(b, to.stream) })
	}
}

func benchmarkAgent(b *testing.B, stream func(b *testing.B) agent.Stream) {
	m := newMeter(b)
	lines := setting(b, "BENCH_LINES", 1_000_000)
	log := filepath.Join(b.TempDir(), "access.log")
	size, err := writeLog(log, lines)
	if err != nil {
		b.Fatal(err)
	}
	var sent, batches int64
	var peak float64
	for range b.N {
		to := &counting{Stream: stream(b)}
		lane := newLane(b, b.TempDir(), log, to)
		forgetPeak(b)
		m.start()
		carry(b, lane, uint64(lines))
		m.stop()
		sent, batches = sent+to.bytes.Load(), batches+to.batches.Load()
		_, p := memory(b)
		peak = max(peak, p)
	}
	total := float64(lines) * float64(b.N)
	b.ReportMetric(m.cpu/total*1e6, "cpu-s/Mlines")
	b.ReportMetric(total/m.wall.Seconds(), "lines/s")
	b.ReportMetric(peak, "MB-rss-peak")
	b.ReportMetric(float64(sent)/total, "B-wire/event")
	b.ReportMetric(total/float64(batches), "events/batch")
	b.ReportMetric(float64(size)/float64(lines), "B/line")
}

// newLane is the lane of a log, under the rules of the quickstart.
func newLane(b *testing.B, dir, log string, to agent.Stream) *agent.Lane {
	b.Helper()
	cfg, err := config.Load("../deploy/quickstart")
	if err != nil {
		b.Fatal(err)
	}
	source, err := file.New(file.Config{Paths: []string{log}})
	if err != nil {
		b.Fatal(err)
	}
	rules, err := mapper.New(cfg.Sources[0].Mapper)
	if err != nil {
		b.Fatal(err)
	}
	second, err := mapper.New(cfg.Sources[0].Mapper)
	if err != nil {
		b.Fatal(err)
	}
	key, err := agent.LoadKey(dir)
	if err != nil {
		b.Fatal(err)
	}
	return &agent.Lane{Account: "prod", Agent: "gw-1", Name: "edge", Key: key, Machine: "bench", Source: source, Mapper: rules, Second: second, Quiet: true,
		Stream: to, Dir: filepath.Join(dir, "spool"), Log: slog.New(slog.DiscardHandler)}
}

// carry runs the lane until the stream has acknowledged as many events.
func carry(b *testing.B, lane *agent.Lane, events uint64) {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- lane.Run(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for lane.Status().Published < events {
		select {
		case err := <-ended:
			b.Fatalf("the lane has ended: %v", err)
		case <-tick.C:
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		b.Fatal(err)
	}
	if s := lane.Status(); s.Unparsed > 0 || s.Published != events {
		b.Fatalf("%d unparsed, %d published of %d events", s.Unparsed, s.Published, events)
	}
}

// startNATS starts a server that syncs each write, with the stream, and connects to it.
func startNATS(b *testing.B, dir string) *bus.Conn {
	b.Helper()
	server, err := embedded.Start(embedded.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	conn, err := bus.Connect(bus.Config{Name: "bench", Server: server})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(conn.Close)
	if err := conn.EnsureStream(b.Context(), bus.StreamConfig{}); err != nil {
		b.Fatal(err)
	}
	return conn
}

// counting counts the batches that are published, and their bytes.
type counting struct {
	agent.Stream
	batches, bytes atomic.Int64
}

func (c *counting) Publish(ctx context.Context, subject, id string, message []byte) (uint64, bool, error) {
	c.batches.Add(1)
	c.bytes.Add(int64(len(message)))
	return c.Stream.Publish(ctx, subject, id, message)
}

// nowhere is a stream that acknowledges at once and keeps nothing.
type nowhere struct{}

func (nowhere) Publish(context.Context, string, string, []byte) (uint64, bool, error) {
	return 1, false, nil
}

func (nowhere) Last(context.Context, string) (bus.Message, error) {
	return bus.Message{}, bus.ErrNone
}

func (nowhere) Next(context.Context, string, uint64) (bus.Message, error) {
	return bus.Message{}, bus.ErrNone
}
