package elastic

import (
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
)

// BenchmarkDocument makes the documents of events, as a chunk has them.
func BenchmarkDocument(b *testing.B) {
	events := indextest.Events(1, 500)
	var d documents
	var buf []byte
	b.ReportAllocs()
	bytes, n := 0, 0
	for b.Loop() {
		buf = d.append(buf[:0], &events[n%len(events)], false)
		bytes += len(buf)
		n++
	}
	b.ReportMetric(float64(bytes)/float64(n), "B/event")
}
