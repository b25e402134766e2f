package host

import (
	"errors"
	"io"
	"testing"
)

// BenchmarkRead reads records of 400 bytes from another process: records/s is the figure to look at.
func BenchmarkRead(b *testing.B) {
	const records = 1_000_000
	read := 0
	for b.Loop() {
		p := program(b, testConfig{Count: records, Batch: 1000, Size: 400, Ends: true})
		p.Log = nil
		s := NewSource(p)
		if err := s.Open(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
		for {
			batch, err := s.Read(b.Context())
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
			read += len(batch.Records)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "records/s")
}
