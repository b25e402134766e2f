package bench

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/actiontrail/actiontrail/aggregator/index/local"
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
			q := quantilesOf(sum.writes)
			b.ReportMetric(q.p50, "ms-write-p50")
			b.ReportMetric(q.p99, "ms-write-p99")
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
	x, err := local.Open(local.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	in, json := newEvents(total), []byte(nil)
	began := cpuSeconds(b)
	var making float64
	for number := uint64(1); ; number++ {
		at := threadSeconds(b)
		batch, err := in.batch(number, size)
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
	settleAll(b, x, dir)
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

// settleAll has the index turn its memory into segments, and waits until no WAL
// holds an event any more.
func settleAll(b *testing.B, x *local.Index, dir string) {
	b.Helper()
	const head = 4 << 10 // a WAL without events is smaller, one of a batch larger
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for walBytes(b, dir) > head {
		if err := x.Flush(b.Context(), time.Now().Add(day)); err != nil { // everything is too old for the memory
			b.Fatal(err)
		}
		<-tick.C
	}
}

// walBytes is the size of all WALs. They are removed by the index meanwhile.
func walBytes(b *testing.B, dir string) (n int64) {
	b.Helper()
	wals, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	if err != nil {
		b.Fatal(err)
	}
	for _, w := range wals {
		if info, err := os.Stat(w); err == nil {
			n += info.Size()
		}
	}
	return n
}

func threadSeconds(b *testing.B) float64 {
	b.Helper()
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return float64(t.Nano()) / 1e9
}

func folderBytes(b *testing.B, dir string) (n int64) {
	b.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}
