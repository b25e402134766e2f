package bench

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/bench/cloud"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// BenchmarkArchive delivers BENCH_EVENTS events (200,000) into a folder, in each
// format, and verifies what is there.
func BenchmarkArchive(b *testing.B) {
	for _, codec := range []archive.Codec{archive.NDJSONGzip, archive.NDJSONZstd, archive.Parquet} {
		b.Run(string(codec), func(b *testing.B) {
			total := setting(b, "BENCH_EVENTS", 200_000)
			var batches []event.Batch
			in := cloud.New(total)
			for number := uint64(1); ; number++ {
				batch, err := in.Batch(number, 2000)
				if err != nil {
					b.Fatal(err)
				}
				if len(batch.Events) == 0 {
					break
				}
				batch.Seq = number
				batches = append(batches, batch)
			}
			b.ResetTimer()
			var written, verified float64
			var bytes uint64
			for range b.N {
				w, v, n := deliver(b, codec, batches)
				written, verified, bytes = written+w, verified+v, n
			}
			events := float64(total) * float64(b.N)
			b.ReportMetric(written/events*1e6, "cpu-s/M-written")
			b.ReportMetric(verified/events*1e6, "cpu-s/M-verified")
			b.ReportMetric(float64(bytes)/float64(total), "B/event")
		})
	}
}

// deliver gives CPU seconds of writing and of verifying, and the stored bytes.
func deliver(b *testing.B, codec archive.Codec, batches []event.Batch) (written, verified float64, stored uint64) {
	b.Helper()
	dir := b.TempDir()
	bucket, err := file.New(filepath.Join(dir, "archive"))
	if err != nil {
		b.Fatal(err)
	}
	at := cpuSeconds(b)
	a, err := archive.Open(b.Context(), archive.Config{Trail: "bench", Bucket: bucket, Staging: filepath.Join(dir, "staging"), Layout: layout.OSS, Codec: codec, Now: time.Now,
		Parse: func(string) (query.Expr, error) { return nil, nil }, RollAge: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	if err := a.Write(b.Context(), batches); err != nil {
		b.Fatal(err)
	}
	if err := a.Flush(b.Context(), time.Now().Add(2*time.Hour)); err != nil {
		b.Fatal(err)
	}
	written = cpuSeconds(b) - at
	at = cpuSeconds(b)
	r, err := archive.Verify(b.Context(), bucket, archive.VerifyOptions{Now: time.Now})
	if err != nil || !r.OK() {
		b.Fatal(err, fmt.Sprint(r.Problems))
	}
	return written, cpuSeconds(b) - at, r.Bytes
}
