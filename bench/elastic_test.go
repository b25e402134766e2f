package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/elastic"
	"github.com/actiontrail/actiontrail/bench/cloud"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// BenchmarkIngestElasticsearch fills an index in a real node, which is the
// bottleneck: one that is started on this machine, or the one at BENCH_ELASTICSEARCH,
// a URL. cpu-us/event is our own work alone.
func BenchmarkIngestElasticsearch(b *testing.B) {
	total, size := setting(b, "BENCH_EVENTS", 100_000), 2000
	url := os.Getenv("BENCH_ELASTICSEARCH")
	if url == "" {
		url, _ = realtest.StartElasticsearch(b)
	}
	run := time.Now().Unix() // a node that stays has the indices of runs before
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		runtime.LockOSThread()
		x, err := elastic.Open(elastic.Config{Access: elastic.Access{Addresses: []string{url}}, Prefix: fmt.Sprintf("bench%d_%d", run, n), Period: elastic.Month})
		if err != nil {
			b.Fatal(err)
		}
		if err := x.Ready(context.Background()); err != nil {
			b.Fatal(err)
		}
		in, began, making := cloud.New(total), cpuSeconds(b), 0.0
		var wall time.Duration
		for number := uint64(1); ; number++ {
			at := threadSeconds(b)
			batch, err := in.Batch(number, size)
			if err != nil {
				b.Fatal(err)
			}
			making += threadSeconds(b) - at
			if len(batch.Events) == 0 {
				break
			}
			b.StartTimer()
			start := time.Now()
			if err := x.Write(b.Context(), []event.Batch{batch}); err != nil {
				b.Fatal(err)
			}
			wall += time.Since(start)
			b.StopTimer()
		}
		cpu := cpuSeconds(b) - began - making
		var st index.Stats
		realtest.Until(b, realtest.Patience, "the figures of the index", func() bool {
			st = x.Stats() // of a node that is busy not up to date
			return st.Damaged == nil
		})
		if st.Events != total {
			b.Fatalf("%d of %d events are in the index", st.Events, total)
		}
		b.ReportMetric(cpu/float64(total)*1e6, "cpu-us/event")
		b.ReportMetric(float64(total)/wall.Seconds(), "events/s")
		b.ReportMetric(float64(st.Bytes)/float64(total), "B-disk/event")
		runtime.UnlockOSThread()
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
