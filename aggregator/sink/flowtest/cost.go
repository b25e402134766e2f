package flowtest

import (
	"syscall"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// Cost writes 2,000 events at a time, as dispatch does, and tells what an event costs
// this process in CPU time: the receiver runs in another one, or takes next to nothing.
func Cost(b *testing.B, s plugins.Sink) {
	events := Events(0, 2000)
	if err := s.Write(b.Context(), events); err != nil {
		b.Fatal(err)
	}
	before := cpu(b)
	n := 0
	for b.Loop() {
		if err := s.Write(b.Context(), events); err != nil {
			b.Fatal(err)
		}
		n += len(events)
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(n), "CPU-ns/event")
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
