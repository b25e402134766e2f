package bench

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/bench/cloud"
	"github.com/actiontrail/actiontrail/bench/gauge"
	"github.com/actiontrail/actiontrail/event"
)

// BenchmarkIngest writes BENCH_EVENTS events (1,000,000) into an empty index, each
// batch durable before the next, until all are in segments.
func BenchmarkIngest(b *testing.B) {
	for _, size := range []int{1000, 2000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			total := setting(b, "BENCH_EVENTS", 1_000_000)
			b.StopTimer()
			var sum ingested
			for range b.N {
				forgetPeak(b)
				sum.add(ingest(b, b.TempDir(), total, size))
			}
			all := float64(total) * float64(b.N)
			b.ReportMetric(sum.cpu/all*1e6, "cpu-us/event")
			b.ReportMetric(all/sum.wall.Seconds(), "events/s")
			b.ReportMetric(float64(sum.bytes)/all, "B-disk/event")
			b.ReportMetric(float64(sum.json)/all, "B-json/event")
			b.ReportMetric(sum.peak, "MB-rss-peak")
			q := gauge.QuantilesOf(sum.writes)
			b.ReportMetric(q.P50, "ms-write-p50")
			b.ReportMetric(q.P99, "ms-write-p99")
		})
	}
}

// ingested is what filling an index took.
type ingested struct {
	cpu    float64       // seconds
	wall   time.Duration // without the time in which input was made
	writes []time.Duration
	bytes  int64   // of the files
	json   int64   // of the events
	peak   float64 // MiB
}

func (i *ingested) add(j ingested) {
	i.cpu, i.wall, i.bytes, i.json = i.cpu+j.cpu, i.wall+j.wall, i.bytes+j.bytes, i.json+j.json
	i.writes, i.peak = append(i.writes, j.writes...), max(i.peak, j.peak)
}

// ingest fills the index of a folder. The index builds segments in the background,
// also while input is made, so what that takes is subtracted by thread.
func ingest(b *testing.B, dir string, total, size int) (done ingested) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(local.GCPercent)) // as actiontrail does
	x, err := local.Open(local.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	in, json := cloud.New(total), []byte(nil)
	began := cpuSeconds(b)
	var making float64
	for number := uint64(1); ; number++ {
		at := threadSeconds(b)
		batch, err := in.Batch(number, size)
		if err != nil {
			b.Fatal(err)
		}
		for i := range batch.Events {
			json = batch.Events[i].AppendJSON(json[:0])
			done.json += int64(len(json))
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
		done.writes = append(done.writes, time.Since(start))
		b.StopTimer()
	}
	b.StartTimer()
	settle := time.Now()
	if err := cloud.Settle(b.Context(), x, dir); err != nil {
		b.Fatal(err)
	}
	done.wall = time.Since(settle)
	b.StopTimer()
	for _, w := range done.writes {
		done.wall += w
	}
	done.cpu = cpuSeconds(b) - began - making
	_, done.peak = memory(b)
	if n := x.Stats().Events; n != total {
		b.Fatalf("%d of %d events are in the index", n, total)
	}
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}
	done.bytes = folderBytes(b, dir)
	return done
}
