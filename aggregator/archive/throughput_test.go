package archive_test

import (
	"testing"
	"time"
)

// The throughput is that of the last minute, and the totals those since the archive was opened.
func TestThroughput(t *testing.T) {
	s := newSite(t)
	a := s.open()
	stream := makeStream(30, 10)
	deliver := func(from, to int) uint64 {
		t.Helper()
		if err := a.Write(t.Context(), stream[from:to]); err != nil {
			t.Fatal(err)
		}
		if err := a.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		return a.Status().Throughput.Events
	}
	s.clock.pass(10 * time.Second)
	if n := deliver(0, 6); n != 60 || a.Status().Throughput.EventsPerSecond != 6 {
		t.Errorf("%d events; %+v", n, a.Status().Throughput)
	}
	s.clock.pass(50 * time.Second)
	if n := deliver(6, 12); n != 120 || a.Status().Throughput.EventsPerSecond != 2 {
		t.Errorf("%d events; %+v", n, a.Status().Throughput)
	}
	s.clock.pass(30 * time.Second)
	x := a.Status()
	if x.Throughput.EventsPerSecond != 1 || x.Throughput.Bytes != x.Total.Bytes || x.Throughput.BytesPerSecond <= 0 || !x.Throughput.Since.Equal(start) {
		t.Errorf("after half a minute it is %+v of %+v", x.Throughput, x.Total)
	}
	s.clock.pass(time.Hour)
	if x := a.Status().Throughput; x.EventsPerSecond != 0 || x.BytesPerSecond != 0 || x.Events != 120 {
		t.Errorf("after an hour it is %+v", x)
	}
}
