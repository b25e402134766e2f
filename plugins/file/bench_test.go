package file

import (
	"context"
	"strings"
	"testing"
)

// BenchmarkRead reads lines of 200 bytes, as of an access log, that are in the page cache.
func BenchmarkRead(b *testing.B) {
	w := newWorld(b, true)
	const lines = 200000
	line := strings.Repeat("x", 199) + "\n"
	w.write("a.log", strings.Repeat(line, lines))
	s, err := New(w.config)
	w.ok(err)
	defer s.Close()
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	for n := 0; n < b.N; {
		w.ok(s.Close())
		w.ok(s.Open(context.Background(), nil))
		for read := 0; read < lines && n < b.N; {
			batch, err := s.Read(context.Background())
			w.ok(err)
			read += len(batch.Records)
			n += len(batch.Records)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
