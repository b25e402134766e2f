package bench

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/bench/cloud"
	"github.com/actiontrail/actiontrail/bench/gauge"
)

// BenchmarkQuery asks an index of BENCH_EVENTS events (1,000,000) the 13 kinds of
// question that a search page asks: each kind alone, then all of them mixed. With
// BENCH_DIR the index is made there once, and found by the next run.
func BenchmarkQuery(b *testing.B) {
	total := setting(b, "BENCH_EVENTS", 1_000_000)
	dir := filledIndex(b, total)
	b.Run("open", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			evict(b, dir)
			b.StartTimer()
			closeIndex(b, openIndex(b, dir))
		}
	})
	a := newAsker(b, dir, total)
	for i, kind := range a.Round() {
		b.Run("kind="+kind.Name, func(b *testing.B) {
			cold := a.cold(b, dir, i)
			var times []time.Duration
			b.ResetTimer()
			began := cpuSeconds(b)
			for range b.N {
				b.StopTimer()
				q := a.Round()[i]
				b.StartTimer()
				times = append(times, a.time(b, q))
			}
			report(b, times)
			b.ReportMetric((cpuSeconds(b)-began)/float64(b.N)*1e3, "cpu-ms/query")
			b.ReportMetric(cold.Seconds()*1e3, "ms-cold")
		})
	}
	b.Run("mixed", func(b *testing.B) {
		const rounds = 10
		var times []time.Duration
		began := cpuSeconds(b)
		for range b.N * rounds {
			for _, q := range a.Round() {
				times = append(times, a.time(b, q))
			}
		}
		report(b, times)
		b.ReportMetric((cpuSeconds(b)-began)/float64(len(times))*1e3, "cpu-ms/query")
		now, peak := memory(b)
		b.ReportMetric(now, "MB-rss")
		b.ReportMetric(peak, "MB-rss-peak")
	})
	closeIndex(b, a.index)
}

func report(b *testing.B, times []time.Duration) {
	q := gauge.QuantilesOf(times)
	b.ReportMetric(q.P50, "ms-p50")
	b.ReportMetric(q.P99, "ms-p99")
	b.ReportMetric(q.Max, "ms-max")
}

// filledIndex is the folder of an index of so many events, all in segments.
func filledIndex(b *testing.B, total int) string {
	b.Helper()
	keep := os.Getenv("BENCH_DIR")
	if keep == "" {
		dir := b.TempDir()
		ingest(b, dir, total, 2000)
		return dir
	}
	dir := filepath.Join(keep, fmt.Sprintf("index-%d", total))
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	// One that was not finished is made anew, not taken for a whole one.
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		b.Fatal(err)
	}
	if err := os.MkdirAll(part, 0o755); err != nil {
		b.Fatal(err)
	}
	ingest(b, part, total, 2000)
	if err := os.Rename(part, dir); err != nil {
		b.Fatal(err)
	}
	return dir
}

func openIndex(b *testing.B, dir string) *local.Index {
	b.Helper()
	x, err := local.Open(local.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	return x
}

func closeIndex(b *testing.B, x *local.Index) {
	b.Helper()
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}
}

// evict has the kernel forget the files, so that they come from the disk again.
func evict(b *testing.B, dir string) {
	b.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := unix.Fdatasync(int(f.Fd())); err != nil { // what is not written yet stays
			return err
		}
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
	if err != nil {
		b.Fatal(err)
	}
}

// asker asks the index of a folder.
type asker struct {
	*cloud.Asker
	index *local.Index
}

func newAsker(b *testing.B, dir string, total int) *asker {
	b.Helper()
	x := openIndex(b, dir)
	questions, err := cloud.NewAsker(b.Context(), x, total)
	if err != nil {
		b.Fatal(err)
	}
	return &asker{Asker: questions, index: x}
}

// time asks once.
func (a *asker) time(b *testing.B, q cloud.Question) time.Duration {
	began := time.Now()
	_, err := q.Ask(b.Context(), a.index)
	took := time.Since(began)
	if err != nil {
		b.Fatal(err)
	}
	return took
}

// cold is the time of the first question to an index that was just opened, with
// its files on the disk only.
func (a *asker) cold(b *testing.B, dir string, kind int) time.Duration {
	closeIndex(b, a.index)
	evict(b, dir)
	a.index = openIndex(b, dir)
	return a.time(b, a.Round()[kind])
}
