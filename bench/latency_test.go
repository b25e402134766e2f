package bench

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/event"
)

// BenchmarkLatency writes lines to a log, one each millisecond, and measures how
// long after it was written a line's event can be found: file, lane, stream,
// follower, index. It lasts BENCH_SECONDS seconds (5).
func BenchmarkLatency(b *testing.B) {
	const rate = 1000
	lines := setting(b, "BENCH_SECONDS", 5) * rate
	m := newMeter(b)
	var times []time.Duration
	for range b.N {
		times = append(times, latency(b, m, lines, time.Second/rate)...)
	}
	report(b, times)
	b.ReportMetric(m.cpu/float64(len(times))*1e6, "cpu-us/event")
}

func latency(b *testing.B, m *meter, lines int, every time.Duration) []time.Duration {
	b.Helper()
	dir, log := b.TempDir(), filepath.Join(b.TempDir(), "access.log")
	out, err := os.Create(log)
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	conn := startNATS(b, filepath.Join(dir, "nats"))
	agents, err := aggregator.OpenAgents(filepath.Join(dir, "agents.json"))
	if err != nil {
		b.Fatal(err)
	}
	x, err := local.Open(local.Config{Dir: filepath.Join(dir, "index")})
	if err != nil {
		b.Fatal(err)
	}
	defer closeIndex(b, x)
	found := &watch{Sink: x, enough: make(chan struct{}), want: lines}
	follower := &aggregator.Follower{Name: "index", Kind: "index", Stream: aggregator.BusStream{Conn: conn}, Opener: &aggregator.Opener{Agents: agents}, Sink: found, Log: slog.New(slog.DiscardHandler)}
	lane := newLane(b, dir, log, conn)

	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { follower.Run(ctx) })
	ended := make(chan error, 1)
	running.Go(func() { ended <- lane.Run(ctx) })

	m.start()
	written, offset := map[int64]time.Time{}, int64(0)
	in, tick := newLogLines(), time.NewTicker(every)
	defer tick.Stop()
	began := time.Now()
	for len(written) < lines {
		<-tick.C
		// A tick that came late brings all the lines that are due: the rate stays.
		for due := int(time.Since(began) / every); len(written) < min(due, lines); {
			now := time.Now()
			line := in.at(now)
			if _, err := out.Write(line); err != nil {
				b.Fatal(err)
			}
			written[offset] = now
			offset += int64(len(line))
		}
	}
	select {
	case <-found.enough:
	case err := <-ended:
		b.Fatalf("the lane has ended: %v", err)
	}
	m.stop()
	if page, err := x.Search(ctx, index.Query{}); err != nil || page.Total != lines {
		b.Fatalf("of %d lines %d can be found: %v", lines, page.Total, err)
	}
	times := make([]time.Duration, 0, lines)
	for offset, at := range found.times {
		times = append(times, at.Sub(written[offset]))
	}
	return times
}

// watch is an index that notes when each event, by its place in the log, can be found.
type watch struct {
	aggregator.Sink
	times  map[int64]time.Time
	want   int
	enough chan struct{} // closed when want events can be found
}

func (w *watch) Write(ctx context.Context, batches []event.Batch) error {
	if err := w.Sink.Write(ctx, batches); err != nil {
		return err
	}
	now := time.Now()
	if w.times == nil {
		w.times = make(map[int64]time.Time, w.want)
	}
	before := len(w.times)
	for _, b := range batches {
		for i := range b.Events {
			w.times[b.Events[i].Origin.Offset] = now
		}
	}
	if before < w.want && len(w.times) >= w.want {
		close(w.enough)
	}
	return nil
}
